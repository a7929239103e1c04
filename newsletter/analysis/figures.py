"""How well a rule's levels agree with those that people gave: confusion matrix, precision, recall and F1. Pure.

Macro-F1 is the mean of the levels' F1, so that the few changes of a rare level count as much as the many of a common
one (C. J. van Rijsbergen, "Information Retrieval", 2nd edition, chapter 7, for F; the macro mean is the usual one).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from subscribers import Level

#: Most important first, as they are shown.
LEVELS = (Level.HIGH, Level.MEDIUM, Level.LOW)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One change with the level people gave it, and those of ours and of the baseline."""

    repository: str
    expected: Level
    ours: Level
    baseline: Level


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a number of judgements comes to."""

    #: (expected, given) → how many.
    confusion: Mapping[tuple[Level, Level], int]

    @property
    def total(self) -> int:
        """How many changes were judged."""
        return sum(self.confusion.values())

    @property
    def right(self) -> int:
        """How many have the level that people gave them."""
        return sum(self.count(level, level) for level in LEVELS)

    def count(self, expected: Level, given: Level) -> int:
        """Return how many changes of one level were given another, or the same."""
        return self.confusion.get((expected, given), 0)

    def support(self, level: Level) -> int:
        """Return how many changes people gave a level."""
        return sum(self.count(level, given) for given in LEVELS)

    def precision(self, level: Level) -> float:
        """Return which part of the changes given a level deserves it; 0 where none was given it."""
        given = sum(self.count(expected, level) for expected in LEVELS)
        return self.count(level, level) / given if given else 0.0

    def recall(self, level: Level) -> float:
        """Return which part of the changes that deserve a level was given it; 0 where none deserves it."""
        support = self.support(level)
        return self.count(level, level) / support if support else 0.0

    def f1(self, level: Level) -> float:
        """Return the harmonic mean of precision and recall."""
        given = sum(self.count(expected, level) for expected in LEVELS)
        both = given + self.support(level)
        return 2 * self.count(level, level) / both if both else 0.0

    @property
    def macro_f1(self) -> float:
        """Mean of F1 over the levels that people gave at all; 0 where there are none."""
        given = [level for level in LEVELS if self.support(level)]
        return sum(self.f1(level) for level in given) / len(given) if given else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return everything under plain names, for JSON."""
        return {
            "changes": self.total,
            "right": self.right,
            "macro_f1": round(self.macro_f1, 4),
            "levels": {
                level.value: {
                    "changes": self.support(level),
                    "precision": round(self.precision(level), 4),
                    "recall": round(self.recall(level), 4),
                    "f1": round(self.f1(level), 4),
                }
                for level in LEVELS
            },
            "confusion": {
                expected.value: {given.value: self.count(expected, given) for given in LEVELS} for expected in LEVELS
            },
        }


def figures_of(pairs: Iterable[tuple[Level, Level]]) -> Figures:
    """Count pairs of the expected and the given level."""
    return Figures(confusion=dict(Counter(pairs)))


def by_repository(judged: Iterable[Judged]) -> dict[str, tuple[Figures, Figures]]:
    """Return our figures and the baseline's of each repository, in the order of their names."""
    groups: dict[str, list[Judged]] = {}
    for item in judged:
        groups.setdefault(item.repository, []).append(item)
    return {
        name: (
            figures_of((item.expected, item.ours) for item in group),
            figures_of((item.expected, item.baseline) for item in group),
        )
        for name, group in sorted(groups.items())
    }
