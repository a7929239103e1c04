"""The subject line: the most important thing first, within what a phone shows. Pure."""

from __future__ import annotations

from babel.support import NullTranslations

from newsletter.digest.bonds import title_of
from newsletter.digest.record import Cadence, Edition
from newsletter.digest.sanitise import display_width, displayable, shortened
from newsletter.digest.spans import short_of
from subscribers import Level

#: RFC 5322 §2.1.1 recommends lines of at most 78 characters.
WIDEST = 78
_NARROWEST_TOPIC = 12


def subject_of(edition: Edition, translations: NullTranslations) -> str:
    """Say how many high changes there are and the first of them, or how many changes of any level; then where, when."""
    high = edition.count(Level.HIGH)
    total = len(edition.changes)
    where = _where(edition, translations)
    tail = f" — {where}, {short_of(edition)}"
    if not high:
        count = translations.ngettext("%(num)d change", "%(num)d changes", total) % {"num": total}
        return _bounded(count + tail)
    count = _counted_high(edition, high, translations)
    topic = next(
        (
            words
            for change in edition.changes
            if change.level is Level.HIGH and (words := title_of(change, translations))
        ),
        "",
    )
    room = WIDEST - display_width(f"{count}: {tail}")
    if not topic or room < _NARROWEST_TOPIC:
        return _bounded(count + tail)
    return f"{count}: {_narrowed(topic, room)}{tail}"


def _where(edition: Edition, translations: NullTranslations) -> str:
    number = len(edition.sections)
    if number == 1:
        return displayable(edition.sections[0].repository)
    return translations.ngettext("%(num)d repository", "%(num)d repositories", number) % {"num": number}


def _counted_high(edition: Edition, number: int, translations: NullTranslations) -> str:
    ngettext = translations.ngettext
    if edition.cadence is Cadence.AT_ONCE:
        words = ngettext("%(num)d high just now", "%(num)d high just now", number)
    else:
        words = ngettext("%(num)d high", "%(num)d high", number)
    return words % {"num": number}


def _narrowed(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns; wide characters take two."""
    limit = min(len(text), columns)
    while display_width(short := shortened(text, limit)) > columns and limit > 1:
        limit -= 1
    return short


def _bounded(text: str) -> str:
    return _narrowed(displayable(text), WIDEST)
