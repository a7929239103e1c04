"""One connection to a mail server: everything a server can do has an outcome, and none of them is a guess."""

from __future__ import annotations

import pytest

from newsletter.delivery.record import DeliveryStatus
from tests.support.dialogue import ADA, BOB, MESSAGE, agree, decline, impatient, opened, send
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says, says_and_closes

SENT, DEFERRED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED
UNCERTAIN = DeliveryStatus.UNCERTAIN


async def test_a_message_arrives_as_it_was_given(server: ScriptedServer) -> None:
    connection = await opened(relay_to(server))
    outcome = await send(connection)
    assert (outcome.status, outcome.reply.code, outcome.reply.text) == (SENT, 250, "2.0.0 taken")
    assert [(taken.sender, taken.recipients, taken.raw) for taken in server.messages] == [
        (ADA.sender, (ADA.recipient,), MESSAGE)
    ]
    await connection.close()
    assert server.commands == [
        "EHLO news.example",
        f"MAIL FROM:<{ADA.sender}>",
        f"RCPT TO:<{ADA.recipient}>",
        "DATA",
        "QUIT",
    ]


async def test_one_connection_takes_many_messages(server: ScriptedServer) -> None:
    connection = await opened(relay_to(server))
    for _ in range(5):
        assert (await send(connection)).status is SENT
    await connection.close()
    assert (server.connections, len(server.messages)) == (1, 5)


async def test_replies_may_come_one_byte_at_a_time_and_in_many_lines() -> None:
    async with ScriptedServer(byte_by_byte=True, extensions=("PIPELINING", "HELP")) as server:
        server.script = {
            Step.GREETING: [says("220-scripted.example\r\n220-is slow\r\n220 today")],
            Step.MESSAGE: [says("250-2.0.0 taken\r\n250 2.0.0 with care"), says("250 2.0.0 taken")],
        }
        connection = await opened(relay_to(server))
        assert (await send(connection)).reply.text == "2.0.0 taken 2.0.0 with care"
        assert (await send(connection)).status is SENT
        await connection.close()


async def test_a_message_without_a_line_end_gets_one(server: ScriptedServer) -> None:
    connection = await opened(relay_to(server))
    assert (await send(connection, message=b"Subject: x\r\n\r\n.")).status is SENT
    assert server.messages[0].raw == b"Subject: x\r\n\r\n.\r\n"
    await connection.close()


#: Step, answer, status, whether it is about us, code, and whether the connection can be used again.
DIALOGUES = [
    pytest.param(Step.MAIL, says("451 4.3.0 later"), DEFERRED, True, 451, True, id="MAIL refused for now"),
    pytest.param(Step.MAIL, says("550 5.1.8 no such sender"), DEFERRED, True, 550, True, id="MAIL refused for good"),
    pytest.param(Step.MAIL, says_and_closes("421 4.3.2 bye"), DEFERRED, True, 421, False, id="421 at MAIL"),
    pytest.param(Step.MAIL, says("354 what"), DEFERRED, True, 0, False, id="nonsense at MAIL"),
    pytest.param(Step.MAIL, DROP, DEFERRED, True, 0, False, id="connection lost at MAIL"),
    pytest.param(Step.MAIL, SILENCE, DEFERRED, True, 0, False, id="silence at MAIL"),
    pytest.param(Step.RCPT, says("451 4.7.1 greylisted"), DEFERRED, False, 451, True, id="RCPT refused for now"),
    pytest.param(Step.RCPT, says("550 5.1.1 no such user"), FAILED, False, 550, True, id="RCPT refused for good"),
    pytest.param(Step.RCPT, says("550 5.7.1 blocked"), DEFERRED, True, 550, True, id="our address blocked at RCPT"),
    pytest.param(Step.RCPT, says("421 4.3.2 bye"), DEFERRED, True, 421, False, id="421 at RCPT, left open"),
    pytest.param(Step.RCPT, says_and_closes("550 5.1.1 no"), FAILED, False, 550, False, id="RCPT refused and closed"),
    pytest.param(Step.RCPT, says("nonsense"), DEFERRED, True, 0, False, id="nonsense at RCPT"),
    pytest.param(Step.RCPT, DROP, DEFERRED, True, 0, False, id="connection lost at RCPT"),
    pytest.param(Step.RCPT, SILENCE, DEFERRED, True, 0, False, id="silence at RCPT"),
    pytest.param(Step.DATA, says("451 4.3.0 later"), DEFERRED, False, 451, True, id="DATA refused for now"),
    pytest.param(Step.DATA, says("554 no valid recipients"), FAILED, False, 554, True, id="DATA refused for good"),
    pytest.param(Step.DATA, says("554 5.7.1 blocked"), DEFERRED, True, 554, True, id="our address blocked at DATA"),
    pytest.param(Step.DATA, says_and_closes("421 4.3.2 bye"), DEFERRED, True, 421, False, id="421 at DATA"),
    pytest.param(Step.DATA, says("250 fine"), DEFERRED, True, 0, False, id="nonsense at DATA"),
    pytest.param(Step.DATA, DROP, DEFERRED, True, 0, False, id="connection lost at DATA"),
    pytest.param(Step.DATA, SILENCE, DEFERRED, True, 0, False, id="silence at DATA"),
    pytest.param(Step.MESSAGE, says("250 2.0.0 taken"), SENT, False, 250, True, id="taken"),
    pytest.param(Step.MESSAGE, says_and_closes("250 2.0.0 taken"), SENT, False, 250, False, id="taken and closed"),
    pytest.param(Step.MESSAGE, says("452 4.2.2 full"), DEFERRED, False, 452, True, id="message refused for now"),
    pytest.param(Step.MESSAGE, says("552 5.3.4 too big"), FAILED, False, 552, True, id="message refused for good"),
    pytest.param(Step.MESSAGE, says("554 5.7.1 spam"), DEFERRED, True, 554, True, id="message taken for spam"),
    pytest.param(Step.MESSAGE, says("421 4.3.2 bye"), DEFERRED, True, 421, False, id="421 after the message"),
    pytest.param(Step.MESSAGE, says("354 more"), UNCERTAIN, False, 0, False, id="nonsense after the message"),
    pytest.param(Step.MESSAGE, says("what"), UNCERTAIN, False, 0, False, id="no reply at all after the message"),
    pytest.param(Step.MESSAGE, DROP, UNCERTAIN, False, 0, False, id="connection lost after the message"),
    pytest.param(Step.MESSAGE, SILENCE, UNCERTAIN, False, 0, False, id="silence after the message"),
]


