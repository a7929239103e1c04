"""Cut an edition to a size: a ladder that shortens what matters least first, and says what it left out. Pure.

Gmail clips a mail at about 102 kB of HTML and hides the rest, the unsubscribe link with it; 98,000 bytes leave room
for what is filled in later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.printed import MOST_CONSEQUENCES, Group, Look, Page, PrintedSection
from newsletter.digest.record import Change, Edition, Section
from subscribers import Level

#: Of the HTML part, UTF-8.
BUDGET_BYTES = 98_000

_ALL = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Rung:
    """How much of each level is printed.

    Caps are over all repositories and count every commit that is named: a change with the level it has, and each of
    its other commits with their own.
    """

    medium_look: Look = Look.BRIEF
    medium_origin: bool = True
    medium_areas: bool = True
    medium_scope: bool = True
    high_insight: bool = True
    high_consequences: int = MOST_CONSEQUENCES
    high_areas: bool = True
    most_high: int = _ALL
    most_medium: int = _ALL
    most_low: int = _ALL
    most_sections: int = _ALL
    summaries: bool = True

    def cap(self, level: Level) -> int:
        """Return how many commits of a level are named at most."""
        return {Level.HIGH: self.most_high, Level.MEDIUM: self.most_medium, Level.LOW: self.most_low}[level]


def ladder() -> Iterator[Rung]:
    """Yield the rungs from everything to almost nothing; nothing that matters more goes before what matters less.

    What is shortened loses whole sentences, whole items, or the whole of a part: none is ever cut.
    """
    yield (rung := Rung())
    # Low changes are a line each already, and medium ones may spare what is not the news.
    yield (rung := replace(rung, medium_origin=False))
    yield (rung := replace(rung, medium_areas=False))
    for cap in (200, 100, 50, 25, 10, 0):
        yield (rung := replace(rung, most_low=cap))
    yield (rung := replace(rung, medium_scope=False))
    yield (rung := replace(rung, medium_look=Look.LINE))
    for cap in (200, 100, 50, 25, 10, 0):
        yield (rung := replace(rung, most_medium=cap))
    for most in (2, 1):
        yield (rung := replace(rung, high_consequences=most))
    yield (rung := replace(rung, high_insight=False))
    yield (rung := replace(rung, high_consequences=0))
    yield (rung := replace(rung, high_areas=False))
    for cap, sections in ((100, 50), (50, 25), (25, 15), (10, 10), (5, 5), (1, 1)):
        yield replace(rung, summaries=False, most_high=cap, most_sections=sections)


def fit(edition: Edition, print_html: Callable[[Page], str], *, budget: int = BUDGET_BYTES) -> tuple[Page, str]:
    """Return the fullest page whose HTML is within the budget (bytes), and that HTML.

    The last rung is taken whatever its size: it has one change of bounded length.
    """
    page = cut(edition, Rung())
    html = print_html(page)
    for rung in ladder():
        if len(html.encode()) <= budget:
            break
        # Many rungs leave an edition as it is: one of high changes alone has nothing to shorten on most of them.
        if (shorter := cut(edition, rung)) != page:
            page = shorter
            html = print_html(page)
    return page, html


def cut(edition: Edition, rung: Rung) -> Page:
    """Return the page of an edition at a rung of the ladder."""
    left = {level: rung.cap(level) for level in Level}
    shown, hidden = edition.sections[: rung.most_sections], edition.sections[rung.most_sections :]
    return Page(
        edition=edition,
        sections=tuple(
            PrintedSection(section=section, groups=_groups(section, rung, left), summary=rung.summaries)
            for section in shown
        ),
        hidden_sections=hidden,
    )


def _groups(section: Section, rung: Rung, left: dict[Level, int]) -> tuple[Group, ...]:
    groups = []
    for level in HIGH_FIRST:
        changes = section.at(level)
        if not changes:
            continue
        shown, members = _within(changes, left)
        groups.append(
            Group(
                level=level,
                look=_look(level, rung),
                changes=shown,
                members=members,
                hidden=len(changes) - len(shown),
                origin=level is Level.HIGH or rung.medium_origin,
                areas=rung.high_areas if level is Level.HIGH else rung.medium_areas,
                scope=rung.high_areas if level is Level.HIGH else rung.medium_scope,
                insight=rung.high_insight,
                consequences=rung.high_consequences,
            )
        )
    return tuple(groups)


def _within(
    changes: tuple[Change, ...], left: dict[Level, int]
) -> tuple[tuple[Change, ...], tuple[tuple[Change, ...], ...]]:
    """Return the changes that are printed, and of each the commits that are named below it; takes them off the caps."""
    members = []
    for change in changes:
        if not left[change.level]:
            break
        left[change.level] -= 1
        named = []
        for member in change.members:
            if left[member.level]:
                left[member.level] -= 1
                named.append(member)
        members.append(tuple(named))
    return changes[: len(members)], tuple(members)


def _look(level: Level, rung: Rung) -> Look:
    return {Level.HIGH: Look.FULL, Level.MEDIUM: rung.medium_look, Level.LOW: Look.LINE}[level]
