"""Outside text as HTML: escaped, with inline code as the only markup, and without links that we did not make. Pure."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from newsletter.digest.sanitise import displayable
from newsletter.digest.unlinked import unlinked

#: Shorter code fits into a line of a phone.
_LONG_CODE = 26
#: Where long code may be broken: behind what separates its words. Elsewhere a break would look like a part of it.
_BREAKS = re.compile(r"(?<=[/_,=])(?=[^/_,=])")


def inline_code(text: str) -> Markup:
    """Escape a text and turn ```code``` between backticks into ``<code>``: the only markup an analysis may have."""
    return _marked_up(displayable(text))


def prose(text: str) -> Markup:
    """Do the same for a text that stands in no link of ours: no mail program makes a link of its words."""
    return _marked_up(unlinked(displayable(text)))


def code(text: str) -> Markup:
    """Return a whole text as code."""
    return _code(unlinked(displayable(text)))


def isolating(line: str, name: str) -> Markup:
    """Escape a line and isolate a name in it: one that is written from right to left would turn what follows around.

    No mail program makes a link of its words.
    """
    before, found, after = line.partition(name) if name else (line, "", "")
    return Markup('{}<span dir="auto">{}</span>{}').format(*map(unlinked, (before, found, after)))


def _marked_up(text: str) -> Markup:
    parts = text.split("`")
    if len(parts) % 2 == 0:
        # A backtick without a partner is a character like any other.
        parts[-2:] = ["`".join(parts[-2:])]
    pieces = [escape(part) if place % 2 == 0 else _code(part) for place, part in enumerate(parts)]
    markup = Markup("").join(pieces)
    # Nothing but backticks stays as it is: as code it would be a link with nothing to click on.
    return markup if markup.strip() else escape("`".join(parts))


def _code(text: str) -> Markup:
    if not text.strip():
        return Markup("")
    parts = _BREAKS.split(text) if len(text) > _LONG_CODE else [text]
    return Markup("<code>%s</code>") % Markup("<wbr>").join(parts)
