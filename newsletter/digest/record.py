"""What a cohort reads: a closed day, the edition of it that a cohort gets, and the rendered mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from newsletter.analysis.day import DaySummary
from newsletter.analysis.record import Analysis
from subscribers import Level

#: When readers were told of commits at once, by the key of the repository and the object name.
Told = Mapping[tuple[str, str], datetime]


class Cadence(StrEnum):
    """How much time a digest covers."""

    DAILY = "daily"
    #: Seven days.
    WEEKLY = "weekly"
    #: What is high and came a moment ago.
    AT_ONCE = "at-once"


class Bond(StrEnum):
    """What makes several commits one change for a reader."""

    #: The first one merged the others.
    MERGE = "merge"
    #: The others took the first one back, so that nothing of it is left.
    REVERTED = "reverted"
    #: It was taken back and put in again: it counts.
    REAPPLIED = "reapplied"
    #: The first one took something older back, and the others put that in again.
    RESTORED = "restored"
    #: That older thing is out in the end.
    REVERTED_AGAIN = "reverted-again"
    #: Numbered parts by one author.
    SERIES = "series"
    #: New versions of dependencies.
    DEPENDENCIES = "dependencies"
    #: The same again and again, by one author.
    RECURRING = "recurring"


REVERTS = frozenset({Bond.REVERTED, Bond.REAPPLIED, Bond.RESTORED, Bond.REVERTED_AGAIN})
#: Bonds of what left nothing behind.
UNDONE = frozenset({Bond.REVERTED, Bond.RESTORED})
#: Bonds of commits of which none leads the others.
EQUALS = frozenset({Bond.DEPENDENCIES, Bond.RECURRING})


@dataclass(frozen=True, kw_only=True)
class Change:
    """One entry of a digest: a commit, or several that readers see as one, with its analysis in one language.

    All its texts are hostile until escaped.
    """

    #: The service's own key of the repository, as in the readers' choices.
    repository_key: str
    #: ``owner/name``.
    repository: str
    #: Link to the repository, built by us.
    repository_url: str
    private: bool
    sha: str
    #: First line of the commit message, or title of the merged pull request; may be empty.
    title: str
    author: str
    #: Names of those who wrote it together with the author.
    co_authors: tuple[str, ...] = ()
    #: Link to the commit, built by us.
    url: str
    #: Number and link of the pull request that the title names, as in ``(#123)``.
    pull_request: int | None = None
    pull_request_url: str | None = None
    #: When the change reached the branch, in UTC.
    reached_at: datetime
    additions: int
    deletions: int
    analysis: Analysis
    #: Whether its own day was closed before it arrived.
    late: bool = False
    #: When the cohort was told of it at once; None = it was not.
    told_at: datetime | None = None
    #: Object names; the first is what the branch pointed at before. Empty where GitHub could not be asked.
    parents: tuple[str, ...] = ()
    #: Object name, or its beginning, of the commit that this one says it reverts.
    reverts: str | None = None
    #: Link to all that reached the repository on the day, built by us; None where its ends are not known.
    compare_url: str | None = None
    #: What holds several commits together; None for a single one.
    bond: Bond | None = None
    #: The other commits, each a change by itself.
    members: tuple[Change, ...] = ()
    #: The closed day under which the archive has it; None = the day of the edition that it stands in.
    archive_day: date | None = None

    @property
    def level(self) -> Level:
        """Importance, frozen since the change was first analysed; of several commits the highest."""
        return self.analysis.level

    @property
    def sent_at_once(self) -> bool:
        """Whether the cohort was told of it before."""
        return self.told_at is not None

    @property
    def commits(self) -> tuple[Change, ...]:
        """Every commit of the change, the leading one first."""
        return (self, *self.members)


@dataclass(frozen=True, kw_only=True)
class RecordedCommits:
    """How many commits of one level a closed day brought to a repository."""

    day: date
    repository_key: str
    private: bool
    level: Level
    number: int


@dataclass(frozen=True, kw_only=True)
class DayCount:
    """How many commits a day brought that reach a cohort's thresholds."""

    day: date
    high: int = 0
    medium: int = 0
    low: int = 0

    @property
    def total(self) -> int:
        """Commits of all levels."""
        return self.high + self.medium + self.low


@dataclass(frozen=True, kw_only=True)
class Digest:
    """A closed day, week or bundle with its changes, in one language, frozen."""

    #: Of a week the last one.
    day: date
    #: IANA name of the zone in which the day is a day.
    timezone: str
    language: str
    #: In the order in which they reached their branches.
    changes: tuple[Change, ...]
    #: What a model said of each repository's day, by the repository's key.
    summaries: Mapping[str, DaySummary] = field(default_factory=dict)
    cadence: Cadence = Cadence.DAILY
    #: What the last days brought to every repository, this one included.
    recorded: tuple[RecordedCommits, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Section:
    """One repository within an edition."""

    repository: str
    #: Link to the repository, built by us.
    url: str
    #: Only what the cohort asked for; high first, then in the order of arrival.
    changes: tuple[Change, ...]
    #: All changes of the repository on that day, by level: what was left out is said, never hidden.
    totals: tuple[tuple[Level, int], ...]
    #: The lowest level the cohort wanted from this repository.
    threshold: Level
    #: All commits of the repository on that day: there may be more of them than changes.
    commits: int = 0
    #: Link to all that reached the repository on the day, built by us; None where its ends are not known.
    compare_url: str | None = None
    #: A model's sentences about the day, as far as they are about changes that are shown.
    told: tuple[str, ...] = ()
    #: Changes to point at, the most important first; of those that are shown.
    highlights: tuple[Change, ...] = ()
    #: Of a private repository nothing is in the archive.
    private: bool = False

    def at(self, level: Level) -> tuple[Change, ...]:
        """Return the shown changes of one level."""
        return tuple(change for change in self.changes if change.level is level)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """What one cohort gets to read of a digest."""

    #: Name of the newsletter (the TITLE setting).
    title: str
    #: Of a week the last one.
    day: date
    #: IANA name of the zone in which times are shown.
    timezone: str
    language: str
    #: Most important first.
    sections: tuple[Section, ...]
    cadence: Cadence = Cadence.DAILY
    #: The last days, the oldest first and the edition's own last; empty where there is nothing to compare it with.
    history: tuple[DayCount, ...] = ()

    @property
    def private(self) -> bool:
        """Whether anything in it is for some eyes only."""
        return any(section.private for section in self.sections)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Every change shown, section by section."""
        return tuple(change for section in self.sections for change in section.changes)

    def count(self, level: Level) -> int:
        """How many changes of a level are shown."""
        return sum(change.level is level for change in self.changes)


@dataclass(frozen=True, kw_only=True)
class Slots:
    """Texts that differ from reader to reader and are filled in when the mail leaves.

    Each is a URL-safe word that nobody outside can have guessed (it carries a nonce), so that no commit can hold one.
    """

    unsubscribe_token: str
    preferences_token: str
    #: Not personal: the archive's name for the cohort's mail, which nobody can guess either; None = it has none there.
    view_key: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rendering:
    """A cohort's mail with its slots still open."""

    #: One line without control characters, at most 78 visible characters (RFC 5322 §2.1.1).
    subject: str
    #: Plain text part, LF line ends, lines of at most 78 columns where words allow it.
    text: str
    html: str
    #: Under which the archive shows it; None where it holds anything private.
    view_key: str | None = None
