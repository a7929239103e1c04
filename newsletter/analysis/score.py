"""From signals to a level, by the weights of ``weights.toml``. Pure.

A change starts with 0 points; every signal adds its points once. ``at_most`` holds the result down (tests are never
urgent, however many), ``at_least`` holds it up and is also the floor for a model. What an operator ordered comes last.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.signals import INWARD, Observed
from newsletter.analysis.weights import scale
from subscribers import Level

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
    weights = scale().signals
    level = _by_points(sum(weights[signal].points for signal in present))
    ceilings = [weight.at_most for signal in present if (weight := weights[signal]).at_most]
    level = _lowest(level, *ceilings)
    level = _lowest(_highest(level, floor(observed)), ceiling(observed))
    reasons = sorted(_honest(observed, level), key=lambda reason: -_importance(reason.signal))
    return level, _kind(observed), tuple(reasons)


def _honest(observed: Observed, level: Level) -> Iterator[Reason]:
    """Yield the reasons, with an order that was not followed marked as such: nobody shall think it was."""
    order = observed.order
    held = order is not None and order.at_most is not None and level.rank > order.at_most.rank
    for reason in observed.reasons:
        yield replace(reason, signal=Signal.HELD) if held and reason.signal is Signal.OPERATOR else reason


def floor(observed: Observed) -> Level:
    """Return the lowest level a model may give: what the rules know for certain is never talked down.

    What the operator ordered counts as known; only an order that says so goes below what the rules know.
    """
    order = observed.order
    known = _known(observed)
    if order is None:
        return known
    if order.below_floor and order.at_most:
        known = _lowest(known, order.at_most)
    return _highest(known, order.at_least)


def ceiling(observed: Observed) -> Level:
    """Return the highest level a change may get: what the operator ordered, but never below the floor."""
    order = observed.order
    if order is None or order.at_most is None:
        return Level.HIGH
    return _highest(order.at_most, floor(observed))


def _known(observed: Observed) -> Level:
    present = observed.signals
    inward = bool(present & INWARD)
    weights = scale().signals
    floors = [
        weight.at_least
        for signal in present
        if (weight := weights[signal]).at_least and (weight.everywhere or not inward)
    ]
    return _highest(Level.LOW, *floors)


def _highest(*levels: Level | None) -> Level:
    return max(filter(None, levels), key=lambda level: level.rank)


def _lowest(*levels: Level | None) -> Level:
    return min(filter(None, levels), key=lambda level: level.rank)


def _by_points(points: float) -> Level:
    if points >= scale().levels.high:
        return Level.HIGH
    return Level.MEDIUM if points >= scale().levels.medium else Level.LOW


def _importance(signal: Signal) -> float:
    if signal in {Signal.OPERATOR, Signal.HELD}:
        return 1000.0
    weight = scale().signals[signal]
    # A ceiling explains a low level better than the points it cut off.
    return 100.0 if weight.at_most is Level.LOW else abs(weight.points)


def _kind(observed: Observed) -> Kind:
    present = observed.signals
    decided = next((kind for signal, kind in _DECIDING if signal in present), None)
    told = next((kind for signal, kind in _TELLING if signal in present), None)
    return decided or observed.declared or told or Kind.CHORE
