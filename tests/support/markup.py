"""What an HTML reader sees of a page: its elements, attributes and words."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "img", "br", "hr", "link", "input", "wbr"}


@dataclass(frozen=True)
class Element:
    """A start tag."""

    tag: str
    attributes: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """Return an attribute's value; empty where it has none."""
        return dict(self.attributes).get(name, "")


@dataclass
class Markup:
    """A page taken apart."""

    elements: list[Element] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    #: Text of the body and the title, in order; style sheets left out.
    words: list[str] = field(default_factory=list)
    #: Tags that were closed but not open, or left open.
    crooked: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All words, on one line."""
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[Element]:
        """Return the elements with a tag."""
        return [element for element in self.elements if element.tag == tag]

    def links(self) -> list[str]:
        """Return every address that a click or a load goes to."""
        return [value for element in self.elements for name, value in element.attributes if name in {"href", "src"}]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.markup = Markup()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.markup.elements.append(Element(tag, tuple((name, value or "") for name, value in attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.markup.elements.append(Element(tag, tuple((name, value or "") for name, value in attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.markup.crooked.append(tag)

    def handle_comment(self, data: str) -> None:
        self.markup.comments.append(data)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.markup.words.append(data)

    def unknown_decl(self, data: str) -> None:
        self.markup.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.markup.comments.append(data)


def parsed(html: str) -> Markup:
    """Return what a page consists of."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.markup.crooked.extend(reader.open)
    return reader.markup


def is_invisible(character: str) -> bool:
    """Whether a character shows nothing, or nothing that everybody sees.

    The blocks of pictographs have emoji that Python's tables do not know yet.
    """
    invisible = unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return invisible and not 0x1F000 <= ord(character) < 0x1FB00
