"""Which part of a change's patches a model reads: pure.

A budget for all files together (measured: one for each file lets the largest changes fail). What tells most about a
change comes first, what is made by machines is never sent, and nothing is cut within a line.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from newsletter.analysis.outgoing import sendable
from newsletter.analysis.paths import Role, role_of
from newsletter.github.record import FileChange

#: Shreds of many files would tell nothing, characters.
SMALLEST_EXCERPT = 400
#: Of one file that are looked at at all, as a multiple of the budget.
_LOOKED_AT = 2

_HUNK = re.compile(r"(?m)^(?=@@ )")
#: The order in which files are read; other roles are never sent.
_RANKING = {
    Role.MIGRATION: 0,
    Role.CONFIGURATION: 0,
    Role.SOURCE: 0,
    Role.BUILD: 1,
    Role.STYLESHEET: 1,
    Role.CHANGELOG: 2,
    Role.DOCS: 2,
    Role.EXAMPLE: 2,
    Role.TEST: 3,
    Role.CI: 3,
    Role.TOOLING: 3,
    Role.TRANSLATION: 3,
}
#: Files from here on explain the others: where there are others, they get what is left, and no more than a tenth.
_EXPLAINING = 2
_CUT = "[… more of this file not shown]"


@dataclass(frozen=True, kw_only=True)
class Excerpt:
    """Patches, or parts of them, ready to be sent."""

    text: str
    #: Files of which at least a part is in it.
    files: frozenset[str]


def excerpt_of(files: tuple[FileChange, ...], *, budget: int) -> Excerpt:
    """Return the patches that fit into a budget of characters, shared between the files at hunk boundaries."""
    ranked = _worth_reading(files)
    telling = [file for file in ranked if _rank(file) < _EXPLAINING]
    explaining = ranked[len(telling) :]
    parts, left = _shared(telling, budget)
    if explaining:
        more, _ = _shared(explaining, min(left, budget // 10) if telling else left)
        parts += more
    return Excerpt(text="\n".join(text for _, text in parts), files=frozenset(path for path, _ in parts))


def portions_of(files: tuple[FileChange, ...], *, budget: int, most: int) -> tuple[Excerpt, ...]:
    """Return the patches of a huge change in portions of a budget of characters each, the most telling files first.

    :param most: portions; what does not fit into them is not read.
    """
    portions: list[Excerpt] = []
    texts: list[str] = []
    paths: set[str] = set()
    left = budget

    def close() -> None:
        if texts:
            portions.append(Excerpt(text="\n".join(texts), files=frozenset(paths)))
        texts.clear()
        paths.clear()

    ranked = _worth_reading(files)
    for file in [file for file in ranked if _rank(file) < _EXPLAINING] or ranked:
        if len(portions) >= most:
            break
        text = _excerpt(file, min(len(file.patch or "") + SMALLEST_EXCERPT, budget))
        if len(text) > left:
            close()
            left = budget
        if text and len(portions) < most:
            texts.append(text)
            paths.add(file.path)
            left -= len(text)
    if len(portions) < most:
        close()
    return tuple(portions)


def size_worth_reading(files: tuple[FileChange, ...]) -> int:
    """Return the characters of all patches that tell something about a change."""
    return sum(len(file.patch or "") for file in _worth_reading(files) if _rank(file) < _EXPLAINING)


def listing(files: tuple[FileChange, ...], *, most: int) -> str:
    """Return the files with their added and removed lines, one a line.

    :param most: files; the others are counted.
    """
    lines = [
        f"{file.status} {json.dumps(sendable(file.path), ensure_ascii=False)} +{file.additions} -{file.deletions}"
        for file in files[:most]
    ]
    if len(files) > most:
        lines.append(f"and {len(files) - most} more")
    return "\n".join(lines)


def _rank(file: FileChange) -> int:
    return _RANKING[role_of(file.path)]


def _worth_reading(files: tuple[FileChange, ...]) -> list[FileChange]:
    return sorted((file for file in files if file.patch and role_of(file.path) in _RANKING), key=_rank)


def _shared(files: list[FileChange], budget: int) -> tuple[list[tuple[str, str]], int]:
    """Return the path and the excerpt of each file that fits, and what is left of the budget."""
    left = budget
    parts: list[tuple[str, str]] = []
    for place, file in enumerate(files):
        share = left // (len(files) - place)
        # What a file does not use of its share is left for those that follow.
        text = _excerpt(file, min(left, max(share, SMALLEST_EXCERPT)))
        if text:
            left -= len(text)
            parts.append((file.path, text))
    return parts, left


def _excerpt(file: FileChange, room: int) -> str:
    """Return a file's patch, or the part of it that fits into a number of characters; empty where none does."""
    heading = f"--- {sendable(file.path)} +{file.additions} -{file.deletions}\n"
    patch = file.patch or ""
    looked_at = _LOOKED_AT * max(room, SMALLEST_EXCERPT)
    if len(patch) > looked_at:
        # Up to a whole line: half a secret has no shape any more.
        text, is_whole = sendable(patch[:looked_at].rpartition("\n")[0]), False
    else:
        text, is_whole = sendable(patch), True
    if not is_whole or len(heading) + len(text) > room:
        text = _hunks(text, room - len(heading) - len(_CUT) - 2)
        text = f"{text.rstrip()}\n{_CUT}\n" if text.strip() else ""
    return heading + text if text.strip() else ""


def _hunks(patch: str, budget: int) -> str:
    """Return whole hunks up to a budget of characters, and whole lines of the first where not even that one fits."""
    kept: list[str] = []
    left = budget
    for hunk in _HUNK.split(patch):
        if len(hunk) > left:
            break
        kept.append(hunk)
        left -= len(hunk)
    return "".join(kept) or patch[: max(budget, 0)].rpartition("\n")[0]
