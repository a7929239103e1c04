"""What each signal is worth: read from ``weights.toml`` beside this module, and checked.

A file rather than a table in code, so that whoever asks why a change has its level can read it without Python.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from newsletter.analysis.record import Signal
from newsletter.errors import Fault, NewsletterError
from subscribers import Level

_FILE = Path(__file__).with_name("weights.toml")
_Points = Annotated[float, Field(ge=-10, le=10, allow_inf_nan=False)]


class WeightsError(NewsletterError):
    """The weights cannot be used; carries every fault there is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("the weights have faults:\n" + "\n".join(f"  {item.name}: {item.expected}" for item in faults))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weight(_Strict):
    """What one signal is worth."""

    points: _Points = 0.0
    #: The level never falls below this one; the floor for a model.
    at_least: Level | None = None
    #: The level never rises above this one by points.
    at_most: Level | None = None
    #: Whether ``at_least`` also holds where only tests, CI, documentation or generated files changed.
    everywhere: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.everywhere and self.at_least is None:
            raise ValueError("everywhere means nothing without at_least")
        if self.at_least and self.at_most and self.at_least.rank > self.at_most.rank:
            raise ValueError("expected at_least below at_most")
        return self


class Thresholds(_Strict):
    """From how many points on a change is of a level; below ``medium`` it is low."""

    high: _Points
    medium: _Points

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 0 < self.medium < self.high:
            raise ValueError("expected 0 < medium < high")
        return self


class Scale(_Strict):
    """Everything the file says."""

    levels: Thresholds
    signals: Mapping[Signal, Weight]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if missing := sorted(set(Signal) - set(self.signals)):
            raise ValueError(f"expected a weight of {', '.join(missing)}")
        return self


def read_scale(text: str) -> Scale:
    """Read weights as TOML.

    :raises WeightsError: with every fault by its place: no TOML, a signal that is none or is missing, a value that is
        none.
    """
    try:
        return Scale.model_validate(tomllib.loads(text))
    except ValidationError as error:
        raise WeightsError(
            tuple(
                Fault(
                    name=".".join(str(part) for part in detail["loc"] if part != "[key]") or "weights",
                    expected=detail["msg"].removeprefix("Value error, "),
                )
                for detail in error.errors(include_url=False, include_input=False)
            )
        ) from None
    except ValueError as error:
        raise WeightsError((Fault(name="weights", expected=f"is not valid TOML: {error}"),)) from error


@cache
def scale() -> Scale:
    """Return the weights that ship with the service.

    :raises WeightsError: the file cannot be used (a broken installation).
    """
    return read_scale(_FILE.read_text(encoding="utf-8"))
