"""The viewer shows mails as they came, and nothing in a mail can act on its pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.message import EmailMessage

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from newsletter.demo.mailbox import Received, StandInMailbox
from newsletter.demo.viewer import viewer_app

HOSTILE = '<script>alert(1)</script> & "quotes" {{ 7 * 7 }}'


def received(raw: bytes) -> Received:
    return Received(
        envelope_from="bounce@news.example",
        recipient='"<b>"@reader.example',
        raw=raw,
        at=datetime(2026, 1, 21, 8, 0, 5, tzinfo=UTC),
    )


def hostile_mail() -> bytes:
    message = EmailMessage()
    message["Subject"] = HOSTILE
    message["To"] = "a@reader.example"
    message["X-Note"] = "<img src=x onerror=alert(2)>"
    message.set_content("</pre><script>alert(3)</script> https://news.example/confirm/abc?x=1&y=2\n潮汐\n")
    message.add_alternative("<h1>Tide</h1><script>alert(4)</script><p>潮汐</p>", subtype="html")
    return message.as_bytes()


@pytest.fixture
def mailbox() -> StandInMailbox:
    return StandInMailbox()


@pytest.fixture
async def client(mailbox: StandInMailbox) -> AsyncIterator[aiohttp.ClientSession]:
    app = web.Application()
    app.add_subapp("/mailbox", viewer_app(mailbox))
    async with TestServer(app) as server, aiohttp.ClientSession(server.make_url("/")) as session:
        yield session


async def page(client: aiohttp.ClientSession, path: str) -> str:
    async with client.get(path) as answer:
        assert answer.status == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        return await answer.text()


async def test_an_empty_mailbox_says_so(client: aiohttp.ClientSession) -> None:
    assert "No mail yet" in await page(client, "/mailbox/")


async def test_the_list_shows_the_newest_mail_first_and_leads_to_it(
    client: aiohttp.ClientSession, mailbox: StandInMailbox
) -> None:
    mailbox.messages += [received(b"Subject: Ebb\r\n\r\n"), received(b"Subject: Flow\r\n\r\n")]
    text = await page(client, "/mailbox/")
    assert text.index('<a href="/mailbox/2">Flow</a>') < text.index('<a href="/mailbox/1">Ebb</a>')
    assert "08:00:05" in text


@pytest.mark.parametrize("path", ["/mailbox/", "/mailbox/1"])
async def test_a_hostile_subject_is_shown_and_does_nothing(
    client: aiohttp.ClientSession, mailbox: StandInMailbox, path: str
) -> None:
    mailbox.messages.append(received(hostile_mail()))
    text = await page(client, path)
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;quotes&#34; {{ 7 * 7 }}" in text
    assert "<script" not in text
    assert "<b>" not in text


async def test_text_and_headers_are_escaped_and_links_in_the_text_work(
    client: aiohttp.ClientSession, mailbox: StandInMailbox
) -> None:
    mailbox.messages.append(received(hostile_mail()))
    text = await page(client, "/mailbox/1")
    assert "&lt;img src=x onerror=alert(2)&gt;" in text
    assert "&lt;/pre&gt;&lt;script&gt;alert(3)&lt;/script&gt;" in text
    assert 'href="https://news.example/confirm/abc?x=1&amp;y=2"' in text
    assert "潮汐" in text


async def test_the_page_shows_the_mail_in_two_sandboxed_frames_and_runs_no_script(
    client: aiohttp.ClientSession, mailbox: StandInMailbox
) -> None:
    mailbox.messages.append(received(hostile_mail()))
    text = await page(client, "/mailbox/1")
    assert text.count('src="/mailbox/1/html" sandbox title=') == 2
    async with client.get("/mailbox/1") as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "script-src" not in policy


async def test_the_html_of_a_mail_is_served_as_it_came_under_a_policy_that_allows_it_nothing(
    client: aiohttp.ClientSession, mailbox: StandInMailbox
) -> None:
    mailbox.messages.append(received(hostile_mail()))
    async with client.get("/mailbox/1/html") as answer:
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "<script>alert(4)</script><p>潮汐</p>" in await answer.text()


async def test_the_source_is_the_bytes_that_arrived(client: aiohttp.ClientSession, mailbox: StandInMailbox) -> None:
    raw = b"Subject: \xff\r\n\r\n\x80\x81"
    mailbox.messages.append(received(raw))
    async with client.get("/mailbox/1/raw") as answer:
        assert await answer.read() == raw
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing at all"),
        pytest.param(b"Subject: \xe6\xbd\xae\xff\r\nFrom: <<>>,;\r\n\r\n", id="raw bytes in a header"),
        pytest.param(b"Subject: =?unicode-escape?q?\\ud800?=\r\n\r\n", id="half a surrogate pair in the subject"),
        pytest.param(b"Content-Type: text/html; charset=nowhere\r\n\r\n<p>x", id="an unknown charset"),
        pytest.param(b"Content-Type: text/html; charset=utf-8\r\n\r\n\xff\xfe", id="bytes that are not UTF-8"),
        pytest.param(b"Content-Type: multipart/alternative\r\n\r\nno boundary", id="a multipart without its boundary"),
        pytest.param(
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%", id="no base64"
        ),
    ],
)
async def test_a_broken_mail_still_has_its_page(
    client: aiohttp.ClientSession, mailbox: StandInMailbox, raw: bytes
) -> None:
    mailbox.messages.append(received(raw))
    assert "Mailbox" in await page(client, "/mailbox/")
    assert "Headers" in await page(client, "/mailbox/1")


@pytest.mark.parametrize("path", ["/mailbox/0", "/mailbox/2", "/mailbox/1/html", "/mailbox/2/raw", "/mailbox/x"])
async def test_what_is_not_there_is_not_found(
    client: aiohttp.ClientSession, mailbox: StandInMailbox, path: str
) -> None:
    mailbox.messages.append(received(b"Subject: text only\r\n\r\nx"))
    async with client.get(path) as answer:
        assert answer.status == 404


async def test_the_style_sheet_is_there(client: aiohttp.ClientSession) -> None:
    async with client.get("/mailbox/mailbox.css") as answer:
        assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
        assert "prefers-color-scheme: dark" in await answer.text()
