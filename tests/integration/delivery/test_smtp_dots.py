"""Whole messages through a real server: dots at the start of lines survive the way."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from email.headerregistry import Address

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.record import DeliveryStatus, OpenMail
from newsletter.demo.mailbox import StandInMailbox
from tests.support.dialogue import ADA, opened, send
from tests.support.relays import relay_to

SENT = DeliveryStatus.SENT
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
            preferences_token="choices",
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
