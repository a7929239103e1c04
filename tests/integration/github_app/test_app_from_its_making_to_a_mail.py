"""The whole way in one running service: an App is made on the operator's pages and installed, and its pushes mailed."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest

from newsletter.app import Service, open_service, serve
from newsletter.demo.github import StandInGitHub
from newsletter.pipeline.close import close_day, outstanding
from newsletter.settings import SERVING, load_settings
from newsletter.store import branches, repositories
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status, add, parse_address
from tests.support.app_github import AppGitHub
from tests.support.app_house import about
from tests.support.app_keys import APP_ID, pem
from tests.support.github_app import AppOnGitHub
from tests.support.graph import Graph, push_of
from tests.support.letters import body, value
from tests.support.logged import logging_to_stderr
from tests.support.operated import BASE_URL, HASH, KEY, Visitor
from tests.support.records import sha
from tests.support.smtp_server import ScriptedServer
from tests.support.waiting import eventually

PRIVATE, PUBLIC = "acme/vault", "acme/tide"
INSTALLATION = 11
SECRET = "the webhook secret that GitHub made for this App"
CHOSEN, EVERYTHING = "chosen@reader.example", "everything@reader.example"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class House:
    """The service as ``serve`` runs it, with GitHub and a mail server."""

    service: Service
    url: str
    client: aiohttp.ClientSession
    #: Where Apps are made.
    pages: AppGitHub
    app: AppOnGitHub
    graphs: dict[str, Graph]
    #: What GitHub says of each.
    repositories: dict[str, dict[str, Any]]
    mails: ScriptedServer

    async def known_up_to(self, number: int) -> None:
        """Wait until each repository is known up to a commit."""

        async def known() -> bool:
            async with self.service.store.read() as connection:
                found = [await repositories.by_name(connection, name) for name in self.graphs]
                heads = [await branches.load(connection, each.id, "main") for each in found if each is not None]
            return [head.head for head in heads if head is not None] == [sha(number)] * len(self.graphs)

        await eventually(known)

    async def push(self, before: int, after: int) -> None:
        """Move the branch of each repository, and tell of it as the App's webhook does."""
        for name, graph in self.graphs.items():
            told: dict[str, Any] = json.loads(push_of(graph, before, after, [after], at=utc_now())[1])
            told["repository"] |= self.repositories[name]
            told["installation"] = {"id": INSTALLATION}
            self.app.server.history.move(name, "main", sha(after))
            await self.app.tell("push", told)

    async def reader(self, address: str, repository: str) -> None:
        """Add a reader, as the operator's verb does."""
        async with self.service.store.write() as transaction:
            found = await repositories.by_name(transaction.connection, repository)
            chosen = Choice(repository=found.key if found else repository, threshold=Level.LOW)
            await add(
                transaction.connection,
                parse_address(address),
                Preferences.of("en", [chosen]),
                status=Status.ACTIVE,
                now=utc_now(),
            )


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    graphs = {name: Graph(name) for name in (PRIVATE, PUBLIC)}
    for name, graph in graphs.items():
        graph.add(1)
        graph.add(2, 1, message=f"Fix a crash in {name.partition('/')[2]}")
    told = {
        PRIVATE: about(100, PRIVATE, private=True),
        PUBLIC: about(200, PUBLIC),
    }
    commits = {key: commit for graph in graphs.values() for key, commit in graph.commits.items()}
    async with (
        StandInGitHub(repositories=told, commits=commits) as server,
        AppGitHub(rest_of_api=server.url) as pages,
        ScriptedServer() as mails,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
    ):
        for name in graphs:
            server.history.move(name, "main", sha(1))
        variables = {
            "BASE_URL": BASE_URL,
            "LISTEN": "127.0.0.1:0",
            "DATABASE_URL": f"sqlite:///{folder}/newsletter.db",
            "SECRET_KEY": KEY,
            "ADMIN__PASSWORD_HASH": HASH,
            "GITHUB__API_URL": pages.api_url,
            "MAIL__FROM": "digest@newsletter.example",
            "SMTP__HOST": mails.host,
            "SMTP__PORT": str(mails.port),
            "SMTP__TLS": "none",
        }
        environment = {f"NEWSLETTER_{name}": value for name, value in variables.items()}
        async with open_service(load_settings(environment=environment, required=SERVING)) as service:
            answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(serve(service, with_jobs=True, ready=answering.set_result))
            try:
                url = await answering
                yield House(
                    service=service,
                    url=url,
                    client=client,
                    pages=pages,
                    app=AppOnGitHub(server=server, clock=utc_now, webhook=f"{url}/webhooks/github", secret=SECRET),
                    graphs=graphs,
                    repositories=told,
                    mails=mails,
                )
            finally:
                service.stop.set()
                await task


