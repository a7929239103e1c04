"""Whether a mail's HTML is whole, and has nothing in it that runs, loads or sends. Pure.

It is read as two kinds of programs read it: Outlook opens the conditional comments for it, the others do not
(https://learn.microsoft.com/en-us/previous-versions/windows/internet-explorer/ie-developer/compatibility/ms537512(v=vs.85)).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

_VOID = frozenset({"meta", "br", "hr", "wbr"})
#: Whatever else there is has no place in a mail of text: not even pictures, which would tell who opened it.
_ELEMENTS = _VOID | {
    *("html", "head", "title", "style", "body", "div", "table", "thead", "tbody", "tr", "th", "td", "caption"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre"),
    *("a", "abbr", "b", "code", "em", "i", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u"),
}
_OUTLOOK = frozenset({"noscript", "xml", "o:officedocumentsettings", "o:allowpng", "o:pixelsperinch", "center"})
#: Attributes that load, send or run something; those that begin with "on" do as well.
_ATTRIBUTES = frozenset(
    {
        *("action", "archive", "background", "cite", "classid", "codebase", "data", "dynsrc", "formaction", "longdesc"),
        *("lowsrc", "manifest", "ping", "poster", "profile", "src", "srcdoc", "srcset", "usemap", "xlink:href"),
    }
)
_LIVE_STYLE = re.compile(r"url\s*\(|expression\s*\(|@import|behavior\s*:|-moz-binding|image-set\s*\(", re.IGNORECASE)
#: What a comment of CSS or an escape could hide.
_HIDDEN_STYLE = re.compile(r"\\|/\*")
_LIVE_META = frozenset({"refresh", "set-cookie", "content-security-policy"})
#: ``<!--[if …]><!-->`` to ``<!--<![endif]-->``: seen by all that do not read conditions; else: seen by nobody else.
_REVEALED = re.compile(r"<!--\[if ([^\]]*)\]><!-->(.*?)<!--<!\[endif\]-->", re.DOTALL)
_HIDDEN = re.compile(r"<!--\[if ([^\]]*)\]>(.*?)<!\[endif\]-->", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Element:
    """A start tag."""

    tag: str
    attributes: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """Return an attribute's value."""
        return dict(self.attributes).get(name)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A page as one kind of programs reads it."""

    elements: tuple[Element, ...]
    #: Tags that were closed and not open, or left open.
    crooked: tuple[str, ...]
    #: Every style sheet.
    styles: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.crooked: list[str] = []
        self.styles: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag=tag, attributes=tuple((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.crooked.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.styles.append(data)


def read(html: str) -> Read:
    """Return what a page consists of for programs that do not read conditions."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Read(
        elements=tuple(reader.elements),
        crooked=(*reader.crooked, *reader.open),
        styles=tuple(reader.styles),
    )


def opened(html: str) -> str:
    """Return a page as Outlook sees it."""

    def seen(match: re.Match[str]) -> str:
        return "" if match[1].lstrip("( ").startswith("!") else match[2]

    return _HIDDEN.sub(seen, _REVEALED.sub(seen, html))


def markup_faults(page: Read, *, outlook: bool = False) -> Iterator[str]:
    """Yield what is wrong with the elements of a page."""
    if page.crooked:
        yield f"<{page.crooked[0][:40]}> is closed and not open, or open and not closed"
    allowed = _ELEMENTS | _OUTLOOK if outlook else _ELEMENTS
    for element in page.elements:
        if element.tag not in allowed:
            yield f"<{element.tag[:40]}> has no place in a mail"
        yield from _attribute_faults(element)
    counts = Counter(identity for element in page.elements if (identity := element.get("id")) is not None)
    yield from (f"the id {identity[:80]!r} stands there twice" for identity, times in counts.items() if times > 1)
    if any(_is_live(style) for style in page.styles):
        yield "a style sheet loads or runs something"


def _attribute_faults(element: Element) -> Iterator[str]:
    tag = element.tag[:40]
    for name, value in element.attributes:
        if name in _ATTRIBUTES or name.startswith("on"):
            yield f"<{tag}> has the attribute {name[:40]!r}, which loads or runs something"
        if name == "style" and _is_live(value):
            yield f"the style of <{tag}> loads or runs something"
    if element.tag == "meta" and (element.get("http-equiv") or "").lower() in _LIVE_META:
        yield "a <meta> acts like a header"


def _is_live(style: str) -> bool:
    return bool(_LIVE_STYLE.search(style) or _HIDDEN_STYLE.search(style))
