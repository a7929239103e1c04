"""Mails that came in are stored, handled once, and cost a reader the newsletter only with proof."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from newsletter.pipeline.port import Kind
from newsletter.store import jobs
from newsletter.store.inbound_tables import inbound_mails
from subscribers import Purpose, Status
from tests.integration.inbound.conftest import DOMAIN, Incoming
from tests.support.returned import dsn, mail

GONE = "Final-Recipient: rfc822; somebody@else.example\nAction: failed\nStatus: 5.1.1"
COMPLAINT = (
    "--f\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n"
    "--f\nContent-Type: message/rfc822\n\n{}\n--f--"
)


def complaint(returned: str) -> bytes:
    return mail("complaint", COMPLAINT.format(returned), type_="multipart/report; boundary=f", sender="fbl@isp.example")


@pytest.mark.parametrize(
    ("recipient", "accepted"),
    [
        (f"postmaster@{DOMAIN}", True),
        (f"Abuse@{DOMAIN.upper()}", True),
        ("digest@news.example", True),
        ("postmaster@elsewhere.example", False),
        (f"bounce+1-aaaaaaaaaaaaaaaa@{DOMAIN}", False),
        (f"anybody@{DOMAIN}", False),
        ("", False),
    ],
)
async def test_a_mailbox_is_ours_or_an_envelope_sender_that_we_signed(
    incoming: Incoming, recipient: str, accepted: bool
) -> None:
    assert incoming.room.accepts(recipient) is accepted
    assert incoming.room.accepts(incoming.sender)
    assert not incoming.room.accepts(incoming.sender.replace(DOMAIN, "elsewhere.example"))


async def test_bounces_on_three_days_suppress_the_reader_of_the_delivery_and_nobody_they_name(
    incoming: Incoming,
) -> None:
    for day in range(3):
        assert await incoming.status() is Status.ACTIVE
        await incoming.room.take([incoming.sender], dsn(GONE, text=f"day {day}"))
        await incoming.handle()
        incoming.clock.advance(timedelta(days=1))
    assert await incoming.status() is Status.SUPPRESSED


async def test_a_mail_is_stored_and_queued_once_and_its_text_is_forgotten(incoming: Incoming) -> None:
    body = dsn(GONE)
    for _ in range(2):
        await incoming.room.take([incoming.sender, incoming.sender], body)
    async with incoming.store.read() as connection:
        assert len(await jobs.known_keys(connection, Kind.INBOUND.value)) == 1
    (handled,) = await incoming.handle()
    await incoming.job(handled)
    await incoming.room.take([incoming.sender], body)
    assert await incoming.handle() == []
    async with incoming.store.read() as connection:
        row = (await connection.execute(select(inbound_mails))).one()
    assert (row.kind, row.body) == ("bounce", None)


async def test_a_complaint_with_the_readers_own_link_is_believed(incoming: Incoming) -> None:
    token = incoming.tokens.make(Purpose.UNSUBSCRIBE, incoming.delivery.subscriber_id)
    await incoming.room.take(
        ["digest@news.example"], complaint(f"To: x@y.z\n\nhttps://news.example/unsubscribe/{token}\n")
    )
    await incoming.handle()
    assert await incoming.status() is Status.SUPPRESSED


@pytest.mark.parametrize(
    "returned", ["To: reader0@example.org\n\nHello", "https://news.example/unsubscribe/forged.token"]
)
async def test_a_complaint_without_proof_changes_nothing(incoming: Incoming, returned: str) -> None:
    await incoming.room.take(["digest@news.example"], complaint(returned))
    assert len(await incoming.handle()) == 1
    assert await incoming.status() is Status.ACTIVE


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(dsn(GONE.replace("5.1.1", "5.7.1")), id="policy"),
        pytest.param(mail("Out of office", "Back on Monday", sender="ada@example.org"), id="holiday"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\0" * 1000, id="noise"),
    ],
)
async def test_what_is_no_setback_is_handled_without_one(incoming: Incoming, body: bytes) -> None:
    for day in range(4):
        await incoming.room.take([incoming.sender], body + str(day).encode())
        assert len(await incoming.handle()) == 1
        incoming.clock.advance(timedelta(days=1))
    assert await incoming.status() is Status.ACTIVE
