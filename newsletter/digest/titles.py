"""What the title of a commit says about the others of its day: a revert, a part of a series, a new version. Pure.

Every pattern is linear in the title, of which only the beginning is read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.digest.sanitise import displayable

#: Characters of a title that are compared.
MOST_COMPARED = 300

_NUMBER = re.compile(r"\s*\(#\d{1,9}\)$")
#: GitHub's button and git-revert(1) write the first, git 2.43 and later the second where a revert is reverted.
_REVERT = re.compile(r"(?:\[[^\]]{1,30}\] ?){0,3}(revert|reapply) [\"“](.+)[\"”]$", re.IGNORECASE)
#: Conventional Commits leave the form open and recommend this one.
_REVERT_TYPE = re.compile(r"revert(?:\([^()]{0,60}\))?: (.+)$", re.IGNORECASE)

_PART = re.compile(
    r"\[(?:part |patch )?(\d{1,3})\s?/\s?(\d{1,3}|n)\]\s*"
    r"|\((?:part |patch )?(\d{1,3})\s?(?:/|of)\s?(\d{1,3}|n)\)"
    r"|\bpart (\d{1,3})\s?(?:/|of)\s?(\d{1,3}|n)\b:?",
    re.IGNORECASE,
)
_TAGS = re.compile(r"(?:\s*\[[^\[\]]{1,40}\]|\s*[\w./-]{1,40}(?:\([^()]{0,40}\))?!?:(?=\s))*")

_TYPE = r"(?:\[[^\[\]]{1,30}\] ?|[a-z][\w-]{0,20}(?:\([^()]{0,40}\))?!?: |⬆️? ?)?"
_NAME = r"`?([\w@][\w@./:+-]{0,79}?)`?"
_VERSION = r"`?([\w.<>=~^,+-]{1,40}?)`?(?=[\s,)]|$)"
_BUMP = re.compile(
    rf"{_TYPE}(?:bump(?:s|ed)?|updated?|upgraded?) (?:the )?(?:dependency |module |rust crate |dependency: )?{_NAME}"
    rf"(?: (?:action|digest|docker tag|docker digest|requirement|version|monorepo))?"
    rf" (?:from {_VERSION} )?to {_VERSION}",
    re.IGNORECASE,
)
#: "Bump version from 1.0 to 1.1" is the project's own.
_OWN = frozenset({"version", "versions", "release", "changelog", "project", "package", "it", "this"})

_CHANGING = re.compile(r"\b[0-9a-f]{7,64}\b|\d+(?:[.:/-]\d+)*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The place of a commit in a series."""

    number: int
    #: As it is written: some do not know yet how many there will be, and write ``N``.
    total: str
    #: What stands around the mark in all of them: tags and module, without regard to case.
    prefix: str


@dataclass(frozen=True, kw_only=True)
class Bump:
    """A new version of a dependency."""

    name: str
    #: None where the title does not say.
    old: str | None
    new: str


def comparable(title: str) -> str:
    """Return a title without the number of its pull request, on one line: how a revert quotes it."""
    text = displayable(title[:MOST_COMPARED])
    while found := _NUMBER.search(text):
        text = text[: found.start()]
    return text


def reverted_title(title: str) -> str | None:
    """Return the :func:`comparable` title that a title says it reverts; None where it says nothing like that."""
    text = comparable(title)
    if found := _REVERT.match(text):
        inner = comparable(found[2])
        return f'Revert "{inner}"' if found[1].lower() == "reapply" else inner
    found = _REVERT_TYPE.match(text)
    return comparable(found[1]) if found else None


def part_of(title: str) -> Part | None:
    """Return the place in a series that a title tells: ``[1/3]``, ``(2/3)``, ``part 3 of 3``."""
    text = comparable(title)
    found = _PART.search(text)
    if found is None:
        return None
    number, total = (group for group in found.groups() if group)
    # More than there are is a date or a ratio; one of one is no series.
    if total == "1" or (total.isdecimal() and not 0 < int(number) <= int(total)):
        return None
    rest = without_part(text)
    tags = _TAGS.match(rest)
    return Part(number=int(number), total=total.lower(), prefix=tags[0].strip().casefold() if tags else "")


def without_part(title: str) -> str:
    """Return a title without its place in a series."""
    text = " ".join(_PART.sub(" ", title, count=1).split())
    return text.strip(" :–—-") or title


def bump_of(title: str) -> Bump | None:
    """Return the dependency a title moves to another version, as Dependabot, Renovate and people write it."""
    found = _BUMP.match(comparable(title))
    # "Update the guide to reflect …" names no version.
    if found is None or found[1].lower() in _OWN or not any(character.isdigit() for character in found[3]):
        return None
    return Bump(name=found[1], old=found[2], new=found[3])


def shape_of(title: str) -> str:
    """Return a title without what differs from one time to the next: numbers, dates and object names."""
    return _CHANGING.sub("#", comparable(title)).casefold()


def without_changing(title: str) -> str:
    """Return a title in which an ellipsis stands for what differs from one time to the next."""
    return _CHANGING.sub("…", comparable(title))


def changing_of(title: str) -> str:
    """Return what differs in a title from one time to the next; empty where nothing does."""
    return " ".join(_CHANGING.findall(comparable(title)))


def is_robot(author: str) -> bool:
    """Whether an author's name is that of a program, as GitHub Apps and the two well-known ones sign."""
    name = author.strip().casefold()
    return name.endswith("[bot]") or name in {"dependabot", "dependabot-preview", "renovate", "renovate bot"}
