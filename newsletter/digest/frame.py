"""What stands around the changes: how the day compares with the last ones, and why the reader gets the mail. Pure."""

from __future__ import annotations

from babel.dates import format_skeleton
from babel.numbers import format_decimal
from babel.support import NullTranslations

from newsletter.digest.record import Cadence, Edition
from newsletter.digest.sanitise import displayable
from newsletter.languages import locale_of
from subscribers import Level


def history_words(edition: Edition, translations: NullTranslations) -> str:
    """Say in words what the bars of the last days show; empty where there are none."""
    if not edition.history:
        return ""
    locale = locale_of(edition.language)
    totals = [count.total for count in edition.history]
    fullest = max(edition.history, key=lambda count: (count.total, count.day))
    average = sum(totals) / len(totals)
    words = translations.ngettext(
        "%(num)d commit this day; in %(days)d days %(average)s a day on average, at most %(most)s (%(date)s).",
        "%(num)d commits this day; in %(days)d days %(average)s a day on average, at most %(most)s (%(date)s).",
        totals[-1],
    )
    return words % {
        "num": totals[-1],
        "days": len(totals),
        "average": format_decimal(round(average, 0 if average >= 10 else 1), locale=locale),
        "most": format_decimal(fullest.total, locale=locale),
        "date": format_skeleton("MMMd", fullest.day, locale=locale),
    }


def why(edition: Edition, translations: NullTranslations) -> str:
    """Say why the reader gets this mail: to what they subscribed, at which level, and how often."""
    if edition.cadence is Cadence.AT_ONCE:
        return translations.gettext("You asked for high changes at once. They are in your next digest as well, marked.")
    reason = _subscribed(edition, translations)
    if edition.cadence is Cadence.WEEKLY:
        return reason + translations.gettext(" It comes once a week.")
    return reason


def _subscribed(edition: Edition, translations: NullTranslations) -> str:
    thresholds = {section.threshold for section in edition.sections}
    gettext = translations.gettext
    words = {
        frozenset({Level.LOW}): gettext("You get this mail because you subscribed to every change in %(title)s."),
        frozenset({Level.MEDIUM}): gettext(
            "You get this mail because you subscribed to medium and high changes in %(title)s."
        ),
        frozenset({Level.HIGH}): gettext("You get this mail because you subscribed to high changes in %(title)s."),
    }.get(
        frozenset(thresholds),
        gettext("You get this mail because you subscribed to %(title)s, each repository at the level that you chose."),
    )
    return words % {"title": displayable(edition.title)}
