"""With a GitHub App, from an installation to a digest, though the service was down or full when a push came."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from newsletter.app import Service, open_service, serve
from newsletter.demo.github import StandInGitHub
from newsletter.github.client import GitHubClient
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.close import close_day
from newsletter.pipeline.expand import expand
from newsletter.pipeline.redeliver import Round, redeliver
from newsletter.settings import SERVING, load_settings
from newsletter.store import branches, repositories
from tests.support.app_house import about
from tests.support.app_keys import APP_ID, CREDENTIALS, pem, present
from tests.support.github_app import AppOnGitHub
from tests.support.graph import Graph, push_of
from tests.support.pushes import SECRET
from tests.support.records import sha
from tests.support.running import NOW, running
from tests.support.waiting import until

NAME = "acme/tide"


def utc_now() -> datetime:
    return datetime.now(UTC)


def push_payload(graph: Graph, before: int, after: int, *, at: datetime) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(push_of(graph, before, after, [after], at=at)[1])
    return found


async def test_a_push_that_was_answered_503_is_asked_for_again_and_is_in_the_digest(tmp_path: Path) -> None:
    graph = Graph()
    graph.line([1, 2])
    told = about(100, NAME)
    async with (
        running(tmp_path, follow=False) as service,
        StandInGitHub(repositories={NAME: told}, commits=graph.commits) as server,
        aiohttp.ClientSession() as session,
    ):
        await service.follow(NAME, github_id=100)
        app = AppOnGitHub(server=server, clock=lambda: NOW, webhook=f"{service.url}/webhooks/github")
        with closing(sqlite3.connect(service.database)) as other:
            other.execute("BEGIN IMMEDIATE")
            hook_id = await app.tell("push", push_payload(graph, 1, 2, at=NOW))
        assert [entry["status_code"] for entry in app.log] == [503]
        client = GitHubClient(session, api_url=server.url, credentials=present(CREDENTIALS), now=lambda: NOW)
        assert await redeliver(store=service.store, app=client.app, now=NOW) == Round(attempts=1, missed=1, asked=1)
        assert service.rows("SELECT hook_id FROM pushes") == [(hook_id,)]
        jobs = EmbeddedJobs(service.store, clock=lambda: NOW)
        assert await expand(hook_id, store=service.store, jobs=jobs, now=NOW) == 1
        zone = load_settings(environment={}).zone
        closed = await close_day(NOW.date(), store=service.store, jobs=jobs, zone=zone, language="en", now=NOW)
        assert closed.changes == 1
        assert await redeliver(store=service.store, app=client.app, now=NOW) == Round(attempts=2, missed=0, asked=0)


@asynccontextmanager
async def served(folder: Path, app: AppOnGitHub) -> AsyncIterator[Service]:
    """Run the service as ``serve`` does, with the App of the settings; at the end it is gone."""
    (folder / "app.pem").write_text(pem(), encoding="ascii")
    settings = load_settings(
        environment={
            "NEWSLETTER_LISTEN": "127.0.0.1:0",
            "NEWSLETTER_DATABASE_URL": f"sqlite:///{folder}/newsletter.db",
            "NEWSLETTER_SECRET_KEY": "k" * 40,
            "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
            "NEWSLETTER_GITHUB__API_URL": app.server.url,
            "NEWSLETTER_GITHUB__APP_ID": str(APP_ID),
            "NEWSLETTER_GITHUB__PRIVATE_KEY_FILE": str(folder / "app.pem"),
            "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
        },
        required=SERVING,
    )
    async with open_service(settings) as service:
        answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(service, with_jobs=True, ready=answering.set_result))
        try:
            app.webhook = f"{await answering}/webhooks/github"
            yield service
        finally:
            service.stop.set()
            await task


async def known_up_to(service: Service, number: int) -> None:
    """Wait until a repository is known up to a commit."""

    async def look() -> bool | None:
        async with service.store.read() as connection:
            found = await repositories.by_name(connection, NAME)
            branch = None if found is None else await branches.load(connection, found.id, "main")
        return True if branch is not None and branch.head == sha(number) else None

    await until(look)


async def test_from_an_installation_to_a_digest_though_the_service_was_down_in_between(tmp_path: Path) -> None:
    graph = Graph()
    graph.line([1, 2, 3])
    told = about(100, NAME, private=True)
    async with StandInGitHub(repositories={NAME: told}, commits=graph.commits) as server:
        app = AppOnGitHub(server=server, clock=utc_now)
        server.history.move(NAME, "main", sha(1))
        async with served(tmp_path, app) as service:
            app.install(11, told)
            await app.tell("installation", {"action": "created", "installation": {"id": 11}})
            await known_up_to(service, 1)
            server.history.move(NAME, "main", sha(2))
            await app.tell("push", push_payload(graph, 1, 2, at=utc_now()))
            await known_up_to(service, 2)
        server.history.move(NAME, "main", sha(3))
        missed = await app.tell("push", push_payload(graph, 2, 3, at=utc_now()))
        assert app.log[-1]["status_code"] == 0
        async with served(tmp_path, app) as service:

            async def came() -> bool | None:
                again = [entry for entry in app.log if entry["guid"] == missed and entry["redelivery"]]
                return True if any(entry["status_code"] == 202 for entry in again) else None

            await until(came)
            await known_up_to(service, 3)
            day = utc_now().date()
            zone = service.settings.zone
            closed = await close_day(
                day, store=service.store, jobs=service.jobs, zone=zone, language="en", now=utc_now()
            )
    assert closed.changes == 2
    assert {who for path, who in app.asked if path.startswith("GET /repos/")} == {"11"}
