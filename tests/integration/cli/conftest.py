"""The command line on a database of its own, with stand-ins for GitHub and the mail server."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from newsletter.app import open_service, serve
from newsletter.demo.github import StandInGitHub
from newsletter.demo.mailbox import StandInMailbox
from newsletter.demo.sample import SampleDay, sample_day
from newsletter.settings import SERVING, load_settings
from tests.support.background import Background
from tests.support.command_line import CommandLine

DAY = date(2026, 3, 2)
SECRET = "a webhook secret"


@pytest.fixture
def background() -> Iterator[Background]:
    background = Background()
    yield background
    background.close()


@pytest.fixture
def sample() -> SampleDay:
    return sample_day(DAY)


@pytest.fixture
def github(background: Background, sample: SampleDay) -> Iterator[StandInGitHub]:
    server = StandInGitHub(
        repositories={repository.full_name: repository.rest for repository in sample.repositories},
        commits=sample.commits,
    )
    with background.serving(server) as started:
        yield started


@pytest.fixture
def mailbox(background: Background) -> Iterator[StandInMailbox]:
    with background.serving(StandInMailbox()) as started:
        yield started


@pytest.fixture
def environment(github: StandInGitHub, mailbox: StandInMailbox, tmp_path: Path) -> dict[str, str]:
    return {
        "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
        "NEWSLETTER_LISTEN": "127.0.0.1:0",
        "NEWSLETTER_SECRET_KEY": "k" * 40,
        "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
        "NEWSLETTER_GITHUB__API_URL": github.url,
        "NEWSLETTER_SMTP__HOST": mailbox.host,
        "NEWSLETTER_SMTP__PORT": str(mailbox.port),
        "NEWSLETTER_SMTP__TLS": "none",
        "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
    }


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    tmp_path: Path,
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys, environment)


@pytest.fixture
def payloads(sample: SampleDay, tmp_path: Path) -> Path:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(b"\n".join(push.body for push in sample.pushes) + b"\n")
    return path


def stored(tmp_path: Path, query: str) -> list[tuple[object, ...]]:
    """Return what a query finds in the database of the verbs."""
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def served(background: Background, environment: dict[str, str]) -> Iterator[str]:
    """The address of a service that takes pushes and runs no jobs."""

    class Serving:
        async def __aenter__(self) -> str:
            settings = load_settings(environment=environment, required=SERVING)
            self._opened = open_service(settings)
            self._service = await self._opened.__aenter__()
            answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(serve(self._service, with_jobs=False, ready=answering.set_result))
            return await answering

        async def __aexit__(self, *_: object) -> None:
            self._service.stop.set()
            await self._task
            await self._opened.__aexit__(None, None, None)

    with background.serving(Serving()) as url:
        yield url


def follow_all(newsletter: CommandLine, sample: SampleDay) -> None:
    """Follow every repository of the sample day."""
    for repository in sample.repositories:
        assert newsletter("repositories", "add", repository.full_name).code == 0