@pytest.mark.parametrize(("step", "answer", "status", "ours", "code", "usable"), DIALOGUES)
async def test_everything_a_server_can_do_has_its_outcome(
    server: ScriptedServer, *, step: Step, answer: Answer, status: DeliveryStatus, ours: bool, code: int, usable: bool
) -> None:
    server.script = {step: [answer]}
    connection = await opened(relay_to(server), impatient(step) if answer is SILENCE else PATIENT)
    outcome = await send(connection)
    assert (outcome.status, outcome.sender_fault, outcome.reply.code) == (status, ours, code)
    if usable:
        assert (await send(connection, BOB)).status is SENT
        assert server.messages[-1].recipients == (BOB.recipient,)
    elif connection.is_open:
        # The server closed in the same breath as it answered, which is seen at the next command at the latest.
        assert (await send(connection, BOB)).sender_fault
    assert connection.is_open is usable
    await connection.close()
    assert server.connections == 1


async def test_a_server_that_closes_as_it_says_go_ahead_is_never_taken_to_have_the_message(
    server: ScriptedServer,
) -> None:
    server.script = {Step.DATA: [says_and_closes("354 go ahead")]}
    connection = await opened(relay_to(server))
    # Whether the close is seen before the message is written or after it, is a race that nobody can win.
    assert (await send(connection)).status in {DEFERRED, UNCERTAIN}
    assert not connection.is_open


async def test_a_reply_and_the_421_behind_it_are_told_apart(server: ScriptedServer) -> None:
    server.script = {Step.MESSAGE: [says_and_closes("250 2.0.0 taken\r\n421 4.3.2 that was the last one")]}
    connection = await opened(relay_to(server))
    outcome = await send(connection)
    assert (outcome.status, outcome.reply.text) == (SENT, "2.0.0 taken")
    assert (await send(connection)).sender_fault
    assert not connection.is_open


async def test_a_421_between_messages_is_never_taken_for_the_next_reply(server: ScriptedServer) -> None:
    server.afterwards = [says("421 4.3.2 idle for too long")]
    connection = await opened(relay_to(server))
    assert (await send(connection)).status is SENT
    outcome = await send(connection, BOB)
    assert outcome.status is SENT or (outcome.reply.code, outcome.sender_fault) == (421, True)
    await connection.close()


async def test_a_refused_recipient_is_forgotten_before_the_next_one(server: ScriptedServer) -> None:
    server.recipients = {ADA.recipient: says("550 5.1.1 no such user")}
    connection = await opened(relay_to(server))
    assert (await send(connection)).status is FAILED
    assert (await send(connection, BOB)).status is SENT
    await connection.close()
    assert server.verbs() == ["EHLO", "MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says("502 5.5.1 what is RSET"), id="refused"),
        pytest.param(says_and_closes("421 4.3.2 bye"), id="closed with 421"),
        pytest.param(DROP, id="closed"),
        pytest.param(SILENCE, id="never answered"),
    ],
)
@pytest.mark.parametrize("claimed", [True, False], ids=["after a refusal", "after a claim that was declined"])
async def test_a_connection_that_cannot_be_reset_is_not_used_again(
    server: ScriptedServer, answer: Answer, claimed: bool
) -> None:
    server.script = {Step.RSET: [answer]}
    if claimed:
        server.recipients = {ADA.recipient: says("550 5.1.1 no such user")}
    connection = await opened(relay_to(server), impatient(Step.RSET) if answer is SILENCE else PATIENT)
    outcome = await connection.send(ADA, MESSAGE, claim=agree if claimed else decline)
    assert (outcome.status if outcome else None) == (FAILED if claimed else None)
    assert not connection.is_open


async def test_a_reply_that_is_no_text_and_very_long_is_kept_as_one_line(server: ScriptedServer) -> None:
    server.script = {Step.RCPT: [says("550 5.1.1 " + "\udcff\x1b[1m no such user " * 400)]}
    connection = await opened(relay_to(server))
    outcome = await send(connection)
    assert (outcome.status, outcome.reply.code) == (FAILED, 550)
    assert outcome.reply.text.startswith("5.1.1 ? [1m no such user ?")
    assert len(outcome.reply.text) == 500
    assert (await send(connection, BOB)).status is SENT
    await connection.close()


async def test_a_reply_without_an_end_is_not_waited_for_in_vain(server: ScriptedServer) -> None:
    server.script = {Step.RCPT: [says("550 " + "x" * 100_000)]}
    connection = await opened(relay_to(server))
    outcome = await send(connection)
    assert (outcome.status, outcome.sender_fault, outcome.reply.code) == (DEFERRED, True, 0)
    assert not connection.is_open
