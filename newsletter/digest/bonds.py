"""What several commits are together, in words: titles, captions, and who wrote them. Pure.

Each is one line of plain text, made from sanitised outside text; the templates escape it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from babel.lists import format_list
from babel.support import NullTranslations

from newsletter.digest.record import REVERTS, Bond, Change
from newsletter.digest.sanitise import LONGEST_READ, displayable, shortened
from newsletter.digest.titles import (
    bump_of,
    changing_of,
    comparable,
    is_robot,
    reverted_title,
    without_changing,
    without_part,
)
from newsletter.languages import locale_of

_LONGEST_NAME = 60
_LONGEST_NAME_OF_SEVERAL = 30
#: Names that are all given; of more, the first two.
_MOST_NAMES = 3

_Gettext = Callable[[str], str]


def title_of(change: Change, translations: NullTranslations) -> str:
    """Return the title of a change as it can be shown; empty where it has none."""
    gettext, ngettext = translations.gettext, translations.ngettext
    title = _shown(change.title)
    number = len(change.commits)
    match change.bond:
        case Bond.DEPENDENCIES:
            return ngettext("%(num)d dependency update", "%(num)d dependency updates", number) % {"num": number}
        case Bond.RECURRING:
            words = ngettext("%(title)s: %(num)d time", "%(title)s: %(num)d times", number)
            alike = len({comparable(commit.title) for commit in change.commits}) == 1
            told = comparable(change.title) if alike else without_changing(change.title)
            return words % {"title": _shown(told) or title, "num": number}
        case Bond.SERIES:
            return _shown(without_part(displayable(change.title[:LONGEST_READ])))
        case Bond.REVERTED | Bond.REAPPLIED | Bond.RESTORED | Bond.REVERTED_AGAIN:
            return _outcome(change.bond, gettext) % {"title": _shown(reverted_title(change.title) or "") or title}
    return title


def _outcome(bond: Bond, gettext: _Gettext) -> str:
    return {
        Bond.REVERTED: gettext("Merged and reverted the same day: %(title)s"),
        Bond.REAPPLIED: gettext("Merged, reverted and merged again the same day: %(title)s"),
        Bond.RESTORED: gettext("Reverted and restored the same day: %(title)s"),
        Bond.REVERTED_AGAIN: gettext("Reverted, restored and reverted again the same day: %(title)s"),
    }[bond]


def caption_of(change: Change, translations: NullTranslations) -> str:
    """Say what the other commits of a change are to it; empty for a single commit, and where the title says it."""
    if change.bond is Bond.MERGE:
        number = len(change.members)
        return translations.ngettext("Brought %(num)d commit", "Brought %(num)d commits", number) % {"num": number}
    return translations.gettext("Further parts of this series") if change.bond is Bond.SERIES else ""


def member_of(change: Change, member: Change, translations: NullTranslations) -> str:
    """Return what names one commit among those of a change: of equals only what tells them apart."""
    if change.bond is Bond.DEPENDENCIES and (bump := bump_of(member.title)):
        if bump.old is None:
            return shortened(f"{bump.name} → {bump.new}")
        return shortened(f"{bump.name} {bump.old} → {bump.new}")
    if change.bond is Bond.RECURRING:
        return shortened(changing_of(member.title), _LONGEST_NAME) or member.sha[:7]
    if change.bond is Bond.MERGE and comparable(member.title) == comparable(change.title):
        return member.sha[:7]
    if change.bond in REVERTS and (taken_back := reverted_title(member.title)):
        is_second = reverted_title(taken_back) is not None
        return translations.gettext("Put back in") if is_second else translations.gettext("Taken back")
    return _shown(member.title) or translations.gettext("(no message)")


def authors_of(change: Change, translations: NullTranslations) -> str:
    """Name those who wrote a change, each once, people before programs: all of them, or two and how many more."""
    names = list(_names(change))
    if len(names) <= 1:
        return shortened(names[0], _LONGEST_NAME) if names else ""
    short = [shortened(name, _LONGEST_NAME_OF_SEVERAL) for name in names]
    if len(short) <= _MOST_NAMES:
        return format_list(short, locale=locale_of(change.analysis.language))
    more = len(short) - 2
    words = translations.ngettext("%(names)s and %(num)d more", "%(names)s and %(num)d more", more)
    return words % {"names": ", ".join(short[:2]), "num": more}


def _names(change: Change) -> Iterator[str]:
    # Whoever pressed the button of a merge comes after those who wrote what it brought.
    commits = (*change.members, change) if change.bond is Bond.MERGE else change.commits
    told = [name for commit in commits for name in (commit.author, *commit.co_authors)]
    found: dict[str, str] = {}
    for name in told:
        shown = _without_address(displayable(name[:LONGEST_READ]))
        if shown:
            found.setdefault(shown.casefold(), shown)
    yield from sorted(found.values(), key=is_robot)


def _without_address(name: str) -> str:
    """Return a name without an e-mail address in it: some set one as their name, and it is shown to nobody."""
    return " ".join(
        word.lstrip("@").partition("@")[0] if "@" in word.strip("@") else word for word in name.split()
    ).strip("<> ")


def _shown(title: str) -> str:
    return shortened(displayable(title[:LONGEST_READ]))
