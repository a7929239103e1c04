"""The names that repositories had: addresses in the archive are made of them, and go on leading to the same place."""

from __future__ import annotations

from sqlalchemy import literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import former_names, repositories
from newsletter.store.upsert import insert_new


async def note(connection: AsyncConnection, repository_id: int, full_name: str) -> None:
    """Remember that a repository had a name; twice is as good as once."""
    await connection.execute(
        insert_new(connection, former_names).values(name_key=full_name.lower(), repository_id=repository_id)
    )


async def note_holder(connection: AsyncConnection, full_name: str) -> None:
    """Remember which repository has a name that is given to another one now."""
    holder = select(literal(full_name.lower()), repositories.c.id).where(repositories.c.name_key == full_name.lower())
    await connection.execute(insert_new(connection, former_names).from_select(["name_key", "repository_id"], holder))


async def bearers(connection: AsyncConnection, full_name: str) -> tuple[tuple[int, str], ...]:
    """Return the public repositories that have a name, or had it: id and present name, whoever has it now first."""
    key = full_name.lower()
    had = select(former_names.c.repository_id).where(former_names.c.name_key == key)
    rows = await connection.execute(
        select(repositories.c.id, repositories.c.full_name)
        .where(
            repositories.c.private.is_(False),
            (repositories.c.name_key == key) | repositories.c.id.in_(had),
        )
        .order_by((repositories.c.name_key == key).desc(), repositories.c.id.desc())
    )
    return tuple((row.id, row.full_name) for row in rows)
