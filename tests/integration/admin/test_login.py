"""The door: who gets in, who does not, and what a session is worth."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from newsletter.web.admin.throttle import EACH
from tests.support.clock import FrozenClock
from tests.support.logged import logging_to_stderr
from tests.support.operated import (
    BASE_URL,
    COOKIE,
    DEVICE,
    HASH,
    KEY,
    PASSWORD,
    Operated,
    Visitor,
    cheap_hash,
    operated,
)

OVERVIEW = "Overview"


@pytest.fixture
async def admin(sqlite_url: str, clock: FrozenClock) -> AsyncIterator[Operated]:
    async with operated(sqlite_url, clock=clock) as admin:
        yield admin


async def is_in(visitor: Visitor) -> bool:
    answer = await visitor.get("/admin")
    assert answer.status == 200
    return f"<h1>{OVERVIEW}</h1>" in answer.text


async def test_the_password_opens_the_overview(admin: Operated) -> None:
    visitor = admin.visitor()
    assert not await is_in(visitor)
    answer = await visitor.login()
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")
    assert await is_in(visitor)


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), "密码\0"])
async def test_any_other_password_is_told_the_same(admin: Operated, password: str) -> None:
    visitor = admin.visitor()
    answer = await visitor.login(password)
    assert answer.status == 403
    assert "That is not the password." in answer.text
    assert not await is_in(visitor)


@pytest.mark.parametrize("path", ["/admin", "/admin/login", "/admin/logout", "/admin/app", "/admin/app/created"])
async def test_without_a_password_there_are_no_such_pages(sqlite_url: str, clock: FrozenClock, path: str) -> None:
    async with operated(sqlite_url, clock=clock, ADMIN__PASSWORD_HASH="") as admin:
        visitor = admin.visitor()
        assert (await visitor.get(path)).status == 404
        assert (await visitor.post(path, {})).status == 404


@pytest.mark.parametrize("path", ["/admin/app", "/admin/app?replace=yes"])
async def test_a_page_behind_the_door_leads_to_the_door(admin: Operated, path: str) -> None:
    answer = await admin.visitor().get(path)
    assert (answer.status, answer.headers["Location"]) == (303, "/admin")


async def test_the_cookies_are_for_this_host_and_no_script(admin: Operated) -> None:
    visitor = admin.visitor()
    page = await visitor.get("/admin")
    async with admin.client.post(
        f"http://127.0.0.1:{admin.port}/admin/login",
        data={"form": page.form, "password": PASSWORD},
        headers={"Origin": BASE_URL, "Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"},
        allow_redirects=False,
    ) as answer:
        set_cookies = answer.headers.getall("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in set_cookies) == [COOKIE, DEVICE]
    for cookie in set_cookies:
        attributes = {part.strip() for part in cookie.split(";")[1:]}
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= attributes
        assert not any(attribute.startswith("Domain") for attribute in attributes)


async def test_without_https_the_cookie_is_plain_and_the_page_works(sqlite_url: str, clock: FrozenClock) -> None:
    base_url = "http://127.0.0.1:8080"
    async with operated(sqlite_url, clock=clock, BASE_URL=base_url) as admin:
        visitor = admin.visitor()
        page = await visitor.get("/admin")
        answer = await visitor.post("/admin/login", {"form": page.form, "password": PASSWORD}, origin=base_url)
        assert answer.status == 303
        assert set(visitor.cookies) == {"newsletter-admin", "newsletter-device"}


async def test_the_address_may_be_written_in_another_way_than_browsers_do(sqlite_url: str, clock: FrozenClock) -> None:
    async with operated(sqlite_url, clock=clock, BASE_URL="https://News.Example.org:443") as admin:
        assert (await admin.visitor().login()).status == 303


async def test_a_session_that_was_planted_before_the_login_is_worth_nothing_after_it(admin: Operated) -> None:
    thief, victim = admin.visitor(), admin.visitor()
    await thief.get("/admin")
    victim.cookies[COOKIE] = thief.cookies[COOKIE]
    assert (await victim.login()).status == 303
    assert victim.cookies[COOKIE] != thief.cookies[COOKIE]
    assert await is_in(victim)
    assert not await is_in(thief)


async def test_a_form_of_somebody_else_does_not_log_in(admin: Operated) -> None:
    visitor, other = admin.visitor(), admin.visitor()
    await visitor.get("/admin")
    foreign = (await other.get("/admin")).form
    answer = await visitor.post("/admin/login", {"form": foreign, "password": PASSWORD})
    assert answer.status == 403
    assert "open for too long" in answer.text
    assert not await is_in(visitor)


@pytest.mark.parametrize(
    ("origin", "headers"),
    [
        pytest.param("https://evil.example", {}, id="another site"),
        pytest.param("null", {}, id="a page without an origin"),
        pytest.param("http://news.example.org", {}, id="the same name without https"),
        pytest.param(None, {}, id="no browser of today"),
        pytest.param(None, {"Sec_Fetch_Site": "cross-site"}, id="another site that hides"),
        pytest.param(None, {"Sec_Fetch_Site": "same-site"}, id="a neighbour"),
        pytest.param(BASE_URL, {"Sec_Fetch_Site": "none"}, id="a contradiction"),
    ],
)
async def test_a_form_from_elsewhere_changes_nothing(
    admin: Operated, origin: str | None, headers: dict[str, str]
) -> None:
    visitor = await admin.operator()
    form = (await visitor.get("/admin")).form
    answer = await visitor.post("/admin/logout", {"form": form}, origin=origin, **headers)
    assert answer.status == 403
    assert "Nothing was changed" in answer.text
    assert await is_in(visitor)


async def test_a_form_that_only_the_browser_vouches_for_is_taken(admin: Operated) -> None:
    visitor = await admin.operator()
    form = (await visitor.get("/admin")).form
    assert (
        await visitor.post("/admin/logout", {"form": form}, origin=None, Sec_Fetch_Site="same-origin")
    ).status == 303


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"x", {"Content_Type": "text/plain"}, 400, id="no form"),
        pytest.param(b"form=\xff", {}, 400, id="no ASCII"),
        pytest.param(b"&".join(b"a=1" for _ in range(50)), {}, 400, id="too many fields"),
        pytest.param(b"form=", {}, 403, id="no token"),
        pytest.param(b"form=" + b"x" * 15000, {}, 403, id="a long token"),
        pytest.param(b"x=" + b"y" * 20000, {}, 413, id="too long"),
    ],
)
async def test_what_is_no_form_of_ours_is_refused_in_one_sentence(
    admin: Operated, body: bytes, headers: dict[str, str], status: int
) -> None:
    visitor = await admin.operator()
    said = {"Content_Type": "application/x-www-form-urlencoded"} | headers
    answer = await visitor.post("/admin/logout", body, **said)
    assert answer.status == status
    assert "Traceback" not in answer.text
    assert await is_in(visitor)


async def test_logging_out_ends_the_session_for_a_copy_of_its_cookie_too(admin: Operated) -> None:
    visitor = await admin.operator()
    copy = visitor.cookies[COOKIE]
    form = (await visitor.get("/admin")).form
    assert (await visitor.post("/admin/logout", {"form": form})).status == 303
    assert COOKIE not in visitor.cookies
    thief = admin.visitor()
    thief.cookies[COOKIE] = copy
    assert not await is_in(thief)


@pytest.mark.parametrize("path", ["/admin/logout", "/admin/login"])
async def test_looking_changes_nothing(admin: Operated, path: str) -> None:
    visitor = await admin.operator()
    assert (await visitor.get(path)).status == 405
    assert await is_in(visitor)


async def test_a_session_ends_however_busy_it_is(admin: Operated, clock: FrozenClock) -> None:
    visitor = await admin.operator()
    for _ in range(11):
        clock.advance(timedelta(hours=1))
        assert await is_in(visitor)
    clock.advance(timedelta(hours=1))
    assert not await is_in(visitor)


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        pytest.param({}, True, id="a restart"),
        pytest.param({"SECRET_KEY": f"{'another key ' * 4},{KEY}"}, True, id="a rotation of the key"),
        pytest.param({"SECRET_KEY": "another key " * 4}, False, id="another key"),
        pytest.param({"ADMIN__PASSWORD_HASH": cheap_hash(PASSWORD)}, False, id="another hash of the same password"),
    ],
)
async def test_what_a_session_outlives(
    sqlite_url: str, clock: FrozenClock, change: dict[str, str], stays: bool
) -> None:
    async with operated(sqlite_url, clock=clock) as before:
        cookies = (await before.operator()).cookies
    async with operated(
        sqlite_url,
        clock=clock,
        SECRET_KEY=change.get("SECRET_KEY", KEY),
        ADMIN__PASSWORD_HASH=change.get("ADMIN__PASSWORD_HASH", HASH),
    ) as after:
        visitor = after.visitor()
        visitor.cookies.update(cookies)
        assert await is_in(visitor) is stays


async def test_guessing_ends_soon_and_a_known_browser_is_not_kept_out(admin: Operated) -> None:
    known = await admin.operator()
    form = (await known.get("/admin")).form
    await known.post("/admin/logout", {"form": form})
    stranger = admin.visitor()
    # One attempt of this address was the operator's first.
    answers = [await stranger.login(f"guess {number}") for number in range(EACH.attempts)]
    assert [answer.status for answer in answers] == [403] * (EACH.attempts - 1) + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert (await stranger.login(PASSWORD)).status == 429
    assert (await admin.visitor().login(PASSWORD)).status == 429
    forged = {"X-Forwarded-For": "192.0.2.7", "Forwarded": "for=192.0.2.7"}
    page = await stranger.get("/admin")
    assert (await stranger.post("/admin/login", {"form": page.form, "password": PASSWORD}, **forged)).status == 429
    assert (await known.login()).status == 303


async def test_what_is_logged_names_no_secret(admin: Operated, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=True):
        visitor = admin.visitor()
        await visitor.login("a wrong guess")
        await visitor.login()
        form = (await visitor.get("/admin")).form
        await visitor.post("/admin/logout", {"form": form})
    logged = capsys.readouterr().err
    for action in ("admin.refused", "admin.login", "admin.logout"):
        assert logged.count(f'"action": "{action}"') == 1
    for secret in ("a wrong guess", PASSWORD, form, visitor.cookies[DEVICE]):
        assert secret not in logged


@pytest.mark.parametrize("path", ["/admin", "/admin/app"])
async def test_the_pages_are_kept_nowhere_and_framed_nowhere(admin: Operated, path: str) -> None:
    headers = (await (await admin.operator()).get(path)).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Robots-Tag"] == "noindex"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
