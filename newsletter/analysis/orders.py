"""What the operator ordered: levels by repository, path and label, from a TOML file. Pure; the file is read elsewhere.

The last rule that fits decides, as in a ``.gitignore``. What the rules know for certain (a breaking change, a security
fix, lost data) is not lowered by an order unless it says ``below_floor``, and then the reason shown says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from newsletter.analysis.record import Order, Subject
from newsletter.errors import Fault
from subscribers import Level

_MAX_PATH_CHARACTERS = 1_000
#: More of them in one pattern would make matching a hostile path slow.
_MAX_WILDCARDS = 8


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _pattern(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(re.findall(r"\*+|\?", value)) > _MAX_WILDCARDS:
        raise ValueError(f"expected a pattern such as acme/* or docs/**, with at most {_MAX_WILDCARDS} wildcards")
    return value.strip()


_Patterns = Annotated[
    list[Annotated[str, Field(max_length=300), BeforeValidator(_pattern)]],
    Field(min_length=1),
    BeforeValidator(_listed),
]


class Rule(BaseModel):
    """One ``[[rule]]``: every condition that is given has to fit, any one of a list is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: ``owner/name``, without regard to case.
    repository: _Patterns | None = None
    #: Some changed file.
    path: _Patterns | None = None
    #: All changed files.
    only_paths: _Patterns | None = None
    #: Of the pull request, without regard to case.
    label: _Patterns | None = None
    level: Level | None = None
    at_least: Level | None = None
    at_most: Level | None = None
    #: Whether it may lower what the rules know for certain.
    below_floor: bool = False
    #: What readers see instead of the conditions.
    reason: Annotated[str, Field(max_length=80)] = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not (self.level or self.at_least or self.at_most):
            raise ValueError("expected level, at_least or at_most")
        if self.level and (self.at_least or self.at_most):
            raise ValueError("expected either level, or at_least and at_most")
        if self.at_least and self.at_most and self.at_least.rank > self.at_most.rank:
            raise ValueError("expected at_least below at_most")
        if not (self.repository or self.path or self.only_paths or self.label):
            raise ValueError("expected repository, path, only_paths or label")
        return self

    def fits(self, subject: Subject) -> bool:
        """Whether a change is one this rule is for."""
        paths = [file.path[:_MAX_PATH_CHARACTERS] for file in subject.files]
        labels = subject.pull_request.labels if subject.pull_request else ()
        return (
            (self.repository is None or _any(self.repository, [subject.repository], folded=True))
            and (self.path is None or _any(self.path, paths))
            and (self.only_paths is None or (bool(paths) and all(_any(self.only_paths, [path]) for path in paths)))
            and (self.label is None or _any(self.label, labels, folded=True))
        )

    def order(self) -> Order:
        """Return what it orders, with the words for its reason."""
        conditions = [*(self.repository or ()), *(self.path or ()), *(self.only_paths or ()), *(self.label or ())]
        bounds = {"": self.level, "at least ": self.at_least, "at most ": self.at_most}
        said = ", ".join(f"{word}{level.value}" for word, level in bounds.items() if level)
        return Order(
            at_least=self.level or self.at_least,
            at_most=self.level or self.at_most,
            below_floor=self.below_floor,
            text=self.reason or f"{', '.join(conditions)}: {said}",
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: list[Rule] = Field(default_factory=list, max_length=1_000)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """All rules of the operator, in their order."""

    rules: tuple[Rule, ...] = ()

    def attached(self, subject: Subject) -> Subject:
        """Return a change with what is ordered for it, if anything is."""
        last = next((rule for rule in reversed(self.rules) if rule.fits(subject)), None)
        return subject if last is None else replace(subject, order=last.order())


#: No rules.
NO_ORDERS = Orders()


class OrdersError(ValueError):
    """The rules cannot be used; carries every fault, each by the number of its rule."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.name}: {fault.expected}" for fault in faults))


def read_orders(text: str) -> Orders:
    """Read the operator's rules as TOML.

    :raises OrdersError: with every fault, for example ``rule 2, level``.
    """
    try:
        return Orders(rules=tuple(_File.model_validate(tomllib.loads(text)).rule))
    except ValidationError as error:
        faults = (
            Fault(name=_place(detail["loc"]), expected=detail["msg"].removeprefix("Value error, "))
            for detail in error.errors(include_url=False, include_input=False)
        )
        raise OrdersError(tuple(dict.fromkeys(faults))) from None
    except ValueError as error:
        raise OrdersError((Fault(name="file", expected=f"is not valid TOML: {error}"),)) from error


def _place(parts: tuple[int | str, ...]) -> str:
    """Return ``("rule", 1, "level")`` as people count: ``rule 2, level``."""
    names = [str(part) for part in parts]
    if len(parts) > 1 and isinstance(parts[1], int):
        names[:2] = [f"{parts[0]} {parts[1] + 1}"]
    return ", ".join(name for name in names if not name.isdigit()) or "file"


def _any(patterns: Sequence[str], values: Sequence[str], *, folded: bool = False) -> bool:
    return any(_compiled(pattern, folded).fullmatch(value) for pattern in patterns for value in values)


@lru_cache(maxsize=4_096)
def _compiled(pattern: str, folded: bool) -> re.Pattern[str]:
    """Return a glob as a regular expression: ``*`` and ``?`` stay within a directory, ``**`` crosses them."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    expression = "".join(words.get(part, re.escape(part)) for part in parts)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if folded else 0))
