"""The GitHub App that was made on the operator's pages: one row, its secrets sealed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.errors import AppUnreadable
from newsletter.github.credentials import AppCredentials
from newsletter.github.manifest import CreatedApp
from newsletter.store.sealing import Seal, Unsealable
from newsletter.store.tables import github_app
from newsletter.store.upsert import insert_new

ONLY = 1
UNREADABLE = (
    "the stored GitHub App cannot be read: none of the keys in NEWSLETTER_SECRET_KEY sealed it; put the key of that "
    "time behind the present one, comma-separated, or connect the App anew at /admin/app"
)


@dataclass(frozen=True, kw_only=True)
class AppIdentity:
    """What everybody may know of the App."""

    app_id: int
    slug: str
    html_url: str
    connected_at: datetime


async def identity(connection: AsyncConnection) -> AppIdentity | None:
    """Return which App is stored, whether or not its secrets can be read."""
    row = await _row(connection)
    if row is None:
        return None
    return AppIdentity(app_id=row.app_id, slug=row.slug, html_url=row.html_url, connected_at=row.connected_at)


async def load(connection: AsyncConnection, seal: Seal | None) -> AppCredentials | None:
    """Return the stored App with its secrets.

    :param seal: None where no key is set.
    :raises AppUnreadable: none of the keys opens them.
    """
    row = await _row(connection)
    if row is None:
        return None
    if seal is None:
        raise AppUnreadable("a GitHub App is stored, and NEWSLETTER_SECRET_KEY is not set, which its secrets need")
    return _credentials(row, _opened(row, seal)[0])


async def save(
    connection: AsyncConnection, app: CreatedApp, seal: Seal, *, replaces: int | None, now: datetime
) -> bool:
    """Store an App; False where the one that is stored is not the one it was to replace, and then nothing changes.

    :param replaces: id of the stored App; None = there is none.
    """
    credentials = app.credentials
    values = {
        "app_id": credentials.app_id,
        "slug": credentials.slug or "",
        "html_url": credentials.html_url or "",
        "client_id": app.client_id,
        "sealed": seal.seal(
            json.dumps({"private_key": credentials.private_key, "webhook_secret": credentials.webhook_secret})
        ),
        "connected_at": now,
    }
    if replaces is None:
        new = insert_new(connection, github_app).values(id=ONLY, **values).returning(github_app.c.id)
        return (await connection.execute(new)).scalar_one_or_none() is not None
    change = update(github_app).where(github_app.c.id == ONLY, github_app.c.app_id == replaces).values(**values)
    return (await connection.execute(change)).rowcount == 1


async def reseal(connection: AsyncConnection, seal: Seal) -> bool:
    """Seal the secrets with the newest key where an older one did; returns whether that was so.

    :raises AppUnreadable: none of the keys opens them.
    """
    row = await _row(connection)
    if row is None:
        return False
    text, newest = _opened(row, seal)
    if newest:
        return False
    result = await connection.execute(
        update(github_app)
        .where(github_app.c.id == ONLY, github_app.c.sealed == row.sealed)
        .values(sealed=seal.seal(text))
    )
    return result.rowcount == 1


async def _row(connection: AsyncConnection) -> Row[Any] | None:
    return (await connection.execute(select(github_app).where(github_app.c.id == ONLY))).one_or_none()


def _opened(row: Row[Any], seal: Seal) -> tuple[str, bool]:
    try:
        opened = seal.open(row.sealed)
    except Unsealable:
        raise AppUnreadable(UNREADABLE) from None
    return opened.text, opened.newest


def _credentials(row: Row[Any], text: str) -> AppCredentials:
    secrets = json.loads(text)
    return AppCredentials(
        app_id=row.app_id,
        private_key=secrets["private_key"],
        webhook_secret=secrets["webhook_secret"],
        slug=row.slug,
        html_url=row.html_url,
    )
