"""Speed of one more cohort's mail, against the usual way of MJML.

    python -m bench.rendering

A day of 41 changes is rendered for one cohort and then for others, which read the same changes under other titles, as
cohorts of a newsletter do. For comparison the same page is made as most do it: data is filled into MJML, and MJML is
compiled, for each cohort. Both make the HTML part; the text part and the check of the whole mail are told besides.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from mjml import mjml_to_html

from newsletter.analysis.record import Analysis, Aspect, Insight, Kind, Reason, Signal, Source
from newsletter.digest.assemble import assemble
from newsletter.digest.check import Allowed, faults_of
from newsletter.digest.environments import environment
from newsletter.digest.record import Change, Digest, Edition, Slots
from newsletter.digest.render import Renderer
from newsletter.digest.sources import MJML, Sources, read_sources
from newsletter.resources import templates_directory
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences

CHANGES = 41
COHORTS = 30
#: How often faster one more cohort has to be.
AT_LEAST = 50.0
DAY = date(2026, 1, 20)
BASE_URL = "https://news.example"
WEB = "https://github.com"
SLOTS = Slots(unsubscribe_token="slot-1", preferences_token="slot-2", view_key="view")  # noqa: S106 - no tokens
_WORDS = "It moves the cache of compiled routes into `harbour/routing/cache.py`, so that every worker shares it. "


def change(number: int, level: Level) -> Change:
    """Return a change as long as a model writes them."""
    high = level is Level.HIGH
    sha = f"{number:040x}"[::-1]
    return Change(
        repository_key="1",
        repository="tidal/harbour",
        repository_url=f"{WEB}/tidal/harbour",
        private=False,
        sha=sha,
        title=f"Share the cache of compiled routes, part {number} of `harbour` (#{number})",
        author="Ada Lovelace",
        url=f"{WEB}/tidal/harbour/commit/{sha}",
        pull_request=number,
        pull_request_url=f"{WEB}/tidal/harbour/pull/{number}",
        reached_at=datetime(2026, 1, 20, 12, tzinfo=UTC) + timedelta(minutes=number),
        additions=number,
        deletions=3,
        analysis=Analysis(
            language="en",
            level=level,
            kind=Kind.FEATURE,
            summary=_WORDS * 2 + f"({number})",
            areas=("harbour/routing", "harbour/workers", "docs"),
            reasons=(Reason(signal=Signal.FEATURE), Reason(signal=Signal.LARGE, detail="+900 lines")),
            scope="Everybody who runs more than one worker.",
            insight=tuple(Insight(aspect=aspect, text=_WORDS * 3) for aspect in Aspect) if high else (),
            risks=(_WORDS, _WORDS) if high else (),
            advice=(_WORDS, _WORDS) if high else (),
            files_read=7,
            files_total=9,
            source=Source.MODEL,
            model="harbour-72b",
        ),
    )


def editions() -> list[Edition]:
    """Return what the cohorts read: all of the same changes, each under a title of its own."""
    levels = [Level.HIGH] * 6 + [Level.MEDIUM] * 15 + [Level.LOW] * (CHANGES - 21)
    changes = tuple(change(number, level) for number, level in enumerate(levels, start=1))
    digest = Digest(day=DAY, timezone="UTC", language="en", changes=changes)
    everything = Preferences.of("en", [Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW)])
    edition = assemble(digest, everything, title="Tides")
    if edition is None:
        raise ValueError("the day is empty")
    return [replace(edition, title=f"Tides {number}") for number in range(COHORTS)]


class UsualWay(Renderer):
    """Fills the data into MJML first, and compiles that for each cohort."""

    def __init__(self) -> None:
        super().__init__(templates_directory(), base_url=BASE_URL, postal_address=None)
        templates = templates_directory()
        sources = read_sources(templates)
        source = (templates / "digest" / MJML).read_text(encoding="utf-8")
        texts = {**sources.texts, MJML: source}
        paths = {**sources.paths, MJML: templates / "digest" / MJML}
        filled = environment(Sources(texts=texts, paths=paths), "en", autoescape=True).get_template(MJML)
        self._html = {"en": filled}

    def html(self, edition: Edition, slots: Slots) -> str:
        """Render the HTML part alone."""
        made: str = mjml_to_html(super().html(edition, slots)).html
        return made


def seconds(work: Callable[[Edition], object], cohorts: list[Edition]) -> float:
    """Return the median time of one cohort."""
    times = []
    for edition in cohorts:
        begin = time.perf_counter()
        work(edition)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main() -> int:
    """Print the times, and 0 where the limit is kept."""
    ours, usual = Renderer(templates_directory(), base_url=BASE_URL, postal_address=None), UsualWay()
    first, *others = editions()
    begin = time.perf_counter()
    ours.html(first, SLOTS)
    alone = time.perf_counter() - begin
    usual.html(first, SLOTS)
    # In turns, so that both see the same machine.
    pairs = [
        (
            seconds(lambda each: ours.html(each, SLOTS), [edition]),
            seconds(lambda each: usual.html(each, SLOTS), [edition]),
        )
        for edition in others
    ]
    one_more, compiling = (statistics.median(times) for times in zip(*pairs, strict=True))
    whole = seconds(lambda each: ours.render(each, SLOTS), others)
    allowed = Allowed(base_url=BASE_URL, github_url=WEB)
    mails = {edition.title: ours.render(edition, SLOTS) for edition in others}
    checking = seconds(lambda each: faults_of(mails[each.title], each, SLOTS, allowed=allowed), others)
    ratio = compiling / one_more
    print(f"a page of {CHANGES} changes: {len(ours.html(first, SLOTS).encode())} bytes")
    print(f"the first cohort:             {alone * 1000:8.2f} ms")
    print(f"one more cohort:              {one_more * 1000:8.2f} ms")
    print(f"compiling MJML for it:        {compiling * 1000:8.2f} ms")
    print(
        f"one more whole mail:          {whole * 1000:8.2f} ms with its text, and {checking * 1000:.2f} ms to check it"
    )
    print(f"{ratio:.0f} times as fast; at least {AT_LEAST:.0f}: {'kept' if ratio >= AT_LEAST else 'NOT KEPT'}")
    return 0 if ratio >= AT_LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
