"""A real Postfix in front of the service, set up as the documentation says."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest

from newsletter.store import inbound
from subscribers import Status
from tests.conftest import missing
from tests.integration.inbound.conftest import DOMAIN, Incoming
from tests.support.postfix import Postfix, postfix_is_there
from tests.support.returned import dsn
from tests.support.waiting import eventually

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "receive-mail.md"


@pytest.fixture
async def postfix(port: int) -> AsyncIterator[Postfix]:
    if not postfix_is_there():
        missing("a Postfix that this user may start")
    settings = re.findall(r"^postconf -e '(.*)'$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(settings) > 3
    ours = [
        line.replace("bounces.example.org", DOMAIN).replace("127.0.0.1:2525", f"127.0.0.1:{port}") for line in settings
    ]
    async with Postfix(ours) as postfix:
        yield postfix


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_bounce_comes_through_postfix_and_a_forged_address_is_refused_at_its_door(
    incoming: Incoming, postfix: Postfix
) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=postfix.port, timeout=60) as client:
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as refused:
            await client.sendmail("", [f"bounce+1-aaaaaaaaaaaaaaaa@{DOMAIN}"], b"Subject: forged\r\n\r\n")
        assert refused.value.recipients[0].code == 550
        for day in range(3):
            fields = "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1"
            await client.sendmail("", [incoming.sender], dsn(fields, text=f"day {day}").replace(b"\n", b"\r\n"))

    async def all_are_there() -> bool:
        async with incoming.store.read() as connection:
            return len(await inbound.all_waiting(connection)) == 3

    await eventually(all_are_there)
    await incoming.handle()
    # On one day they count once.
    assert await incoming.status() is Status.ACTIVE
