"""Commits, what GitHub adds to them, and their analyses."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.github.record import CommitDetail, FileChange
from newsletter.store import analyses, commits, digests
from newsletter.store.commits import StoredCommit
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from subscribers import Level
from tests.support.clock import NOON
from tests.support.records import (
    analysed_commits,
    analysis_of,
    closed_day,
    follow,
    pushed_commit,
    sha,
    store_commits,
    store_push,
)

HOUR = timedelta(hours=1)
FILES = (
    FileChange(path="gate/core.py", status="modified", additions=3, deletions=1, patch="@@ -1 +1 @@\n-a\n+ü🚢"),
    FileChange(path="gate/new.py", status="renamed", previous_path="gate/old.py"),
)
DETAIL = CommitDetail(sha=sha(1), parents=(sha(0), sha(9)), files=FILES, additions=3, deletions=1)


async def load(store: Store, commit_id: int) -> StoredCommit:
    async with store.read() as connection:
        found = await commits.load(connection, commit_id)
    assert found is not None
    return found


async def one_commit(store: Store) -> int:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    return commit_id


async def test_a_commit_is_known_by_its_push_until_github_says_more(store: Store) -> None:
    found = await load(store, await one_commit(store))
    assert (found.repository, found.sha, found.message) == ("acme/tide", sha(1), "Lower the gate (#7)")
    assert (found.author, found.committed_at, found.level) == ("Ada", NOON, None)
    assert found.detail_state is DetailState.WAITING
    assert not found.subject.detailed
    assert [(file.path, file.status) for file in found.subject.files] == [
        ("gate/new.py", "added"),
        ("gate/old.py", "removed"),
        ("README.md", "modified"),
        ("gate/core.py", "modified"),
    ]


async def test_a_commit_that_nobody_stored_is_nothing(store: Store) -> None:
    async with store.read() as connection:
        assert await commits.load(connection, 1) is None


async def test_a_push_of_2048_commits_is_stored_in_its_order(store: Store) -> None:
    repository = await follow(store)
    ids = await store_commits(store, repository, range(2048))
    assert len(ids) == 2048
    async with store.read() as connection:
        assert await commits.unanalysed(connection) == ids
    for place in (0, 999, 1000, 2047):
        assert (await load(store, ids[place])).sha == sha(place)


async def test_a_commit_belongs_to_the_push_that_brought_it_first(store: Store) -> None:
    repository = await follow(store)
    (first,) = await store_commits(store, repository, [1], reached_at=NOON)
    new = await store_commits(store, repository, [1, 2], reached_at=NOON + HOUR)
    assert len(new) == 1
    assert (await load(store, new[0])).sha == sha(2)
    async with store.read() as connection:
        assert await commits.unanalysed(connection, before=NOON + HOUR) == (first,)


async def test_a_commit_that_a_push_lists_twice_is_stored_once(store: Store) -> None:
    assert len(await store_commits(store, await follow(store), [1, 1, 2])) == 2


async def test_a_push_without_commits_stores_none(store: Store) -> None:
    assert await store_commits(store, await follow(store), []) == ()


async def test_the_same_commit_in_a_fork_is_another_commit(store: Store) -> None:
    ids = {
        *await store_commits(store, await follow(store, "acme/tide", github_id=1), [1]),
        *await store_commits(store, await follow(store, "bee/tide", github_id=2), [1]),
    }
    assert len(ids) == 2


async def test_of_two_expansions_at_once_each_commit_is_stored_once(store: Store) -> None:
    repository = await follow(store)
    push_id = await store_push(store, repository)

    async def expand() -> tuple[int, ...]:
        async with store.write() as transaction:
            return await commits.add(
                transaction.connection,
                [pushed_commit(number) for number in range(200)],
                repository_id=repository.id,
                push_id=push_id,
                reached_at=NOON,
            )

    first, second = await asyncio.gather(expand(), expand())
    assert sorted((len(first), len(second))) == [0, 200]


@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param("🚢" * 16384, id="64 kB of emoji"),
        pytest.param("\u202eevil\u202c <script>alert(1)</script>\x1b[0m", id="bidi, markup and escapes"),
        pytest.param("", id="nothing"),
    ],
)
async def test_a_hostile_commit_comes_back_as_it_was(store: Store, hostile: str) -> None:
    repository = await follow(store)
    push_id = await store_push(store, repository)
    commit = replace(pushed_commit(1, message=hostile), author=hostile, author_login=None, added=(hostile,))
    async with store.write() as transaction:
        (commit_id,) = await commits.add(
            transaction.connection, [commit], repository_id=repository.id, push_id=push_id, reached_at=NOON
        )
    found = await load(store, commit_id)
    assert (found.message, found.author, found.subject.files[0].path) == (hostile, hostile, hostile)


async def test_what_github_adds_is_kept_as_it_was(store: Store) -> None:
    commit_id = await one_commit(store)
    async with store.write() as transaction:
        await commits.save_detail(transaction.connection, commit_id, DETAIL, now=NOON)
    found = await load(store, commit_id)
    assert found.detail_state is DetailState.FETCHED
    assert found.subject.detailed
    assert found.subject.parents == DETAIL.parents
    assert found.subject.files == FILES


async def test_details_are_saved_once(store: Store) -> None:
    commit_id = await one_commit(store)
    for detail in (DETAIL, replace(DETAIL, files=(), parents=())):
        async with store.write() as transaction:
            await commits.save_detail(transaction.connection, commit_id, detail, now=NOON)
    assert (await load(store, commit_id)).subject.files == FILES


async def test_details_that_two_processes_fetched_are_saved_once(store: Store) -> None:
    commit_id = await one_commit(store)

    async def save() -> None:
        async with store.write() as transaction:
            await commits.save_detail(transaction.connection, commit_id, DETAIL, now=NOON)

    await asyncio.gather(save(), save())
    assert (await load(store, commit_id)).subject.files == FILES


async def test_a_commit_without_files_is_detailed_all_the_same(store: Store) -> None:
    commit_id = await one_commit(store)
    async with store.write() as transaction:
        await commits.save_detail(transaction.connection, commit_id, CommitDetail(sha=sha(1), parents=()), now=NOON)
    assert ((await load(store, commit_id)).subject.files, (await load(store, commit_id)).subject.detailed) == ((), True)


@pytest.mark.parametrize("state", [DetailState.GONE, DetailState.UNAVAILABLE], ids=str)
async def test_a_commit_that_cannot_be_had_is_known_by_its_push(store: Store, state: DetailState) -> None:
    commit_id = await one_commit(store)
    async with store.write() as transaction:
        await commits.give_up_detail(transaction.connection, commit_id, state)
    found = await load(store, commit_id)
    assert found.detail_state is state
    assert len(found.subject.files) == 4


async def test_details_that_are_there_are_not_given_up(store: Store) -> None:
    commit_id = await one_commit(store)
    async with store.write() as transaction:
        await commits.save_detail(transaction.connection, commit_id, DETAIL, now=NOON)
        await commits.give_up_detail(transaction.connection, commit_id, DetailState.GONE)
    assert (await load(store, commit_id)).detail_state is DetailState.FETCHED


async def test_a_level_is_frozen_by_whoever_sets_it_first(store: Store) -> None:
    commit_id = await one_commit(store)
    async with store.write() as transaction:
        assert await commits.freeze_level(transaction.connection, commit_id, Level.LOW) is Level.LOW
        assert await commits.freeze_level(transaction.connection, commit_id, Level.HIGH) is Level.LOW
    assert (await load(store, commit_id)).level is Level.LOW


async def test_of_two_levels_at_once_both_hear_the_same(store: Store) -> None:
    commit_id = await one_commit(store)

    async def freeze(level: Level) -> Level:
        async with store.write() as transaction:
            return await commits.freeze_level(transaction.connection, commit_id, level)

    assert len(set(await asyncio.gather(freeze(Level.LOW), freeze(Level.HIGH)))) == 1


async def test_what_is_left_to_analyse_comes_in_the_order_of_its_branch(store: Store) -> None:
    repository = await follow(store)
    later = await store_commits(store, repository, [1, 2], reached_at=NOON + HOUR)
    earlier = await store_commits(store, repository, [3], reached_at=NOON)
    await analysed_commits(store, repository, [4], reached_at=NOON)
    async with store.read() as connection:
        assert await commits.unanalysed(connection) == (*earlier, *later)
        assert await commits.unanalysed(connection, before=NOON + HOUR) == earlier
        assert await commits.unanalysed(connection, before=NOON) == ()


async def test_what_is_left_to_analyse_says_what_is_known_of_it(store: Store) -> None:
    repository = await follow(store)
    waiting, fetched = await store_commits(store, repository, [1, 2])
    await analysed_commits(store, repository, [3])
    async with store.write() as transaction:
        await commits.save_detail(transaction.connection, fetched, DETAIL, now=NOON)
        found = await commits.unanalysed_states(transaction.connection)
    assert found == {waiting: DetailState.WAITING, fetched: DetailState.FETCHED}


class TestAnalyses:
    """One a commit, language and version."""

    async def add(self, store: Store, commit_id: int, analysis: Analysis, version: int = 1) -> bool:
        async with store.write() as transaction:
            return await analyses.add(transaction.connection, commit_id, analysis, version=version, now=NOON)

    async def of_digest(self, store: Store, language: str) -> dict[int, Analysis]:
        digest = await closed_day(store)
        async with store.write() as transaction:
            await digests.take_commits(transaction.connection, digest.id, before=NOON + HOUR, late_before=None)
            return await analyses.of_digest(transaction.connection, digest.id, language=language)

    async def test_an_analysis_comes_back_as_it_was(self, store: Store) -> None:
        (commit_id,) = await analysed_commits(store, await follow(store), [1])
        written = replace(
            analysis_of(summary="🚢 \u202e潮"),
            source=Source.MODEL,
            model="m",
            fallback=Fallback.CUT_OFF,
            areas=(),
            risks=(),
        )
        assert await self.add(store, commit_id, written)
        assert await self.of_digest(store, "en") == {commit_id: written}

    async def test_an_analysis_is_written_once(self, store: Store) -> None:
        (commit_id,) = await analysed_commits(store, await follow(store), [1])
        assert await self.add(store, commit_id, analysis_of(summary="first"))
        assert not await self.add(store, commit_id, analysis_of(summary="second"))
        assert (await self.of_digest(store, "en"))[commit_id].summary == "first"

    async def test_of_two_analyses_at_once_one_is_stored(self, store: Store) -> None:
        (commit_id,) = await analysed_commits(store, await follow(store), [1])
        added = await asyncio.gather(*(self.add(store, commit_id, analysis_of()) for _ in range(2)))
        assert sorted(added) == [False, True]

    async def test_each_language_and_version_has_its_own(self, store: Store) -> None:
        first, second = await analysed_commits(store, await follow(store), [1, 2])
        await self.add(store, first, analysis_of(summary="new"), version=2)
        await self.add(store, first, analysis_of(summary="old"), version=1)
        await self.add(store, first, analysis_of(language="zh", summary="旧"), version=1)
        async with store.read() as connection:
            assert await analyses.languages_of(connection, first, version=1) == {"en", "zh"}
            assert await analyses.languages_of(connection, first, version=2) == {"en"}
            assert await analyses.languages_of(connection, second, version=1) == frozenset()
        found = await self.of_digest(store, "en")
        assert {commit_id: analysis.summary for commit_id, analysis in found.items()} == {first: "new"}
