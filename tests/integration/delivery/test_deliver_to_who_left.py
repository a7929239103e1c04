"""Who leaves before the message does gets nothing."""

from __future__ import annotations

import pytest

from newsletter.delivery.record import DeliveryStatus, SkipReason
from newsletter.store.engine import Store
from tests.integration.delivery.conftest import Ledger
from tests.support.recipients import address, mailed
from tests.support.smtp_server import ScriptedServer, Step

SKIPPED = DeliveryStatus.SKIPPED


async def test_who_left_before_the_run_is_skipped_and_no_connection_is_made(
    ledger: Ledger, server: ScriptedServer
) -> None:
    await ledger.add("ada")
    await ledger.leave("ada")
    await ledger.run(server)
    delivery = await ledger.of("ada")
    assert (delivery.status, delivery.skip_reason) == (SKIPPED, SkipReason.NOT_ACTIVE)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("step", "leaver", "staying"),
    [
        pytest.param(Step.DATA, "bob", "ada", id="while somebody else is sent to"),
        pytest.param(Step.RCPT, "ada", "bob", id="between RCPT and DATA of their own"),
    ],
)
async def test_who_leaves_while_the_run_is_on_gets_nothing(
    ledger: Ledger, server: ScriptedServer, step: Step, leaver: str, staying: str
) -> None:
    website = Store(f"sqlite:///{ledger.file}")

    async def leave() -> None:
        server.before = {}
        await ledger.leave(leaver, store=website)

    server.before = {step: leave}
    await ledger.add("ada", "bob")
    await ledger.run(server, size=1)
    await website.close()
    delivery = await ledger.of(leaver)
    assert (delivery.status, delivery.skip_reason) == (SKIPPED, SkipReason.NOT_ACTIVE)
    assert mailed(server) == {address(staying): 1}
