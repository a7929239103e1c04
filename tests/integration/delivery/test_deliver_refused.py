"""A refusal that is about us stops the run and charges no reader."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

import subscribers
from newsletter.delivery.record import DeliveryStatus
from newsletter.delivery.retry import RetryPolicy
from newsletter.pipeline.deliver import Postage, deliver
from newsletter.pipeline.port import NotYet
from subscribers import Status
from tests.integration.delivery.conftest import KEY, LETTERHEAD, Ledger
from tests.support.recipients import MANY, address
from tests.support.smtp_server import DROP, Answer, ScriptedServer, Step, says, says_and_closes

QUEUED, SENDING, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.SENT
DEFERRED, FAILED = DeliveryStatus.DEFERRED, DeliveryStatus.FAILED


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


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        pytest.param("550 5.1.1 no such user", Status.SUPPRESSED, id="for good"),
        pytest.param("552 5.2.2 mailbox full", Status.ACTIVE, id="until it is emptied"),
        pytest.param("550 5.6.0 rejected as spam", Status.ACTIVE, id="for what we sent"),
    ],
)
async def test_a_reader_whose_mailbox_is_refused_on_three_days_is_mailed_no_more(
    ledger: Ledger, server: ScriptedServer, reply: str, status: Status
) -> None:
    server.recipients = {address("ada"): says(reply)}
    await ledger.add("ada")
    for _ in range(3):
        await ledger.run(server)
        await ledger.anew("ada")
        ledger.clock.advance(timedelta(days=1))
    async with ledger.store.read() as connection:
        reader = await subscribers.by_id(connection, ledger.readers["ada"])
    assert reader is not None
    assert reader.status is status
