"""Tokens spent on the model, by day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import model_usage
from newsletter.store.upsert import insert_new


async def add(connection: AsyncConnection, *, day: date, model: str, input_tokens: int, output_tokens: int) -> None:
    """Count one request."""
    row = {"day": day, "model": model}
    await connection.execute(
        insert_new(connection, model_usage).values(**row, input_tokens=0, output_tokens=0, requests=0)
    )
    await connection.execute(
        update(model_usage)
        .where(model_usage.c.day == day, model_usage.c.model == model)
        .values(
            input_tokens=model_usage.c.input_tokens + input_tokens,
            output_tokens=model_usage.c.output_tokens + output_tokens,
            requests=model_usage.c.requests + 1,
        )
    )


async def total(connection: AsyncConnection, day: date) -> int:
    """Return all tokens of a day, input and output together."""
    wanted = select(func.sum(model_usage.c.input_tokens + model_usage.c.output_tokens)).where(model_usage.c.day == day)
    return int((await connection.execute(wanted)).scalar_one() or 0)
