"""What cannot be read keeps nobody from their mail."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from tests.support.clock import NOON
from tests.support.newsroom import Newsroom
from tests.support.records import follow

DAY = date(2026, 3, 1)


async def test_a_stored_push_that_cannot_be_read_any_more_is_left_out(newsroom: Newsroom) -> None:
    tide = await follow(newsroom.store)
    at = NOON.replace(day=1)
    broken = await newsroom.push(tide, [1], at)
    await newsroom.push(tide, [2], at)
    async with newsroom.store.write() as transaction:
        await transaction.connection.execute(
            text("UPDATE pushes SET body = :body WHERE hook_id = :hook_id"), {"body": b"{}", "hook_id": broken}
        )
    assert (await newsroom.close(DAY)).changes == 1
    assert await newsroom.numbers(DAY) == [2]
