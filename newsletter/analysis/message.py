"""What the words of a commit message say: what breaks here; harm and removals in modules of their own. Pure.

Every pattern is linear in the text: no repetition of a repetition, and every gap is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.analysis.harm import advisory, harm_reasons
from newsletter.analysis.prose import excerpt, has_address, without_markup
from newsletter.analysis.record import Reason, Signal
from newsletter.analysis.removal import dropped_versions, removal_reasons
from newsletter.analysis.title import Title

__all__ = ["MAX_MESSAGE_CHARACTERS", "advisory", "breaking_footer", "dropped_versions", "message_reasons"]

#: A message is read up to here; GitHub has no limit, mailing does.
MAX_MESSAGE_CHARACTERS = 65_536

#: Conventional Commits 1.0.0, rules 11–16; people also write it in lower case.
_BREAKING_FOOTER = re.compile(
    r"^[ \t*#>_-]{0,8}breaking[ -]changes?\b[*_ \t]{0,4}(?::[*_ \t]{0,4}(.*)|)$", re.IGNORECASE | re.MULTILINE
)
#: What templates are filled in with where nothing breaks.
_NOTHING = re.compile(
    r"[\s*_-]{0,8}(?:no|none|n/?a|nothing|not applicable|no breaking changes?|not (?:a )?breaking(?: change)?|-|)"
    r"[.!\s]{0,4}",
    re.IGNORECASE,
)
#: A box of a GitHub task list (GitHub Flavored Markdown, section 5.3); other things stand in lists without one.
_LIST_MARK = re.compile(r"\s*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?(?:\[([ xX])\](?:\s+|$))?")
_YES = re.compile(r"(?:yes|y|true)[.!]?", re.IGNORECASE)
_BREAKING_PROSE = re.compile(
    r"(?<!non-)(?<!non )(?<!no )(?<!not a )(?<!without )(?<!any )(?<!about )(?<!avoid )(?<!fix )(?<!prevent )"
    r"\b(?:breaking (?:api )?changes?\b|(?:backwards?|api|abi)[ -]?incompatib\w+"
    r"|breaks? (?:backwards? )?compatibility"
    r"|not? (?:longer )?backwards?[ -]compatible|incompatible (?:api )?changes?)",
    re.IGNORECASE,
)
#: In a body it has to be said of the change itself.
_BREAKING_BODY = re.compile(
    r"(?<!not )(?<!n't )\b(?:(?:this|it|which|change) (?:is|introduces|contains|makes|was) an? "
    r"(?:\w+ ){0,2}?breaking (?:api )?change"
    r"|(?:this|it|which|change) (?:will )?breaks? (?:\w+ ){0,2}?(?:backwards?|api|abi)[ -]compat\w+"
    r"|(?:this|it|which|change) is (?:\w+ )?(?:backwards?|api)[ -]?incompatible)\b",
    re.IGNORECASE,
)
_MOST_OF_BODY = 4_000


def message_reasons(title: Title, message: str) -> Iterator[Reason]:
    """Yield what the words of a message say, each with the words that say it.

    Not for the bodies of dependency bumps: they quote the release notes of others.
    """
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n")
    yield from _breaking(title, text)
    yield from harm_reasons(title, text)
    yield from removal_reasons(title)


def breaking_footer(message: str) -> str | None:
    """Return the text of a ``BREAKING CHANGE:`` footer or heading; None where there is none, or it says "none".

    It is empty where a box is ticked that says no more than "yes".
    """
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n")
    for match in _BREAKING_FOOTER.finditer(text):
        # Below a heading, the next lines with words tell.
        lines = [match[1][:1000]] if match[1] else text[match.end() : match.end() + 1000].splitlines()
        told = _told(line.strip() for line in lines)
        if told is not None:
            return told
    return None


def _told(lines: Iterable[str]) -> str | None:
    """Return what the first telling line says breaks, as plain text; None where that is nothing.

    An empty box tells nothing, and a ticked "yes" gives an empty text: that it breaks, but not what.
    """
    boxes = False
    for line in filter(None, lines):
        mark = _LIST_MARK.match(line)
        box = mark[1] if mark else None
        if boxes and box is None:
            return None
        boxes = box is not None
        if box == " ":
            continue
        told = without_markup(line[mark.end() :] if mark else line)
        if _NOTHING.fullmatch(told) or told.startswith("#"):
            return None
        return "" if _YES.fullmatch(told) else told
    return None


def _breaking(title: Title, text: str) -> Iterator[Reason]:
    footer = breaking_footer(text)
    if footer is not None:
        told = "" if has_address(footer) else excerpt(footer)
        yield Reason(signal=Signal.BREAKING, detail=told or excerpt(title.text))
    elif title.breaking:
        yield Reason(signal=Signal.BREAKING, detail=excerpt(title.text))
    elif (match := _BREAKING_PROSE.search(title.text)) or (match := _BREAKING_BODY.search(text[:_MOST_OF_BODY])):
        yield Reason(signal=Signal.BREAKING, detail=excerpt(match[0]))
