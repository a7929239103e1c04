"""Whether a mail is fit to be sent: looked at each time, whatever wrote its templates and its texts. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import chain

from newsletter.digest.check_links import link_faults
from newsletter.digest.check_markup import markup_faults, opened, read
from newsletter.digest.fit import BUDGET_BYTES
from newsletter.digest.record import Edition, Rendering, Slots
from newsletter.digest.sanitise import displayable
from newsletter.languages import lang_attribute

#: Of faults that are told of one mail.
MOST_FAULTS = 8
#: Control characters but for tabs and line feeds; Gmail clips a mail at one of C1.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
#: Of templates, of gettext, and of our own MJML.
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{%|%\}|%\(\w+\)[sd]|jinja\d{4}tag")
#: RFC 5322, section 2.1.1, without its end.
_LONGEST_LINE = 998


@dataclass(frozen=True, kw_only=True)
class Allowed:
    """Where the links of a newsletter may lead; each without a slash at the end."""

    base_url: str
    github_url: str

    @property
    def places(self) -> tuple[str, ...]:
        """Both of them."""
        return self.base_url, self.github_url


def faults_of(rendering: Rendering, edition: Edition, slots: Slots, *, allowed: Allowed) -> tuple[str, ...]:
    """Return what is wrong with a mail, a sentence each; nothing where it may be sent."""
    found = chain(
        _html_faults(rendering.html, edition, allowed),
        _text_faults(rendering),
        _slot_faults(rendering, slots),
        _placeholder_faults(rendering, edition),
    )
    return tuple(dict.fromkeys(found))[:MOST_FAULTS]


def _html_faults(html: str, edition: Edition, allowed: Allowed) -> Iterator[str]:
    page, in_outlook = read(html), read(opened(html))
    yield from markup_faults(page)
    yield from (f"in Outlook: {fault}" for fault in markup_faults(in_outlook, outlook=True))
    yield from link_faults(page, places=allowed.places)
    yield from link_faults(in_outlook, places=allowed.places)
    language = next((element.get("lang") for element in page.elements if element.tag == "html"), None)
    if language != lang_attribute(edition.language):
        yield f"its language is said to be {language!r}"
    size = len(html.encode("utf-8", "replace"))
    if size > BUDGET_BYTES:
        yield f"it has {size} bytes of HTML, more than {BUDGET_BYTES}"


def _text_faults(rendering: Rendering) -> Iterator[str]:
    for name, text in (("subject", rendering.subject), ("text", rendering.text), ("HTML", rendering.html)):
        if control := _CONTROLS.search(text):
            yield f"its {name} has the control character U+{ord(control[0]):04X}"
        try:
            text.encode()
        except UnicodeEncodeError:
            yield f"its {name} has half a character"
    if not rendering.subject.strip() or "\n" in rendering.subject:
        yield "its subject is not one line"
    if any(len(line.encode("utf-8", "replace")) > _LONGEST_LINE for line in rendering.text.splitlines()):
        yield f"its text has a line of more than {_LONGEST_LINE} bytes"


def _slot_faults(rendering: Rendering, slots: Slots) -> Iterator[str]:
    links = {
        "unsubscribing": f"/unsubscribe/{slots.unsubscribe_token}",
        "preferences": f"/preferences/{slots.preferences_token}",
    }
    for name, link in links.items():
        for part, text in (("text", rendering.text), ("HTML", rendering.html)):
            if link not in text:
                yield f"its {part} has no link for {name}"


def _placeholder_faults(rendering: Rendering, edition: Edition) -> Iterator[str]:
    found = {
        mark for text in (rendering.subject, rendering.text, rendering.html) for mark in _PLACEHOLDER.findall(text)
    }
    if found:
        # Commits and analyses may well write of templates.
        outside = "\n".join(displayable(text) for text in _texts(edition))
        yield from (f"the placeholder {mark!r} is not filled in" for mark in sorted(found) if mark not in outside)


def _texts(value: object) -> Iterator[str]:
    """Yield every text within a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        yield from chain.from_iterable(map(_texts, value))
    elif is_dataclass(value):
        yield from chain.from_iterable(_texts(getattr(value, field.name)) for field in fields(value))
