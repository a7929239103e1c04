"""Mails as everybody of a cohort got them, by the name that only they know."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import commits, digest_items, former_names, renderings, repositories


@dataclass(frozen=True, kw_only=True)
class View:
    """A stored mail, with the words in it that stand for readers' own tokens."""

    html: str
    slots: tuple[str, ...]


async def by_key(connection: AsyncConnection, key: str) -> View | None:
    """Return the mail of a key; None where there is none, or where it names a repository that is private by now.

    A mail keeps no list of what it shows, so it is looked through for the names of the private repositories that its
    digest holds something of.
    """
    columns = (renderings.c[name] for name in ("digest_id", "html", "unsubscribe_slot", "preferences_slot"))
    row = (await connection.execute(select(*columns).where(renderings.c.view_key == key))).one_or_none()
    if row is None:
        return None
    html = row.html.lower()
    if any(f"/{name}" in html for name in await _private_names(connection, row.digest_id)):
        return None
    return View(html=row.html, slots=tuple(slot for slot in (row.unsubscribe_slot, row.preferences_slot) if slot))


async def _private_names(connection: AsyncConnection, digest_id: int) -> frozenset[str]:
    held = (
        select(repositories.c.id, repositories.c.name_key)
        .join(commits, commits.c.repository_id == repositories.c.id)
        .join(digest_items, digest_items.c.commit_id == commits.c.id)
        .where(digest_items.c.digest_id == digest_id, repositories.c.private.is_(True))
        .distinct()
    )
    found = {row.id: row.name_key for row in await connection.execute(held)}
    earlier = select(former_names.c.name_key).where(former_names.c.repository_id.in_(found))
    return frozenset({*found.values(), *(await connection.execute(earlier)).scalars()})
