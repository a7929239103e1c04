"""Languages of mails and pages: which there are, and the gettext catalogue of each.

English is the language of the message ids. Another language is a folder ``templates/locales/<tag>/`` with one or more
``.po`` files, which are read as they are: nothing has to be compiled, and a third language needs no code.
"""

from __future__ import annotations

from functools import cache
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from newsletter.resources import templates_directory

SOURCE_LANGUAGE = "en"


@cache
def supported_languages() -> tuple[str, ...]:
    """Return the tags of all languages there is a catalogue for, English first."""
    folder = templates_directory() / "locales"
    others = sorted(entry.name for entry in folder.iterdir() if any(entry.glob("*.po"))) if folder.is_dir() else []
    return (SOURCE_LANGUAGE, *(tag for tag in others if tag != SOURCE_LANGUAGE))


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the translations of a language: ``gettext``, ``ngettext`` and ``pgettext``.

    :raises LookupError: there is no catalogue of this language.
    """
    if language == SOURCE_LANGUAGE:
        return NullTranslations()
    if language not in supported_languages():
        raise LookupError(f"no catalogue for language {language!r}; there are: {', '.join(supported_languages())}")
    merged: Translations | None = None
    for path in sorted((templates_directory() / "locales" / language).glob("*.po")):
        with path.open("rb") as file:
            source = read_po(file, locale=language, abort_invalid=True)
        compiled = BytesIO()
        write_mo(compiled, source)
        compiled.seek(0)
        part = Translations(compiled, domain=path.stem)
        merged = part if merged is None else merged.merge(part)
    if merged is None:
        raise LookupError(f"the catalogue of {language!r} is empty")
    return merged


@cache
def locale_of(language: str) -> Locale:
    """Return Babel's locale of a language tag, for dates and numbers."""
    return Locale.parse(language, sep="-")


def lang_attribute(language: str) -> str:
    """Return the value of HTML's ``lang`` (BCP 47): Chinese says its script, so that fonts are chosen right."""
    return {"zh": "zh-Hans"}.get(language, language)
