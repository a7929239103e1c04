"""Tokens spent on the model: by day, model and repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.store.tables import model_usage
from newsletter.store.upsert import insert_new


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one repository cost on one UTC day with one model."""

    day: date
    model: str
    #: Its name at the time; empty where it was not counted apart.
    repository: str
    input_tokens: int
    output_tokens: int
    requests: int


async def add(
    connection: AsyncConnection, *, day: date, model: str, repository: str, input_tokens: int, output_tokens: int
) -> None:
    """Count one request."""
    row = {"day": day, "model": model, "repository": repository}
    await connection.execute(
        insert_new(connection, model_usage).values(**row, input_tokens=0, output_tokens=0, requests=0)
    )
    await connection.execute(
        update(model_usage)
        .where(*(model_usage.c[name] == value for name, value in row.items()))
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


async def since(connection: AsyncConnection, day: date) -> tuple[Spent, ...]:
    """Return what was spent on a day and after it, the newest day first."""
    rows = await connection.execute(
        select(model_usage)
        .where(model_usage.c.day >= day)
        .order_by(model_usage.c.day.desc(), model_usage.c.repository, model_usage.c.model)
    )
    return tuple(
        Spent(
            day=row.day,
            model=row.model,
            repository=row.repository,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            requests=row.requests,
        )
        for row in rows
    )
