"""What of a day is shown: filters in the address, read as they may have been typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from newsletter.analysis.record import Kind
from newsletter.digest.record import Change, Edition
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What somebody asks for; nothing is left out by default."""

    #: The lowest one that is shown.
    level: Level = Level.LOW
    #: ``owner/name`` as it was asked for; empty = all.
    repository: str = ""
    kind: Kind | None = None
    #: Names of the fields whose value means nothing; they are passed over, and the page says so.
    unknown: tuple[str, ...] = ()

    @property
    def narrows(self) -> bool:
        """Whether something may be left out."""
        return self.level is not Level.LOW or bool(self.repository) or self.kind is not None

    @property
    def fields(self) -> dict[str, str]:
        """Return the fields of the address."""
        told = {
            "level": "" if self.level is Level.LOW else self.level.value,
            "repository": self.repository,
            "kind": self.kind.value if self.kind else "",
        }
        return {name: value for name, value in told.items() if value}

    def within(self, repositories: Mapping[str, str]) -> Filters:
        """Return the filters for a page with some repositories.

        :param repositories: present names by the same without case.
        """
        if not self.repository:
            return self
        if (name := repositories.get(self.repository.lower())) is None:
            return replace(self, repository="", unknown=(*self.unknown, "repository"))
        return replace(self, repository=name)

    def passes(self, change: Change) -> bool:
        """Whether a change is shown. A series may have commits of several kinds: any of them counts."""
        return (
            change.level.reaches(self.level)
            and (not self.repository or change.repository == self.repository)
            and (self.kind is None or any(commit.analysis.kind is self.kind for commit in change.commits))
        )

    def applied(self, edition: Edition) -> Edition:
        """Return what is left of a day."""
        if not self.narrows:
            return edition
        sections = (
            replace(section, changes=tuple(filter(self.passes, section.changes))) for section in edition.sections
        )
        return replace(edition, sections=tuple(section for section in sections if section.changes))


def filters_of(query: Mapping[str, str]) -> Filters:
    """Read the filters of an address; whatever is none is left out and named."""
    level, kind = query.get("level", "").strip().lower(), query.get("kind", "").strip().lower()
    unknown = [
        name
        for name, value, known in (("level", level, list(Level)), ("kind", kind, list(Kind)))
        if value and value not in known
    ]
    return Filters(
        level=Level(level) if level and "level" not in unknown else Level.LOW,
        repository=query.get("repository", "").strip()[:200],
        kind=Kind(kind) if kind and "kind" not in unknown else None,
        unknown=tuple(unknown),
    )
