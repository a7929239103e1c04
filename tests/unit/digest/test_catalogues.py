"""Every sentence of the code and of the templates is translated, with its placeholders, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import newsletter
from newsletter.languages import catalogue, supported_languages
from newsletter.resources import templates_directory

TEMPLATES = templates_directory()
CODE = Path(newsletter.__file__).parent
LANGUAGES = supported_languages()[1:]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w*\}")
METHODS = [("**.html", "jinja2"), ("**.mjml", "jinja2"), ("digest/**.txt", "jinja2")]
OPTIONS = {"**.html": {"silent": "false"}, "**.mjml": {"silent": "false"}, "digest/**.txt": {"silent": "false"}}

Id = str | tuple[str, ...]


class Row(NamedTuple):
    """A message of a catalogue; without texts where it is only guessed."""

    file: str
    id: Id
    texts: list[str]


def extracted() -> set[Id]:
    rows = [
        *extract_from_dir(CODE, method_map=[("**.py", "python")]),
        *extract_from_dir(TEMPLATES, method_map=METHODS, options_map=OPTIONS),
    ]
    return {message for _, _, message, _, _ in rows}


def messages(language: str) -> list[Row]:
    """Return the messages of a language."""
    found = []
    for path in sorted((TEMPLATES / "locales" / language).glob("*.po")):
        with path.open("rb") as stream:
            po = read_po(stream, locale=language, abort_invalid=True)
        assert not po.obsolete
        for message in po:
            if message.id:
                identity = message.id if isinstance(message.id, str) else tuple(message.id)
                found.append(Row(path.name, identity, [] if message.fuzzy else forms(message.string)))
    return found


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or [])


def test_sentences_are_found_in_code_and_templates() -> None:
    found = extracted()
    assert {"In short", "Affects", "Breaking change", "A new feature", "Unsubscribe?"} <= found
    assert ("%(num)d change", "%(num)d changes") in found
    assert len(found) > 120


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_a_translation(language: str) -> None:
    rows = messages(language)
    assert sorted(map(str, extracted() - {row.id for row in rows})) == []
    assert [row for row in rows if not row.texts or not all(text.strip() for text in row.texts)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_stale(language: str) -> None:
    assert {row.id for row in messages(language)} - extracted() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_placeholders_of_its_sentence(language: str) -> None:
    for row in messages(language):
        expected = {frozenset(PLACEHOLDER.findall(form)) for form in forms(row.id)}
        assert len(expected) == 1, row
        assert all(frozenset(PLACEHOLDER.findall(text)) in expected for text in row.texts), row


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_no_markup_and_no_space_at_its_ends(language: str) -> None:
    for row in messages(language):
        assert all(text == text.strip() and not set(text) & set("<>&\n") for text in row.texts), row


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_and_singular_are_found_where_they_are_asked_for(language: str) -> None:
    translations = catalogue(language)
    for row in messages(language):
        if isinstance(row.id, tuple):
            singular, plural = row.id
            assert all(translations.ngettext(singular, plural, number) in row.texts for number in (0, 1, 2, 100))
        else:
            assert translations.gettext(row.id) != row.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_sentence_has_one_translation_in_whichever_file(language: str) -> None:
    # The files are merged when they are read: of two translations one would silently win.
    seen: dict[Id, list[str]] = {}
    for row in messages(language):
        assert seen.setdefault(row.id, row.texts) == row.texts, row


def test_english_is_the_language_of_the_code() -> None:
    assert catalogue("en").ngettext("%(num)d change", "%(num)d changes", 1) == "%(num)d change"


def test_a_language_without_a_catalogue_is_refused_by_name() -> None:
    with pytest.raises(LookupError, match="tlh"):
        catalogue("tlh")
