"""The words around a change on a page, in the language of whoever looks. Pure.

Each is one line of plain text, made from labels and sanitised outside text; the templates escape it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time

from newsletter.digest import bonds
from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.labels import Labels
from newsletter.digest.phrases import Phrases
from newsletter.digest.record import Change, Edition, Section
from newsletter.digest.sanitise import displayable, shortened
from newsletter.digest.summary import summary_of
from newsletter.languages import catalogue, lang_attribute, locale_of
from subscribers import Level

#: Of a description, which search engines and link previews cut.
LONGEST_DESCRIPTION = 200


class Wording:
    """The words in one language.

    :param language: of the page.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._translations = catalogue(language)
        self.labels = Labels(self._translations)
        self._locale = locale_of(language)

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """From the most to the least important."""
        return HIGH_FIRST

    def lang_of(self, change: Change) -> str:
        """Return the ``lang`` of what is said about a change; empty where it is the page's own."""
        language = change.analysis.language
        return "" if language == self.language else lang_attribute(language)

    def day(self, day: date) -> str:
        """Name a day with its day of the week."""
        return str(format_date(day, "full", locale=self._locale))

    def short_day(self, day: date) -> str:
        """Name a day in few words."""
        return str(format_date(day, "long", locale=self._locale))

    def phrases(self, edition: Edition) -> Phrases:
        """Return the texts of a day, with times in its zone."""
        zone = ZoneInfo(edition.timezone)

        def time_of(instant: datetime) -> str:
            local = _local(instant, zone)
            time = str(format_time(local, "HH:mm", locale=self._locale))
            return time if local.date() == edition.day else f"{self.medium_day(local.date())} {time}"

        return Phrases(translations=self._translations, labels=self.labels, time_of=time_of)

    def medium_day(self, day: date) -> str:
        """Name a day by its date alone."""
        return str(format_date(day, "medium", locale=self._locale))

    def moment(self, instant: datetime, timezone: str) -> str:
        """Say an instant with its day, as clocks in a zone show it."""
        local = _local(instant, ZoneInfo(timezone))
        return f"{self.short_day(local.date())} {format_time(local, 'HH:mm', locale=self._locale)}"

    def at_least(self, level: Level) -> str:
        """Name what is at a level or above."""
        gettext = self._translations.gettext
        if level is Level.HIGH:
            return gettext("High only")
        return gettext("Medium and high") if level is Level.MEDIUM else gettext("All levels")

    def count(self, number: int) -> str:
        """Say how many changes there are."""
        return self._translations.ngettext("%(num)d change", "%(num)d changes", number) % {"num": number}

    def extent_of(self, section: Section) -> str:
        """Say how many changes, and of how many commits, a repository's part of a day has."""
        total = sum(number for _, number in section.totals)
        words = self.count(total)
        if section.commits <= total:
            return words
        told = self._translations.ngettext("%(num)d commit", "%(num)d commits", section.commits)
        return f"{words} · {told % {'num': section.commits}}"

    def told_of(self, section: Section) -> str:
        """Say what the day brought to a repository."""
        return summary_of(section, language=self.language, translations=self._translations)

    def reasons_of(self, change: Change) -> tuple[str, ...]:
        """Say why a change has its level."""
        return tuple(displayable(self.labels.reason(reason)) for reason in change.analysis.reasons)

    def authors_of(self, change: Change) -> str:
        """Name those who wrote a change."""
        return bonds.authors_of(change, self._translations)

    def description_of(self, change: Change) -> str:
        """Say in one line what a change is, for search engines and link previews."""
        told = change.analysis.summary or bonds.title_of(change, self._translations)
        return shortened(displayable(told.replace("`", "")), LONGEST_DESCRIPTION)


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    try:
        return instant.astimezone(zone)
    except OverflowError:
        # At the very ends of the calendar there is no local time any more.
        return instant.astimezone(UTC)
