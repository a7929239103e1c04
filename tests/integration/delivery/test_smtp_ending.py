"""A connection that was cancelled, given up or closed is never used again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.delivery.smtp import Connection
from tests.support.dialogue import BOB, MESSAGE, impatient, opened, send
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says

DEFERRED, UNCERTAIN = DeliveryStatus.DEFERRED, DeliveryStatus.UNCERTAIN


@pytest.mark.parametrize("step", [Step.MAIL, Step.RCPT, Step.DATA, Step.MESSAGE])
async def test_a_cancelled_dialogue_is_never_continued(server: ScriptedServer, step: Step) -> None:
    server.script = {step: [SILENCE]}
    connection = await opened(relay_to(server))
    sending = asyncio.create_task(send(connection))
    await server.silent.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert not connection.is_open
    assert (await send(connection, BOB)).reply.text.endswith("not connected")


async def test_a_connection_that_is_cancelled_while_it_opens_is_closed(server: ScriptedServer) -> None:
    server.script = {Step.EHLO: [SILENCE]}
    connection = Connection(relay_to(server), timeouts=PATIENT)
    opening = asyncio.create_task(connection.open())
    await server.silent.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert not connection.is_open


async def test_a_message_given_up_while_it_was_written_is_not_written_on(server: ScriptedServer) -> None:
    server.script = {Step.DATA: [Answer(reply="354 go ahead", hangs=True)]}
    connection = await opened(relay_to(server), impatient(Step.MESSAGE))
    outcome = await send(connection, message=MESSAGE + b"A line of a chart.\r\n" * 1_000_000)
    assert outcome.status is UNCERTAIN
    assert not connection.is_open
    server.resumed.set()
    await server.ended.wait()
    assert server.messages == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says("500 5.5.1 no"), id="refused"),
        pytest.param(DROP, id="closed"),
        pytest.param(SILENCE, id="never answered"),
    ],
)
async def test_a_good_bye_ends_the_connection_whatever_is_answered(server: ScriptedServer, answer: Answer) -> None:
    server.script = {Step.QUIT: [answer]}
    connection = await opened(relay_to(server), replace(PATIENT, quit=0.05))
    await connection.close()
    await connection.close()
    assert not connection.is_open
    assert server.verbs() == ["EHLO", "QUIT"]


async def test_a_connection_that_is_not_open_sends_nothing(server: ScriptedServer) -> None:
    connection = Connection(relay_to(server), timeouts=PATIENT)
    outcome = await send(connection)
    assert (outcome.status, outcome.sender_fault) == (DEFERRED, True)
    await connection.abandon()
    assert server.connections == 0
