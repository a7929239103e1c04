"""From a stored commit to its analyses: GitHub and the model are away, wrong, late or right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback, Source
from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.analyse import analyse, languages_wanted
from newsletter.pipeline.fetch import SECOND_LOOKS, fetch
from newsletter.pipeline.port import Job, Kind, NotYet, RetryAfter
from newsletter.pipeline.spending import Spending
from newsletter.store import analyses, commits, digests, jobs, usage
from newsletter.store.commits import StoredCommit
from newsletter.store.engine import Store
from newsletter.store.states import DetailState
from subscribers import Level, Status
from tests.support.clock import NOON, FrozenClock
from tests.support.model import StandInModel, answers, asking, fails
from tests.support.model_answers import TEXTS
from tests.support.records import add_reader, closed_day, follow, preferences_of, sha, store_commits

DETAIL = {
    "sha": sha(1),
    "parents": [{"sha": sha(0)}],
    "stats": {"additions": 3, "deletions": 1},
    "files": [
        {"filename": "gate/core.py", "status": "modified", "additions": 3, "deletions": 1, "patch": "@@ -1 +1 @@"}
    ],
}
REPOSITORY = {"id": 100, "full_name": "acme/tide", "default_branch": "main", "private": False}


@asynccontextmanager
async def github(answer: Mapping[str, Any] | None = None) -> AsyncIterator[tuple[StandInGitHub, GitHubClient]]:
    known = {("acme/tide", sha(1)): answer} if answer else {}
    async with (
        StandInGitHub(repositories={"acme/tide": REPOSITORY}, commits=known) as server,
        aiohttp.ClientSession() as session,
    ):
        yield server, GitHubClient(session, api_url=server.url, pauses=())


async def stored_commit(store: Store) -> int:
    repository = await follow(store)
    (commit_id,) = await store_commits(store, repository, [1])
    return commit_id


async def loaded(store: Store, commit_id: int) -> StoredCommit:
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
    assert commit is not None
    return commit


def job(commit_id: int, *, attempt: int = 1, last: bool = False) -> Job:
    return Job(kind=Kind.FETCH, key=str(commit_id), attempt=attempt, last=last, queued_at=NOON)


async def queued(store: Store, kind: Kind) -> frozenset[str]:
    async with store.read() as connection:
        return await jobs.known_keys(connection, kind.value)


async def run_fetch(store: Store, client: GitHubClient, wanted: Job, clock: FrozenClock) -> None:
    await fetch(wanted, store=store, jobs=EmbeddedJobs(store, clock=clock), github=client, now=clock())


async def test_a_fetched_commit_has_its_files_and_waits_for_its_analysis(store: Store, clock: FrozenClock) -> None:
    commit_id = await stored_commit(store)
    async with github(DETAIL) as (_, client):
        await run_fetch(store, client, job(commit_id), clock)
    commit = await loaded(store, commit_id)
    assert (commit.detail_state, commit.subject.detailed) == (DetailState.FETCHED, True)
    assert [file.patch for file in commit.subject.files] == ["@@ -1 +1 @@"]
    assert await queued(store, Kind.ANALYSE) == {str(commit_id)}


async def test_a_commit_is_fetched_once(store: Store, clock: FrozenClock) -> None:
    commit_id = await stored_commit(store)
    async with github(DETAIL) as (server, client):
        await run_fetch(store, client, job(commit_id), clock)
        await run_fetch(store, client, job(commit_id), clock)
        assert server.requests == [f"GET /repos/acme/tide/commits/{sha(1)}", "GET /repos/acme/tide/pulls/7"]


async def test_a_commit_that_github_has_no_more_keeps_its_message_and_paths(store: Store, clock: FrozenClock) -> None:
    commit_id = await stored_commit(store)
    async with github() as (_, client):
        # One that was pushed this moment may not be everywhere yet.
        for attempt, pause in enumerate(SECOND_LOOKS, 1):
            with pytest.raises(RetryAfter) as caught:
                await run_fetch(store, client, job(commit_id, attempt=attempt), clock)
            assert caught.value.after == pause
        await run_fetch(store, client, job(commit_id, attempt=len(SECOND_LOOKS) + 1), clock)
    commit = await loaded(store, commit_id)
    assert commit.detail_state is DetailState.GONE
    assert not commit.subject.detailed
    assert {file.path for file in commit.subject.files} == {
        "gate/new.py",
        "gate/old.py",
        "gate/core.py",
        "README.md",
    }
    await run_analyse(store, commit_id)
    assert (await analysis_of(store, commit_id)).source is Source.RULES


@pytest.mark.parametrize("status", [401, 500, 502])
async def test_github_is_asked_again_until_the_last_attempt(store: Store, clock: FrozenClock, status: int) -> None:
    commit_id = await stored_commit(store)
    async with github(DETAIL) as (server, client):
        server.faults = lambda _: web.json_response({"message": "no"}, status=status, headers={"Retry-After": "7"})
        with pytest.raises(RetryAfter) as caught:
            await run_fetch(store, client, job(commit_id), clock)
        assert caught.value.after in {timedelta(seconds=7), None}
        assert (await loaded(store, commit_id)).detail_state is DetailState.WAITING
        assert await queued(store, Kind.ANALYSE) == frozenset()
        await run_fetch(store, client, job(commit_id, last=True), clock)
    assert (await loaded(store, commit_id)).detail_state is DetailState.UNAVAILABLE
    assert await queued(store, Kind.ANALYSE) == {str(commit_id)}


@pytest.mark.parametrize("status", [403, 429])
async def test_a_limit_is_waited_for_even_at_the_last_attempt(store: Store, clock: FrozenClock, status: int) -> None:
    commit_id = await stored_commit(store)
    async with github(DETAIL) as (server, client):
        server.faults = lambda _: web.json_response({"message": "no"}, status=status, headers={"Retry-After": "7"})
        for _ in range(2):
            with pytest.raises(NotYet) as caught:
                await run_fetch(store, client, job(commit_id, last=True), clock)
            assert timedelta(seconds=6) < caught.value.after <= timedelta(seconds=7)
        assert len(server.requests) == 1
    assert (await loaded(store, commit_id)).detail_state is DetailState.WAITING


async def run_analyse(
    store: Store, commit_id: int, *, model: StandInModel | None = None, daily_tokens: int | None = None
) -> None:
    if model is None:
        await analyse(
            commit_id,
            store=store,
            analyst=Analyst(None),
            language="en",
            waits=False,
            turns=asyncio.Semaphore(1),
            now=NOON,
        )
        return
    ledger = Spending(store, daily_tokens=daily_tokens, clock=FrozenClock())
    async with asking(model, ledger=ledger, model="tide-1") as analyst:
        await analyse(
            commit_id, store=store, analyst=analyst, language="en", waits=False, turns=asyncio.Semaphore(1), now=NOON
        )


async def analysis_of(store: Store, commit_id: int, language: str = "en") -> Analysis:
    digest = await closed_day(store)
    async with store.write() as transaction:
        await digests.take_commits(transaction.connection, digest.id, before=NOON + timedelta(days=1), late_before=None)
    async with store.read() as connection:
        return (await analyses.of_digest(connection, digest.id, language=language))[commit_id]


async def test_a_change_is_analysed_in_every_language_that_is_read(store: Store) -> None:
    commit_id = await stored_commit(store)
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    await add_reader(store, "gone@reader.example", preferences_of("xx"), status=Status.PENDING)
    await run_analyse(store, commit_id)
    async with store.read() as connection:
        assert await analyses.languages_of(connection, commit_id, version=VERSION) == {"en", "zh"}


def test_the_newsletters_own_language_comes_first_and_unsupported_ones_not_at_all() -> None:
    assert languages_wanted("zh", ("en", "xx", "zh")) == ("zh", "en")


async def test_the_models_analysis_and_its_tokens_are_stored(store: Store) -> None:
    commit_id = await stored_commit(store)
    async with StandInModel(answers()) as model:
        await run_analyse(store, commit_id, model=model)
        await run_analyse(store, commit_id, model=model)
        requests = len(model.asked)
    found = await analysis_of(store, commit_id)
    assert (found.source, found.model, found.summary) == (Source.MODEL, "tide-1", TEXTS["en"]["summary"])
    assert found.scope == TEXTS["en"]["scope"]
    async with store.read() as connection:
        assert await usage.total(connection, NOON.date()) == requests * 1350
        (spent,) = await usage.since(connection, NOON.date())
    assert (spent.repository, spent.model, spent.requests) == ("acme/tide", "tide-1", requests)


async def test_the_level_is_the_same_in_every_language(store: Store) -> None:
    commit_id = await stored_commit(store)
    await add_reader(store, "zh@reader.example", preferences_of("zh"))
    async with StandInModel(answers(level="medium")) as model:
        await run_analyse(store, commit_id, model=model)
    level = (await loaded(store, commit_id)).level
    assert level is not None
    assert (await analysis_of(store, commit_id, "zh")).level is level


async def test_the_rules_write_and_say_so_where_the_model_fails(store: Store) -> None:
    commit_id = await stored_commit(store)
    async with StandInModel(fails(401)) as model:
        await run_analyse(store, commit_id, model=model)
    found = await analysis_of(store, commit_id)
    assert (found.source, found.fallback) == (Source.RULES, Fallback.KEY)


async def test_the_rules_write_once_the_days_tokens_are_spent(store: Store) -> None:
    commit_id = await stored_commit(store)
    async with store.write() as transaction:
        await usage.add(
            transaction.connection,
            day=NOON.date(),
            model="tide-1",
            repository="acme/other",
            input_tokens=900,
            output_tokens=100,
        )
    async with StandInModel(answers()) as model:
        await run_analyse(store, commit_id, model=model, daily_tokens=1000)
        assert model.asked == []
    assert (await analysis_of(store, commit_id)).fallback is Fallback.BUDGET


async def test_a_commit_that_is_not_there_is_no_fault(store: Store, clock: FrozenClock) -> None:
    async with github() as (_, client):
        await run_fetch(store, client, job(4711), clock)
    await run_analyse(store, 4711)
    assert Level.HIGH.reaches(Level.LOW)
