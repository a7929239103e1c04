"""The subject line: the most important thing first, within what a phone shows. Pure."""

from __future__ import annotations

from babel.support import NullTranslations

from newsletter.analysis.record import Kind
from newsletter.digest.bonds import title_of
from newsletter.digest.record import Cadence, Change, Edition
from newsletter.digest.sanitise import display_width, displayable, shortened
from newsletter.digest.spans import short_of
from subscribers import Level

#: RFC 5322 §2.1.1 recommends lines of at most 78 characters.
WIDEST = 78
_NARROWEST_TOPIC = 12
#: Kinds of changes that nobody should learn of late.
URGENT = (Kind.SECURITY, Kind.BREAKING)


def subject_of(edition: Edition, translations: NullTranslations) -> str:
    """Say how many changes of the highest level there are and the most important of them; then where and when.

    Low changes are counted and not named: none of them is news by itself.
    """
    where = _where(edition, translations)
    tail = f" — {where}, {short_of(edition)}"
    level = max((change.level for change in edition.changes), key=lambda level: level.rank)
    count = _count(edition, level, translations)
    topic = "" if level is Level.LOW else _topic(edition, level, translations)
    room = WIDEST - display_width(f"{count}: {tail}")
    if not topic or room < _NARROWEST_TOPIC:
        return _bounded(count + tail)
    return f"{count}: {_narrowed(topic, room)}{tail}"


def _count(edition: Edition, level: Level, translations: NullTranslations) -> str:
    number = len(edition.changes) if level is Level.LOW else edition.count(level)
    ngettext = translations.ngettext
    words = {
        Level.HIGH: ngettext("%(num)d high just now", "%(num)d high just now", number)
        if edition.cadence is Cadence.AT_ONCE
        else ngettext("%(num)d high", "%(num)d high", number),
        Level.MEDIUM: ngettext("%(num)d medium", "%(num)d medium", number),
        Level.LOW: ngettext("%(num)d change", "%(num)d changes", number),
    }[level]
    return words % {"num": number}


def _topic(edition: Edition, level: Level, translations: NullTranslations) -> str:
    """Return the title of the most important change of a level: what is urgent by its kind, then what is pointed at."""
    pointed = [change for section in edition.sections for change in section.highlights]
    ranked = sorted(
        (change for change in (*pointed, *edition.changes) if change.level is level),
        # The sort is stable.
        key=lambda change: change.analysis.kind not in URGENT,
    )
    titles = (_without_number(title_of(change, translations), change) for change in ranked)
    return next((title for title in titles if title), "")


def _without_number(title: str, change: Change) -> str:
    # In a subject nothing can be clicked, and there is no room to spare.
    return title.removesuffix(f"(#{change.pull_request})").rstrip() if change.pull_request else title


def _where(edition: Edition, translations: NullTranslations) -> str:
    number = len(edition.sections)
    if number == 1:
        return displayable(edition.sections[0].repository)
    return translations.ngettext("%(num)d repository", "%(num)d repositories", number) % {"num": number}


def _narrowed(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns; wide characters take two."""
    limit = min(len(text), columns)
    while display_width(short := shortened(text, limit)) > columns and limit > 1:
        limit -= 1
    return short


def _bounded(text: str) -> str:
    return _narrowed(displayable(text), WIDEST)
