"""TLS protects the dialogue with a mail server, or no mail leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.mailbox import StandInMailbox
from tests.support.certificates import Authority
from tests.support.dialogue import ADA, MESSAGE, impatient, opened, refused_at_opening, send
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says, says_and_closes

SENT, FAILED = DeliveryStatus.SENT, DeliveryStatus.FAILED


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
