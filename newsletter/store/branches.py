"""Up to which commit each watched branch is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import branches
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class Branch:
    """A branch and its last commit that is stored together with everything before it."""

    name: str
    head: str
    #: When the head reached the branch.
    head_at: datetime


async def load(connection: AsyncConnection, repository_id: int, name: str) -> Branch | None:
    """Return what is known of a branch."""
    wanted = select(branches).where(branches.c.repository_id == repository_id, branches.c.name == name)
    row = (await connection.execute(wanted)).one_or_none()
    return Branch(name=row.name, head=row.head, head_at=row.head_at) if row else None


async def of_repository(connection: AsyncConnection, repository_id: int) -> tuple[Branch, ...]:
    """Return every branch of a repository of which something is known, by name."""
    wanted = select(branches).where(branches.c.repository_id == repository_id).order_by(branches.c.name)
    return tuple(Branch(name=row.name, head=row.head, head_at=row.head_at) for row in await connection.execute(wanted))


async def begin(connection: AsyncConnection, repository_id: int, branch: Branch) -> bool:
    """Note the first head of a branch; False where one is known already, and then nothing changes."""
    result = await connection.execute(
        insert_new(connection, branches)
        .values(repository_id=repository_id, name=branch.name, head=branch.head, head_at=branch.head_at)
        .returning(branches.c.name)
    )
    return result.scalar_one_or_none() is not None


async def advance(connection: AsyncConnection, repository_id: int, branch: Branch, *, seen: str) -> bool:
    """Move a branch's head on from where it was seen; False where somebody else moved it meanwhile."""
    result = await connection.execute(
        update(branches)
        .where(branches.c.repository_id == repository_id, branches.c.name == branch.name, branches.c.head == seen)
        .values(head=branch.head, head_at=branch.head_at)
    )
    return result.rowcount == 1


async def forget(connection: AsyncConnection, repository_id: int, name: str) -> None:
    """Forget a branch that was deleted: when it comes again it begins anew."""
    await connection.execute(delete(branches).where(branches.c.repository_id == repository_id, branches.c.name == name))
