"""Importance of a change, and the threshold a reader sets on it."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """How much a change matters to somebody who uses or follows the project.

    The same three words serve as the *level* of a change and as the *threshold* of a reader: a reader whose threshold
    is ``medium`` gets what is ``medium`` or ``high``.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """Position on the scale: 0 for low, 1 for medium, 2 for high."""
        return _RANKS[self]

    def reaches(self, threshold: Level) -> bool:
        """Whether a change of this level is at or above the threshold."""
        return self.rank >= threshold.rank

    def moved(self, steps: int) -> Level:
        """Return the level so many steps up (or down, when negative), held at both ends of the scale."""
        ranked = sorted(_RANKS, key=_RANKS.__getitem__)
        return ranked[max(0, min(len(ranked) - 1, self.rank + steps))]


_RANKS = {Level.LOW: 0, Level.MEDIUM: 1, Level.HIGH: 2}
