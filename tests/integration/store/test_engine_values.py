"""What comes back from both databases is what was stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError, StatementError

from newsletter.store import schedules
from newsletter.store.engine import Store
from newsletter.store.tables import repositories
from tests.support.transactions import a_repository, names


@pytest.mark.parametrize(
    "instant",
    [
        pytest.param(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), id="UTC"),
        pytest.param(
            datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8))), id="Shanghai, with µs"
        ),
        pytest.param(datetime(2026, 3, 2, 12, 0, tzinfo=timezone(timedelta(hours=-9, minutes=-30))), id="Marquesas"),
        pytest.param(datetime(1, 1, 1, tzinfo=UTC), id="the first instant there is"),
        pytest.param(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC), id="the last second there is"),
    ],
)
async def test_an_instant_comes_back_aware_in_utc(store: Store, instant: datetime) -> None:
    async with store.write() as transaction:
        await schedules.start(transaction.connection, "one", rule="r", next_at=instant)
    async with store.read() as connection:
        found = await schedules.load(connection, "one")
    assert found is not None
    assert (found.next_at, found.next_at.utcoffset()) == (instant, timedelta(0))


async def test_a_naive_time_is_refused(store: Store) -> None:
    with pytest.raises(StatementError, match="naive"):
        async with store.write() as transaction:
            await schedules.start(transaction.connection, "one", rule="r", next_at=datetime(2026, 3, 2))  # noqa: DTZ001
    async with store.read() as connection:
        assert await schedules.load(connection, "one") is None


async def test_an_error_does_not_quote_what_was_to_be_stored(store: Store) -> None:
    """Addresses and bodies are stored, and errors are logged."""

    async def write() -> None:
        async with store.write() as transaction:
            for name in ("ada@example.org", "bea@example.org"):
                row = a_repository() | {"full_name": name}
                await transaction.connection.execute(insert(repositories).values(row))

    with pytest.raises(IntegrityError) as error:
        await write()
    assert "bea" not in str(error.value)


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("🚢🌊👩🏽‍🚀", id="emoji"),
        pytest.param("\u202egnp.exe\u202c \u2066x\u2069", id="bidi overrides"),
        pytest.param("'; DROP TABLE repositories; --", id="SQL"),
        pytest.param("潮" * 65536, id="64k characters"),
        pytest.param("\r\n\t\x01\x1b[31m", id="controls"),
        pytest.param("%s %(x)s :name ?", id="placeholders"),
        pytest.param("e\u0301 é ﬁ", id="not normalised"),
    ],
)
async def test_hostile_text_comes_back_as_it_was(store: Store, hostile: str) -> None:
    async with store.write() as transaction:
        await transaction.connection.execute(
            insert(repositories).values(a_repository() | {"full_name": hostile, "default_branch": hostile})
        )
    assert await names(store) == [hostile]
