"""The sentences the rules write, in the language of the reader. Pure: English is in the code, others in the catalogue.

Outside text enters only as a value of ``str.format``, never as a pattern.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from babel.lists import format_list
from babel.numbers import format_decimal
from babel.support import NullTranslations

from newsletter.analysis.message import advisory, breaking_footer, dropped_versions
from newsletter.analysis.prose import MAX_SENTENCE_CHARACTERS, excerpt, first_sentence, has_address, plain
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.signals import INWARD
from newsletter.languages import catalogue, locale_of

_MAX_AREAS_NAMED = 3
_CODE = re.compile(r"[\w./?=:-]+(?:\(\))?")
#: Dependabot's and people's "Bump name from 1 to 2"; Renovate's "Update dependency name to v2".
_BUMP = re.compile(
    r"\b(?:bump|update|upgrade)[sd]?(?: dependency| module| rust crate)? ([\w@./:-]{1,80})"
    r"(?: (?:requirement |digest |docker tag )?from ([\w.<>=~^,+-]{1,40}))? to ([\w.<>=~^,+-]{1,40})",
    re.IGNORECASE,
)


def what_it_is(kind: Kind, translations: NullTranslations) -> str:
    """Return the name of a kind of change, as the beginning of a sentence."""
    gettext = translations.gettext
    return {
        Kind.FEATURE: gettext("A new feature"),
        Kind.FIX: gettext("A bug fix"),
        Kind.PERFORMANCE: gettext("A performance improvement"),
        Kind.SECURITY: gettext("A security fix"),
        Kind.BREAKING: gettext("A breaking change"),
        Kind.REFACTOR: gettext("Internal restructuring"),
        Kind.DOCS: gettext("Documentation changes"),
        Kind.TEST: gettext("Test changes"),
        Kind.CI: gettext("Continuous integration"),
        Kind.BUILD: gettext("Build and packaging"),
        Kind.DEPENDENCIES: gettext("An update of dependencies"),
        Kind.STYLE: gettext("Formatting and style"),
        Kind.RELEASE: gettext("A release"),
        Kind.REVERT: gettext("An earlier change is taken back"),
        Kind.CHORE: gettext("A change"),
    }[kind]


def summary(subject: Subject, kind: Kind, reasons: tuple[Reason, ...], areas: tuple[str, ...], language: str) -> str:
    """Return one whole sentence of at most 240 characters: the author's own, or one made of facts."""
    told = _special(subject, reasons, language)
    if not told and not _is_second_hand(reasons):
        told = first_sentence(subject.body) or (
            first_sentence(subject.pull_request.body) if subject.pull_request else ""
        )
    return told or _facts(subject, kind, areas, language)


def risks(subject: Subject, reasons: tuple[Reason, ...], language: str) -> tuple[str, ...]:
    """Return what may break, as far as the rules know; mostly nothing."""
    return tuple(dict.fromkeys(_risks(subject, reasons, catalogue(language))))


def advice(reasons: tuple[Reason, ...], language: str) -> tuple[str, ...]:
    """Return what a reader should do, where a rule knows something definite; mostly nothing."""
    return tuple(dict.fromkeys(_advice(reasons, catalogue(language))))


def _is_inward(reasons: tuple[Reason, ...]) -> bool:
    return any(reason.signal in INWARD for reason in reasons)


def _is_second_hand(reasons: tuple[Reason, ...]) -> bool:
    """Whether the body was written about something else: release notes of others, or branches of a merge."""
    signals = {reason.signal for reason in reasons}
    return bool(signals & {Signal.DEPENDENCY, Signal.VULNERABLE_DEPENDENCY}) or signals == {Signal.MERGE}


def _special(subject: Subject, reasons: tuple[Reason, ...], language: str) -> str:
    """Return the sentence of a release or a version bump, which say it all; else an empty text."""
    gettext = catalogue(language).gettext
    details = {reason.signal: reason.detail for reason in reversed(reasons)}
    if version := details.get(Signal.RELEASE):
        return gettext("Version {version} is released.").format(version=version)
    if _is_second_hand(reasons) and (match := _BUMP.search(plain(subject.title[:500]))):
        name, old, new = match.groups()
        if old:
            return gettext("{name} goes from {old} to {new}.").format(name=name, old=old, new=new)
        return gettext("{name} goes to {new}.").format(name=name, new=new)
    return ""


