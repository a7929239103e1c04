"""Changes for the model's tests: one that the rules say is of each level, for certain or not."""

from __future__ import annotations

from datetime import UTC, datetime

from newsletter.analysis.record import Subject
from newsletter.github.record import FileChange


def a_change(message: str, *files: FileChange, number: int = 1, repository: str = "acme/rocket") -> Subject:
    """Return a change of a file, or of some."""
    return Subject(
        repository=repository,
        sha=f"{number:040x}",
        message=message,
        author="Ada",
        committed_at=datetime(2026, 1, 20, 12, tzinfo=UTC),
        parents=("b" * 40,),
        files=files or (a_file("src/pump.py"),),
    )


def a_file(path: str, patch: str | None = "@@ -1 +1 @@\n-old\n+new", *, lines: int = 1) -> FileChange:
    """Return a changed file."""
    return FileChange(path=path, status="modified", additions=lines, deletions=lines, patch=patch)


#: The rules say medium, and are not certain.
FIX = a_change(
    "Fix the pump\n\nIt stopped after the nozzle had closed.", a_file("src/pump.py"), a_file("uv.lock", lines=9)
)
#: The rules say low.
TYPO = a_change("Fix a typo", a_file("docs/index.md"))
#: The rules are certain that it is high.
SECURITY = a_change("Fix CVE-2026-1234 in the pump", a_file("src/pump.py"))
#: The rules are certain that it is medium at least.
REVERT = a_change('Revert "Add the pump"', a_file("src/pump.py"))
