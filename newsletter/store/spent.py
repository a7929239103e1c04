"""Signed tokens that are used up: a signature alone cannot say so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import spent_tokens
from newsletter.store.upsert import insert_new


async def spend(connection: AsyncConnection, token_id: str, *, expires_at: datetime, now: datetime) -> bool:
    """Use a token up; False where it was already.

    :param expires_at: after this nobody takes it anyway, so it need not be remembered.
    """
    await connection.execute(delete(spent_tokens).where(spent_tokens.c.expires_at < now))
    new = insert_new(connection, spent_tokens).values(id=token_id, expires_at=expires_at)
    return (await connection.execute(new.returning(spent_tokens.c.id))).scalar_one_or_none() is not None


async def is_spent(connection: AsyncConnection, token_id: str) -> bool:
    """Whether a token was used up."""
    return bool((await connection.execute(select(exists().where(spent_tokens.c.id == token_id)))).scalar_one())
