"""Between which levels a model may choose: pure.

The rules are certain of a floor (security, breaking, revert, data loss), and off it a model moves a level by one step
at most, whatever a commit talked it into. What the operator ordered holds for a model too. A level that a digest holds
is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.analysis.outgoing import as_said_to_people
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.score import ceiling, floor, score
from newsletter.analysis.signals import signals
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What the rules say of a change, and how far a model may depart from it."""

    scored: Level
    lowest: Level
    highest: Level
    kind: Kind
    reasons: tuple[Reason, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels a model may choose, the lowest first."""
        between = (level for level in Level if self.lowest.rank <= level.rank <= self.highest.rank)
        return tuple(sorted(between, key=lambda level: level.rank))

    def within(self, wanted: Level) -> Level:
        """Return the level nearest to the one a model wants."""
        return min(self.levels, key=lambda level: abs(level.rank - wanted.rank))

    def reasons_of(self, decided: Level) -> tuple[Reason, ...]:
        """Return the reasons of a level, the model's judgement first where it moved it."""
        if decided is self.scored:
            return self.reasons
        return (Reason(signal=Signal.MODEL), *self.reasons)


def bounds_of(subject: Subject, *, frozen: Level | None) -> Bounds:
    """Return between which levels a model may choose.

    :param frozen: the level that the commit has already, and keeps.
    """
    observed = signals(as_said_to_people(subject))
    scored, kind, reasons = score(observed)
    certain, ordered = floor(observed), ceiling(observed)
    lowest = frozen or max(min(scored.moved(-1), ordered, key=_rank), certain, key=_rank)
    highest = frozen or max(min(scored.moved(1), ordered, key=_rank), certain, key=_rank)
    return Bounds(scored=scored, lowest=lowest, highest=highest, kind=kind, reasons=reasons)


def _rank(level: Level) -> int:
    return level.rank
