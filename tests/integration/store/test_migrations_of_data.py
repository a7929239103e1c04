"""What a database of an earlier version holds is there in this one, and the other way round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from alembic import command
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.exc import IntegrityError

import subscribers
from newsletter.delivery.record import DeliveryStatus
from newsletter.digest.search_words import phrases_of
from newsletter.store import analyses, digests, search, tables
from newsletter.store.engine import Store
from newsletter.store.migrate import configuration, upgrade
from newsletter.store.search import Wanted
from newsletter.store.states import Cadence
from tests.support.clock import NOON
from tests.support.records import (
    DAY,
    add_reader,
    analysed_commits,
    analysis_of,
    closed_day,
    follow,
    preferences_of,
    rendered,
    sha,
)


async def test_deliveries_of_an_earlier_version_keep_the_patience_they_were_promised(blank: Store) -> None:
    def between(connection: Connection) -> None:
        command.downgrade(configuration(connection), "0002")
        command.upgrade(configuration(connection), "head")

    await upgrade(blank)
    digest = await closed_day(blank)
    names = {(await add_reader(blank, f"{name}@example.org")).id: name for name in ("tried", "fresh")}
    table = tables.deliveries
    async with blank.write() as transaction:
        for reader, name in names.items():
            await transaction.connection.execute(
                insert(table).values(
                    digest_id=digest.id,
                    subscriber_id=reader,
                    status=DeliveryStatus.DEFERRED,
                    attempts=int(name == "tried"),
                    created_at=NOON,
                    updated_at=NOON,
                )
            )
    async with blank.rebuild() as connection:
        await connection.run_sync(between)
        rows = await connection.execute(select(table))
        found = {names[row.subscriber_id]: (row.patience_from, row.refusals) for row in rows}
    assert found == {"tried": (NOON, 0), "fresh": (None, 0)}


async def test_readers_of_an_earlier_version_are_in_the_cohorts_of_this_one(blank: Store) -> None:
    def to(revision: str) -> Callable[[Connection], None]:
        return lambda connection: command.downgrade(configuration(connection), revision)

    await upgrade(blank)
    chosen = [
        preferences_of(),
        preferences_of(timezone="Asia/Shanghai"),
        preferences_of("zh"),
        preferences_of(repository="7"),
    ]
    for number, preferences in enumerate([*chosen, *chosen]):
        await add_reader(blank, f"r{number}@example.org", preferences)
    digest = await closed_day(blank)
    rendering = await rendered(blank, digest)
    async with blank.rebuild() as connection:
        await connection.run_sync(to("0010"))
        keys = (await connection.execute(text("SELECT DISTINCT cohort_key FROM subscribers"))).scalars().all()
        # What was a cohort before: language and choices.
        assert "ae09292eff397c8e320798e74c180db1" not in keys
        assert len(keys) == 3
    await upgrade(blank)
    async with blank.read() as connection:
        found = await subscribers.active_cohorts(connection)
        assert {(cohort.key, cohort.size) for cohort in found} == {(each.key, 2) for each in chosen}
        assert await digests.open_mail(connection, rendering) is not None


async def test_the_version_before_knows_days_alone(blank: Store) -> None:
    await upgrade(blank)
    await closed_day(blank)
    async with blank.write() as transaction:
        for cadence, part in ((Cadence.WEEKLY, 0), (Cadence.AT_ONCE, 1), (Cadence.AT_ONCE, 2)):
            made = await digests.make(
                transaction.connection, cadence, day=DAY, part=part, timezone="UTC", keeps_hours=False, now=NOON
            )
            assert made is not None
    async with blank.rebuild() as connection:
        await connection.run_sync(lambda each: command.downgrade(configuration(each), "0010"))
        kept = (await connection.execute(text("SELECT cadence FROM digests"))).scalars().all()
    assert kept == ["daily"]


async def test_a_rebuilding_that_would_leave_a_reference_to_nothing_changes_nothing(sqlite_url: str) -> None:
    store = Store(sqlite_url)
    try:
        digest = await closed_day(store)
        await rendered(store, digest)
        with pytest.raises(IntegrityError, match="a row of renderings refers to none of digests"):
            async with store.rebuild() as connection:
                await connection.execute(delete(tables.digests))
        async with store.write() as transaction:
            assert await digests.by_id(transaction.connection, digest.id) == digest
            # And references are looked at again as ever.
            await transaction.connection.execute(delete(tables.digests))
            assert await digests.rendering_id(transaction.connection, digest.id, "cohort") is None
    finally:
        await store.close()


async def test_analyses_of_an_earlier_version_can_be_searched(blank: Store) -> None:
    def between(connection: Connection) -> None:
        command.downgrade(configuration(connection), "0011")
        command.upgrade(configuration(connection), "head")

    await upgrade(blank)
    (commit_id,) = await analysed_commits(blank, await follow(blank), [1])
    digest = await closed_day(blank)
    async with blank.write() as transaction:
        connection = transaction.connection
        await analyses.add(connection, commit_id, analysis_of(summary="闸门更低了。"), version=1, now=NOON)
        await digests.take_commits(connection, digest.id, before=NOON + timedelta(days=1), late_before=None)
        words = (await connection.execute(select(tables.search_texts))).all()
        await connection.run_sync(between)
        assert (await connection.execute(select(tables.search_texts))).all() == words
        for query in ("闸门", "measure depth", "#7"):
            (found,) = await search.find(connection, Wanted(phrases=phrases_of(query)), offset=0, limit=9)
            assert found.sha == sha(1)
