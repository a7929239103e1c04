"""A report as a file of a repository: where it lies, what its commit says, what becomes of what lies there. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

_TRAILER = "Newsletter-Report"
_TRAILED = re.compile(rf"^{_TRAILER}: (\d{{4}}-\d{{2}}-\d{{2}})$", re.MULTILINE)
_PLACE = re.compile(r"(?:.+/)?(\d{4})/[^/]+/(\d{4}-\d{2}-\d{2})\.md")


class Step(StrEnum):
    """What is to be done with the file of a report."""

    CREATE = "create"
    REPLACE = "replace"
    #: It is there as it should be.
    KEEP = "keep"
    #: Somebody edited or deleted it: it is theirs now.
    LEAVE = "leave"


def blob_name(content: bytes) -> str:
    """Return the name that git gives to a file's content (gitformat-pack(5), SHA-1)."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def next_step(*, present: str | None, wanted: str, ours: Collection[str], committed: bool) -> Step:
    """Return what is to be done.

    :param present: object name of what lies there; None = nothing.
    :param wanted: object name of the report.
    :param ours: names of what we put there, or were about to when we were interrupted.
    :param committed: whether it is known that something of ours lay there.
    """
    if present == wanted:
        return Step.KEEP
    if present is None:
        return Step.LEAVE if committed else Step.CREATE
    return Step.REPLACE if present in ours else Step.LEAVE


def folder_of(full_name: str, repository_id: int, *, last: str | None, taken: Collection[str]) -> str:
    """Return the name of the folder that a repository's reports lie in: its own, without its owner where that is free.

    No repository's name has a plus, so no other one's folder is ever the same. Names are compared without case, since
    a checkout of the reports may lie where case does not count.

    :param full_name: ``owner/name``.
    :param last: where its reports lay last.
    :param taken: folders of other repositories' reports, and names of those that were followed before it.
    """
    owner, _, name = full_name.partition("/")
    candidates = (name, f"{owner}+{name}", f"{owner}+{name}+{repository_id}")
    if last is not None and last.casefold() in {candidate.casefold() for candidate in candidates}:
        return last
    occupied = {other.casefold() for other in taken}
    return next((each for each in candidates if each.casefold() not in occupied), candidates[-1])


def path_of(root: str, day: date, folder: str) -> str:
    """Return where the report of a day lies.

    :param root: folder of all reports.
    """
    return f"{root}/{day.year:04}/{folder}/{day.isoformat()}.md"


def commit_message(day: date, full_name: str, *, corrects: bool) -> str:
    """Return the message of a report's commit; its trailer is what :func:`is_report_commit` knows it by.

    Nothing in it is a mention, an issue or a commit.
    """
    subject = "Correct the report" if corrects else "Report"
    return f"{subject} of {day.isoformat()}: {full_name}\n\n{_TRAILER}: {day.isoformat()}\n"


def is_report_commit(message: str, paths: Sequence[str]) -> bool:
    """Whether a commit only puts a report in its place, be it ours or another newsletter's.

    Such a commit is no change to tell of: two newsletters that follow each other's reports, or one that follows its
    own, would report reports for ever. Message and path have to agree, and nothing else may be in it, so nobody can
    hide a change behind the trailer.

    :param paths: of all files that it touches; without any it is not known.
    """
    trailer = _TRAILED.search(message)
    place = _PLACE.fullmatch(paths[0]) if len(paths) == 1 else None
    return bool(trailer and place and place[2] == trailer[1] and place[2].startswith(place[1]))
