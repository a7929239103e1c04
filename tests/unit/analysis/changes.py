"""Builds invented changes for the tests of the analysis."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.analysis.record import Subject
from newsletter.github.record import FileChange

COMMITTED_AT = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)


def file(path: str, *lines: str, status: str = "modified", patch: str | None = None) -> FileChange:
    """Build a file whose patch is the lines, each with its ``+`` or ``-``."""
    text = patch if patch is not None else "\n".join(("@@ -1,3 +1,3 @@", *lines)) if lines else None
    return FileChange(
        path=path,
        status=status,
        additions=sum(line.startswith("+") for line in lines),
        deletions=sum(line.startswith("-") for line in lines),
        patch=text,
    )


def change(
    message: str, *files: FileChange | str, parents: tuple[str, ...] = ("p1",), detailed: bool = True
) -> Subject:
    """Build a change; a file given as a path got one line replaced."""
    built = tuple(file(item, "-old = 1", "+new = 2") if isinstance(item, str) else item for item in files)
    return Subject(
        repository="acme/rocket",
        sha="a" * 40,
        message=message,
        author="Ada",
        committed_at=COMMITTED_AT,
        parents=parents,
        files=built,
        detailed=detailed,
    )
