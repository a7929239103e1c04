"""A digest goes out over a real connection from a real database: everybody gets it once, and the ledger knows."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.delivery.message import Letterhead
from newsletter.delivery.record import DeliveryStatus, Reply, SkipReason
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.sign import delivery_of
from newsletter.demo.mailbox import StandInMailbox
from newsletter.errors import StoreUnavailable
from newsletter.pipeline import deliver as deliver_module
from newsletter.pipeline.deliver import Postage, deliver, park_unfinished
from newsletter.pipeline.port import NotYet
from newsletter.store import deliveries
from newsletter.store.engine import Store
from subscribers import Purpose
from tests.integration.delivery.conftest import KEY, LETTERHEAD, SLOT, Ledger
from tests.support.smtp_server import DROP, Answer, ScriptedServer, Step, says, says_and_closes

QUEUED, SENDING, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.SENT
DEFERRED, FAILED = DeliveryStatus.DEFERRED, DeliveryStatus.FAILED
UNCERTAIN, SKIPPED = DeliveryStatus.UNCERTAIN, DeliveryStatus.SKIPPED
MANY = [f"reader{number}" for number in range(20)]


def address(name: str) -> str:
    return f"{name}@reader.example"


def mailed(server: ScriptedServer) -> Counter[str]:
    """Return how many messages each address was sent, whatever became of them."""
    return Counter(recipient for taken in server.messages for recipient in taken.recipients)


async def test_every_waiting_delivery_is_sent_exactly_once(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add(*MANY)
    await ledger.run(server, size=4)
    await ledger.run(server, size=4)
    assert mailed(server) == Counter(map(address, MANY))
    assert set((await ledger.statuses()).values()) == {SENT}
    assert server.most_open <= 4
    assert await ledger.next_run() is None


async def test_many_batches_are_one_run(
    ledger: Ledger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver_module, "BATCH", 3)
    await ledger.add(*MANY)
    await ledger.run(server)
    assert mailed(server) == Counter(map(address, MANY))


async def test_a_well_behaved_server_gets_each_reader_their_own_message(ledger: Ledger) -> None:
    await ledger.add("ada", "bob")
    async with StandInMailbox() as mailbox:
        await ledger.run(mailbox)
        for name in ("ada", "bob"):
            (received,) = [one for one in mailbox.messages if one.recipient == address(name)]
            delivery = await ledger.of(name)
            token = re.search(rb"List-Unsubscribe: <https://news\.example/unsubscribe/([^>]+)>", received.raw)
            assert token is not None
            assert ledger.tokens.read(Purpose.UNSUBSCRIBE, token[1].decode()) == ledger.readers[name]
            assert delivery_of(received.envelope_from.partition("@")[0], keys=(KEY,)) == delivery.id
            assert f"Message-ID: {delivery.message_id}\r\n".encode() in received.raw
            assert SLOT.encode() not in received.raw.replace(b"=\r\n", b"")


async def test_without_a_bounce_domain_the_sender_takes_the_bounces(
    ledger: Ledger, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    own: Letterhead = replace(LETTERHEAD, bounce_domain=None)
    monkeypatch.setattr("tests.integration.delivery.conftest.LETTERHEAD", own)
    await ledger.add("ada")
    await ledger.run(server)
    assert server.messages[0].sender == "digest@news.example"


async def test_the_reply_of_the_server_is_written_down(ledger: Ledger, server: ScriptedServer) -> None:
    server.recipients = {address("bob"): says("550 5.1.1 no such user")}
    await ledger.add("ada", "bob")
    await ledger.run(server)
    ada, bob = await ledger.of("ada"), await ledger.of("bob")
    assert (ada.status, ada.reply, ada.attempts) == (SENT, Reply(code=250, text="2.0.0 taken"), 1)
    assert (bob.status, bob.reply, bob.attempts) == (FAILED, Reply(code=550, text="5.1.1 no such user"), 1)
    assert ada.next_attempt_at is bob.next_attempt_at is None


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param(says_and_closes("421 4.3.2 enough for now"), id="421 and a close"),
        pytest.param(DROP, id="a close without a word"),
    ],
)
async def test_a_server_that_closes_between_two_messages_is_connected_to_again(
    ledger: Ledger, server: ScriptedServer, ending: Answer
) -> None:
    server.script = {Step.MAIL: [says("250 2.1.0 ok"), ending, says("250 2.1.0 ok"), ending]}
    await ledger.add("ada", "bob", "eve")
    await ledger.run(server, size=1)
    assert set((await ledger.statuses()).values()) == {SENT}
    assert mailed(server) == Counter(map(address, ("ada", "bob", "eve")))


async def test_a_failed_delivery_is_not_tried_again(ledger: Ledger, server: ScriptedServer) -> None:
    server.recipients = {address("ada"): says("550 5.1.1 no such user")}
    await ledger.add("ada")
    for _ in range(2):
        await ledger.run(server)
        ledger.clock.advance(timedelta(days=1))
    assert server.verbs().count("RCPT") == 1


async def test_a_deferred_delivery_is_sent_when_its_time_has_come(ledger: Ledger, server: ScriptedServer) -> None:
    server.script = {Step.RCPT: [says("451 4.7.1 greylisted")]}
    await ledger.add("ada")
    await ledger.run(server)
    delivery = await ledger.of("ada")
    pause = await ledger.next_run()
    assert (delivery.status, delivery.attempts) == (DEFERRED, 1)
    assert pause is not None
    assert timedelta(minutes=5) <= pause <= timedelta(minutes=6)
    assert delivery.next_attempt_at == ledger.clock() + pause
    ledger.clock.advance(pause - timedelta(seconds=1))
    await ledger.run(server)
    assert server.verbs().count("RCPT") == 1
    ledger.clock.advance(timedelta(seconds=1))
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts) == (SENT, 2)
    assert mailed(server) == {address("ada"): 1}


async def test_every_attempt_is_the_same_message_to_the_last_byte(ledger: Ledger, server: ScriptedServer) -> None:
    server.script = {Step.MESSAGE: [says("451 4.3.0 later"), says("452 4.2.2 full")]}
    await ledger.add("ada")
    for _ in range(3):
        await ledger.run(server)
        ledger.clock.advance(timedelta(hours=1))
    assert len(server.messages) == 3
    assert len({taken.raw for taken in server.messages}) == 1
    assert (await ledger.of("ada")).status is SENT


async def test_a_delivery_that_is_deferred_for_too_long_fails(ledger: Ledger, server: ScriptedServer) -> None:
    server.recipients = {address("ada"): says("452 4.2.2 mailbox full")}
    await ledger.add("ada")
    # What the relay, or nobody at all, kept waiting is not taken from the reader's patience.
    ledger.clock.advance(timedelta(days=9))
    await ledger.run(server)
    assert (await ledger.of("ada")).status is DEFERRED
    ledger.clock.advance(timedelta(hours=36))
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.reply) == (FAILED, Reply(code=452, text="4.2.2 mailbox full"))
    assert delivery.next_attempt_at is None


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


async def test_who_left_before_the_run_is_skipped_and_no_connection_is_made(
    ledger: Ledger, server: ScriptedServer
) -> None:
    await ledger.add("ada")
    await ledger.leave("ada")
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.skip_reason) == (SKIPPED, SkipReason.NOT_ACTIVE)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("step", "leaver", "staying"),
    [
        pytest.param(Step.DATA, "bob", "ada", id="while somebody else is sent to"),
        pytest.param(Step.RCPT, "ada", "bob", id="between RCPT and DATA of their own"),
    ],
)
async def test_who_leaves_while_the_run_is_on_gets_nothing(
    ledger: Ledger, server: ScriptedServer, step: Step, leaver: str, staying: str
) -> None:
    website = Store(f"sqlite:///{ledger.file}")

    async def leave() -> None:
        server.before = {}
        await ledger.leave(leaver, store=website)

    server.before = {step: leave}
    await ledger.add("ada", "bob")
    await ledger.run(server, size=1)
    await website.close()
    delivery = await ledger.of(leaver)
    assert (delivery.status, delivery.skip_reason) == (SKIPPED, SkipReason.NOT_ACTIVE)
    assert mailed(server) == {address(staying): 1}


@pytest.mark.parametrize(
    ("step", "reply"),
    [
        pytest.param(Step.MAIL, "550 5.1.8 bad sender", id="our sender is refused"),
        pytest.param(Step.RCPT, "530 5.7.0 sign in first", id="the relay knows us only at RCPT"),
        pytest.param(Step.DATA, "421 4.3.2 closing", id="the server closes at DATA"),
        pytest.param(Step.MESSAGE, "554 5.7.1 spam", id="the message is taken for spam"),
    ],
)
async def test_a_refusal_that_is_about_us_stops_the_run_and_charges_nobody(
    ledger: Ledger, server: ScriptedServer, step: Step, reply: str
) -> None:
    server.script = {step: [says(reply)]}
    await ledger.add("ada", "bob", "eve")
    with pytest.raises(NotYet, match=re.escape(reply)) as caught:
        await ledger.run(server, size=1)
    assert caught.value.after == timedelta(minutes=2)
    assert await ledger.statuses() == {"ada": DEFERRED, "bob": QUEUED, "eve": QUEUED}
    assert (await ledger.of("ada")).attempts == 0
    ledger.clock.advance(timedelta(hours=1))
    await ledger.run(server, size=1)
    assert set((await ledger.statuses()).values()) == {SENT}


async def test_whoever_is_in_the_middle_of_a_message_finishes_it_when_the_run_stops(
    ledger: Ledger, server: ScriptedServer
) -> None:
    refused = asyncio.Event()

    async def wait_for_the_refusal() -> None:
        await refused.wait()

    async def refuse() -> None:
        refused.set()

    server.recipients = {address("bob"): says("530 5.7.0 sign in first")}
    server.before = {Step.MESSAGE: wait_for_the_refusal, Step.RSET: refuse}
    await ledger.add("ada", "bob", *MANY)
    with pytest.raises(NotYet):
        await ledger.run(server, size=2)
    statuses = await ledger.statuses()
    assert (statuses["ada"], statuses["bob"]) == (SENT, DEFERRED)
    assert SENDING not in statuses.values()
    assert FAILED not in statuses.values()


@pytest.mark.parametrize(
    "greeting",
    [
        pytest.param(says_and_closes("554 5.7.1 go away"), id="refuses everybody"),
        pytest.param(DROP, id="hangs up"),
    ],
)
async def test_a_server_that_lets_nobody_in_costs_nobody_anything(
    ledger: Ledger, server: ScriptedServer, greeting: Answer
) -> None:
    server.script = {Step.GREETING: [greeting] * 2}
    await ledger.add("ada", "bob")
    with pytest.raises(NotYet):
        await ledger.run(server, size=2)
    for name in ("ada", "bob"):
        delivery = await ledger.of(name)
        assert (delivery.status, delivery.attempts, delivery.reply) == (QUEUED, 0, None)


async def test_a_server_with_room_for_fewer_connections_is_sent_the_whole_digest_in_one_run(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.room = 2
    await ledger.add(*MANY)
    await ledger.run(server, size=8)
    assert set((await ledger.statuses()).values()) == {SENT}
    assert mailed(server) == Counter(map(address, MANY))


async def test_a_run_that_is_stopped_while_hands_wait_for_a_connection_begins_no_message(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.room = 1
    await ledger.add(*MANY)
    await ledger.run(server, size=8, stopping=lambda: bool(server.messages))
    assert len(server.messages) == 1
    assert Counter((await ledger.statuses()).values()) == {SENT: 1, QUEUED: 19}


@pytest.mark.parametrize("step", [Step.MAIL, Step.MESSAGE])
async def test_a_fault_of_the_relays_never_fails_anybody_however_long_it_lasts(
    ledger: Ledger, server: ScriptedServer, step: Step
) -> None:
    reply = "451 4.3.0 disk full" if step is Step.MAIL else "554 5.7.1 not signed"
    server.script = {step: [says(reply)] * 40}
    await ledger.add("ada", "bob")
    for _ in range(40):
        with pytest.raises(NotYet):
            await ledger.run(server, size=1)
        ledger.clock.advance(timedelta(hours=2))
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts, delivery.patience_from) == (DEFERRED, 0, None)
    assert FAILED not in (await ledger.statuses()).values()
    await ledger.run(server)
    assert set((await ledger.statuses()).values()) == {SENT}


async def test_a_delivery_that_is_retried_by_hand_survives_greylisting_whatever_its_age(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.recipients = {address("ada"): says("550 5.1.1 no such user")}
    await ledger.add("ada")
    await ledger.run(server)
    ledger.clock.advance(timedelta(days=3))
    async with ledger.store.write() as transaction:
        assert await deliveries.retry(transaction.connection, statuses=[FAILED], day=None, now=ledger.clock())
    server.recipients = {}
    server.script = {Step.RCPT: [says("450 4.7.1 greylisted")]}
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.attempts) == (DEFERRED, 1)
    ledger.clock.advance(timedelta(minutes=6))
    await ledger.run(server)
    assert (await ledger.of("ada")).status is SENT


async def test_readers_whose_domain_refuses_us_hold_nobody_up(ledger: Ledger, server: ScriptedServer) -> None:
    refused = [f"refused{number}" for number in range(10)]
    await ledger.add(*refused, *MANY)
    server.recipients = {address(name): says("550 5.7.1 blocked by the organisation") for name in refused}
    await ledger.run(server)
    statuses = await ledger.statuses()
    assert {name for name, status in statuses.items() if status is DEFERRED} == set(refused)
    assert {statuses[name] for name in MANY} == {SENT}
    for _ in range(5):
        ledger.clock.advance(timedelta(hours=5))
        await ledger.run(server)
    delivery = await ledger.of(refused[0])
    assert (delivery.status, delivery.attempts, delivery.refusals) == (DEFERRED, 0, 6)


async def test_a_refusal_that_several_domains_agree_on_stops_the_run(ledger: Ledger, server: ScriptedServer) -> None:
    names = [f"a{number}@one" for number in range(4)] + ["b@two", "c@three", "d@four"]
    await ledger.add(*(name.partition("@")[0] for name in names), domains=[name.partition("@")[2] for name in names])
    server.script = {Step.RCPT: [says("550 5.7.1 on a block list")] * len(names)}
    with pytest.raises(NotYet, match="on a block list"):
        await ledger.run(server, size=1)
    statuses = await ledger.statuses()
    assert [name for name, status in statuses.items() if status is QUEUED] == ["d"]
    assert {(await ledger.of(name)).attempts for name in statuses} == {0}


async def test_a_server_that_is_down_costs_nobody_anything(ledger: Ledger) -> None:
    await ledger.add("ada")
    async with ScriptedServer() as gone:
        pass
    with pytest.raises(NotYet, match="cannot be used"):
        await ledger.run(gone)
    assert await ledger.statuses() == {"ada": QUEUED}


async def test_without_a_mail_server_deliveries_wait(ledger: Ledger) -> None:
    await ledger.add("ada")
    postage = Postage(pool=None, letterhead=LETTERHEAD, tokens=ledger.tokens, key=KEY, policy=RetryPolicy())
    with pytest.raises(NotYet, match="NEWSLETTER_SMTP__HOST"):
        await deliver(ledger.digest_id, store=ledger.store, jobs=ledger.jobs, postage=postage, clock=ledger.clock)
    assert await ledger.statuses() == {"ada": QUEUED}


async def test_a_digest_that_is_not_there_is_no_trouble(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    ledger.digest_id += 1
    await ledger.run(server)
    assert server.connections == 0


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


async def test_a_run_that_is_stopped_leaves_the_rest_queued(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add(*MANY)
    await ledger.run(server, size=2, stopping=lambda: len(server.messages) >= 3)
    counts = Counter((await ledger.statuses()).values())
    assert counts[SENT] in {3, 4}
    assert counts[SENT] + counts[QUEUED] == 20
    assert await ledger.next_run() == timedelta(0)
    await ledger.run(server)
    assert mailed(server) == Counter(map(address, MANY))


async def test_a_run_that_is_stopped_before_it_begins_sends_nothing(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    await ledger.run(server, stopping=lambda: True)
    assert server.connections == 0
    assert await ledger.statuses() == {"ada": QUEUED}


async def test_a_run_in_an_engine_that_lets_go_begins_nothing(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    stop = asyncio.Event()
    stop.set()
    await ledger.jobs.run(stop)
    await ledger.run(server)
    assert server.connections == 0
    assert await ledger.statuses() == {"ada": QUEUED}


async def test_a_message_that_cannot_be_written_holds_nobody_else_up(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada", message_id="<two\r\nlines@news.example>")
    await ledger.add("bob")
    await ledger.run(server, size=1)
    delivery = await ledger.of("ada")
    assert delivery.status is FAILED
    assert delivery.reply is not None
    assert delivery.reply.text.startswith("the message cannot be written")
    assert mailed(server) == {address("bob"): 1}


async def test_an_address_that_looks_like_an_encoded_line_break_holds_nobody_up(
    ledger: Ledger, server: ScriptedServer
) -> None:
    await ledger.add("=?utf-8?q?a=0d=0abcc?=", message_id="<odd@news.example>")
    await ledger.add("bob")
    await ledger.run(server, size=1)
    assert set((await ledger.statuses()).values()) == {SENT}


async def test_an_unforeseen_failure_lets_everybody_finish_their_message(
    ledger: Ledger, server: ScriptedServer
) -> None:
    await ledger.add("ada")
    await ledger.add("bob", without_mail=True)
    await ledger.add("eve")
    turns = asyncio.Event()

    async def take_a_while() -> None:
        asyncio.get_running_loop().call_later(0.05, turns.set)
        await turns.wait()

    server.before = {Step.MESSAGE: take_a_while}
    with pytest.raises(LookupError, match="no rendering"):
        await ledger.run(server, size=2)
    statuses = await ledger.statuses()
    assert statuses["bob"] is QUEUED
    assert SENDING not in statuses.values()


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
