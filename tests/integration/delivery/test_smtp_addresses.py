"""Addresses outside ASCII, and odd ones, in the dialogue with a mail server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.delivery.smtp import Envelope
from tests.support.dialogue import ADA, BOB, opened, send
from tests.support.relays import relay_to
from tests.support.smtp_server import ScriptedServer

SENT, DEFERRED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED


async def test_an_address_outside_ascii_needs_a_server_that_can_name_it(server: ScriptedServer) -> None:
    connection = await opened(relay_to(server))
    outcome = await send(connection, replace(ADA, recipient="读者@reader.example"))
    assert (outcome.status, outcome.sender_fault) == (FAILED, False)
    assert (outcome.reply.code, outcome.reply.text) == (553, "5.6.7 The relay does not offer SMTPUTF8")
    assert (await send(connection, BOB)).status is SENT
    await connection.close()
    assert server.verbs().count("MAIL") == 1


async def test_an_address_outside_ascii_is_named_where_the_server_can() -> None:
    async with ScriptedServer(extensions=("8BITMIME", "SMTPUTF8")) as server:
        connection = await opened(relay_to(server))
        assert (await send(connection, replace(ADA, recipient="读者@reader.example"))).status is SENT
        await connection.close()
        assert server.messages[0].recipients == ("读者@reader.example",)
        assert server.commands[1].endswith(" SMTPUTF8")


@pytest.mark.parametrize(
    ("envelope", "status", "ours"),
    [
        pytest.param(replace(ADA, recipient="a b@reader.example"), FAILED, False, id="recipient with a space"),
        pytest.param(replace(ADA, sender="zeitung-für@news.example"), DEFERRED, True, id="sender outside ascii"),
        pytest.param(replace(ADA, sender="a b@news.example"), DEFERRED, True, id="sender with a space"),
    ],
)
async def test_an_address_that_smtp_cannot_name_is_nobody_elses_trouble(
    server: ScriptedServer, envelope: Envelope, status: DeliveryStatus, ours: bool
) -> None:
    connection = await opened(relay_to(server))
    outcome = await send(connection, envelope)
    assert (outcome.status, outcome.sender_fault, outcome.reply.code) == (status, ours, 501)
    assert server.messages == []
    assert not connection.is_open


@pytest.mark.parametrize(
    "address",
    [
        "o'hara+tag@reader.example",
        "=?utf-8?q?a=0D=0A?=@reader.example",
        "a/b=c{d}|e~f`g^h_i?j!k#l$m%n&o*p@reader.example",
        "-dash@xn--bcher-kva.example",
    ],
)
async def test_odd_addresses_are_named_as_they_are(server: ScriptedServer, address: str) -> None:
    connection = await opened(relay_to(server))
    assert (await send(connection, replace(ADA, recipient=address))).status is SENT
    await connection.close()
    assert server.messages[0].recipients == (address,)
