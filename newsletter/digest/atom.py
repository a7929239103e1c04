"""Atom feeds (RFC 4287). Pure.

The document is built as a tree and written out by a library, so that no text can become anything but a text; what XML
has no way to hold (XML 1.0 §2.2) is taken out before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
_ATOM = "http://www.w3.org/2005/Atom"
_XML = "http://www.w3.org/XML/1998/namespace"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

register_namespace("", _ATOM)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One change."""

    id: str
    title: str
    #: Its page.
    url: str
    #: The same on GitHub.
    related_url: str
    #: Empty where nobody is known.
    author: str
    published: datetime
    updated: datetime
    #: HTML, escaped and sanitised where it was made.
    content: str
    #: BCP 47.
    lang: str
    #: What it can be sorted by: a word for machines and one for people.
    categories: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Feed:
    """A feed."""

    id: str
    title: str
    subtitle: str
    #: Of the feed itself.
    self_url: str
    #: The page with the same.
    url: str
    #: Whose feed it is.
    author: str
    #: When its newest entry was; of a feed without entries whenever it became empty.
    updated: datetime
    #: BCP 47.
    lang: str
    entries: Sequence[Entry]


def tag_uri(base_url: str, day: date, specific: str) -> str:
    """Return a name for something that stays the same wherever it is served (RFC 4151).

    :param base_url: of the service: its host is whose name it is.
    :param day: on which the host was ours.
    :param specific: tells the thing apart from all others.
    """
    host = (urlsplit(base_url).hostname or "localhost").strip("[]").replace(":", "-")
    return f"tag:{host},{day.isoformat()}:{quote(specific, safe='/-._~')}"


def written(feed: Feed) -> bytes:
    """Return the document."""
    root = Element(_named("feed"), {f"{{{_XML}}}lang": feed.lang})
    _text(root, "id", feed.id)
    _text(root, "title", feed.title)
    if feed.subtitle:
        _text(root, "subtitle", feed.subtitle)
    _text(root, "updated", _moment(feed.updated))
    _person(root, feed.author)
    _link(root, rel="self", href=feed.self_url, type="application/atom+xml")
    _link(root, rel="alternate", href=feed.url, type="text/html")
    _text(root, "generator", "newsletter")
    for entry in feed.entries:
        _entry(root, entry)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _entry(root: Element, entry: Entry) -> None:
    node = SubElement(root, _named("entry"), {f"{{{_XML}}}lang": entry.lang})
    _text(node, "id", entry.id)
    # A plain text, not markup: what looks like a tag in it is none (RFC 4287 §3.1.1.1).
    _text(node, "title", entry.title, type="text")
    _text(node, "published", _moment(entry.published))
    _text(node, "updated", _moment(entry.updated))
    if entry.author:
        _person(node, entry.author)
    _link(node, rel="alternate", href=entry.url, type="text/html")
    _link(node, rel="related", href=entry.related_url, type="text/html")
    for term, label in entry.categories:
        if term := _clean(term):
            SubElement(node, _named("category"), {"term": term, "label": _clean(label)})
    _text(node, "content", entry.content, type="html")


def _named(name: str) -> str:
    return f"{{{_ATOM}}}{name}"


def _text(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, _named(name), attributes).text = _clean(text)


def _person(parent: Element, name: str) -> None:
    _text(SubElement(parent, _named("author")), "name", name)


def _link(parent: Element, **attributes: str) -> None:
    SubElement(parent, _named("link"), {name: _clean(value) for name, value in attributes.items()})


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)


def _moment(instant: datetime) -> str:
    """Return an instant as RFC 3339 has it, to the second."""
    return instant.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
