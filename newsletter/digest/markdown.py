"""Outside text as GitHub-flavoured Markdown that means nothing but itself. Pure.

Escaping alone is not enough: GitHub looks for mentions, issues, commits and emoji in the finished text, where no
backslash is left of them (https://docs.github.com/en/get-started/writing-on-github). An invisible U+2060 WORD JOINER
takes what they are recognised by apart, and a commit's name becomes code, in which nothing is looked for and which can
still be copied. The only markup that outside text may have is code between backticks.

Syntax: https://github.github.com/gfm/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from newsletter.digest.sanitise import displayable
from newsletter.digest.unlinked import JOINER, unlinked

#: "2.4 Backslash escapes": of the punctuation what means something within a line.
_ACTIVE = re.compile(r"[\\`*_\[\]<>~&#]")
#: A cell of a table ends at a pipe wherever it stands; a dollar may begin a formula, which no backslash prevents.
_ENTITIES = {"|": "&#124;", "$": "&#36;"}
_ENTITY = re.compile(r"[|$]")
#: What begins a list, a rule, or the line below a heading.
_OPENING = re.compile(r"^(?:[-+=](?=\s|$|[-+=])|\d{1,9}[.)](?=\s|$))")

#: "@name" tells somebody; "#1" and "GH-1" are issues; ":tada:" is an emoji.
_REFERENCE = re.compile(r"@(?=[\w-])|#(?=\w)|(?<!\w)GH-(?=\d)|:(?=[\w+-]+:)", re.IGNORECASE)
#: Extended autolinks, beyond what is taken apart for mail programs (GFM, section 6.9).
_AUTOLINK = re.compile(rf"(?<!{JOINER})(?=://)|(?<=www)(?<!{JOINER})(?=\.)", re.IGNORECASE)
#: The name of a commit, or its beginning.
_OBJECT = re.compile(r"(?<![0-9A-Za-z_])([0-9A-Fa-f]{7,64})(?![0-9A-Za-z_])")
_DIGITS_OR_WORD = re.compile(r"\d+|[A-Fa-f]+")
#: Fewer hexadecimal digits name no commit.
_NAMELESS = re.compile(r"([0-9A-Fa-f]{6})(?=[0-9A-Fa-f])")

_IN_A_URL = ":/?#@!$&'*+,;=%~"


@dataclass(frozen=True, kw_only=True)
class Inline:
    """One line, as it is written and as it is read."""

    markdown: str
    #: Without its Markdown: what a heading's anchor is made from.
    text: str

    def __add__(self, other: Inline) -> Inline:
        return Inline(markdown=self.markdown + other.markdown, text=self.text + other.text)


def own(text: str) -> Inline:
    """Return a line of ours, which must have nothing active in it."""
    return Inline(markdown=text, text=text)


def inline(text: str) -> Inline:
    """Return an outside text on one line; it may stand anywhere, in a cell of a table and in a link as well."""
    line = displayable(text)
    found = [piece for piece in _pieces(line) if piece.text]
    if not any(piece.text.strip() for piece in found):
        # Nothing but backticks is shown as it is: code with nothing in it would be nothing to click on.
        found = [_escaped(line)]
    joined = found[0]
    for piece in found[1:]:
        # Two backticks in a row would be the mark of another code.
        touches = joined.markdown.endswith("`") and piece.markdown.startswith("`")
        joined = joined + (own(JOINER) + piece if touches else piece)
    # Blanks at the ends count in no heading.
    return Inline(markdown=_OPENING.sub(_unopened, joined.markdown.strip()), text=joined.text.strip())


def link(words: Inline, url: str) -> Inline:
    """Return words that lead to an address of ours."""
    return Inline(markdown=f"[{words.markdown}]({quote(url, safe=_IN_A_URL)})", text=words.text)


def code(text: str) -> Inline:
    """Return a text of ours as code."""
    return Inline(markdown=f"`{text}`", text=text)


def _pieces(line: str) -> Iterator[Inline]:
    parts = line.split("`")
    if len(parts) % 2 == 0:
        # A backtick without a partner is a character like any other.
        parts[-2:] = ["`".join(parts[-2:])]
    for place, part in enumerate(parts):
        if place % 2 == 0:
            yield from _plain_pieces(part)
        elif "|" in part:
            # Parsers of tables do not agree on a pipe in code that stands behind a backslash.
            yield from _plain_pieces(part)
        elif part.strip():
            yield code(part.strip())


def _plain_pieces(text: str) -> Iterator[Inline]:
    broken = _AUTOLINK.sub(JOINER, unlinked(text))
    broken = _REFERENCE.sub(lambda match: match[0] + JOINER, broken)
    for place, part in enumerate(_OBJECT.split(broken)):
        if place % 2 == 0:
            yield _escaped(part)
        elif _DIGITS_OR_WORD.fullmatch(part):
            # A date, a number, "defaced": hardly ever a commit, and no code.
            yield own(_NAMELESS.sub(rf"\1{JOINER}", part))
        else:
            yield code(part)


def _escaped(text: str) -> Inline:
    escaped = _ACTIVE.sub(r"\\\g<0>", text)
    return Inline(markdown=_ENTITY.sub(lambda match: _ENTITIES[match[0]], escaped), text=text)


def _unopened(match: re.Match[str]) -> str:
    return f"{match[0][:-1]}\\{match[0][-1]}"
