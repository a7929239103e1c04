"""Whether 1,000 commits are scored by the rules in less than two seconds of one core.

    python -m bench.score [DIR]

DIR holds GitHub's answers as ``<sha>.json``, for example stored days of real repositories; without it, or where it has
none, changes are generated in the same sizes. The commits are repeated, in their order, up to a thousand; reading files
is not counted, and every file's role is looked up anew. Judged is the time of this process alone, so that what else the
machine does does not count; the time by the clock stands beside it. The exit code is 1 where the limit is missed.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from newsletter.analysis.paths import role_of
from newsletter.analysis.record import Subject
from newsletter.analysis.score import score
from newsletter.analysis.signals import signals
from newsletter.github.record import FileChange
from newsletter.pipeline.labelled import LineError, StoredCommits

COMMITS = 1_000
#: Seconds of one core for all of them.
MOST = 2.0
#: The fastest counts.
RUNS = 3

_TITLES = (
    "Fix crash when the tank is empty (#{0})",
    "feat(valve)!: open by pressure",
    "Bump left-pad from 1.{0} to 1.{0}.1",
    "Pumps no longer lose their last message",
    "Remove the --dry option",
    "Update README",
    "Release 2.{0}.0",
    "refactor: split the pump in two",
)
_PATHS = ("src/pump_{0}.py", "lib/valve{0}.ts", "internal/tank/tank{0}.go", "tests/test_pump_{0}.py", "docs/guide.md")


def generated(number: int) -> Subject:
    """Return a change of one to five files with 5 to 85 changed lines each."""
    lines = [
        f"{'+-'[line % 2]}    def pump_{line}(self, tank, valve={number}):  # {'x' * (line % 60)}"
        for line in range(5 + number % 81)
    ]
    patch = "\n".join(("@@ -1,40 +1,40 @@", *lines))
    files = tuple(
        FileChange(path=path.format(number), status="modified", additions=len(lines), deletions=0, patch=patch)
        for path in _PATHS[: 1 + number % len(_PATHS)]
    )
    return Subject(
        repository="acme/tide",
        sha=f"{number:040x}",
        message=f"{_TITLES[number % len(_TITLES)].format(number)}\n\n{'The valve closed too early. ' * (number % 9)}",
        author="Ada",
        committed_at=datetime(2026, 1, 20, tzinfo=UTC),
        parents=("0" * 40,),
        files=files,
    )


def stored(folder: Path) -> list[Subject]:
    """Return the changes stored below a folder; what cannot be read is left out."""
    commits = StoredCommits.below(folder)
    subjects = []
    for sha in commits.pages:
        try:
            subjects.append(commits.subject("acme/tide", sha))
        except LineError:
            continue
    return subjects


def timed(subjects: list[Subject]) -> tuple[float, float]:
    """Return the seconds that scoring takes: of the core, and by the clock."""
    role_of.cache_clear()
    worked, clock = time.process_time(), time.perf_counter()
    for subject in subjects:
        score(signals(subject))
    return time.process_time() - worked, time.perf_counter() - clock


def main() -> int:
    """Run the benchmark."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    real = stored(folder) if folder is not None and folder.is_dir() else []
    subjects = list(islice(cycle(real or [generated(number) for number in range(COMMITS)]), COMMITS))
    patches = sum(len(file.patch or "") for subject in subjects for file in subject.files)
    worked, clock = min(timed(subjects) for _ in range(RUNS))
    told = f"{len(real)} stored commits, repeated" if real else "generated commits"
    print(
        f"{COMMITS} changes ({told}; {patches / 1e6:.1f} MB of patches): {worked:.2f} s, limit {MOST:.0f} s"
        f" ({clock:.2f} s by the clock)"
    )
    return 1 if worked > MOST else 0


if __name__ == "__main__":
    sys.exit(main())
