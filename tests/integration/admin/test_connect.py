"""The way to an App: what is posted to GitHub, and what of its answers is stored."""

from __future__ import annotations

import html
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from newsletter.github.credentials import AppCredentials
from newsletter.store import github_app
from tests.support.app_github import AppGitHub, private_key
from tests.support.clock import FrozenClock
from tests.support.logged import logging_to_stderr
from tests.support.operated import KEY, Operated, Visitor, operated

HOUR = timedelta(hours=1)


@pytest.fixture
async def github() -> AsyncIterator[AppGitHub]:
    async with AppGitHub() as github:
        yield github


@pytest.fixture
async def admin(sqlite_url: str, clock: FrozenClock, github: AppGitHub) -> AsyncIterator[Operated]:
    async with operated(sqlite_url, clock=clock, api_url=github.api_url) as admin:
        yield admin


async def stored(admin: Operated) -> AppCredentials | None:
    async with admin.service.store.read() as connection:
        return await github_app.load(connection, admin.service.seal)


def action_of(page: str) -> str:
    found = re.search(r'<form method="post" action="([^"]+/settings/apps/new[^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


async def state_of(visitor: Visitor, query: str = "") -> str:
    """Return the state that the page would send along."""
    page = await visitor.get(f"/admin/app{query}")
    return parse_qs(urlsplit(action_of(page.text)).query)["state"][0]


async def come_back(visitor: Visitor, code: str, state: str) -> tuple[int, str]:
    answer = await visitor.get(f"/admin/app/created?code={code}&state={state}")
    return answer.status, answer.text


async def connect(visitor: Visitor, github: AppGitHub, query: str = "") -> None:
    assert (await come_back(visitor, github.code(), await state_of(visitor, query)))[0] == 303


async def test_an_app_is_made_and_stored_with_what_is_needed_of_it(admin: Operated, github: AppGitHub) -> None:
    visitor = await admin.operator()
    page = await visitor.get("/admin/app")
    assert action_of(page.text).startswith(f"{github.url}/settings/apps/new?state=")
    manifest = re.search(r'name="manifest" value="([^"]+)"', page.text)
    assert manifest is not None
    assert json.loads(html.unescape(manifest[1]))["redirect_url"] == "https://news.example.org/admin/app/created"
    assert f"form-action 'self' {github.url};" in page.headers["Content-Security-Policy"]
    await connect(visitor, github)
    app = await stored(admin)
    assert app is not None
    assert (app.app_id, app.slug, app.webhook_secret) == (4711, "rocket-news", "webhook secret of 4711")
    assert app.private_key == private_key()
    after = await visitor.get("/admin/app")
    assert f'href="{github.url}/github-apps/rocket-news/installations/new"' in after.text
    assert "settings/apps/new" not in after.text
    assert f"form-action 'self' {github.url}" not in after.headers["Content-Security-Policy"]
    assert await admin.service.apps.current() == app
    assert list(admin.service.apps.webhook_secrets()) == ["webhook secret of 4711"]


async def test_an_organisation_is_given_by_its_name(admin: Operated, github: AppGitHub) -> None:
    page = await (await admin.operator()).get("/admin/app?organization=acme")
    assert action_of(page.text).startswith(f"{github.url}/organizations/acme/settings/apps/new?state=")


@pytest.mark.parametrize("name", ["a/../b", "-acme", "a" * 40, '"><script>'])
async def test_what_is_no_organisation_is_told_and_not_offered(admin: Operated, name: str) -> None:
    visitor = await admin.operator()
    async with admin.client.get(
        f"http://127.0.0.1:{admin.port}/admin/app",
        params={"organization": name},
        headers={"Cookie": "; ".join(f"{key}={value}" for key, value in visitor.cookies.items())},
    ) as answer:
        text = await answer.text()
        assert answer.status == 400
    assert "not the name of an organisation" in text
    assert "settings/apps/new" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        pytest.param("http://news.example.org", "can only reach an https address", id="without https"),
        pytest.param("https://localhost", "of this machine or network only", id="this machine"),
    ],
)
async def test_where_it_cannot_work_there_is_no_button(
    sqlite_url: str, clock: FrozenClock, github: AppGitHub, base_url: str, said: str
) -> None:
    async with operated(sqlite_url, clock=clock, api_url=github.api_url, BASE_URL=base_url) as admin:
        visitor = admin.visitor()
        form = (await visitor.get("/admin")).form
        await visitor.post("/admin/login", {"form": form, "password": "correct horse battery staple"}, origin=base_url)
        page = await visitor.get("/admin/app")
    assert said in html.unescape(page.text)
    assert "settings/apps/new" not in page.text


