"""An edition becomes a mail: subject, text and HTML with the reader's slots still open. Pure.

The templates are read and compiled once, at start; a cohort costs only the filling in.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.fit import fit
from newsletter.digest.labels import Labels
from newsletter.digest.mjml import compile_mjml, squeeze
from newsletter.digest.phrases import Phrases
from newsletter.digest.record import Edition, Look, Page, Rendering, Slots
from newsletter.digest.references import References
from newsletter.digest.sanitise import displayable, wrapped
from newsletter.digest.spans import heading_of
from newsletter.digest.subject import subject_of
from newsletter.digest.summary import summary_of
from newsletter.digest.unlinked import unlinked
from newsletter.languages import catalogue, lang_attribute, locale_of, supported_languages

#: Repositories that did not fit and are still named.
MOST_HIDDEN_SECTIONS = 20


class Renderer:
    """Renders editions.

    :param templates: the folder of templates.
    :param base_url: of the service, without a slash at the end.
    :param postal_address: of the sender, which some laws demand in bulk mail.
    :raises TemplateError: the MJML cannot be compiled.
    """

    def __init__(self, templates: Path, *, base_url: str, postal_address: str | None) -> None:
        folder = templates / "digest"
        sources = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.is_file()}
        sources["body.html"] = compile_mjml(sources["body.mjml"])
        self._html = {
            language: _environment(sources, language, autoescape=True).get_template("body.html")
            for language in supported_languages()
        }
        self._text = {
            language: _environment(sources, language, autoescape=False).get_template("body.txt")
            for language in supported_languages()
        }
        self._base_url = base_url
        self._postal_address = postal_address

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        """Render an edition for all readers of a cohort."""
        values = self._values(edition, slots)
        html_template, text_template = self._html[edition.language], self._text[edition.language]
        page, html = fit(
            edition, lambda page: squeeze(html_template.render(**values, **self._of_page(page, values["phrases"])))
        )
        text = text_template.render(references=References(), **values, **self._of_page(page, values["phrases"]))
        return Rendering(subject=values["subject"], text=_tidy(text), html=html)

    def _of_page(self, page: Page, phrases: Phrases) -> dict[str, Any]:
        # What has one line only has no place that a link could lead to.
        cards = (group for section in page.sections for group in section.groups if group.look is not Look.LINE)
        printed = frozenset(change for group in cards for change in group.changes)
        return {"page": page, "highlights": phrases.highlights(page.edition, printed)}

    def _values(self, edition: Edition, slots: Slots) -> dict[str, Any]:
        translations = catalogue(edition.language)
        labels = Labels(translations)
        phrases = Phrases(translations=translations, labels=labels, time_of=_clock(edition), cadence=edition.cadence)
        return {
            "edition": edition,
            "phrases": phrases,
            "labels": labels,
            "levels": HIGH_FIRST,
            "subject": subject_of(edition, translations),
            "preheader": phrases.preheader(edition),
            "summary_of": partial(
                summary_of, language=edition.language, translations=translations, cadence=edition.cadence
            ),
            "fallen_back": phrases.fallen_back(edition),
            "lang": lang_attribute(edition.language),
            "date": heading_of(edition),
            "promise": phrases.promise(edition),
            "most_hidden_sections": MOST_HIDDEN_SECTIONS,
            "unsubscribe_url": f"{self._base_url}/unsubscribe/{slots.unsubscribe_token}",
            "home_url": f"{self._base_url}/",
            "postal_address": self._postal_address,
            **{
                name: getattr(phrases, name)
                for name in (
                    "title_of",
                    "heading_of",
                    "author_of",
                    "card_meta",
                    "line_meta",
                    "origin_of",
                    "totals_of",
                    "hidden_of",
                    "hidden_section_of",
                    "is_led",
                    "member_of",
                    "member_meta",
                    "bond_of",
                    "unnamed_of",
                )
            },
        }


def _clock(edition: Edition) -> Callable[[datetime], str]:
    """Return what says an instant in the edition's zone: the time alone on its own day."""
    zone, locale = ZoneInfo(edition.timezone), locale_of(edition.language)

    def time_of(instant: datetime) -> str:
        try:
            local = instant.astimezone(zone)
        except OverflowError:
            # At the very ends of the calendar there is no local time any more.
            local = instant.astimezone(UTC)
        time = format_time(local, "HH:mm", locale=locale)
        if local.date() == edition.day:
            return str(time)
        return f"{format_date(local.date(), 'medium', locale=locale)} {time}"

    return time_of


def _environment(sources: dict[str, str], language: str, *, autoescape: bool) -> Environment:
    # One for each language: an overlay would share its words with the others, and compile the template again.
    environment = Environment(
        loader=DictLoader(sources),
        autoescape=autoescape,  # noqa: S701 - off for the text part alone, which nothing reads as markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.filters["shown"] = displayable
    environment.filters["inline_code"] = inline_code
    environment.filters["prose"] = prose
    environment.filters["unlinked"] = unlinked
    environment.filters["isolating"] = isolating
    environment.filters["wrapped"] = wrapped
    # The i18n extension adds the method to the environment when it is loaded.
    environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return environment


def inline_code(text: str) -> Markup:
    """Escape a text and turn ```code``` between backticks into ``<code>``: the only markup an analysis may have."""
    return _marked_up(displayable(text))


def prose(text: str) -> Markup:
    """Do the same for a text that stands in no link of ours: no mail program makes a link of its words."""
    return _marked_up(unlinked(displayable(text)))


def _marked_up(text: str) -> Markup:
    parts = text.split("`")
    if len(parts) % 2 == 0:
        # A backtick without a partner is a character like any other.
        parts[-2:] = ["`".join(parts[-2:])]
    pieces = [escape(part) if place % 2 == 0 else _code(part) for place, part in enumerate(parts)]
    markup = Markup("").join(pieces)
    # Nothing but backticks stays as it is: as code it would be a link with nothing to click on.
    return markup if markup.strip() else escape("`".join(parts))


def isolating(line: str, name: str) -> Markup:
    """Escape a line and isolate a name in it: one that is written from right to left would turn what follows around.

    No mail program makes a link of its words.
    """
    before, found, after = line.partition(name) if name else (line, "", "")
    return Markup('{}<span dir="auto">{}</span>{}').format(*map(unlinked, (before, found, after)))


def _code(text: str) -> Markup:
    return Markup("<code>%s</code>") % text if text.strip() else Markup("")


def _tidy(text: str) -> str:
    """Return the text part with at most one blank line in a row and none at its ends."""
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"
