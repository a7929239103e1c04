"""What RFC 4287 asks of a feed, checked strictly: a document that breaks a rule fails by its section."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

from tests.support.markup import Markup, parsed

ATOM = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: RFC 3339 with a capital T and Z (RFC 4287 §3.3).
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: RFC 4151 §2.1.
TAG = re.compile(r"tag:[A-Za-z0-9.-]+(@[A-Za-z0-9.-]+)?,\d{4}(-\d\d(-\d\d)?)?:[A-Za-z0-9\-._~/?:@!$&'()*+,;=%]*")
FEED_ONCE = ("id", "title", "updated", "subtitle", "generator", "icon", "logo", "rights")
ENTRY_ONCE = ("id", "title", "updated", "published", "content", "summary", "rights", "source")
FEED_MAY = {*FEED_ONCE, "author", "category", "contributor", "link", "entry"}
ENTRY_MAY = {*ENTRY_ONCE, "author", "category", "contributor", "link"}


def checked(document: bytes) -> Element:
    """Return a feed that keeps every rule; fails with the one that is broken."""
    assert document.decode("utf-8").startswith("<?xml version='1.0' encoding='utf-8'?>")
    feed = fromstring(document)
    assert feed.tag == f"{ATOM}feed", "§4.1.1"
    entries = feed.findall(f"{ATOM}entry")
    _parts(feed, FEED_MAY, FEED_ONCE, required=("id", "title", "updated"))
    _links(feed)
    own = [link for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]
    assert len(own) == 1, "§4.1.1: a feed should say where it is"
    if not feed.findall(f"{ATOM}author"):
        assert all(entry.findall(f"{ATOM}author") for entry in entries), "§4.1.1: an author"
    ids = [text_of(entry, "id") for entry in entries]
    assert len(set(ids)) == len(ids), "§4.1.1: entries of one id"
    for entry in entries:
        _entry(entry)
    return feed


def text_of(parent: Element, name: str) -> str:
    """Return the text of the one child of a name."""
    found = parent.find(f"{ATOM}{name}")
    assert found is not None
    return found.text or ""


def content_of(entry: Element) -> Markup:
    """Return what an entry says, as a reader's program shows it."""
    return parsed(text_of(entry, "content"))


def _entry(entry: Element) -> None:
    _parts(entry, ENTRY_MAY, ENTRY_ONCE, required=("id", "title", "updated"))
    _links(entry)
    assert text_of(entry, "title").strip(), "a title that shows nothing"
    content = entry.find(f"{ATOM}content")
    assert content is not None
    assert content.get("type") == "html"
    assert len(content) == 0, "§3.1.1.2: html has no child elements"
    assert content_of(entry).crooked == [], "§4.1.3.3: html that could stand in a div"
    alternate = [link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
    assert len(alternate) == 1, "§4.1.2"
    if published := entry.find(f"{ATOM}published"):
        assert (published.text or "") <= text_of(entry, "updated")


def _parts(parent: Element, may: set[str], once: tuple[str, ...], *, required: tuple[str, ...]) -> None:
    names = [child.tag.removeprefix(ATOM) for child in parent]
    assert set(names) <= may, "§4.1.1, §4.1.2: an element that is not known"
    assert all(names.count(name) <= 1 for name in once), "more than one of what there is one of"
    assert set(required) <= set(names), "§4.1.1, §4.1.2: something is missing"
    assert parent.get(LANG), "no language"
    identity = text_of(parent, "id")
    assert TAG.fullmatch(identity) or urlsplit(identity).scheme in {"http", "https"}, "§4.2.6"
    for name in ("updated", "published"):
        for moment in parent.findall(f"{ATOM}{name}"):
            assert MOMENT.fullmatch(moment.text or ""), "§3.3"
            datetime.fromisoformat(moment.text or "")
    for person in parent.findall(f"{ATOM}author"):
        assert [child.tag for child in person] == [f"{ATOM}name"], "§3.2"
        assert text_of(person, "name").strip(), "§3.2.1"
    for category in parent.findall(f"{ATOM}category"):
        assert category.get("term"), "§4.2.2.1"


def _links(parent: Element) -> None:
    seen = set()
    for link in parent.findall(f"{ATOM}link"):
        target = urlsplit(link.get("href", ""))
        assert target.scheme in {"http", "https"}, "§4.2.7.1: an address that stands by itself"
        assert target.netloc
        assert len(link) == 0
        if link.get("rel") == "alternate":
            kind = (link.get("type"), link.get("hreflang"))
            assert kind not in seen, "§4.1.1, §4.1.2: alternates of one type and language"
            seen.add(kind)
