"""The opening of a repository's part of a mail: what a model said that this reader may see, or a few facts. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from babel.lists import format_list
from babel.support import NullTranslations

from newsletter.analysis.day import FEWEST_CHANGES
from newsletter.analysis.record import Kind
from newsletter.digest.bonds import title_of
from newsletter.digest.record import Cadence, Change, Section
from newsletter.digest.sanitise import shortened
from newsletter.languages import locale_of
from subscribers import Level

#: Kinds that are named whatever their number, and how many kinds and areas are.
_URGENT = (Kind.SECURITY, Kind.BREAKING)
_MOST_KINDS = 4
_MOST_AREAS = 2
#: An area of fewer changes says nothing about a day.
_FEWEST_IN_AREA = 2
_LONGEST_AREA = 40
#: Of a title that leads, characters.
_LONGEST_LEAD = 160
_HAN_BEFORE = re.compile(r"([\u4e00-\u9fff])([0-9`])")
_HAN_AFTER = re.compile(r"(`)([\u4e00-\u9fff])")


def summary_of(
    section: Section, *, language: str, translations: NullTranslations, cadence: Cadence = Cadence.DAILY
) -> str:
    """Return what the day or week brought, as far as this reader asked for it; empty where there are few changes."""
    if len(section.changes) < FEWEST_CHANGES or cadence is Cadence.AT_ONCE:
        return ""
    return _joined(section.told or _by_rules(section, language, translations, of_week=cadence is Cadence.WEEKLY))


def _by_rules(section: Section, language: str, translations: NullTranslations, *, of_week: bool) -> list[str]:
    """Return the sentence of the most important change, and one that counts the others."""
    first = section.changes[0]
    # Not its summary: that may lean on the title above it ("It was deprecated long ago.").
    title = title_of(first, translations) if first.level.reaches(Level.MEDIUM) else ""
    title = title.removesuffix(f"(#{first.pull_request})").rstrip(" .。")
    if not title:
        return [_counted(section.changes, language, translations, besides=False, of_week=of_week)]
    lead = translations.gettext("Above all: %(title)s.") % {"title": shortened(title, _LONGEST_LEAD)}
    return [lead, _counted(section.changes[1:], language, translations, besides=True, of_week=of_week)]


def _counted(
    changes: Iterable[Change], language: str, translations: NullTranslations, *, besides: bool, of_week: bool
) -> str:
    changes = tuple(changes)
    locale = locale_of(language)
    kinds = format_list(_kinds(changes, translations), locale=locale)
    areas = [f"`{area}`" for area in _areas(changes)]
    words = _brought(translations, besides=besides, of_week=of_week, somewhere=bool(areas))
    return _spaced(words % {"kinds": kinds, "areas": format_list(areas, locale=locale) if areas else ""})


def _brought(translations: NullTranslations, *, besides: bool, of_week: bool, somewhere: bool) -> str:
    gettext = translations.gettext
    return {
        (False, False, False): gettext("The day brought %(kinds)s."),
        (False, False, True): gettext("The day brought %(kinds)s, mostly in %(areas)s."),
        (False, True, False): gettext("The day also brought %(kinds)s."),
        (False, True, True): gettext("The day also brought %(kinds)s, mostly in %(areas)s."),
        (True, False, False): gettext("The week brought %(kinds)s."),
        (True, False, True): gettext("The week brought %(kinds)s, mostly in %(areas)s."),
        (True, True, False): gettext("The week also brought %(kinds)s."),
        (True, True, True): gettext("The week also brought %(kinds)s, mostly in %(areas)s."),
    }[of_week, besides, somewhere]


def _kinds(changes: tuple[Change, ...], translations: NullTranslations) -> list[str]:
    """Name the kinds of changes with their numbers: the urgent ones first, then the most frequent ones."""
    counts = Counter(change.analysis.kind for change in changes)
    ranked = sorted(counts, key=lambda kind: (kind not in _URGENT, -counts[kind], list(Kind).index(kind)))
    shown = ranked if len(ranked) <= _MOST_KINDS else ranked[: _MOST_KINDS - 1]
    named = [_number_of(kind, counts[kind], translations) for kind in shown]
    rest = sum(counts[kind] for kind in ranked[len(shown) :])
    if rest:
        named.append(translations.ngettext("%(num)d other change", "%(num)d other changes", rest) % {"num": rest})
    return named


def _areas(changes: tuple[Change, ...]) -> list[str]:
    # Of each change the first area alone: that is where most of it is.
    counts = Counter(change.analysis.areas[0] for change in changes if change.analysis.areas)
    frequent = [area for area, number in counts.most_common() if number >= _FEWEST_IN_AREA and "`" not in area]
    return [area for area in frequent if len(area) <= _LONGEST_AREA][:_MOST_AREAS]


def _number_of(kind: Kind, number: int, translations: NullTranslations) -> str:
    ngettext = translations.ngettext
    words = {
        Kind.FEATURE: ngettext("%(num)d new feature", "%(num)d new features", number),
        Kind.FIX: ngettext("%(num)d fix", "%(num)d fixes", number),
        Kind.PERFORMANCE: ngettext("%(num)d performance change", "%(num)d performance changes", number),
        Kind.SECURITY: ngettext("%(num)d security change", "%(num)d security changes", number),
        Kind.BREAKING: ngettext("%(num)d breaking change", "%(num)d breaking changes", number),
        Kind.REFACTOR: ngettext("%(num)d refactoring", "%(num)d refactorings", number),
        Kind.DOCS: ngettext("%(num)d documentation change", "%(num)d documentation changes", number),
        Kind.TEST: ngettext("%(num)d test change", "%(num)d test changes", number),
        Kind.CI: ngettext("%(num)d CI change", "%(num)d CI changes", number),
        Kind.BUILD: ngettext("%(num)d build change", "%(num)d build changes", number),
        Kind.DEPENDENCIES: ngettext("%(num)d dependency update", "%(num)d dependency updates", number),
        Kind.STYLE: ngettext("%(num)d style change", "%(num)d style changes", number),
        Kind.RELEASE: ngettext("%(num)d release", "%(num)d releases", number),
        Kind.REVERT: ngettext("%(num)d revert", "%(num)d reverts", number),
        Kind.CHORE: ngettext("%(num)d housekeeping change", "%(num)d housekeeping changes", number),
    }[kind]
    return words % {"num": number}


def _spaced(sentence: str) -> str:
    """Put the space between Chinese characters and figures or code that lists leave out."""
    return _HAN_AFTER.sub(r"\1 \2", _HAN_BEFORE.sub(r"\1 \2", sentence))


def _joined(texts: Iterable[str]) -> str:
    # Chinese has no space after a full stop.
    return "".join(text if text.endswith(("。", "！", "？")) else f"{text} " for text in texts).strip()
