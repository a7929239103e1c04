"""What operators, machines and passers-by are answered, and the headers that stand on every answer."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.robotparser import RobotFileParser

import pytest
from aiohttp import web

from subscribers import Purpose
from tests.support.logged import logging_to_stderr
from tests.support.markup import parsed
from tests.support.pushes import SAMPLE
from tests.support.running import Running, running


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


async def get(service: Running, path: str) -> tuple[int, str]:
    async with service.client.get(service.url + path) as answer:
        return answer.status, await answer.text()


async def test_the_landing_page_names_public_repositories_only(service: Running) -> None:
    await service.follow("acme/secret", github_id=99, private=True)
    status, page = await get(service, "/")
    assert status == 200
    assert "Rocket news" in page
    for repository in SAMPLE.repositories:
        assert f'<a href="https://github.com/{repository.full_name}">' in page
    assert "acme/secret" not in page
    assert "The last digest" not in page


async def test_the_landing_page_says_when_nothing_is_followed(tmp_path: Path) -> None:
    async with running(tmp_path, follow=False, language="zh") as service:
        status, page = await get(service, "/")
        assert status == 200
        assert "目前还没有关注任何公开仓库。" in page


async def test_a_running_service_is_alive_and_ready(service: Running) -> None:
    assert await get(service, "/healthz") == (200, '{"status": "ok"}')
    assert await get(service, "/readyz") == (200, '{"status": "ready"}')


async def test_a_service_without_its_tables_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with running(tmp_path, migrated=False) as service:
        assert (await get(service, "/healthz"))[0] == 200
        status, answer = await get(service, "/readyz")
        assert status == 503
        assert "newsletter migrate" in answer


async def test_a_page_that_the_database_cannot_fill_says_try_again(tmp_path: Path) -> None:
    async with running(tmp_path, migrated=False) as service, service.client.get(f"{service.url}/") as answer:
        assert answer.status == 503
        assert (await answer.json())["error"] == "The service is busy; try again in a moment."


async def test_a_locked_database_does_not_stop_pages_and_says_so_to_who_leaves(service: Running) -> None:
    reader = await service.reader()
    token = service.tokens.make(Purpose.UNSUBSCRIBE, reader.id)
    with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert (await get(service, "/readyz"))[0] == 200
        assert (await get(service, f"/unsubscribe/{token}"))[0] == 200
        async with service.client.post(f"{service.url}/unsubscribe/{token}") as answer:
            assert answer.status == 503
    assert service.statuses() == ["active"]


async def test_the_counters_are_those_of_prometheus(service: Running) -> None:
    async with service.client.get(f"{service.url}/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        text = await answer.text()
    assert "# TYPE newsletter_webhooks_total counter" in text
    assert "# TYPE newsletter_analysis_fallbacks_total counter" in text


async def test_the_style_sheet_may_be_kept_for_long_under_the_address_that_pages_name(service: Running) -> None:
    _, page = await get(service, "/")
    (named,) = (link for link in parsed(page).links() if link.startswith("/style.css"))
    for path, kept in (("/style.css", "3600"), ("/style.css?v=old", "3600"), (named, "31536000, immutable")):
        async with service.client.get(service.url + path) as answer:
            assert answer.status == 200
            assert answer.content_type == "text/css"
            assert answer.headers["Cache-Control"] == f"public, max-age={kept}"


async def test_pages_speak_one_language_each_whichever_was_asked_for_before(service: Running) -> None:
    for language, words in (("en", "How to subscribe"), ("zh", "如何订阅"), ("en", "How to subscribe")):
        async with service.client.get(f"{service.url}/", headers={"Accept-Language": language}) as answer:
            assert words in await answer.text()


async def test_search_engines_are_let_into_the_archive_and_nowhere_private(service: Running) -> None:
    status, text = await get(service, "/robots.txt")
    rules = RobotFileParser()
    rules.parse(text.splitlines())
    assert status == 200
    for path, may in (("/", True), ("/archive/2026-01-20", True), ("/feed.xml", True), ("/archive/search?q=x", False)):
        assert rules.can_fetch("anybody", path) is may
    assert not any(rules.can_fetch("anybody", path) for path in ("/admin", "/unsubscribe/token", "/preferences/token"))
    status, page = await get(service, "/")
    assert {"/archive", "/feed.xml"} <= set(parsed(page).links())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/", 200, id="the landing page"),
        pytest.param("GET", "/unsubscribe/x", 403, id="a bad link"),
        pytest.param("GET", "/nothing", 404, id="a page that is not there"),
        pytest.param("DELETE", "/", 405, id="a method that is not allowed"),
        pytest.param("GET", "/webhooks/github", 405, id="a webhook that is looked at"),
        pytest.param("POST", "/webhooks/github", 401, id="a webhook without a signature"),
        pytest.param("GET", "/healthz", 200, id="a sign of life"),
        pytest.param("GET", "/fails", 500, id="a failure"),
        pytest.param("GET", "/moves", 302, id="a redirect"),
    ],
)
async def test_every_answer_keeps_browsers_from_doing_anything_but_show_it(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with (
        running(tmp_path) as service,
        with_faults(service) as url,
        service.client.request(method, url + path, allow_redirects=False) as answer,
    ):
        assert answer.status == status
        headers = answer.headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


class with_faults:  # noqa: N801 - reads as the context it makes
    """Runs the same application with two more routes: one fails, one moves."""

    def __init__(self, service: Running) -> None:
        # The middlewares are the application's own; only its router is frozen once it runs.
        self.app = web.Application(middlewares=list(service.app.middlewares))
        self.app.add_routes([web.get("/fails", self.fail), web.get("/moves", self.move)])
        for route in service.app.router.routes():
            resource = route.resource
            if resource is not None and route.method != "HEAD":
                self.app.router.add_route(route.method, resource.canonical, route.handler)

    async def fail(self, _: web.Request) -> web.Response:
        raise RuntimeError("it broke for ada@example.org")

    async def move(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/")

    async def __aenter__(self) -> str:
        self.runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self.runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()


async def test_a_failure_is_told_in_one_sentence_and_logged_without_whom_it_was_about(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_to_stderr(as_json=True):
        async with with_faults(service) as url, service.client.get(f"{url}/fails") as answer:
            assert answer.status == 500
            assert await answer.json() == {"error": "Something went wrong on our side."}
    logged = capsys.readouterr().err
    assert '"action": "web.failed"' in logged
    assert "RuntimeError" in logged
    assert "ada@" not in logged


async def test_a_reader_who_leaves_is_logged_by_number_only(
    service: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = await service.reader()
    token = service.tokens.make(Purpose.UNSUBSCRIBE, reader.id)
    with logging_to_stderr(as_json=True):
        for _ in range(2):
            async with service.client.post(f"{service.url}/unsubscribe/{token}") as answer:
                assert answer.status == 200
    out, err = capsys.readouterr()
    assert err.count('"action": "reader.unsubscribed"') == 1
    assert f'"subscriber": {reader.id}' in err
    assert out == ""
    assert token not in err
    assert "ada@" not in err


async def test_a_page_that_is_not_there_is_told_in_one_sentence(service: Running) -> None:
    assert await get(service, "/nothing") == (404, '{"error": "Not Found"}')
