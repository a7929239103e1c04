"""Nothing leaves twice: not after a cut, not by two runs at once, not while the database is locked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.mailbox import StandInMailbox
from newsletter.errors import StoreUnavailable
from newsletter.pipeline import deliver as deliver_module
from newsletter.pipeline.deliver import park_unfinished
from tests.integration.delivery.conftest import Ledger
from tests.support.recipients import MANY, address, mailed
from tests.support.smtp_server import ScriptedServer, Step, says

QUEUED, SENDING, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.SENT
UNCERTAIN = DeliveryStatus.UNCERTAIN


async def test_a_connection_cut_after_the_message_is_uncertain_and_never_sent_again(ledger: Ledger) -> None:
    await ledger.add("ada", "bob")
    async with StandInMailbox() as mailbox:
        mailbox.cut_after_data.add(address("ada"))
        for _ in range(2):
            await ledger.run(mailbox)
            ledger.clock.advance(timedelta(days=1))
        assert Counter(received.recipient for received in mailbox.messages) == {address("ada"): 1, address("bob"): 1}
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.next_attempt_at) == (UNCERTAIN, None)
    assert delivery.reply is not None
    assert delivery.reply.code == 0
    assert (await ledger.of("bob")).status is SENT


async def test_the_row_says_sending_before_the_message_leaves(ledger: Ledger, server: ScriptedServer) -> None:
    seen: list[tuple[str, str]] = []

    def look(step: Step) -> None:
        with ledger.other_program() as database:
            seen.extend((step.value, row[0]) for row in database.execute("SELECT status FROM deliveries"))

    async def at_rcpt() -> None:
        look(Step.RCPT)

    async def at_data() -> None:
        look(Step.DATA)

    server.before = {Step.RCPT: at_rcpt, Step.DATA: at_data}
    await ledger.add("ada")
    await ledger.run(server)
    assert seen == [("RCPT", "queued"), ("DATA", "sending")]


async def test_two_runs_of_a_digest_at_once_send_nobody_twice(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add(*MANY)
    await asyncio.gather(ledger.run(server, size=3), ledger.run(server, size=3))
    assert mailed(server) == Counter(map(address, MANY))
    assert set((await ledger.statuses()).values()) == {SENT}


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param("550 5.1.1 no such user", id="never"),
        pytest.param("451 4.7.1 greylisted", id="later"),
    ],
)
async def test_a_refusal_never_overwrites_what_another_run_is_sending(
    ledger: Ledger, server: ScriptedServer, refusal: str
) -> None:
    leaving, released = asyncio.Event(), asyncio.Event()
    runs: list[asyncio.Task[None]] = []

    async def hold() -> None:
        leaving.set()
        await released.wait()

    async def let_the_other_run_begin() -> None:
        runs.append(asyncio.create_task(ledger.run(server)))
        await leaving.wait()

    server.before = {Step.MESSAGE: hold}
    await ledger.add("ada")
    async with ScriptedServer() as slow:
        slow.before = {Step.RCPT: let_the_other_run_begin}
        slow.recipients = {address("ada"): says(refusal)}
        await ledger.run(slow)
    assert (await ledger.of("ada")).status is SENDING
    released.set()
    await asyncio.gather(*runs)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts) == (SENT, 1)


async def test_an_outcome_is_recorded_although_the_database_was_locked_for_a_moment(
    ledger: Ledger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ledger.add("ada")
    await ledger.hurry()
    with ledger.other_program() as other:

        async def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        class Pauses:
            """The second pause lasts until the other program is done."""

            def __iter__(self) -> Iterator[timedelta | None]:
                yield timedelta(0)
                yield timedelta(0)
                other.execute("ROLLBACK")
                yield None

        monkeypatch.setattr(deliver_module, "RECORDING_PAUSES", Pauses())
        server.before = {Step.MESSAGE: lock}
        await ledger.run(server)
    assert (await ledger.of("ada")).status is SENT


async def test_an_outcome_that_cannot_be_recorded_at_all_is_uncertain_in_the_next_run(
    ledger: Ledger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_module, "RECORDING_PAUSES", (timedelta(0), None))
    await ledger.add("ada")
    await ledger.hurry()
    with ledger.other_program() as other:

        async def lock() -> None:
            other.execute("BEGIN IMMEDIATE")

        server.before = {Step.MESSAGE: lock}
        with pytest.raises(StoreUnavailable):
            await ledger.run(server)
        other.execute("ROLLBACK")
    server.before = {}
    assert (await ledger.of("ada")).status is SENDING
    ledger.clock.advance(timedelta(days=1))
    await ledger.run(server)
    assert (await ledger.of("ada")).status is UNCERTAIN
    assert mailed(server) == {address("ada"): 1}


async def test_nothing_leaves_where_the_claim_cannot_be_written(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada", "bob")
    await ledger.hurry()
    with ledger.other_program() as other:

        async def lock() -> None:
            if not other.in_transaction:
                other.execute("BEGIN IMMEDIATE")

        server.before = {Step.RCPT: lock}
        with pytest.raises(StoreUnavailable):
            await ledger.run(server)
        other.execute("ROLLBACK")
    server.before = {}
    assert await ledger.statuses() == {"ada": QUEUED, "bob": QUEUED}
    assert server.messages == []
    await ledger.run(server)
    assert mailed(server) == {address("ada"): 1, address("bob"): 1}


async def test_what_was_leaving_when_the_last_process_died_is_parked_and_nothing_else_is(
    ledger: Ledger, server: ScriptedServer
) -> None:
    await ledger.add("ada", "bob", "eve")
    await ledger.run(server, size=1, stopping=lambda: len(server.messages) >= 1)
    with ledger.other_program() as other:
        other.execute("UPDATE deliveries SET status = 'sending' WHERE subscriber_id = ?", [ledger.readers["bob"]])
    assert await park_unfinished(store=ledger.store, now=ledger.clock()) == 1
    assert await park_unfinished(store=ledger.store, now=ledger.clock()) == 0
    assert await ledger.statuses() == {"ada": SENT, "bob": UNCERTAIN, "eve": QUEUED}
    assert (await ledger.of("bob")).next_attempt_at is None
