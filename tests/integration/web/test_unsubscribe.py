"""Leaving takes one click and nobody else's: only POST changes anything, and only a signed link speaks for a reader."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text

from subscribers import Purpose, Status, Tokens
from tests.support.running import KEY, Running, running

OLD_KEY = "the key of before that also had 32 characters"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, keys=(KEY, OLD_KEY)) as service:
        yield service


def link(service: Running, subscriber_id: int, *, keys: tuple[str, ...] = (KEY,)) -> str:
    return f"{service.url}/unsubscribe/{Tokens(keys).make(Purpose.UNSUBSCRIBE, subscriber_id)}"


async def leave(service: Running, url: str, data: object = None) -> tuple[int, str]:
    async with service.client.post(url, data=data, allow_redirects=False) as answer:
        assert "Set-Cookie" not in answer.headers
        return answer.status, await answer.text()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_at_the_link_changes_nothing(service: Running, method: str) -> None:
    reader = await service.reader()
    async with service.client.request(method, link(service, reader.id)) as answer:
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Robots-Tag"] == "noindex"
        page = await answer.text()
    assert ('<form method="post">' in page) is (method == "GET")
    assert "ada@example.org" not in page
    assert service.statuses() == ["active"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_not_allowed(service: Running, method: str) -> None:
    reader = await service.reader()
    async with service.client.request(method, link(service, reader.id)) as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET,HEAD,POST"
    assert service.statuses() == ["active"]


def multipart() -> aiohttp.FormData:
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("List-Unsubscribe", "One-Click")
    return form


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"List-Unsubscribe": "One-Click"}, id="a mail program's form"),
        pytest.param("multipart", id="a mail program's form of several parts"),
        pytest.param(None, id="an empty body, as the page's own button sends"),
        pytest.param(b"\xff\0rubbish", id="rubbish"),
    ],
)
async def test_one_post_is_enough_to_leave(service: Running, data: object) -> None:
    reader = await service.reader()
    status, page = await leave(service, link(service, reader.id), multipart() if data == "multipart" else data)
    assert status == 200
    assert "You are unsubscribed." in page
    assert service.statuses() == ["unsubscribed"]


async def test_leaving_twice_is_answered_like_leaving_once(service: Running) -> None:
    reader = await service.reader()
    first, again = [await leave(service, link(service, reader.id)) for _ in range(2)]
    assert first == again
    assert service.rows("SELECT count(*) FROM subscribers WHERE status = 'unsubscribed'") == [(1,)]


async def test_the_page_of_a_reader_who_left_has_no_button(service: Running) -> None:
    reader = await service.reader(status=Status.UNSUBSCRIBED)
    async with service.client.get(link(service, reader.id)) as answer:
        assert "<form" not in await answer.text()


async def test_a_reader_who_is_gone_is_answered_like_one_who_left(service: Running) -> None:
    reader = await service.reader()
    left = await leave(service, link(service, reader.id))
    async with service.store.write() as transaction:
        await transaction.connection.execute(text("DELETE FROM choices"))
        await transaction.connection.execute(text("DELETE FROM subscribers"))
    assert await leave(service, link(service, reader.id)) == left
    async with service.client.get(link(service, reader.id)) as answer:
        assert (answer.status, await answer.text()) == left


async def test_nobody_else_leaves(service: Running) -> None:
    readers = [await service.reader(f"reader{number}@example.org") for number in range(3)]
    await leave(service, link(service, readers[1].id))
    assert service.statuses() == ["active", "unsubscribed", "active"]


async def test_a_suppressed_reader_stays_suppressed(service: Running) -> None:
    reader = await service.reader(status=Status.SUPPRESSED)
    assert (await leave(service, link(service, reader.id)))[0] == 200
    assert service.statuses() == ["suppressed"]


async def test_a_link_of_before_a_rotation_still_works(service: Running) -> None:
    reader = await service.reader()
    assert (await leave(service, link(service, reader.id, keys=(OLD_KEY,))))[0] == 200
    assert service.statuses() == ["unsubscribed"]


TOKEN = Tokens([KEY]).make(Purpose.UNSUBSCRIBE, 1)


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("1", id="an id without a signature"),
        pytest.param(Tokens(["another key " * 4]).make(Purpose.UNSUBSCRIBE, 1), id="forged with another key"),
        pytest.param("Mg" + TOKEN[TOKEN.index(".") :], id="another reader under the same signature"),
        pytest.param(TOKEN[:-1], id="truncated by one character"),
        pytest.param(TOKEN[: len(TOKEN) // 2], id="truncated by half"),
        pytest.param(TOKEN + "x", id="one character too many"),
        pytest.param("x" * 7_000, id="7,000 characters"),
        pytest.param("%00", id="a NUL"),
        pytest.param("%ED%A0%80", id="half a surrogate pair"),
        pytest.param("%2e%2e%2fadmin", id="a path"),
        pytest.param("<script>alert(1)", id="a script"),
        pytest.param("签名", id="Chinese characters"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_was_not_made_here_shows_a_page_and_changes_nothing(
    service: Running, method: str, token: str
) -> None:
    await service.reader()
    async with service.client.request(method, f"{service.url}/unsubscribe/{token}") as answer:
        assert answer.status == 403
        page = await answer.text()
    assert "This link does not work" in page
    assert "<script>" not in page
    assert service.statuses() == ["active"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_longer_than_any_address_is_refused(service: Running, method: str) -> None:
    await service.reader()
    async with service.client.request(method, f"{service.url}/unsubscribe/{'x' * 10_000}") as answer:
        # Either by the page, or by the server before it looks for one.
        assert answer.status in {400, 403, 414}
    assert service.statuses() == ["active"]


async def test_a_chinese_reader_gets_a_chinese_page(service: Running) -> None:
    reader = await service.reader(language="zh")
    async with service.client.get(link(service, reader.id), headers={"Accept-Language": "de"}) as answer:
        page = await answer.text()
    assert '<html lang="zh-Hans">' in page
    assert "退订后您将不再收到本邮件服务的任何邮件。" in page
    assert "您已退订。" in (await leave(service, link(service, reader.id)))[1]


@pytest.mark.parametrize(
    ("asked", "lang"),
    [
        pytest.param("zh-CN,zh;q=0.9,en;q=0.8", "zh-Hans", id="Chinese"),
        pytest.param("en-GB,zh;q=0.5", "en", id="English first"),
        pytest.param("de-DE,zh-TW;q=0.8", "zh-Hans", id="the first that there is"),
        pytest.param("de", "en", id="none that there is"),
        pytest.param("", "en", id="nothing"),
        pytest.param("zhx, *", "en", id="something like Chinese"),
    ],
)
async def test_who_is_unknown_is_answered_in_the_browsers_language(service: Running, asked: str, lang: str) -> None:
    async with service.client.get(f"{service.url}/unsubscribe/x", headers={"Accept-Language": asked}) as answer:
        found = re.search(r'<html lang="([^"]+)">', await answer.text())
    assert found is not None
    assert found[1] == lang


async def test_a_reader_whose_language_went_away_is_answered_in_the_browsers(service: Running) -> None:
    reader = await service.reader()
    async with service.store.write() as transaction:
        await transaction.connection.execute(text("UPDATE subscribers SET language = 'tlh'"))
    async with service.client.get(link(service, reader.id), headers={"Accept-Language": "zh"}) as answer:
        assert 'lang="zh-Hans"' in await answer.text()
