"""Which changes of a closed day a cohort reads, and in which order. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.analysis.day import MOST_HIGHLIGHTS, DaySummary
from newsletter.digest.bars import history_of
from newsletter.digest.record import Change, Digest, Edition, Section
from subscribers import Level, Preferences

#: From the most to the least important.
HIGH_FIRST = tuple(sorted(Level, key=lambda level: -level.rank))

_NOTHING = DaySummary()


def assemble(digest: Digest, preferences: Preferences, *, title: str) -> Edition | None:
    """Return what a cohort gets of a digest: exactly the changes at or above its thresholds.

    :param title: name of the newsletter.
    :returns: None where nothing reaches a threshold: then there is no mail.
    """
    by_repository: dict[str, list[Change]] = {}
    for change in digest.changes:
        by_repository.setdefault(change.repository_key, []).append(change)
    sections = [
        section
        for key, changes in by_repository.items()
        if (section := _section(changes, preferences, digest.summaries.get(key, _NOTHING))) is not None
    ]
    if not sections:
        return None
    return Edition(
        title=title,
        day=digest.day,
        timezone=preferences.timezone,
        language=digest.language,
        sections=tuple(sorted(sections, key=_most_important_first)),
        cadence=digest.cadence,
        history=history_of(digest.recorded, preferences, day=digest.day),
    )


def _section(changes: list[Change], preferences: Preferences, summary: DaySummary) -> Section | None:
    first = changes[0]
    threshold = preferences.threshold_for(first.repository_key, private=first.private)
    if threshold is None:
        return None
    wanted = [change for change in changes if change.level.reaches(threshold)]
    if not wanted:
        return None
    shown = {change.sha: change for change in wanted}
    # What is high is never passed over for something that is not.
    pointed = [shown[sha] for sha in summary.highlights if sha in shown]
    pointed += [change for change in wanted if change.level is Level.HIGH and change.sha not in summary.highlights]
    pointed.sort(key=lambda change: -change.level.rank)
    return Section(
        repository=first.repository,
        url=first.repository_url,
        # The sort is stable: within a level they stay in the order in which they reached the branch.
        changes=tuple(sorted(wanted, key=lambda change: -change.level.rank)),
        totals=tuple((level, _count(changes, level)) for level in HIGH_FIRST),
        threshold=threshold,
        commits=sum(len(change.commits) for change in changes),
        compare_url=first.compare_url,
        # A sentence that is also about something below the reader's level is not theirs to read.
        told=tuple(told.text for told in summary.sentences if all(sha in shown for sha in told.about)),
        highlights=tuple(pointed[:MOST_HIGHLIGHTS]),
        private=first.private,
    )


def _most_important_first(section: Section) -> tuple[int, int, int, str]:
    high, medium, low = (_count(section.changes, level) for level in HIGH_FIRST)
    return -high, -medium, -low, section.repository.lower()


def _count(changes: Iterable[Change], level: Level) -> int:
    return sum(change.level is level for change in changes)
