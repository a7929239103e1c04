"""What MJML allows, and what mails of ours may have of it: which components, where, and with which attributes. Pure.

The library that compiles MJML looks at none of this: what it does not know fails in its depths or vanishes. Attributes
are those that its components declare; nesting is that of MJML itself
(https://github.com/mjmlio/mjml/blob/master/packages/mjml-preset-core/src/dependencies.js).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from mjml import mjml_to_html
from mjml.core.registry import components

_CONTENTS = frozenset(
    {"mj-accordion", "mj-button", "mj-divider", "mj-navbar", "mj-raw", "mj-spacer", "mj-table", "mj-text"}
)
_CHILDREN = {
    "": frozenset({"mjml"}),
    "mjml": frozenset({"mj-head", "mj-body", "mj-raw"}),
    "mj-head": frozenset({"mj-attributes", "mj-breakpoint", "mj-preview", "mj-raw", "mj-style", "mj-title"}),
    "mj-body": frozenset({"mj-hero", "mj-raw", "mj-section", "mj-wrapper"}),
    "mj-wrapper": frozenset({"mj-hero", "mj-raw", "mj-section"}),
    "mj-section": frozenset({"mj-column", "mj-group", "mj-raw"}),
    "mj-group": frozenset({"mj-column", "mj-raw"}),
    "mj-column": _CONTENTS,
    "mj-hero": _CONTENTS,
    "mj-accordion": frozenset({"mj-accordion-element", "mj-raw"}),
    "mj-accordion-element": frozenset({"mj-accordion-text", "mj-accordion-title", "mj-raw"}),
    "mj-navbar": frozenset({"mj-navbar-link", "mj-raw"}),
}
#: They hold HTML or text, and no components.
_FILLED = frozenset(
    {
        *("mj-accordion-text", "mj-accordion-title", "mj-button", "mj-navbar-link", "mj-preview", "mj-raw", "mj-style"),
        *("mj-table", "mj-text", "mj-title"),
    }
)
#: Of MJML, and not for our mails.
_REFUSED = {
    "mj-include": "opens any file",
    "mj-html-attributes": "changes what was checked",
    **dict.fromkeys(
        ("mj-carousel", "mj-carousel-image", "mj-font", "mj-image", "mj-social", "mj-social-element"),
        "loads something from elsewhere, and mails load nothing",
    ),
}
_EVERYWHERE = frozenset({"css-class", "mj-class"})
_OF_ROOT = frozenset({"dir", "lang", "owa", "version"})
_LOADING = frozenset({"background-url", "src", "srcset"})
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MARK = "jinjatag"


def mjml_faults(source: str) -> tuple[str, ...]:
    """Return what is wrong with an MJML source, a sentence each with its line; nothing where it can be compiled."""
    if not components:
        # The library registers them with the first page that it compiles.
        mjml_to_html("<mjml><mj-body></mj-body></mjml>")
    reader = _Reader()
    reader.feed(_JINJA.sub(_hidden, source))
    reader.close()
    reader.end()
    return tuple(dict.fromkeys(reader.faults))


def _hidden(match: re.Match[str]) -> str:
    # As many lines as it had; a comment leaves nothing else.
    return ("" if match[0].startswith("{#") else _MARK) + "\n" * match[0].count("\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        #: Open components with their lines; what is in one that is filled is left to the check of the mail.
        self._open: list[tuple[str, int]] = [("", 1)]

    @property
    def _parent(self) -> str:
        return self._open[-1][0]

    def _say(self, fault: str) -> None:
        self.faults.append(f"line {self.getpos()[0]}: {fault}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not _is_component(tag) and self._parent in _FILLED:
            return
        self._look_at(tag, dict(attrs))
        self._open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if _is_component(tag) or self._parent not in _FILLED:
            self._look_at(tag, dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if not _is_component(tag) and self._parent in _FILLED:
            return
        if tag == self._parent:
            self._open.pop()
        else:
            self._say(f"</{tag}> closes nothing, or <{self._parent}> is still open")

    def handle_data(self, data: str) -> None:
        if self._parent in _FILLED or not data.strip():
            return
        where = f"in <{self._parent}>" if self._parent else "outside of <mjml>"
        if _MARK in data:
            self._say(f"Jinja stands {where}; around components it has to stand in <mj-raw>")
        else:
            self._say(f"text stands {where}, where it would vanish")

    def end(self) -> None:
        for tag, line in self._open[1:]:
            self.faults.append(f"line {line}: <{tag}> is not closed")

    def _look_at(self, tag: str, attributes: dict[str, str | None]) -> None:
        parent = self._parent
        if tag in _REFUSED:
            self._say(f"<{tag}> {_REFUSED[tag]}")
        elif parent == "mj-attributes":
            self._look_at_defaults(tag, attributes)
        elif tag != "mjml" and tag not in components:
            self._say(f"<{tag}> is no component of MJML")
        elif tag not in _CHILDREN.get(parent, frozenset()):
            self._say(f"<{tag}> cannot stand " + (f"in <{parent}>" if parent else "outside of <mjml>"))
        else:
            self.faults.extend(f"line {self.getpos()[0]}: {fault}" for fault in _attribute_faults(tag, attributes))

    def _look_at_defaults(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag not in {"mj-all", "mj-class"}:
            if tag in components:
                self.faults.extend(f"line {self.getpos()[0]}: {fault}" for fault in _attribute_faults(tag, attributes))
            else:
                self._say(f"<{tag}> is no component of MJML")


def _attribute_faults(tag: str, attributes: dict[str, str | None]) -> Iterator[str]:
    if tag == "mj-style" and "inline" in attributes:
        yield "<mj-style inline> empties loops within tables"
        return
    allowed = _OF_ROOT if tag == "mjml" else _allowed(tag)
    for name in attributes:
        if name not in allowed:
            yield f"<{tag}> has no attribute {name!r}"
        elif name in _LOADING:
            yield f"<{tag} {name}> loads something from elsewhere, and mails load nothing"


def _allowed(tag: str) -> set[str]:
    # The library forgets to declare some that it has defaults for.
    component = components[tag]
    return {*_EVERYWHERE, *component.allowed_attrs(), *component.default_attrs()}


def _is_component(tag: str) -> bool:
    return tag == "mjml" or tag.startswith("mj-")
