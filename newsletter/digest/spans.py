"""The time that an edition covers, in words: a day, or a week from its first day to its last. Pure."""

from __future__ import annotations

from datetime import timedelta

from babel.dates import format_date, format_interval

from newsletter.digest.record import Cadence, Edition
from newsletter.digest.schedule import WEEK
from newsletter.languages import locale_of

#: CLDR sets ranges with these.
_THIN_SPACES = str.maketrans({"\u2009": " ", "\u202f": " ", "\u00a0": " "})


def heading_of(edition: Edition) -> str:
    """Say it in full, as a heading does."""
    if edition.cadence is Cadence.WEEKLY:
        return _week(edition, "yMMMd")
    return format_date(edition.day, "full", locale=locale_of(edition.language))


def short_of(edition: Edition) -> str:
    """Say it without the year, as a subject does."""
    if edition.cadence is Cadence.WEEKLY:
        return _week(edition, "MMMd")
    pattern = "M月d日" if edition.language == "zh" else "d MMM"
    return format_date(edition.day, pattern, locale=locale_of(edition.language))


def _week(edition: Edition, skeleton: str) -> str:
    first = edition.day - timedelta(days=WEEK - 1)
    return str(format_interval(first, edition.day, skeleton, locale=locale_of(edition.language))).translate(
        _THIN_SPACES
    )
