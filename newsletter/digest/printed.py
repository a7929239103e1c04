"""What of an edition is printed, once it is cut to the size of a mail: what the templates get, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from newsletter.digest.record import Change, Edition, Section
from subscribers import Level

#: Of risks, and of advice: more are never shown of a change.
MOST_CONSEQUENCES = 5


class Look(StrEnum):
    """How much of each change a group shows."""

    #: Everything there is.
    FULL = "full"
    #: Summary and areas.
    BRIEF = "brief"
    #: One linked line.
    LINE = "line"


@dataclass(frozen=True, kw_only=True)
class Group:
    """The changes of one level within a section, as they are printed."""

    level: Level
    look: Look
    changes: tuple[Change, ...]
    #: For each of the changes, those of its other commits that are printed.
    members: tuple[tuple[Change, ...], ...]
    #: Changes of this level that did not fit; said, never hidden.
    hidden: int = 0
    #: Whether these are printed where the look has them: the reasons of the level and who wrote it, the affected areas,
    #: the scope, the closer look.
    origin: bool = True
    areas: bool = True
    scope: bool = True
    insight: bool = True
    #: How many risks, and how much advice, of each change.
    consequences: int = MOST_CONSEQUENCES

    @property
    def total(self) -> int:
        """All changes of the group, printed or not."""
        return len(self.changes) + self.hidden

    @property
    def rows(self) -> Iterator[tuple[Change, tuple[Change, ...]]]:
        """Each printed change with those of its other commits that are printed."""
        return zip(self.changes, self.members, strict=True)


@dataclass(frozen=True, kw_only=True)
class PrintedSection:
    """One repository of an edition, as it is printed."""

    section: Section
    groups: tuple[Group, ...]
    #: Whether it is opened by what the day brought.
    summary: bool = True


@dataclass(frozen=True, kw_only=True)
class Page:
    """An edition cut to a size: what the templates print, in their order."""

    edition: Edition
    sections: tuple[PrintedSection, ...]
    #: Repositories that did not fit, with their changes.
    hidden_sections: tuple[Section, ...] = ()