async def test_the_answer_to_somebody_elses_request_is_refused(admin: Operated, github: AppGitHub) -> None:
    visitor, other = await admin.operator(), await admin.operator()
    code = github.code()
    for state in (await state_of(other), "", "forged", "é" * 40, "x" * 1000):
        status, text = await come_back(visitor, code, state)
        assert status == 403
        assert "belongs to no request of this session" in text
    assert (await admin.visitor().get(f"/admin/app/created?code={code}&state={await state_of(other)}")).status == 403
    assert github.codes_asked == []
    assert await stored(admin) is None


async def test_an_answer_is_good_once(admin: Operated, github: AppGitHub) -> None:
    visitor = await admin.operator()
    state = await state_of(visitor)
    assert (await come_back(visitor, github.code(), state))[0] == 303
    before = await stored(admin)
    status, text = await come_back(visitor, github.code(), state)
    assert status == 409
    assert "used before" in text
    assert len(github.codes_asked) == 1
    assert await stored(admin) == before


async def test_an_answer_is_good_for_an_hour(admin: Operated, github: AppGitHub, clock: FrozenClock) -> None:
    visitor = await admin.operator()
    state = await state_of(visitor)
    clock.advance(HOUR)
    status, text = await come_back(visitor, github.code(), state)
    assert status == 403
    assert "more than an hour ago" in text
    assert github.codes_asked == []


@pytest.mark.parametrize("code", ["", "a/b", "a%2Fb", "..", "x" * 300, "a%0Ab"])
async def test_what_is_no_code_never_becomes_a_request(admin: Operated, github: AppGitHub, code: str) -> None:
    visitor = await admin.operator()
    assert (await come_back(visitor, code, await state_of(visitor)))[0] == 400
    assert github.codes_asked == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param(lambda: web.json_response({"message": "Not Found"}, status=404), "own code", id="404"),
        pytest.param(lambda: web.json_response({"message": "no"}, status=422), "own code", id="422"),
        pytest.param(lambda: web.Response(status=502), "could not be reached", id="502"),
        pytest.param(lambda: web.json_response({}, status=401), "could not be reached", id="401"),
        pytest.param(lambda: web.json_response({"id": 7}, status=201), "could not be reached", id="half an answer"),
        pytest.param(lambda: web.json_response([7], status=201), "could not be reached", id="a list"),
        pytest.param(
            lambda: web.Response(text='{"id":', status=201, content_type="application/json"),
            "could not be reached",
            id="half of JSON",
        ),
        pytest.param(
            lambda: web.Response(body=b" " * 300_000, status=201, content_type="application/json"),
            "could not be reached",
            id="endless",
        ),
    ],
)
async def test_a_fault_of_github_changes_nothing_and_the_page_may_be_loaded_again(
    admin: Operated, github: AppGitHub, fault: Callable[[], web.StreamResponse], said: str
) -> None:
    visitor = await admin.operator()
    code, state = github.code(), await state_of(visitor)
    github.fault = fault
    status, text = await come_back(visitor, code, state)
    assert status == 502
    assert said in text
    assert await stored(admin) is None
    github.fault = None
    assert (await come_back(visitor, code, state))[0] == 303
    assert await stored(admin) is not None


