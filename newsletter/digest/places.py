"""Where a mail points for what it has no room for: into the archive, or for private repositories to GitHub. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from newsletter.digest.archive_links import ArchiveLinks
from newsletter.digest.record import Cadence, Change, Section


@dataclass(frozen=True, kw_only=True)
class Places:
    """The links of one edition."""

    links: ArchiveLinks
    #: Of the edition.
    day: date
    cadence: Cadence = Cadence.DAILY

    def permalink(self, change: Change) -> str | None:
        """Return the link to a change with its whole analysis; None where the archive has none."""
        # What is told at once is in no closed day yet.
        if change.private or self.cadence is Cadence.AT_ONCE:
            return None
        return self.links.change(change.archive_day or self.day, change.repository, change.sha)

    def archived(self, section: Section) -> str | None:
        """Return the link to a repository's day, or its days, in the archive; None where that has none."""
        if section.private or self.cadence is Cadence.AT_ONCE:
            return None
        if self.cadence is Cadence.WEEKLY:
            return self.links.repository(section.repository)
        return self.links.repository_day(self.day, section.repository)

    def rest_of(self, section: Section) -> str:
        """Return the link to those changes of a repository that did not fit."""
        return self.archived(section) or f"{section.url}/commits"

    def rest_of_change(self, change: Change) -> str:
        """Return the link to those commits of a change that did not fit."""
        return self.permalink(change) or f"{change.repository_url}/commits"
