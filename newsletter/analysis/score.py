"""From signals to a level, by one table that can be read. Pure.

A change starts with 0 points; every signal adds its points once. 6 points are high, 3 are medium. ``at_most`` holds the
result down (tests are never urgent, however many), ``at_least`` holds it up and is also the floor for a model.
"""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.signals import INWARD, Observed
from subscribers import Level

HIGH_POINTS = 6.0
MEDIUM_POINTS = 3.0


@dataclass(frozen=True, kw_only=True)
class Weight:
    """What one signal is worth."""

    points: float = 0.0
    #: The level never falls below this one; the floor for a model.
    at_least: Level | None = None
    #: The level never rises above this one by points.
    at_most: Level | None = None
    #: Whether ``at_least`` also holds where only tests, CI, documentation or generated files changed.
    everywhere: bool = False


WEIGHTS: dict[Signal, Weight] = {
    Signal.BREAKING: Weight(points=7, at_least=Level.HIGH, everywhere=True),
    Signal.SECURITY: Weight(points=7, at_least=Level.HIGH),
    Signal.RELEASE: Weight(points=6, at_least=Level.HIGH, everywhere=True),
    Signal.MINIMUM_VERSION: Weight(points=6, at_least=Level.MEDIUM),
    Signal.DATA_LOSS: Weight(points=6, at_least=Level.HIGH),
    Signal.REMOVAL: Weight(points=6, at_least=Level.MEDIUM),
    Signal.DEPRECATION: Weight(points=5, at_least=Level.MEDIUM),
    Signal.DEFAULT: Weight(points=4, at_least=Level.MEDIUM),
    Signal.VULNERABLE_DEPENDENCY: Weight(points=4, at_least=Level.MEDIUM, everywhere=True),
    Signal.REVERT: Weight(points=3, at_least=Level.MEDIUM),
    Signal.CRASH: Weight(points=3),
    Signal.REGRESSION: Weight(points=2, at_least=Level.MEDIUM),
    Signal.FEATURE: Weight(points=3),
    Signal.FIX: Weight(points=3),
    Signal.PERFORMANCE: Weight(points=3),
    Signal.GUIDE: Weight(points=3, at_most=Level.MEDIUM),
    Signal.BEHAVIOUR: Weight(points=3),
    Signal.LARGE: Weight(points=3),
    Signal.MIGRATION: Weight(points=2),
    Signal.CONFIGURATION: Weight(points=1),
    Signal.DEPENDENCY: Weight(),
    Signal.REFACTOR: Weight(),
    Signal.MERGE: Weight(),
    Signal.EMPTY: Weight(),
    Signal.UNSEEN: Weight(),
    Signal.MODEL: Weight(),
    Signal.PUBLIC_API: Weight(points=1),
    Signal.DESTRUCTIVE: Weight(points=3),
    Signal.ACCESS: Weight(points=3),
    Signal.MAJOR_DEPENDENCY: Weight(points=2),
    Signal.SWEEPING: Weight(points=3),
    Signal.OPERATOR: Weight(),
    Signal.RENAMES_ONLY: Weight(at_most=Level.LOW),
    Signal.APPEARANCE: Weight(points=-2),
    Signal.DOCS_ONLY: Weight(at_most=Level.LOW),
    Signal.TESTS_ONLY: Weight(at_most=Level.LOW),
    Signal.CI_ONLY: Weight(at_most=Level.LOW),
    Signal.GENERATED_ONLY: Weight(at_most=Level.LOW),
    Signal.STYLE_ONLY: Weight(at_most=Level.LOW),
    Signal.TRANSLATION_ONLY: Weight(at_most=Level.LOW),
    Signal.DEVELOPMENT_ONLY: Weight(at_most=Level.LOW),
}

#: Signals that decide the kind, whatever the title declares; first match wins.
_DECIDING: tuple[tuple[Signal, Kind], ...] = (
    (Signal.RELEASE, Kind.RELEASE),
    (Signal.REVERT, Kind.REVERT),
    (Signal.CI_ONLY, Kind.CI),
    (Signal.TESTS_ONLY, Kind.TEST),
    (Signal.SECURITY, Kind.SECURITY),
    (Signal.BREAKING, Kind.BREAKING),
    (Signal.MINIMUM_VERSION, Kind.BREAKING),
    (Signal.DEPENDENCY, Kind.DEPENDENCIES),
    (Signal.VULNERABLE_DEPENDENCY, Kind.DEPENDENCIES),
    (Signal.DOCS_ONLY, Kind.DOCS),
    (Signal.TRANSLATION_ONLY, Kind.DOCS),
    (Signal.STYLE_ONLY, Kind.STYLE),
    (Signal.REMOVAL, Kind.BREAKING),
)
#: Signals that tell the kind where the title declares none.
_TELLING: tuple[tuple[Signal, Kind], ...] = (
    (Signal.DATA_LOSS, Kind.FIX),
    (Signal.CRASH, Kind.FIX),
    (Signal.REGRESSION, Kind.FIX),
    (Signal.FEATURE, Kind.FEATURE),
    (Signal.FIX, Kind.FIX),
    (Signal.PERFORMANCE, Kind.PERFORMANCE),
    (Signal.GUIDE, Kind.DOCS),
    (Signal.APPEARANCE, Kind.STYLE),
)


def score(observed: Observed) -> tuple[Level, Kind, tuple[Reason, ...]]:
    """Return the level and kind of a change, and its reasons with the weightiest first."""
    present = observed.signals
    level = _by_points(sum(WEIGHTS[signal].points for signal in present))
    ceilings = [weight.at_most for signal in present if (weight := WEIGHTS[signal]).at_most]
    level = min([level, *ceilings], key=lambda item: item.rank)
    level = max(level, floor(observed), key=lambda item: item.rank)
    reasons = sorted(observed.reasons, key=lambda reason: -_importance(reason.signal))
    return level, _kind(observed), tuple(reasons)


def floor(observed: Observed) -> Level:
    """Return the lowest level a model may give: what the rules know for certain is never talked down."""
    present = observed.signals
    inward = bool(present & INWARD)
    floors = [
        weight.at_least
        for signal in present
        if (weight := WEIGHTS[signal]).at_least and (weight.everywhere or not inward)
    ]
    return max([Level.LOW, *filter(None, floors)], key=lambda level: level.rank)


def _by_points(points: float) -> Level:
    if points >= HIGH_POINTS:
        return Level.HIGH
    return Level.MEDIUM if points >= MEDIUM_POINTS else Level.LOW


def _importance(signal: Signal) -> float:
    weight = WEIGHTS[signal]
    # A ceiling explains a low level better than the points it cut off.
    return 100.0 if weight.at_most is Level.LOW else abs(weight.points)


def _kind(observed: Observed) -> Kind:
    present = observed.signals
    decided = next((kind for signal, kind in _DECIDING if signal in present), None)
    told = next((kind for signal, kind in _TELLING if signal in present), None)
    return decided or observed.declared or told or Kind.CHORE