async def test_an_app_that_the_database_does_not_take_is_told_and_may_be_made_again(
    admin: Operated, github: AppGitHub
) -> None:
    visitor = await admin.operator()
    code, state = github.code(), await state_of(visitor)

    def breaks_the_database() -> web.StreamResponse:
        with closing(sqlite3.connect(admin.service.store.path or "")) as other:
            other.execute("ALTER TABLE spent_tokens RENAME TO elsewhere")
        return github.conversion(code)

    github.fault = breaks_the_database
    status, text = await come_back(visitor, code, state)
    assert status == 503
    assert "GitHub gives its answer only once" in html.unescape(text)
    assert await stored(admin) is None


async def test_an_app_is_replaced_only_when_that_was_said(admin: Operated, github: AppGitHub) -> None:
    visitor = await admin.operator()
    early = await state_of(visitor)
    await connect(visitor, github)
    status, text = await come_back(visitor, github.code(), early)
    assert status == 409
    assert "Another App was connected meanwhile" in text
    first = await stored(admin)
    assert first is not None
    assert first.app_id == 4711
    assert "will be forgotten here" in (await visitor.get("/admin/app?replace=yes")).text
    await connect(visitor, github, "?replace=yes")
    second = await stored(admin)
    assert second is not None
    assert second.app_id == 4713
    assert list(admin.service.apps.webhook_secrets()) == ["webhook secret of 4713"]


async def test_the_app_of_the_settings_is_used_and_none_is_offered(
    sqlite_url: str, clock: FrozenClock, github: AppGitHub, tmp_path: Path
) -> None:
    key = tmp_path / "key.pem"
    key.write_text(private_key(), encoding="ascii")
    async with operated(
        sqlite_url,
        clock=clock,
        api_url=github.api_url,
        GITHUB__APP_ID="99",
        GITHUB__PRIVATE_KEY_FILE=str(key),
    ) as admin:
        page = await (await admin.operator()).get("/admin/app")
        assert await admin.service.apps.current() == AppCredentials(app_id=99, private_key=private_key())
    assert "Connected by the settings" in page.text
    assert "settings/apps/new" not in page.text


async def test_an_app_whose_key_is_lost_can_be_replaced(sqlite_url: str, clock: FrozenClock, github: AppGitHub) -> None:
    async with operated(sqlite_url, clock=clock, api_url=github.api_url) as admin:
        await connect(await admin.operator(), github)
    async with operated(sqlite_url, clock=clock, api_url=github.api_url, SECRET_KEY="another key " * 4) as admin:
        visitor = await admin.operator()
        assert "no key in SECRET_KEY opens its secrets" in (await visitor.get("/admin")).text
        assert "The App cannot be used" in (await visitor.get("/admin/app")).text
        await connect(visitor, github, "?replace=yes")
        app = await stored(admin)
    assert app is not None
    assert app.app_id == 4712


async def test_an_app_is_sealed_with_the_new_key_at_the_start(
    sqlite_url: str, clock: FrozenClock, github: AppGitHub
) -> None:
    async with operated(sqlite_url, clock=clock, api_url=github.api_url) as admin:
        await connect(await admin.operator(), github)
        before = await stored(admin)
    new = "another key " * 4
    async with operated(sqlite_url, clock=clock, SECRET_KEY=f"{new},{KEY}") as admin:
        assert await admin.service.apps.current() == before
    async with operated(sqlite_url, clock=clock, SECRET_KEY=new) as admin:
        assert await admin.service.apps.current() == before


async def test_what_is_logged_names_the_app_and_none_of_its_secrets(
    admin: Operated, github: AppGitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor = await admin.operator()
    code, state = github.code(), await state_of(visitor)
    with logging_to_stderr(as_json=True):
        github.fault = lambda: web.json_response({"id": 7, "pem": private_key()}, status=201)
        await come_back(visitor, code, state)
        github.fault = None
        await come_back(visitor, code, state)
    logged = capsys.readouterr().err
    assert '"action": "github.app_connected"' in logged
    assert '"action": "admin.app_refused"' in logged
    assert '"app": 4711' in logged
    for secret in (code, state, "webhook secret of", "client secret of", "PRIVATE KEY"):
        assert secret not in logged