def _facts(subject: Subject, kind: Kind, areas: tuple[str, ...], language: str) -> str:
    """Return a sentence of kind, areas and size; with fewer areas where it would become too long."""
    translations = catalogue(language)
    size = _size(subject, language)
    what = what_it_is(kind, translations)
    for count in range(min(_MAX_AREAS_NAMED, len(areas)), 0, -1):
        named = format_list([f"`{area}`" for area in areas[:count]], locale=locale_of(language))
        sentence = translations.gettext("{what} in {areas}: {size}.").format(what=what, areas=named, size=size)
        if len(sentence) <= MAX_SENTENCE_CHARACTERS:
            return sentence
    return translations.gettext("{what}: {size}.").format(what=what, size=size)


def _size(subject: Subject, language: str) -> str:
    translations = catalogue(language)

    def number(value: int) -> str:
        return format_decimal(value, locale=locale_of(language))

    total = len(subject.files)
    if not total:
        if not subject.detailed:
            return translations.gettext("which files changed is not known")
        return translations.gettext("no files changed")
    files = translations.ngettext("{count} file changed", "{count} files changed", total).format(count=number(total))
    if not subject.additions and not subject.deletions:
        return files
    sentence = translations.gettext("{files}, +{added} −{removed} lines")
    return sentence.format(files=files, added=number(subject.additions), removed=number(subject.deletions))


def _risks(subject: Subject, reasons: tuple[Reason, ...], translations: NullTranslations) -> Iterator[str]:
    gettext = translations.gettext
    inward = _is_inward(reasons)
    for reason in reasons:
        if reason.signal is Signal.BREAKING and (told := _footer_sentence(subject)):
            yield told
        elif reason.signal is Signal.REMOVAL and reason.detail:
            yield gettext("No longer there: {thing}.").format(thing=_named(reason.detail))
        elif reason.signal is Signal.MINIMUM_VERSION and reason.detail in dropped_versions(subject.message):
            yield gettext("No longer supported: {version}.").format(version=_named(reason.detail))
        elif reason.signal is Signal.MINIMUM_VERSION:
            yield gettext("The required versions change: {version}.").format(version=_named(reason.detail))
        elif reason.signal is Signal.REVERT and not inward:
            yield gettext("What the earlier change brought is gone again.")


def _footer_sentence(subject: Subject) -> str:
    footer = breaking_footer(subject.message) or ""
    # Half a sentence is better than none, but an address is what it was passed over for.
    whole = len(footer) <= MAX_SENTENCE_CHARACTERS and not has_address(footer)
    return first_sentence(footer) or (footer if whole else "")


def _advice(reasons: tuple[Reason, ...], translations: NullTranslations) -> Iterator[str]:
    gettext = translations.gettext
    inward = _is_inward(reasons)
    for reason in reasons:
        if reason.signal is Signal.VULNERABLE_DEPENDENCY or (reason.signal is Signal.SECURITY and not inward):
            identifier = advisory(reason.detail)
            if identifier:
                yield gettext("Update soon: this closes {identifier}.").format(identifier=identifier)
            else:
                yield gettext("Update soon: this closes a security problem.")
        elif reason.signal is Signal.REMOVAL and _CODE.fullmatch(reason.detail):
            yield gettext("Check scripts and code that use {name}.").format(name=_named(reason.detail))
        elif reason.signal is Signal.MINIMUM_VERSION:
            yield gettext("Check your versions before you update.")
        elif reason.signal is Signal.DEPRECATION:
            yield gettext("Plan a replacement: what is deprecated goes away in a later release.")
        elif reason.signal is Signal.MIGRATION:
            yield gettext("Back up the database before you update: this brings a migration.")
        elif reason.signal is Signal.DEFAULT:
            yield gettext("Check whether you rely on the old default.")


def _named(detail: str) -> str:
    """Return evidence for use in a sentence: names of code as inline code, words as they are."""
    text = excerpt(detail).replace("`", "")
    return f"`{text}`" if _CODE.fullmatch(text) else text.rstrip(".")
