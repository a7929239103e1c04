"""A digest goes out over a real connection from a real database: everybody gets it once, and the ledger knows."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import replace

import pytest

from newsletter.delivery.message import Letterhead
from newsletter.delivery.record import DeliveryStatus, Reply
from newsletter.delivery.sign import delivery_of
from newsletter.demo.mailbox import StandInMailbox
from newsletter.pipeline import deliver as deliver_module
from subscribers import Purpose
from tests.integration.delivery.conftest import KEY, LETTERHEAD, SLOT, Ledger
from tests.support.recipients import MANY, address, mailed
from tests.support.smtp_server import DROP, Answer, ScriptedServer, Step, says, says_and_closes

QUEUED, SENDING, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.SENT
FAILED = DeliveryStatus.FAILED


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


async def test_a_server_with_room_for_fewer_connections_is_sent_the_whole_digest_in_one_run(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.room = 2
    await ledger.add(*MANY)
    await ledger.run(server, size=8)
    assert set((await ledger.statuses()).values()) == {SENT}
    assert mailed(server) == Counter(map(address, MANY))


async def test_a_digest_that_is_not_there_is_no_trouble(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    ledger.digest_id += 1
    await ledger.run(server)
    assert server.connections == 0


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
