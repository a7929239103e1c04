"""A closed day as a Markdown document, as it is read on GitHub. Pure, and the same for the same day to the last byte.

Each repository has the table of its commits, the day in numbers, contents that lead to every heading, and what is said
of each change, the most important first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from babel.support import NullTranslations

from newsletter.digest.assemble import HIGH_FIRST, assemble
from newsletter.digest.bonds import title_of
from newsletter.digest.changes import grouped
from newsletter.digest.labels import Labels
from newsletter.digest.markdown import Inline, code, inline, link, own
from newsletter.digest.phrases import Phrases
from newsletter.digest.record import Change, Digest, Edition, Section
from newsletter.digest.report_entry import Entries
from newsletter.digest.sanitise import shortened
from newsletter.digest.slugs import Slugs, slug_of
from newsletter.digest.summary import summary_of
from newsletter.languages import catalogue
from subscribers import Choice, Level, Preferences

_MARKS = {Level.HIGH: "🔴", Level.MEDIUM: "🟡", Level.LOW: "🟢"}
#: Of a title in the contents, characters.
_LONGEST_ENTRY = 90


@dataclass(frozen=True, kw_only=True)
class _Heading:
    """A heading, and where links to it go."""

    depth: int
    words: Inline
    anchor: str

    @property
    def line(self) -> str:
        return f"{'#' * self.depth} {self.words.markdown}"


def report_of(digest: Digest) -> str | None:
    """Return the document of a day; None where nothing happened.

    :param digest: with its commits one by one.
    """
    if not digest.changes:
        return None
    together = replace(digest, changes=grouped(digest.changes))
    keys = sorted({change.repository_key for change in digest.changes})
    everything = Preferences.of(digest.language, [Choice(repository=key, threshold=Level.LOW) for key in keys])
    edition = assemble(together, everything, title="")
    return _Report(digest, edition).text() if edition is not None else None


class _Report:
    """Writes one document; its headings are made in their order."""

    def __init__(self, digest: Digest, edition: Edition) -> None:
        self._digest, self._edition = digest, edition
        self._translations: NullTranslations = catalogue(digest.language)
        self._labels = Labels(self._translations)
        self._zone = ZoneInfo(digest.timezone)
        self._phrases = Phrases(translations=self._translations, labels=self._labels, time_of=self._time_of)
        self._entries = Entries(phrases=self._phrases, labels=self._labels, translations=self._translations)
        self._slugs = Slugs()

    def text(self) -> str:
        gettext = self._translations.gettext
        title = self._heading(1, own(gettext("Daily report (%(day)s)") % {"day": self._digest.day.isoformat()}))
        several = len(self._edition.sections) > 1
        index = self._heading(2, own("📋 " + gettext("Repositories"))) if several else None
        sections = [self._section(section) for section in self._edition.sections]
        blocks = [title.line]
        if failed := self._phrases.fallen_back(self._edition):
            blocks.append(failed)
        if index is not None:
            blocks += [index.line, "\n".join(_entry(0, name.words, name.anchor) for name, _ in sections)]
        blocks += [block for _, body in sections for block in body]
        zone = gettext("Times are in %(zone)s. Summaries are written automatically; the linked change is what counts.")
        blocks += ["---", inline(zone % {"zone": self._digest.timezone}).markdown]
        return "\n\n".join(blocks) + "\n"

    def _heading(self, depth: int, words: Inline) -> _Heading:
        return _Heading(depth=depth, words=words, anchor=self._slugs.next(words.text))

    def _section(self, section: Section) -> tuple[_Heading, list[str]]:
        gettext = self._translations.gettext
        name = self._heading(2, inline(section.repository))
        statistics = self._heading(3, own("📊 " + gettext("Statistics")))
        contents = self._heading(3, own("📋 " + gettext("Contents")))
        levels = [
            (self._level_heading(level, len(changes)), [(self._change_heading(change), change) for change in changes])
            for level in HIGH_FIRST
            if (changes := section.at(level))
        ]
        opening = summary_of(section, language=self._digest.language, translations=self._translations)
        body = [
            name.line,
            *([inline(opening).markdown] if opening else []),
            self._table(self._commits_of(section)),
            statistics.line,
            self._statistics(section),
            contents.line,
            "\n".join(self._contents(levels)),
        ]
        for heading, entries in levels:
            body.append(heading.line)
            for title, change in entries:
                body += [title.line, *self._entries.of(change)]
        return name, body

    def _level_heading(self, level: Level, number: int) -> _Heading:
        words = self._translations.gettext("%(level)s importance (%(num)d)")
        return self._heading(3, own(f"{_MARKS[level]} {words % {'level': self._labels.level(level), 'num': number}}"))

    def _change_heading(self, change: Change) -> _Heading:
        words = inline(self._phrases.heading_of(change))
        if not slug_of(words.text).strip("-"):
            # A heading of nothing but signs has no anchor that a link could lead to.
            words = words + own(" ") + code(change.sha[:7])
        return self._heading(4, words)

    def _contents(self, levels: Sequence[tuple[_Heading, Sequence[tuple[_Heading, Change]]]]) -> Iterator[str]:
        for heading, changes in levels:
            yield _entry(0, heading.words, heading.anchor)
            for title, change in changes:
                yield _entry(1, inline(shortened(self._phrases.title_of(change), _LONGEST_ENTRY)), title.anchor)

    def _commits_of(self, section: Section) -> list[Change]:
        """Return the commits of a repository, the latest first."""
        key = section.changes[0].repository_key
        return [commit for commit in self._digest.changes if commit.repository_key == key][::-1]

    def _table(self, commits: Sequence[Change]) -> str:
        gettext = self._translations.gettext
        heads = (gettext("Time"), gettext("Author"), gettext("Message"))
        rows = [f"| {' | '.join(heads)} |", "|---|---|---|"]
        for commit in commits:
            time = self._local(commit.reached_at).replace(tzinfo=None).isoformat(" ", "seconds")
            title = title_of(commit, self._translations) or gettext("(no message)")
            cells = (time, inline(self._phrases.author_of(commit)).markdown, link(inline(title), commit.url).markdown)
            rows.append(f"| {' | '.join(cells)} |")
        return "\n".join(rows)

    def _statistics(self, section: Section) -> str:
        numbers = [f"{_MARKS[level]} {self._labels.level(level)} {len(section.at(level))}" for level in HIGH_FIRST]
        parts = [self._phrases.totals_of(section), *numbers]
        if section.compare_url is not None:
            parts.append(link(own(self._translations.gettext("Compare")), section.compare_url).markdown)
        return f"> {' | '.join(parts)}"

    def _local(self, instant: datetime) -> datetime:
        try:
            return instant.astimezone(self._zone)
        except OverflowError:
            # At the very ends of the calendar there is no local time any more.
            return instant.astimezone(UTC)

    def _time_of(self, instant: datetime) -> str:
        local = self._local(instant)
        time = f"{local:%H:%M}"
        return time if local.date() == self._digest.day else f"{local.date().isoformat()} {time}"


def _entry(depth: int, words: Inline, anchor: str) -> str:
    return f"{'  ' * depth}- [{words.markdown}](#{anchor})"
