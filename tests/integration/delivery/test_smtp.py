"""One connection to a mail server: everything a server can do has an outcome, and none of them is a guess."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.headerregistry import Address
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.record import DeliveryStatus, OpenMail, Outcome
from newsletter.delivery.smtp import Connection, Envelope, Relay, Timeouts
from newsletter.demo.mailbox import StandInMailbox
from tests.support.certificates import Authority
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says, says_and_closes

SENT, DEFERRED, FAILED = DeliveryStatus.SENT, DeliveryStatus.DEFERRED, DeliveryStatus.FAILED
UNCERTAIN = DeliveryStatus.UNCERTAIN
ADA = Envelope(sender="bounce+7-x@news.example", recipient="ada@reader.example")
BOB = replace(ADA, recipient="bob@reader.example")
MESSAGE = b"Subject: Tides\r\n\r\nHigh water at noon.\r\n.a dot\r\n..\r\n.\r\n"


async def agree() -> bool:
    return True


async def decline() -> bool:
    return False


def impatient(step: Step) -> Timeouts:
    """Wait long for everything but the silence under test."""
    short = 0.05
    if step in {Step.GREETING, Step.EHLO, Step.STARTTLS, Step.AUTH}:
        return replace(PATIENT, connect=short)
    return replace(PATIENT, message=short) if step is Step.MESSAGE else replace(PATIENT, command=short)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


async def opened(relay: Relay, timeouts: Timeouts = PATIENT) -> Connection:
    connection = Connection(relay, timeouts=timeouts)
    assert await connection.open() is None
    return connection


async def send(connection: Connection, envelope: Envelope = ADA, message: bytes = MESSAGE) -> Outcome:
    outcome = await connection.send(envelope, message, claim=agree)
    assert outcome is not None
    return outcome


async def refused_at_opening(relay: Relay, timeouts: Timeouts = PATIENT) -> Outcome:
    """Return why no connection could be made; it never charges anybody."""
    connection = Connection(relay, timeouts=timeouts)
    outcome = await connection.open()
    assert outcome is not None
    assert not connection.is_open
    assert (outcome.status, outcome.sender_fault) == (DEFERRED, True)
    return outcome


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


async def test_nothing_is_sent_where_the_claim_is_declined(server: ScriptedServer) -> None:
    connection = await opened(relay_to(server))
    assert await connection.send(ADA, MESSAGE, claim=decline) is None
    assert (await send(connection, BOB)).status is SENT
    await connection.close()
    assert [taken.recipients for taken in server.messages] == [(BOB.recipient,)]


async def test_the_claim_is_made_after_the_recipient_is_taken_and_before_data(server: ScriptedServer) -> None:
    seen: list[str] = []

    async def claim() -> bool:
        seen.extend(server.verbs())
        return True

    connection = await opened(relay_to(server))
    await connection.send(ADA, MESSAGE, claim=claim)
    await connection.close()
    assert seen == ["EHLO", "MAIL", "RCPT"]


@pytest.mark.parametrize("error", [LookupError("no row"), ValueError("no such status")])
async def test_a_claim_that_fails_leaves_no_open_transaction_behind(server: ScriptedServer, error: Exception) -> None:
    async def claim() -> bool:
        raise error

    connection = await opened(relay_to(server))
    with pytest.raises(type(error)):
        await connection.send(ADA, MESSAGE, claim=claim)
    assert not connection.is_open
    assert server.messages == []


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


# TLS


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


async def test_starttls_protects_the_dialogue(trusted: Authority) -> None:
    async with ScriptedServer(starttls=trusted.server()) as server:
        connection = await opened(relay_to(server, starttls=True))
        assert (await send(connection)).status is SENT
        await connection.close()
        assert server.verbs() == ["EHLO", "STARTTLS", "EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_the_stand_in_mailbox_offers_starttls(trusted: Authority) -> None:
    async with StandInMailbox(starttls=trusted.server()) as mailbox:
        connection = await opened(relay_to(mailbox, starttls=True))
        assert (await send(connection)).status is SENT
        await connection.close()
        assert mailbox.messages[0].raw == MESSAGE


async def test_implicit_tls_protects_the_dialogue_from_its_first_byte(trusted: Authority) -> None:
    async with ScriptedServer(implicit_tls=trusted.server()) as server:
        connection = await opened(relay_to(server, implicit_tls=True))
        assert (await send(connection)).status is SENT
        await connection.close()


async def test_where_starttls_is_demanded_and_not_offered_no_mail_leaves(server: ScriptedServer) -> None:
    outcome = await refused_at_opening(relay_to(server, starttls=True, username="news", password="secret"))
    assert "STARTTLS" in outcome.reply.text
    assert set(server.verbs()) <= {"EHLO", "QUIT"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says("454 4.7.0 not now"), id="refused"),
        pytest.param(says_and_closes("421 4.3.2 bye"), id="closed with 421"),
        pytest.param(says_and_closes("220 go ahead"), id="closed before the handshake"),
        pytest.param(DROP, id="closed"),
        pytest.param(SILENCE, id="never answered"),
    ],
)
async def test_where_starttls_fails_no_mail_leaves(trusted: Authority, answer: Answer) -> None:
    async with ScriptedServer(starttls=trusted.server()) as server:
        server.script = {Step.STARTTLS: [answer]}
        timeouts = impatient(Step.STARTTLS) if answer is SILENCE else PATIENT
        await refused_at_opening(relay_to(server, starttls=True, username="news", password="x"), timeouts)
        assert server.verbs() == ["EHLO", "STARTTLS"]


async def test_words_slipped_in_before_tls_are_not_believed(trusted: Authority) -> None:
    async with ScriptedServer(starttls=trusted.server()) as server:
        server.script = {Step.EHLO: [says("250-scripted.example\r\n250-SMTPUTF8\r\n250 STARTTLS")]}
        connection = await opened(relay_to(server, starttls=True))
        assert (await send(connection, replace(ADA, recipient="读者@reader.example"))).status is FAILED
        await connection.close()


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit TLS", "STARTTLS"])
@pytest.mark.parametrize(
    ("host", "expired", "known"),
    [
        pytest.param("127.0.0.1", True, True, id="expired"),
        pytest.param("mail.example", False, True, id="made for another host"),
        pytest.param("127.0.0.1", False, False, id="signed by nobody known"),
    ],
)
async def test_a_certificate_that_proves_nothing_is_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, *, host: str, expired: bool, known: bool, implicit: bool
) -> None:
    if known:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    context = authority.server(host, expired=expired)
    async with ScriptedServer(
        implicit_tls=context if implicit else None, starttls=None if implicit else context
    ) as server:
        relay = relay_to(server, implicit_tls=implicit, starttls=not implicit, username="news", password="secret")
        outcome = await refused_at_opening(relay)
        assert "certificate verify failed" in outcome.reply.text
        assert not {"AUTH", "MAIL"} & set(server.verbs())


async def test_plain_text_where_tls_was_expected_charges_nobody(server: ScriptedServer) -> None:
    outcome = await refused_at_opening(relay_to(server, implicit_tls=True))
    assert outcome.reply.code == 0


# Whole messages through a real server

TEXTS = st.lists(
    st.sampled_from([".", "..", "\n", "\n.", "\n.\n", "=", " ", "日报", "\t", "."]) | st.text(max_size=8)
).map("".join)


def composed(text: str) -> bytes:
    return message_bytes(
        OpenMail(subject="Tides", text=text, html=f"<p>{text}</p>", unsubscribe_slot="slot-0123456789abcdef"),
        Letterhead(sender=Address("Tides", "d", "news.example"), title="Tides", base_url="https://news.example"),
        Particulars(
            recipient=ADA.recipient,
            message_id="<1@news.example>",
            date=datetime(2026, 3, 3, 8, 0, tzinfo=UTC),
            unsubscribe_token="token",
            campaign="2026-03-02",
        ),
    )


@settings(max_examples=4, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(texts=st.lists(TEXTS, min_size=50, max_size=50))
@example(texts=[".", "..", ".\n.\n", "\n.", "x\n.\r\n.", ".\r", "\r\n.\r\n"])
def test_dots_at_the_start_of_lines_survive_the_way(texts: list[str]) -> None:
    messages = [composed(text) for text in texts]

    async def walk() -> list[bytes]:
        async with StandInMailbox() as mailbox:
            connection = await opened(relay_to(mailbox))
            for message in messages:
                assert (await send(connection, message=message)).status is SENT
            await connection.close()
            return [received.raw for received in mailbox.messages]

    assert asyncio.run(walk()) == messages
