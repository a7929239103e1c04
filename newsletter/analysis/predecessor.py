"""The rule of the published predecessor, as the baseline that ours is measured against. Pure.

Its source is public: ``src/importance_scorer.py`` of the repository ``yan97ao/argus``. Four weights are added up: the
type of a lower-case Conventional Commit (3 where there is none), the number of changed lines, what most files are by
their names, and the number of files. 10 points are high, 6 are medium.
"""

from __future__ import annotations

import re

from newsletter.analysis.record import Subject
from subscribers import Level

_TYPE = re.compile(r"([a-z]+)(?:\(.+\))?:")
_TYPE_POINTS = {
    "feat": 8,
    "fix": 7,
    "perf": 6,
    "refactor": 5,
    "test": 3,
    "docs": 2,
    "ci": 2,
    "chore": 1,
    "style": 1,
    "build": 1,
}
_NO_TYPE = 3
#: More lines than these, and what they add.
_SIZES = ((500, 3), (100, 2), (50, 1))
_CORE = (".py", ".rs", ".cpp", ".cc", ".c", ".h", ".hpp", ".go", ".js", ".ts")
_CONFIGURATION = (".yaml", ".yml", ".json", ".toml", ".ini", ".cfg", ".conf")
_TEST = ("_test.py", "test_.py", "_test.rs", "_test.go")
_DOCS = (".md", ".rst", ".txt", "adoc")
_FILE_POINTS = {"core": 2, "configuration": 1, "test": 1, "docs": 0}
_HIGH, _MEDIUM = 10, 6
#: Its pattern is read in so much of a title; it has no bound of its own.
_MAX_TITLE_CHARACTERS = 1_000


def predecessors_level(subject: Subject) -> Level:
    """Return the level that the predecessor gives a change."""
    points = _type_points(subject) + _size_points(subject) + _file_points(subject) + _scope_points(subject)
    if points >= _HIGH:
        return Level.HIGH
    return Level.MEDIUM if points >= _MEDIUM else Level.LOW


def _type_points(subject: Subject) -> int:
    title = subject.message.split("\n", 1)[0].strip()[:_MAX_TITLE_CHARACTERS]
    match = _TYPE.match(title)
    return _TYPE_POINTS.get(match[1], _NO_TYPE) if match else _NO_TYPE


def _size_points(subject: Subject) -> int:
    lines = subject.additions + subject.deletions
    return next((points for least, points in _SIZES if lines > least), 0)


def _file_points(subject: Subject) -> int:
    """Return the points of the most frequent sort of file; where two are as frequent, of the one that stands first."""
    counts = dict.fromkeys(_FILE_POINTS, 0)
    for file in subject.files:
        if sort := _sort_of(file.path):
            counts[sort] += 1
    return _FILE_POINTS[max(counts, key=counts.__getitem__)]


def _sort_of(path: str) -> str:
    if path.endswith(_CORE):
        return "core"
    if path.endswith(_CONFIGURATION):
        return "configuration"
    if any(part in path for part in _TEST):
        return "test"
    return "docs" if path.endswith(_DOCS) else ""


def _scope_points(subject: Subject) -> int:
    files = len(subject.files)
    if files > 5:
        return 2
    return 1 if files >= 3 else 0
