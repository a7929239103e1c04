"""What the last days brought is counted by day, repository and level, in one statement."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from newsletter.digest.record import Rendering
from newsletter.store import digests, recorded, tables
from newsletter.store.engine import Store
from subscribers import Level
from tests.support.clock import NOON
from tests.support.records import DAY, SLOTS, closed_day, follow, store_commits

LATER = DAY + timedelta(days=2)


async def test_closed_days_are_counted_and_others_are_not(store: Store) -> None:
    tide = await follow(store)
    vault = await follow(store, "acme/vault", github_id=101, private=True)
    for day, repository, numbers, level in (
        (DAY - timedelta(days=1), tide, range(1, 3), Level.LOW),
        (DAY, tide, range(3, 6), Level.HIGH),
        (LATER, vault, range(6, 7), Level.MEDIUM),
    ):
        ids = await store_commits(store, repository, numbers)
        digest = await closed_day(store, day)
        async with store.write() as transaction:
            connection = transaction.connection
            of_these = tables.commits.c.id.in_(ids)
            await connection.execute(update(tables.commits).where(of_these).values(level=level))
            assert await digests.take_commits(
                connection, digest.id, before=NOON + timedelta(days=9), late_before=None
            ) == len(ids)
    async with store.read() as connection:
        found = await recorded.between(connection, DAY, LATER)
    assert {(row.day, row.repository_key, row.private, row.level, row.number) for row in found} == {
        (DAY, tide.key, False, Level.HIGH, 3),
        (LATER, vault.key, True, Level.MEDIUM, 1),
    }


async def test_a_rendering_is_found_by_its_key_and_has_none_where_it_is_private(store: Store) -> None:
    digest = await closed_day(store)
    async with store.write() as transaction:
        for cohort, key in (("public", "view-1"), ("private", None), ("private too", None)):
            rendering = Rendering(subject="s", text="t", html="h", view_key=key)
            await digests.add_rendering(transaction.connection, digest.id, cohort, rendering, slots=SLOTS)
    async with store.read() as connection:
        rows = await connection.execute(select(tables.renderings.c.cohort_key, tables.renderings.c.view_key))
        assert {row.cohort_key: row.view_key for row in rows} == {
            "public": "view-1",
            "private": None,
            "private too": None,
        }
