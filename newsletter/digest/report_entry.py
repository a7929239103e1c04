"""What a report says of one change: where it is, what was said about it, and what came with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babel.support import NullTranslations

from newsletter.digest.labels import Labels
from newsletter.digest.markdown import Inline, code, inline, link, own
from newsletter.digest.phrases import Phrases
from newsletter.digest.record import Change

_SEPARATOR = " · "


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Writes the paragraphs below a change's heading, in one language and zone."""

    phrases: Phrases
    labels: Labels
    translations: NullTranslations

    def of(self, change: Change) -> list[str]:
        """Return the paragraphs of a change."""
        return [self._links(change), *self._said(change), *self._members(change), f"> {self._origin(change)}"]

    def _links(self, change: Change) -> str:
        parts = []
        if self.phrases.is_led(change):
            parts += [code(change.sha[:7]), link(own(self.translations.gettext("View commit")), change.url)]
            if change.pull_request_url is not None:
                parts.append(link(own(f"\\#{change.pull_request}"), change.pull_request_url))
        parts.append(inline(self.phrases.card_meta(change)))
        parts += [inline(mark) for mark in self.phrases.marks_of(change)]
        return _SEPARATOR.join(part.markdown for part in parts)

    def _said(self, change: Change) -> Iterator[str]:
        gettext, analysis = self.translations.gettext, change.analysis
        if analysis.summary:
            yield _label(gettext("Summary"))
            yield inline(analysis.summary).markdown
        if analysis.scope or analysis.areas:
            yield _label(gettext("Affects"))
            if analysis.scope:
                yield inline(analysis.scope).markdown
            if analysis.areas:
                yield ", ".join(inline(area).markdown for area in analysis.areas)
        insight = [f"{self.labels.aspect(item.aspect)}: {item.text}" for item in analysis.insight]
        for heading, items, numbered in (
            (gettext("A closer look"), insight, False),
            (gettext("What may break"), analysis.risks, True),
            (gettext("What to do"), analysis.advice, False),
        ):
            if items:
                yield _label(heading)
                yield _list([inline(item) for item in items], numbered=numbered)

    def _members(self, change: Change) -> Iterator[str]:
        if change.bond is None:
            return
        if caption := self.phrases.bond_of(change):
            yield _label(caption)
        joined = change.members if self.phrases.is_led(change) else change.commits
        yield _list([self._member(change, member) for member in joined])

    def _member(self, change: Change, member: Change) -> Inline:
        named = link(inline(self.phrases.member_of(change, member)), member.url)
        meta = self.phrases.member_meta(change, member)
        return named + own(" ") + inline(meta) if meta else named

    def _origin(self, change: Change) -> str:
        return inline(self.phrases.origin_of(change)).markdown


def _label(words: str) -> str:
    return f"**{inline(words).markdown}**"


def _list(items: Sequence[Inline], *, numbered: bool = False) -> str:
    return "\n".join(f"{f'{place}.' if numbered else '-'} {item.markdown}" for place, item in enumerate(items, start=1))
