"""Pages that show what a stand-in mailbox received: as a phone and a desktop show it, and as it came over the wire.

Everything in a mail is hostile here. Our own pages escape it; its HTML stands alone in a frame that runs nothing and
loads nothing (``sandbox`` in the frame and in the policy of its response).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesHeaderParser

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.demo.mailbox import Received, StandInMailbox
from newsletter.resources import templates_directory

#: For the HTML part of a mail. Opened alone it can do as little as in our frame.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
PAGE_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"

#: What the email package raises over headers and bodies that nobody should write: odd charsets, half surrogate pairs,
#: multiparts without parts.
_UNREADABLE = (ValueError, LookupError, AttributeError, TypeError)

_MAILBOX = web.AppKey("mailbox", StandInMailbox)
_PAGES = web.AppKey("pages", Environment)


@dataclass(frozen=True, kw_only=True)
class ViewedMail:
    """A received mail, taken apart for reading. All texts are hostile."""

    envelope_from: str
    recipient: str
    at: datetime
    #: In bytes, as received.
    size: int
    subject: str
    #: None where the mail has no such part.
    html: str | None
    text: str | None
    #: Name and value, in order, neither decoded nor unfolded.
    headers: tuple[tuple[str, str], ...]


def viewed(received: Received) -> ViewedMail:
    """Take a mail apart. A fault in it costs the part that has it, never the page."""
    # compat32 never looks into a header; the modern policy decodes it, and may stumble over it.
    plain = BytesHeaderParser(policy=policy.compat32).parsebytes(received.raw)
    headers = tuple((_clean(name), _clean(value)) for name, value in plain.raw_items())
    message = _message(received.raw)
    return ViewedMail(
        envelope_from=received.envelope_from,
        recipient=received.recipient,
        at=received.at,
        size=len(received.raw),
        subject=_subject(message) or next((value for name, value in headers if name.lower() == "subject"), ""),
        html=_part(message, "html"),
        text=_part(message, "plain"),
        headers=headers,
    )


def _message(raw: bytes) -> EmailMessage | None:
    try:
        return message_from_bytes(raw, policy=policy.default)
    except _UNREADABLE:
        return None


def _subject(message: EmailMessage | None) -> str:
    try:
        return "" if message is None else _clean(str(message["Subject"] or ""))
    except _UNREADABLE:
        return ""


def _part(message: EmailMessage | None, kind: str) -> str | None:
    try:
        part = None if message is None else message.get_body((kind,))
    except _UNREADABLE:
        return None
    if part is None:
        return None
    try:
        return _clean(part.get_content())
    except _UNREADABLE:
        return _undecoded(part)


def _undecoded(part: MIMEPart) -> str:
    try:
        payload = part.get_payload(decode=True)
    except _UNREADABLE:
        payload = None
    return payload.decode(errors="replace") if isinstance(payload, bytes) else ""


def _clean(text: str) -> str:
    # Raw bytes outside ASCII arrive as half surrogate pairs, and odd charsets can make other halves: no page could be
    # encoded with either.
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


def viewer_app(mailbox: StandInMailbox) -> web.Application:
    """Return pages over the mails of a mailbox, to be mounted with ``app.add_subapp("/mailbox", …)``.

    They have no password, so they belong on loopback only.

    :raises FileNotFoundError: the templates are missing (a broken installation).
    """
    folder = templates_directory() / "web" / "demo"
    app = web.Application()
    app[_MAILBOX] = mailbox
    app[_PAGES] = Environment(
        loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = (folder / "mailbox.css").read_text(encoding="utf-8")

    async def get_style(_: web.Request) -> web.Response:
        return web.Response(text=style, content_type="text/css", charset="utf-8")

    app.router.add_get("/", _get_list, name="list")
    app.router.add_get("/mailbox.css", get_style, name="style")
    app.router.add_get(r"/{number:\d{1,9}}", _get_mail, name="mail")
    app.router.add_get(r"/{number:\d{1,9}}/html", _get_html, name="html")
    app.router.add_get(r"/{number:\d{1,9}}/raw", _get_raw, name="raw")
    return app


async def _get_list(request: web.Request) -> web.Response:
    mails = [
        {**vars(viewed(received)), "url": _url(request, "mail", number)}
        for number, received in enumerate(request.app[_MAILBOX].messages, start=1)
    ]
    return _page(request, "mailbox.html", mails=mails[::-1])


async def _get_mail(request: web.Request) -> web.Response:
    number, received = _asked(request)
    return _page(
        request,
        "mail.html",
        mail=viewed(received),
        list_url=_url(request, "list"),
        html_url=_url(request, "html", number),
        raw_url=_url(request, "raw", number),
    )


async def _get_html(request: web.Request) -> web.Response:
    html = viewed(_asked(request)[1]).html
    if html is None:
        raise web.HTTPNotFound
    return web.Response(text=html, content_type="text/html", charset="utf-8", headers=_headers(MAIL_POLICY))


async def _get_raw(request: web.Request) -> web.Response:
    raw = _asked(request)[1].raw
    return web.Response(body=raw, content_type="text/plain", charset="utf-8", headers=_headers(MAIL_POLICY))


def _asked(request: web.Request) -> tuple[int, Received]:
    number = int(request.match_info["number"])
    messages = request.app[_MAILBOX].messages
    if not 1 <= number <= len(messages):
        raise web.HTTPNotFound
    return number, messages[number - 1]


def _url(request: web.Request, name: str, number: int | None = None) -> str:
    parts = {} if number is None else {"number": str(number)}
    return str(request.app.router[name].url_for(**parts))


def _page(request: web.Request, template: str, **values: object) -> web.Response:
    html = request.app[_PAGES].get_template(template).render(style_url=_url(request, "style"), **values)
    return web.Response(text=html, content_type="text/html", charset="utf-8", headers=_headers(PAGE_POLICY))


def _headers(content_policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": content_policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
