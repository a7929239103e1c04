"""From the settings to a file on GitHub: a process that runs the jobs commits what closing a day has queued."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from newsletter.app import open_service
from newsletter.demo.github import StandInGitHub
from newsletter.pipeline.close import close_day
from newsletter.pipeline.report import Shelf
from newsletter.store import reports
from tests.support.clock import FrozenClock
from tests.support.configured import KEY, load
from tests.support.contents_github import ContentsOnGitHub
from tests.support.github_markdown import by_github
from tests.support.newsroom import Newsroom
from tests.support.reading_room import AFTERNOON, REPORTS, about
from tests.support.records import DAY, follow
from tests.support.waiting import eventually


async def test_closing_a_day_ends_in_a_file_in_the_language_of_the_reports(sqlite_url: str, clock: FrozenClock) -> None:
    async with StandInGitHub(repositories={REPORTS: about(REPORTS)}, commits={}) as server:
        contents = ContentsOnGitHub(server=server)
        settings = load(
            {
                "DATABASE_URL": sqlite_url,
                "GITHUB__API_URL": server.url,
                "MAIL__FROM": "digest@news.example",
                "REPORTS__FOLDER": "days",
                "REPORTS__LANGUAGE": "zh",
                "REPORTS__REPOSITORY": REPORTS,
                "SECRET_KEY": KEY,
            }
        )
        async with open_service(settings, clock=clock) as service:
            await Newsroom(service.store, clock).analysed(await follow(service.store), 1, AFTERNOON)
            await close_day(
                DAY,
                store=service.store,
                jobs=service.jobs,
                zone=settings.zone,
                language=settings.language,
                with_reports=settings.reports.enabled,
                now=clock(),
            )
            service.register()
            running = asyncio.create_task(service.run_jobs())

            async def reported() -> bool:
                # The report waits for the mails of its day, and looks again after a while.
                clock.advance(timedelta(seconds=1))
                async with service.store.read() as connection:
                    return await reports.unreported(connection) == ()

            await eventually(reported)
            service.stop.set()
            await running
    (commit,) = contents.commits
    assert commit.path == "days/2026/tide/2026-03-01.md"
    assert by_github(commit.text).headings[0] == "每日更新报告（2026-03-01）"


def test_branches_of_one_repository_are_places_of_their_own() -> None:
    def target(branch: str | None) -> str:
        return Shelf(repository="Acme/Reports", branch=branch, root="r", language="en", github_url="https://x").target

    assert (target(None), target("Main")) == ("acme/reports", "acme/reports@Main")
