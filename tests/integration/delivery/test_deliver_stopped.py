"""A run that is told to stop begins no further message."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

from newsletter.delivery.record import DeliveryStatus
from tests.integration.delivery.conftest import Ledger
from tests.support.recipients import MANY, address, mailed
from tests.support.smtp_server import ScriptedServer

QUEUED, SENT = DeliveryStatus.QUEUED, DeliveryStatus.SENT


async def test_a_run_that_is_stopped_while_hands_wait_for_a_connection_begins_no_message(
    ledger: Ledger, server: ScriptedServer
) -> None:
    server.room = 1
    await ledger.add(*MANY)
    await ledger.run(server, size=8, stopping=lambda: bool(server.messages))
    assert len(server.messages) == 1
    assert Counter((await ledger.statuses()).values()) == {SENT: 1, QUEUED: 19}


async def test_a_run_that_is_stopped_leaves_the_rest_queued(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add(*MANY)
    await ledger.run(server, size=2, stopping=lambda: len(server.messages) >= 3)
    counts = Counter((await ledger.statuses()).values())
    assert counts[SENT] in {3, 4}
    assert counts[SENT] + counts[QUEUED] == 20
    assert await ledger.next_run() == timedelta(0)
    await ledger.run(server)
    assert mailed(server) == Counter(map(address, MANY))


async def test_a_run_that_is_stopped_before_it_begins_sends_nothing(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    await ledger.run(server, stopping=lambda: True)
    assert server.connections == 0
    assert await ledger.statuses() == {"ada": QUEUED}


async def test_a_run_in_an_engine_that_lets_go_begins_nothing(ledger: Ledger, server: ScriptedServer) -> None:
    await ledger.add("ada")
    stop = asyncio.Event()
    stop.set()
    await ledger.jobs.run(stop)
    await ledger.run(server)
    assert server.connections == 0
    assert await ledger.statuses() == {"ada": QUEUED}
