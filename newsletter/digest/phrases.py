"""The short texts around a change: counts, origins, times, and what was left out. Pure.

Each is one line of plain text, made from labels and sanitised outside text; the templates escape it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from babel.support import NullTranslations

from newsletter.analysis.record import Reason
from newsletter.digest import bonds
from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.labels import Labels
from newsletter.digest.printed import Group
from newsletter.digest.record import EQUALS, REVERTS, Cadence, Change, Edition, Section
from newsletter.digest.sanitise import LONGEST_READ, displayable, shortened
from subscribers import Level

_SEPARATOR = " · "
#: How many changes the list at the top names, over all repositories; it is worth its place from two on.
_MOST_HIGHLIGHTS = 8
_FEWEST_HIGHLIGHTS = 2


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """The texts in one language and zone."""

    translations: NullTranslations
    labels: Labels
    #: Says an instant in the edition's zone.
    time_of: Callable[[datetime], str]
    cadence: Cadence = Cadence.DAILY

    def title_of(self, change: Change) -> str:
        """Return a change's title as it can be shown; of several commits it says what they are together."""
        return bonds.title_of(change, self.translations) or self.translations.gettext("(no message)")

    def heading_of(self, change: Change) -> str:
        """Return the title without the number of its pull request, where a link beside it says that."""
        title = self.title_of(change)
        if change.pull_request_url is None:
            return title
        return title.removesuffix(f"(#{change.pull_request})").rstrip() or title

    def author_of(self, change: Change) -> str:
        """Return a change's author as they can be shown."""
        return bonds.authors_of(change, self.translations)

    def member_of(self, change: Change, member: Change) -> str:
        """Return the words of the link to one of a change's commits."""
        return bonds.member_of(change, member, self.translations) or member.sha[:7]

    def is_led(self, change: Change) -> bool:
        """Whether the title of a change is that of one commit, and its link; of equals, none leads."""
        return change.bond not in EQUALS

    def member_meta(self, change: Change, member: Change) -> str:
        """Say what is particular to one of a change's commits: when something was taken back, and by whom."""
        if change.bond in EQUALS:
            return ""
        author = bonds.authors_of(member, self.translations)
        parts = [self.time_of(member.reached_at)] if change.bond in REVERTS else []
        if change.bond in REVERTS or author != self.author_of(change):
            parts.append(author)
        return _SEPARATOR.join(part for part in parts if part)

    def bond_of(self, change: Change) -> str:
        """Say above a change's other commits what they are to it."""
        return bonds.caption_of(change, self.translations)

    def unnamed_of(self, change: Change, named: tuple[Change, ...]) -> str:
        """Say how many commits of a change did not fit; empty where all did."""
        number = len(change.members) - len(named)
        if not number:
            return ""
        return self.translations.ngettext("and %(num)d more commit", "and %(num)d more commits", number) % {
            "num": number
        }

    def card_meta(self, change: Change) -> str:
        """Say kind, author, time and size of a change."""
        parts = [self.labels.kind(change.analysis.kind), self.author_of(change), self.time_of(change.reached_at)]
        if change.additions or change.deletions:
            parts.append(f"+{change.additions} −{change.deletions}")
        return _SEPARATOR.join(part for part in parts if part)

    def line_meta(self, change: Change) -> str:
        """Say author and kind of a change that has one line."""
        parts = [self.author_of(change), self.labels.kind(change.analysis.kind)]
        return _SEPARATOR.join(part for part in parts if part)

    def marks_of(self, change: Change) -> tuple[str, ...]:
        """Say whether a change came late, and whether its reader was told of it before."""
        marks = [self.translations.gettext("late arrival")] if change.late else []
        if change.told_at is not None:
            words = self.translations.gettext("sent at once at %(time)s")
            marks.append(words % {"time": self.time_of(change.told_at)})
        return tuple(marks)

    def areas_of(self, change: Change, group: Group) -> tuple[str, ...]:
        """Return the affected areas, as far as they are printed and the texts above do not name them already."""
        if not group.areas:
            return ()
        said = f"{change.analysis.summary} {change.analysis.scope if group.scope else ''}"
        return tuple(area for area in change.analysis.areas if area not in said)

    def origin_of(self, change: Change) -> str:
        """Say why a change has its level, how much of it was read, and who wrote the analysis."""
        analysis = change.analysis
        reasons = ", ".join(
            displayable(self.labels.reason(_news(reason, change.title[:LONGEST_READ])))
            for reason in analysis.reasons[:4]
        )
        parts = []
        if reasons:
            words = self.translations.gettext("%(level)s because: %(reasons)s")
            parts.append(words % {"level": self.labels.level(analysis.level), "reasons": reasons})
        if analysis.files_read < analysis.files_total:
            words = self.translations.ngettext(
                "read %(read)d of %(num)d file", "read %(read)d of %(num)d files", analysis.files_total
            )
            parts.append(words % {"read": analysis.files_read, "num": analysis.files_total})
        parts.append(displayable(self.labels.author(analysis)))
        return _SEPARATOR.join(parts)

    def totals_of(self, section: Section) -> str:
        """Say how many changes a repository had, and how many of them the reader did not ask for."""
        total = sum(number for _, number in section.totals)
        ngettext = self.translations.ngettext
        if self.cadence is Cadence.DAILY:
            words = ngettext("%(num)d change that day", "%(num)d changes that day", total)
        elif self.cadence is Cadence.WEEKLY:
            words = ngettext("%(num)d change that week", "%(num)d changes that week", total)
        else:
            words = ngettext("%(num)d high change", "%(num)d high changes", total)
        words %= {"num": total}
        if section.commits > total:
            commits = ngettext("%(num)d commit", "%(num)d commits", section.commits) % {"num": section.commits}
            words += _SEPARATOR + commits
        left_out = total - len(section.changes)
        if not left_out:
            return words
        below = ngettext("%(num)d below your level is not shown", "%(num)d below your level are not shown", left_out)
        return words + _SEPARATOR + below % {"num": left_out}

    def counts_of(self, section: Section) -> str:
        """Say how many changes of each level a repository has for the reader."""
        counts = ((level, len(section.at(level))) for level in HIGH_FIRST)
        return _SEPARATOR.join(f"{self.labels.level(level)} {number}" for level, number in counts if number)

    def hidden_of(self, group: Group) -> str:
        """Say how many changes of a group did not fit."""
        words = self.translations.ngettext(
            "and %(num)d more of this level", "and %(num)d more of this level", group.hidden
        )
        return words % {"num": group.hidden}

    def hidden_section_of(self, section: Section) -> str:
        """Say what a repository that did not fit has."""
        number = len(section.changes)
        words = self.translations.ngettext("%(repository)s: %(num)d change", "%(repository)s: %(num)d changes", number)
        return words % {"repository": displayable(section.repository), "num": number}

    def preheader(self, edition: Edition) -> str:
        """Say what an inbox shows after the subject: the most important sentence, or the counts."""
        first = edition.changes[0]
        if first.level is Level.HIGH:
            return shortened(displayable(first.analysis.summary.replace("`", "")), 140)
        counts = (f"{self.labels.level(level)}: {number}" for level in HIGH_FIRST if (number := edition.count(level)))
        return _SEPARATOR.join(counts)

    def fallen_back(self, edition: Edition) -> str:
        """Say for how many changes the rules wrote what a model was asked for; empty where there is none."""
        failed = sum(change.analysis.fallback is not None for change in edition.changes)
        if not failed:
            return ""
        words = self.translations.ngettext(
            "The language model gave no usable answer for %(failed)d of %(num)d change; it is by fixed rules.",
            "The language model gave no usable answer for %(failed)d of %(num)d changes; those are by fixed rules.",
            len(edition.changes),
        )
        return words % {"failed": failed, "num": len(edition.changes)}

    def highlights(self, edition: Edition, printed: frozenset[tuple[str, str]]) -> tuple[Change, ...]:
        """Return the changes to name at the top: the high ones first.

        :param printed: those that have a place in the mail, by the keys of their repositories and their commits.
        """
        pointed = [
            change
            for section in edition.sections
            for change in section.highlights
            if (change.repository_key, change.sha) in printed
        ]
        pointed.sort(key=lambda change: -change.level.rank)
        return tuple(pointed[:_MOST_HIGHLIGHTS]) if len(pointed) >= _FEWEST_HIGHLIGHTS else ()


def _news(reason: Reason, title: str) -> Reason:
    """Leave out evidence that the title above says already."""
    return replace(reason, detail="") if reason.detail.casefold() in title.casefold() else reason
