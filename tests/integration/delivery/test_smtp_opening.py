"""Opening a connection to a mail server: who is not let in charges no reader for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.delivery.record import DeliveryStatus
from tests.support.dialogue import impatient, opened, refused_at_opening, send
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says, says_and_closes

SENT = DeliveryStatus.SENT


@pytest.mark.parametrize(
    ("step", "answer", "code"),
    [
        pytest.param(Step.GREETING, says("554 5.7.1 go away"), 554, id="greets with 554"),
        pytest.param(Step.GREETING, says_and_closes("554 go away"), 554, id="greets with 554 and closes"),
        pytest.param(Step.GREETING, says_and_closes("421 4.3.2 too busy"), 421, id="greets with 421"),
        pytest.param(Step.GREETING, says("354 what"), 0, id="greets with nonsense"),
        pytest.param(Step.GREETING, says("SSH-2.0-server"), 0, id="is no mail server"),
        pytest.param(Step.GREETING, DROP, 0, id="closes instead of a greeting"),
        pytest.param(Step.GREETING, SILENCE, 0, id="never greets"),
        pytest.param(Step.EHLO, says("550 5.1.1 who are you"), 550, id="refuses EHLO"),
        pytest.param(Step.EHLO, says_and_closes("421 4.3.2 bye"), 421, id="closes at EHLO with 421"),
        pytest.param(Step.EHLO, DROP, 0, id="closes at EHLO"),
        pytest.param(Step.EHLO, SILENCE, 0, id="never answers EHLO"),
    ],
)
async def test_a_server_that_lets_nobody_in_charges_nobody(
    server: ScriptedServer, step: Step, answer: Answer, code: int
) -> None:
    server.script = {step: [answer]}
    timeouts = impatient(step) if answer is SILENCE else PATIENT
    outcome = await refused_at_opening(relay_to(server), timeouts)
    assert outcome.reply.code == code
    assert outcome.reply.text


async def test_a_server_that_is_down_charges_nobody() -> None:
    async with ScriptedServer() as gone:
        relay = relay_to(gone)
    outcome = await refused_at_opening(relay)
    assert outcome.reply.code == 0
    assert "SMTPConnectError" in outcome.reply.text


async def test_a_host_name_that_cannot_be_one_charges_nobody(server: ScriptedServer) -> None:
    outcome = await refused_at_opening(replace(relay_to(server), host="m" * 70 + ".example"))
    assert "UnicodeError" in outcome.reply.text


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(says("535 5.7.8 wrong password"), 535, id="wrong password"),
        pytest.param(says("454 4.7.0 try later"), 454, id="not now"),
        pytest.param(says_and_closes("421 4.7.0 too many failures"), 421, id="too many failures"),
        pytest.param(DROP, 0, id="closes"),
        pytest.param(SILENCE, 0, id="never answers"),
    ],
)
async def test_a_server_that_does_not_know_us_charges_nobody(answer: Answer, code: int) -> None:
    async with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        server.script = {Step.AUTH: [answer]}
        timeouts = impatient(Step.AUTH) if answer is SILENCE else PATIENT
        outcome = await refused_at_opening(relay_to(server, username="news", password="secret"), timeouts)
        assert outcome.reply.code == code
        assert "secret" not in outcome.reply.text


async def test_a_server_without_authentication_is_not_given_mail_by_an_account(server: ScriptedServer) -> None:
    outcome = await refused_at_opening(relay_to(server, username="news", password="secret"))
    assert "AUTH" in outcome.reply.text
    assert "MAIL" not in server.verbs()


async def test_a_server_that_knows_us_takes_the_message() -> None:
    async with ScriptedServer(extensions=("AUTH PLAIN",)) as server:
        connection = await opened(relay_to(server, username="news", password="secret"))
        assert (await send(connection)).status is SENT
        await connection.close()
