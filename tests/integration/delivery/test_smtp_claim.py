"""A message is claimed between RCPT and DATA, and nothing leaves without its claim."""

from __future__ import annotations

import pytest

from newsletter.delivery.record import DeliveryStatus
from tests.support.dialogue import ADA, BOB, MESSAGE, decline, opened, send
from tests.support.relays import relay_to
from tests.support.smtp_server import ScriptedServer

SENT = DeliveryStatus.SENT


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
