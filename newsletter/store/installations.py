"""The App's installations, as GitHub told of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.github.record import Installation
from newsletter.store.states import InstallationState
from newsletter.store.tables import installations
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class KnownInstallation:
    """An installation that was heard of."""

    id: int
    app_id: int
    #: Login of the account that it is on.
    account: str
    state: InstallationState
    #: When GitHub was last asked what it may read.
    compared_at: datetime


async def save(connection: AsyncConnection, told: Installation, *, now: datetime) -> None:
    """Keep what GitHub says of an installation."""
    state = InstallationState.SUSPENDED if told.suspended else InstallationState.ACTIVE
    values = {"app_id": told.app_id, "account": told.account, "state": state, "compared_at": now}
    await connection.execute(insert_new(connection, installations).values(id=told.id, **values))
    await connection.execute(update(installations).where(installations.c.id == told.id).values(**values))


async def mark_uninstalled(connection: AsyncConnection, installation_id: int, *, now: datetime) -> None:
    """Note that GitHub has an installation no more; one that was never heard of stays so."""
    await connection.execute(
        update(installations)
        .where(installations.c.id == installation_id)
        .values(state=InstallationState.UNINSTALLED, compared_at=now)
    )


async def load(connection: AsyncConnection, installation_id: int) -> KnownInstallation | None:
    """Return an installation."""
    row = (await connection.execute(select(installations).where(installations.c.id == installation_id))).one_or_none()
    return KnownInstallation(**row._mapping) if row else None


async def everything(connection: AsyncConnection) -> tuple[KnownInstallation, ...]:
    """Return all installations by account."""
    rows = await connection.execute(select(installations).order_by(installations.c.account, installations.c.id))
    return tuple(KnownInstallation(**row._mapping) for row in rows)
