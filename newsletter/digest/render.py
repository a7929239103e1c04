"""An edition becomes a mail: subject, text and HTML with the reader's slots still open. Pure.

The templates are read and compiled once, at start; a cohort costs only the filling in, and what other cohorts read of a
change as well is printed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from markupsafe import Markup

from newsletter.digest.archive_links import ArchiveLinks
from newsletter.digest.assemble import HIGH_FIRST
from newsletter.digest.bars import bars_of
from newsletter.digest.environments import environment
from newsletter.digest.fit import BUDGET_BYTES, fit
from newsletter.digest.fragments import Fragments
from newsletter.digest.frame import history_words, why
from newsletter.digest.labels import Labels
from newsletter.digest.phrases import Phrases
from newsletter.digest.places import Places
from newsletter.digest.printed import Group, Look, Page
from newsletter.digest.record import Change, Edition, Rendering, Slots
from newsletter.digest.references import References
from newsletter.digest.sources import HTML, TEXT, read_sources
from newsletter.digest.spans import heading_of
from newsletter.digest.subject import subject_of
from newsletter.digest.summary import summary_of
from newsletter.digest.trial import try_out
from newsletter.languages import catalogue, lang_attribute, locale_of, supported_languages

#: Repositories that did not fit and are still named.
MOST_HIDDEN_SECTIONS = 20
#: Chinese characters fill their squares, so their lines need more air between them.
LINE_HEIGHT, LINE_HEIGHT_OF_HAN = "1.6", "1.75"


class Renderer:
    """Renders editions.

    :param templates: the folder of templates.
    :param base_url: of the service, without a slash at the end.
    :param postal_address: of the sender, which some laws demand in bulk mail.
    :param own: an operator's folder; templates in it take the places of ours.
    :raises TemplateError: a template cannot be used.
    """

    def __init__(self, templates: Path, *, base_url: str, postal_address: str | None, own: Path | None = None) -> None:
        sources = read_sources(templates, own)
        languages = supported_languages()
        html = {language: environment(sources, language, autoescape=True) for language in languages}
        text = {language: environment(sources, language, autoescape=False) for language in languages}
        self._html = {language: made.get_template(HTML) for language, made in html.items()}
        self._text = {language: made.get_template(TEXT) for language, made in text.items()}
        self._pieces = {
            language: {name: made.get_template(f"{name}.html") for name in ("card", "line")}
            for language, made in html.items()
        }
        self._fragments = Fragments()
        self._base_url = base_url
        self._postal_address = postal_address
        if own is not None:
            files = frozenset(str(path) for path in sources.paths.values())
            try_out(self.render_within, base_url=base_url, sources=files, folder=own)

    @property
    def base_url(self) -> str:
        """Address of the service, without a slash at the end."""
        return self._base_url

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        """Render an edition for all readers of a cohort."""
        return self.render_within(edition, slots, budget=BUDGET_BYTES)

    def render_within(self, edition: Edition, slots: Slots, *, budget: int) -> Rendering:
        """Render an edition cut to a budget of its HTML part, bytes."""
        values = self._values(edition, slots)
        page, html = self._fitting(edition, values, budget)
        text = self._text[edition.language].render(references=References(), **values, **_of_page(page, values))
        return Rendering(
            subject=values["subject"],
            text=_tidy(text),
            html=html,
            view_key=slots.view_key if values["view_url"] else None,
        )

    def html(self, edition: Edition, slots: Slots) -> str:
        """Render the HTML part alone."""
        return self._fitting(edition, self._values(edition, slots), BUDGET_BYTES)[1]

    def _fitting(self, edition: Edition, values: dict[str, Any], budget: int) -> tuple[Page, str]:
        template, pieces = self._html[edition.language], _Pieces(edition, self._pieces, self._fragments, values)
        return fit(
            edition,
            lambda page: template.render(card=pieces.card, line=pieces.line, **values, **_of_page(page, values)),
            budget=budget,
        )

    def _values(self, edition: Edition, slots: Slots) -> dict[str, Any]:
        translations = catalogue(edition.language)
        labels = Labels(translations)
        phrases = Phrases(translations=translations, labels=labels, time_of=_clock(edition), cadence=edition.cadence)
        links = ArchiveLinks(base_url=self._base_url)
        places = Places(links=links, day=edition.day, cadence=edition.cadence)
        tell = partial(summary_of, language=edition.language, translations=translations, cadence=edition.cadence)
        is_of_several = len(edition.sections) > 1
        return {
            "edition": edition,
            "phrases": phrases,
            "labels": labels,
            "levels": HIGH_FIRST,
            "subject": subject_of(edition, translations),
            "preheader": phrases.preheader(edition),
            "bars": bars_of(edition),
            "history": history_words(edition, translations),
            "why": why(edition, translations),
            "is_of_several": is_of_several,
            # Of a single repository it stands at the very top.
            "opening": "" if is_of_several else tell(edition.sections[0]),
            "summary_of": tell,
            "fallen_back": phrases.fallen_back(edition),
            "lang": lang_attribute(edition.language),
            "line_height": LINE_HEIGHT_OF_HAN if edition.language == "zh" else LINE_HEIGHT,
            # Behind a colon; the one of Chinese has its space in itself.
            "gap": "" if edition.language == "zh" else " ",
            "date": heading_of(edition),
            "most_hidden_sections": MOST_HIDDEN_SECTIONS,
            "unsubscribe_url": f"{self._base_url}/unsubscribe/{slots.unsubscribe_token}",
            "preferences_url": f"{self._base_url}/preferences/{slots.preferences_token}",
            "view_url": links.mail(slots.view_key) if slots.view_key and not edition.private else "",
            "archive_url": links.home,
            "home_url": f"{self._base_url}/",
            "postal_address": self._postal_address,
            **{name: getattr(phrases, name) for name in _PHRASES},
            **{name: getattr(places, name) for name in ("archived", "permalink", "rest_of", "rest_of_change")},
        }


_PHRASES = (
    "areas_of",
    "author_of",
    "bond_of",
    "card_meta",
    "counts_of",
    "heading_of",
    "hidden_of",
    "hidden_section_of",
    "is_led",
    "line_meta",
    "marks_of",
    "member_meta",
    "member_of",
    "origin_of",
    "title_of",
    "totals_of",
    "unnamed_of",
)


@dataclass(frozen=True)
class _Pieces:
    """Prints the changes of one edition, each once for all editions of its day, language and zone."""

    edition: Edition
    templates: dict[str, Any]
    fragments: Fragments
    values: dict[str, Any]

    def card(self, group: Group, change: Change, members: tuple[Change, ...]) -> Markup:
        return self._piece("card", group, change, members)

    def line(self, group: Group, change: Change, members: tuple[Change, ...]) -> Markup:
        return self._piece("line", group, change, members)

    def _piece(self, name: str, group: Group, change: Change, members: tuple[Change, ...]) -> Markup:
        edition = self.edition
        shown = (group.look, group.origin, group.areas, group.scope, group.insight, group.consequences)
        key = (name, edition.language, edition.timezone, edition.day, edition.cadence, shown, change, members)
        template = self.templates[edition.language][name]
        return self.fragments.get(
            key, lambda: template.render(group=group, change=change, members=members, **self.values)
        )


def _of_page(page: Page, values: dict[str, Any]) -> dict[str, Any]:
    # What has one line only has no place that a link could lead to.
    cards = (group for section in page.sections for group in section.groups if group.look is not Look.LINE)
    printed = frozenset((change.repository_key, change.sha) for group in cards for change in group.changes)
    return {"page": page, "highlights": values["phrases"].highlights(page.edition, printed)}


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


def _tidy(text: str) -> str:
    """Return the text part with at most one blank line in a row and none at its ends, and no spaces at ends of lines.

    Its lines are fixed (RFC 3676 is not used): a list that hangs would not survive being flowed.
    """
    lines: list[str] = []
    for line in (raw.rstrip() for raw in text.splitlines()):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines).strip() + "\n"
