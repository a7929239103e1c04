"""What GitHub's own parser makes of a Markdown document, and what its pages look for in the text afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options
from markdown_it import MarkdownIt

from newsletter.digest.slugs import Slugs

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
#: Mentions, issues and commits, as GitHub recognises them in text that is neither code nor a link.
_REFERENCES = re.compile(
    r"(?<![\w`])@[a-z0-9][a-z0-9-]*|#\d+|\bGH-\d+|(?<![0-9A-Za-z_])[0-9a-f]{7,40}(?![0-9A-Za-z_])", re.IGNORECASE
)
_EMOJI = re.compile(r":[\w+-]+:")
#: What looks like one and is none.
_TIME = re.compile(r"\b\d\d:\d\d:\d\d\b")


@dataclass
class Shown:
    """A document as its readers see it."""

    #: Every start tag, in order.
    tags: list[str] = field(default_factory=list)
    #: Attributes of all elements but links.
    attributes: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    #: Words of each heading.
    headings: list[str] = field(default_factory=list)
    #: Each table's rows, each with its cells' words.
    tables: list[list[list[str]]] = field(default_factory=list)
    #: Text outside of code, and of that what stands in no link.
    prose: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All words."""
        return "".join(self.words)

    def anchors(self) -> list[str]:
        """Return where each heading can be linked."""
        slugs = Slugs()
        return [slugs.next(heading) for heading in self.headings]

    def references(self) -> list[str]:
        """Return what GitHub would turn into mentions, issues, commits and emoji."""
        # GitHub looks at each text by itself: what stands in an element beside it is another one.
        found = [match[0] for text in self.free for match in _REFERENCES.finditer(text)]
        return found + [match[0] for text in self.prose for match in _EMOJI.finditer(_TIME.sub("", text))]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = Shown()
        self._open: list[str] = []
        self._fresh = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._fresh = True
        shown = self.shown
        shown.tags.append(tag)
        named = {name: value or "" for name, value in attrs}
        if tag == "a":
            shown.links.append(named.get("href", ""))
        else:
            shown.attributes += named
        if tag in _HEADINGS:
            shown.headings.append("")
        elif tag == "table":
            shown.tables.append([])
        elif tag == "tr":
            shown.tables[-1].append([])
        elif tag in {"td", "th"}:
            shown.tables[-1][-1].append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._fresh = True
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        shown = self.shown
        shown.words.append(data)
        if _HEADINGS & set(self._open):
            shown.headings[-1] += data
        if {"td", "th"} & set(self._open):
            shown.tables[-1][-1][-1] += data
        if "code" not in self._open:
            self._add(shown.prose, data)
            if "a" not in self._open:
                self._add(shown.free, data)
        self._fresh = False

    def _add(self, texts: list[str], data: str) -> None:
        if self._fresh or not texts:
            texts.append(data)
        else:
            texts[-1] += data


def _read(html: str) -> Shown:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.shown


def by_github(document: str) -> Shown:
    """Return a document as GitHub's parser has it: with tables, autolinks, strike-through and task lists.

    What it would let through of HTML is let through, so that it can be seen.
    """
    return _read(html_by_github(document))


def html_by_github(document: str) -> str:
    """Return what GitHub's parser makes of a document, before GitHub takes out what nobody may write."""
    html: str = cmarkgfm.github_flavored_markdown_to_html(document, options=Options.CMARK_OPT_UNSAFE)
    return html


def by_another(document: str) -> Shown:
    """Return a document as another parser of the same syntax has it."""
    return _read(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(document))
