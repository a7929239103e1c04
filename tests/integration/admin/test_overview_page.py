"""The overview in front of a full database: everything is on it, escaped, in the operator's language, in no time."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from newsletter.pipeline.port import Kind
from newsletter.store import alarms, following, jobs, reports, repositories
from newsletter.store.engine import Store
from newsletter.store.reports import ReportKey
from newsletter.store.states import Stopped
from subscribers import Level
from tests.support.clock import NOON, FrozenClock
from tests.support.newsroom import Newsroom
from tests.support.operated import operated
from tests.support.records import analysis_of, closed_day, follow

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


async def fill(store: Store, clock: FrozenClock) -> None:
    room = Newsroom(store, clock)
    tide = await follow(store)
    await follow(store, "acme/ledger", github_id=101, private=True)
    await room.reader("ada")
    await room.analysed(tide, 1, NOON - DAY, analysis_of(level=Level.HIGH))
    await room.close((NOON - DAY).date())
    await room.compose((NOON - DAY).date())
    await room.analysed(tide, 2, NOON - MINUTE, analysis_of(level=Level.LOW))
    async with store.write() as transaction:
        connection = transaction.connection
        await repositories.configure(connection, tide.id, branch_patterns=["<b>main"], poll=15 * MINUTE)
        await repositories.mark_reconciled(connection, tide.id, at=NOON - 4 * MINUTE)
        await repositories.note_problem(connection, 2, "GitHub answered <404>")
        (first, *_) = await jobs.due(connection, "fetch", now=NOON, limit=1, running=())
        await jobs.bury(connection, first.id, error="no", now=NOON)


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        pytest.param(
            "en",
            [
                "acme/tide",
                "acme/ledger",
                "private",
                "asked every 15 minutes · <b>main · compared 4 minutes ago",
                "GitHub answered <404>",
                "1 new commit",
                "Mar 1, 2026",
                "High 1",
                "Queued 1",
                "Analyses by the model: 0, by the rules: 1",
                "1 was given up",
                "Not connected",
            ],
            id="English",
        ),
        pytest.param("zh", ["概览", "私有", "4分钟前", "1 个新提交", "排队中 1", "未连接"], id="Chinese"),
    ],
)
async def test_everything_an_operator_asks_for_is_on_one_page(
    sqlite_url: str, clock: FrozenClock, language: str, sentences: list[str]
) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        await fill(admin.service.store, clock)
        visitor = await admin.operator()
        page = (await visitor.get("/admin", Accept_Language=language)).text
    assert "<404>" not in page
    assert "<b>main" not in page
    seen = " ".join(visible(page).split())
    assert [sentence for sentence in sentences if sentence not in seen] == []


def visible(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page.partition("</head>")[2]))


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        pytest.param("en", ["acme/vault GitHub App · main", "Not followed any more: 1"], id="English"),
        pytest.param("zh", ["acme/vault GitHub 应用 · main", "已不再关注：1"], id="Chinese"),
    ],
)
async def test_what_the_app_brought_and_took_is_told_apart(
    sqlite_url: str, clock: FrozenClock, language: str, sentences: list[str]
) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        for number, name in enumerate(("acme/vault", "acme/gone"), start=1):
            await follow(admin.service.store, name, github_id=number)
        async with admin.service.store.write() as transaction:
            await following.attach(transaction.connection, 1, 11)
            await following.stop(transaction.connection, 2, Stopped.REMOVED)
        page = (await (await admin.operator()).get("/admin", Accept_Language=language)).text
    seen = " ".join(visible(page).split())
    assert [sentence for sentence in sentences if sentence not in seen] == []
    assert "acme/gone" not in page


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        pytest.param("en", ["takes no reports", "left alone: 1"], id="English"),
        pytest.param("zh", ["GitHub 不接受报告", "不再更新：1"], id="Chinese"),
    ],
)
async def test_what_becomes_of_the_reports_is_said_where_it_needs_somebody(
    sqlite_url: str, clock: FrozenClock, language: str, sentences: list[str]
) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        store, visitor = admin.service.store, await admin.operator()
        empty = visible((await visitor.get("/admin", Accept_Language=language)).text)
        await follow(store)
        key = ReportKey(digest_id=(await closed_day(store)).id, repository_id=1, language="en", target="acme/reports")
        async with store.write() as transaction:
            connection = transaction.connection
            await alarms.begin(connection, "reports", now=NOON)
            await reports.intend(connection, key, folder="tide", path="a/tide/b.md", blob="0" * 40, present=None)
            assert await reports.leave(connection, key, now=NOON)
            assert not await reports.leave(connection, key, now=NOON)
        page = visible((await visitor.get("/admin", Accept_Language=language)).text)
        async with store.write() as transaction:
            await alarms.end(transaction.connection, "reports", now=NOON)
        over = visible((await visitor.get("/admin", Accept_Language=language)).text)
    assert [sentence for sentence in sentences if sentence not in page] == []
    assert [sentence for sentence in sentences if sentence in empty] == []
    assert sentences[0] not in over


async def test_every_kind_of_work_has_a_name(sqlite_url: str, clock: FrozenClock) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        async with admin.service.store.write() as transaction:
            for kind in Kind:
                await jobs.put(transaction.connection, kind.value, ["1"], run_at=NOON, now=NOON)
        page = (await (await admin.operator()).get("/admin")).text
    assert [kind for kind in Kind if re.search(rf"<li>\s*{kind.value}\s", page)] == []


async def test_an_empty_newsroom_says_what_to_do(sqlite_url: str, clock: FrozenClock) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        page = visible((await (await admin.operator()).get("/admin")).text)
    for sentence in ("newsletter repositories add OWNER/NAME", "None has come in yet.", "No day is closed yet."):
        assert sentence in page


async def test_a_token_is_said_to_be_used_and_never_shown(sqlite_url: str, clock: FrozenClock) -> None:
    async with operated(sqlite_url, clock=clock, GITHUB__TOKEN="a token of mine") as admin:
        page = (await (await admin.operator()).get("/admin")).text
    assert "GitHub is asked with a token" in page
    assert "a token of mine" not in page


async def test_of_many_repositories_the_first_are_shown(sqlite_url: str, clock: FrozenClock) -> None:
    async with operated(sqlite_url, clock=clock) as admin:
        for number in range(60):
            await follow(admin.service.store, f"acme/repository-{number:02}", github_id=number + 1)
        page = (await (await admin.operator()).get("/admin")).text
    assert page.count("acme/repository-") == 2 * 50
    assert '<span class="count">60</span>' in page
    assert "newsletter repositories list" in page
