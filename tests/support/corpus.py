"""Days of real pushes, where they lie beside the checkout; they are not part of the project."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


class FilesOnDisk(Mapping[Any, Any]):
    """REST answers, read from disk when they are asked for, with all their pages joined."""

    def __init__(self, days: list[Path]) -> None:
        self._files = {
            (folder.parent.name.replace("__", "/"), path.name.partition(".")[0]): folder / "commits"
            for folder in days
            for path in (folder / "commits").glob("*.json")
        }

    def __getitem__(self, key: tuple[str, str]) -> dict[str, Any]:
        folder = self._files[key]
        commit: dict[str, Any] = json.loads((folder / f"{key[1]}.json").read_text(encoding="utf-8"))
        for page in sorted(folder.glob(f"{key[1]}.page*.json")):
            commit["files"] += json.loads(page.read_text(encoding="utf-8"))["files"]
        return commit

    def __iter__(self) -> Any:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@dataclass(frozen=True, kw_only=True)
class RealDay:
    """A UTC day of a repository's default branch."""

    repository: str
    day: date
    folder: Path
    #: As the index counts them.
    commits: int

    def about(self) -> dict[str, Any]:
        """Return what GitHub says of the repository."""
        found: dict[str, Any] = json.loads((self.folder / "repo.json").read_text(encoding="utf-8"))
        return found

    def payloads(self) -> list[dict[str, Any]]:
        """Return the pushes to the default branch, in order."""
        lines = (self.folder / "pushes.jsonl").read_text(encoding="utf-8").splitlines()
        found = [json.loads(line) for line in lines]
        return [
            payload for payload in found if payload["ref"] == f"refs/heads/{payload['repository']['default_branch']}"
        ]

    def pushed_to_default_branch(self) -> set[str]:
        """Return every commit of those pushes."""
        shas: set[str] = set()
        for payload in self.payloads():
            shas |= {commit["id"] for commit in payload["commits"]}
        return shas


def real_days() -> list[RealDay]:
    """Return every day, in order; none where the corpus is not here."""
    if not (CORPUS / "index.json").exists():
        return []
    index = json.loads((CORPUS / "index.json").read_text(encoding="utf-8"))
    found = [
        RealDay(
            repository=entry["repo"],
            day=date.fromisoformat(entry["day"]),
            folder=CORPUS / entry["path"],
            commits=entry["commits"],
        )
        for entry in index["days"]
    ]
    return sorted(found, key=lambda day: day.day)
