"""Reads changes whose level people have judged: JSON lines that hold the change, or name a stored answer of GitHub's.

A line is an object with ``repo``, ``sha`` and ``level`` (``high``, ``medium``, ``low``, or null where the judges
differed). Either it holds the change itself: ``message``, ``files`` (``name``, ``status``, ``additions``,
``deletions``) and ``diff``, in which a line ``--- name (status, +a -d)`` stands before the hunks of each file. Or
``GET /repos/{owner}/{repo}/commits/{ref}`` is stored as ``<sha>.json`` somewhere below a folder, its further pages of
files as ``<sha>.page2.json`` and so on.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.analysis.record import Subject
from newsletter.errors import NewsletterError
from newsletter.github.answers import MALFORMED, commit_detail
from newsletter.github.payload import is_sha
from newsletter.github.record import FileChange
from subscribers import Level

#: A line or a file beyond this is not read, bytes: GitHub sends nothing longer.
MAX_BYTES = 32 * 1024 * 1024

_STORED = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64})(?:\.page(\d{1,4}))?\.json")
#: Where a line has no date: it decides nothing.
_NO_DATE = datetime(1970, 1, 1, tzinfo=UTC)


class LineError(NewsletterError):
    """A line cannot be used, with the reason."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A change and the level people gave it; None where they did not agree."""

    subject: Subject
    level: Level | None


@dataclass(frozen=True, kw_only=True)
class StoredCommits:
    """Answers of GitHub's REST API in files, by commit."""

    #: sha → the files of its pages, in their order.
    pages: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @classmethod
    def below(cls, folder: Path) -> StoredCommits:
        """Find every stored commit below a folder; links to other folders are not followed.

        :raises OSError: the folder cannot be read.
        """
        found: dict[str, dict[int, Path]] = {}
        for directory, _, names in os.walk(folder, onerror=_refuse):
            for name in names:
                if match := _STORED.fullmatch(name):
                    found.setdefault(match[1], {})[int(match[2] or 1)] = Path(directory) / name
        return cls(pages={sha: tuple(parts[number] for number in sorted(parts)) for sha, parts in found.items()})

    def subject(self, repository: str, sha: str) -> Subject:
        """Read a commit.

        :raises LineError: it is not there, or is no such answer.
        """
        if sha not in self.pages:
            raise LineError(f"there is no {sha}.json below the folder of commits")
        try:
            answers = [json.loads(_bounded(path)) for path in self.pages[sha]]
            files = [file for answer in answers for file in answer["files"]]
            detail = commit_detail(sha, answers[0], files)
            inner = answers[0]["commit"]
            return Subject(
                repository=repository,
                sha=sha,
                message=_text(inner, "message"),
                author=_text(inner["author"], "name"),
                committed_at=_NO_DATE,
                parents=detail.parents,
                files=detail.files,
            )
        except (*MALFORMED, RecursionError, IndexError) as error:
            raise LineError(f"{sha}.json is no answer of GitHub's: {type(error).__name__}") from error
        except OSError as error:
            raise LineError(f"{sha}.json cannot be read: {error.strerror}") from error


def read_line(raw: bytes, *, stored: StoredCommits | None) -> Labelled:
    """Read one line.

    :param stored: where the answers are; None = every line has to hold its change.
    :raises LineError: with the reason.
    """
    row = _object(raw)
    repository, sha = _text(row, "repo"), _text(row, "sha")
    if not is_sha(sha):
        raise LineError("sha: expected 40 hexadecimal digits")
    level = _level(row)
    if "diff" in row or "files" in row:
        return Labelled(subject=_subject(row, repository, sha), level=level)
    if stored is None:
        raise LineError("holds no change: give the folder of the answers with --commits")
    return Labelled(subject=stored.subject(repository, sha), level=level)


def _object(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_BYTES:
        raise LineError(f"is longer than {MAX_BYTES} bytes")
    try:
        row = json.loads(raw)
    except (ValueError, RecursionError):
        raise LineError("is not valid JSON") from None
    if not isinstance(row, dict):
        raise LineError("expected a JSON object")
    return row


def _level(row: Mapping[str, Any]) -> Level | None:
    if "level" not in row:
        raise LineError("level: is missing")
    if row["level"] is None:
        return None
    try:
        return Level(row["level"])
    except ValueError:
        raise LineError("level: expected high, medium, low or null") from None


def _subject(row: Mapping[str, Any], repository: str, sha: str) -> Subject:
    listed = row.get("files") or []
    try:
        files = [
            FileChange(
                path=_text(file, "name"),
                status=_text(file, "status"),
                additions=int(file.get("additions", 0)),
                deletions=int(file.get("deletions", 0)),
            )
            for file in listed
        ]
    except (*MALFORMED, RecursionError):
        raise LineError("files: expected objects with name, status, additions and deletions") from None
    diff = row.get("diff") or ""
    if not isinstance(diff, str):
        raise LineError("diff: expected text")
    return Subject(
        repository=repository,
        sha=sha,
        message=_text(row, "message"),
        author=str(row.get("author") or ""),
        committed_at=_NO_DATE,
        # Whoever lists such changes leaves merges out.
        parents=("0" * 40,),
        files=tuple(_with_patches(files, diff)),
    )


def _with_patches(files: list[FileChange], diff: str) -> list[FileChange]:
    """Give each file its part of the diff; a header is one only with a listed file's own name and counts."""
    headers = {f"--- {item.path} ({item.status}, +{item.additions} -{item.deletions})": item.path for item in files}
    patches: dict[str, list[str]] = {}
    current: list[str] = []
    for line in diff.split("\n"):
        if line in headers:
            current = patches.setdefault(headers[line], [])
        else:
            current.append(line)
    return [
        FileChange(
            path=item.path,
            status=item.status,
            additions=item.additions,
            deletions=item.deletions,
            patch="\n".join(patches[item.path]) if item.path in patches else None,
        )
        for item in files
    ]


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise LineError(f"{name}: expected text")
    return value


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise LineError(f"{path.name} is longer than {MAX_BYTES} bytes")
    return text


def _refuse(error: OSError) -> None:
    raise error