async def make_app(house: House) -> None:
    """Log in and make the App with two clicks, as a browser would."""
    visitor = Visitor(house.url, house.client)
    assert (await visitor.login()).status == 303
    page = (await visitor.get("/admin/app")).text
    action = re.search(r'action="([^"]+/settings/apps/new[^"]*)"', page)
    manifest = re.search(r'name="manifest" value="([^"]+)"', page)
    assert action is not None
    assert manifest is not None
    async with house.client.post(html.unescape(action[1]), data={"manifest": html.unescape(manifest[1])}) as answer:
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', html.unescape(await answer.text())))
    # What GitHub itself makes of it.
    house.pages.changes = {"id": APP_ID, "pem": pem(), "webhook_secret": SECRET}
    async with house.client.post(f"{house.pages.url}/settings/apps", data=fields, allow_redirects=False) as answer:
        back = urlsplit(answer.headers["Location"])
    assert f"{back.scheme}://{back.netloc}" == BASE_URL
    assert (await visitor.get(f"{back.path}?{back.query}")).status == 303


def sent(house: House) -> dict[str, str]:
    """Return what each reader was sent: subject, text and HTML."""
    return {
        recipient: "\n".join((value(taken.raw, "Subject"), body(taken.raw, "plain"), body(taken.raw, "html")))
        for taken in house.mails.messages
        for recipient in taken.recipients
    }


def everything_in(folder: Path) -> str:
    return "".join(file.read_bytes().decode("latin-1") for file in folder.glob("newsletter.db*"))


def assert_nowhere(secrets: Sequence[str], text: str) -> None:
    assert [secret for secret in secrets if secret in text] == []


async def test_an_app_that_is_made_while_the_service_runs_brings_a_private_change_to_whom_it_is_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to_stderr(as_json=True, verbose=True):
        async with house(tmp_path) as home:
            await make_app(home)
            home.app.install(INSTALLATION, *home.repositories.values())
            await home.app.tell("installation", {"action": "created", "installation": {"id": INSTALLATION}})
            await home.known_up_to(1)
            await home.reader(CHOSEN, PRIVATE)
            await home.reader(EVERYTHING, EVERY_REPOSITORY)
            await home.push(1, 2)
            await home.known_up_to(2)
            day, zone, store = utc_now().date(), home.service.settings.zone, home.service.store

            async def analysed() -> bool:
                return await outstanding(day, store=store, zone=zone) == 0

            await eventually(analysed)
            await close_day(day, store=store, jobs=home.service.jobs, zone=zone, language="en", now=utc_now())

            async def mailed() -> bool:
                return len(home.mails.messages) == 2

            await eventually(mailed)
            async with home.client.get(home.url) as answer:
                landing = await answer.text()
    # Each event was taken, with the App's own secret and without a restart.
    assert [entry["status_code"] for entry in home.app.log] == [200, 202, 202]
    commits = {who for path, who in home.app.asked if f"{PRIVATE}/commits/{sha(2)}" in path}
    assert commits == {str(INSTALLATION)}
    mails = sent(home)
    assert set(mails) == {CHOSEN, EVERYTHING}
    assert "crash in vault" in mails[CHOSEN]
    assert "crash in tide" not in mails[CHOSEN]
    assert "crash in tide" in mails[EVERYTHING]
    assert "vault" not in mails[EVERYTHING]
    assert PUBLIC in landing
    assert "vault" not in landing
    logged = capsys.readouterr().err
    assert '"action": "github.app_connected"' in logged
    secrets = (SECRET, "PRIVATE KEY", pem().splitlines()[1], "client secret of", *home.app.tokens)
    assert_nowhere((*secrets, *home.pages.codes_asked, "eyJ", "vault", CHOSEN, EVERYTHING, HASH, KEY), logged)
    assert_nowhere(secrets, everything_in(tmp_path))
