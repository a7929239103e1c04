"""The stand-in mailbox speaks SMTP with a real client, and fails in the way it was told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiosmtplib
import pytest

from newsletter.demo.mailbox import StandInMailbox

MESSAGE = b"Subject: Tide table\r\n\r\nHigh water at noon.\r\n.a line that begins with a dot\r\n"


@pytest.fixture
async def mailbox() -> AsyncIterator[StandInMailbox]:
    async with StandInMailbox() as mailbox:
        yield mailbox


@pytest.fixture
async def smtp(mailbox: StandInMailbox) -> AsyncIterator[aiosmtplib.SMTP]:
    client = aiosmtplib.SMTP(hostname=mailbox.host, port=mailbox.port, start_tls=False, timeout=5)
    await client.connect()
    yield client
    client.close()


async def test_a_message_is_kept_as_it_was_sent(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    (received,) = await mailbox.wait_for(1)
    assert (received.envelope_from, received.recipient) == ("bounce@news.example", "a@reader.example")
    assert received.raw == MESSAGE
    assert timedelta() <= datetime.now(UTC) - received.at < timedelta(minutes=1)
    assert mailbox.attempts == {"a@reader.example": 1}


async def test_it_offers_what_a_modern_server_offers(smtp: aiosmtplib.SMTP) -> None:
    await smtp.ehlo()
    assert {"size", "8bitmime", "smtputf8"} <= smtp.esmtp_extensions.keys()
    assert int(smtp.esmtp_extensions["size"]) >= 5_000_000


async def test_a_message_of_six_megabytes_is_taken(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    big = b"Subject: Charts\r\n\r\n" + (b"x" * 998 + b"\r\n") * 6000
    await smtp.sendmail("bounce@news.example", ["a@reader.example"], big)
    assert (await mailbox.wait_for(1))[0].raw == big


async def test_an_address_outside_ascii_is_taken(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    await smtp.sendmail("bounce@news.example", ["读者@reader.example"], MESSAGE, mail_options=["SMTPUTF8"])
    assert (await mailbox.wait_for(1))[0].recipient == "读者@reader.example"


async def test_a_null_sender_is_an_empty_sender(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    await smtp.sendmail("", ["a@reader.example"], MESSAGE)
    assert (await mailbox.wait_for(1))[0].envelope_from == ""


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        pytest.param("550 5.1.1 no such user", 550, id="no such user"),
        pytest.param("451 4.7.1 greylisted", 451, id="greylisted"),
    ],
)
async def test_a_scripted_reply_refuses_one_recipient_and_no_other(
    mailbox: StandInMailbox, smtp: aiosmtplib.SMTP, reply: str, code: int
) -> None:
    mailbox.replies["a@reader.example"] = reply
    refused, _ = await smtp.sendmail("bounce@news.example", ["a@reader.example", "b@reader.example"], MESSAGE)
    assert refused["a@reader.example"][0] == code
    assert [received.recipient for received in mailbox.messages] == ["b@reader.example"]


async def test_a_refusal_may_be_lifted_for_the_next_attempt(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    mailbox.replies["a@reader.example"] = "451 4.7.1 greylisted"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    del mailbox.replies["a@reader.example"]
    await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    assert len(mailbox.messages) == 1
    assert mailbox.attempts["a@reader.example"] == 2


async def test_every_sender_may_be_refused(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    mailbox.sender_reply = "451 4.3.0 try later"
    with pytest.raises(aiosmtplib.SMTPSenderRefused) as caught:
        await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    assert caught.value.code == 451


async def test_a_message_refused_after_the_final_dot_is_kept_for_nobody(
    mailbox: StandInMailbox, smtp: aiosmtplib.SMTP
) -> None:
    mailbox.data_replies["a@reader.example"] = "554 5.7.1 looks like spam"
    with pytest.raises(aiosmtplib.SMTPDataError) as caught:
        await smtp.sendmail("bounce@news.example", ["b@reader.example", "a@reader.example"], MESSAGE)
    assert (caught.value.code, caught.value.message) == (554, "5.7.1 looks like spam")
    assert mailbox.messages == []


async def test_a_connection_cut_after_data_leaves_the_message_and_no_reply(
    mailbox: StandInMailbox, smtp: aiosmtplib.SMTP
) -> None:
    mailbox.cut_after_data.add("a@reader.example")
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    assert [received.recipient for received in await mailbox.wait_for(1)] == ["a@reader.example"]


async def test_a_reply_of_421_closes_the_connection(mailbox: StandInMailbox, smtp: aiosmtplib.SMTP) -> None:
    mailbox.replies["a@reader.example"] = "421 4.3.2 shutting down"
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
        await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    assert caught.value.recipients[0].code == 421
    assert not smtp.is_connected


async def test_waiting_ends_when_the_last_expected_message_arrives(
    mailbox: StandInMailbox, smtp: aiosmtplib.SMTP
) -> None:
    waiting = asyncio.create_task(mailbox.wait_for(2))
    await smtp.sendmail("bounce@news.example", ["a@reader.example"], MESSAGE)
    assert not waiting.done()
    await smtp.sendmail("bounce@news.example", ["b@reader.example"], MESSAGE)
    assert [received.recipient for received in await waiting] == ["a@reader.example", "b@reader.example"]


async def test_waiting_for_more_than_comes_ends_in_time(mailbox: StandInMailbox) -> None:
    with pytest.raises(TimeoutError):
        await mailbox.wait_for(1, timedelta(milliseconds=10))


async def test_closing_ends_connections_that_are_still_open() -> None:
    async with StandInMailbox() as mailbox:
        client = aiosmtplib.SMTP(hostname=mailbox.host, port=mailbox.port, start_tls=False, timeout=5)
        await client.connect()
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await client.noop()
