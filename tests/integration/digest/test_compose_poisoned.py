"""One change that cannot be read, analysed or printed stops no digest: its title and its link go out all the same."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.analysis.record import Analysis, Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.digest.record import Edition, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.digest.sanitise import LONGEST_READ
from newsletter.github.links import pull_request_number
from newsletter.pipeline import contents as contents_module
from newsletter.pipeline import missing as missing_module
from newsletter.pipeline.unfit import HeldBack
from newsletter.resources import templates_directory
from subscribers import Level
from tests.support.newsroom import BASE_URL, Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of, sha

END = datetime(2026, 3, 2, tzinfo=UTC)
ADA, BOB = "ada@reader.example", "bob@reader.example"


class Unprintable(Exception):
    """What nobody foresaw."""


class FastidiousRenderer(Renderer):
    """The real renderer, but for changes by one author."""

    def __init__(self) -> None:
        super().__init__(templates_directory(), base_url=BASE_URL, postal_address=None)
        self.threads: set[int] = set()

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        self.threads.add(threading.get_ident())
        if any(change.author == "Mallory" for change in edition.changes):
            raise Unprintable
        return super().render(edition, slots)


@pytest.fixture
async def day(newsroom: Newsroom) -> Newsroom:
    """A newsroom with a high change of Ada's and one of Mallory's, and readers of it in two cohorts."""
    tide = await follow(newsroom.store)
    for number, author in ((1, "Ada"), (2, "Mallory")):
        at = END - timedelta(hours=number)
        text = analysis_of(level=Level.HIGH, summary=f"By {author}.")
        await newsroom.analysed(tide, number, at, text, message=f"Gate {number} (#{number})", author=author)
    await newsroom.reader("ada", preferences_of(threshold=Level.LOW))
    await newsroom.reader("bob", preferences_of("zh", threshold=Level.HIGH))
    await newsroom.close(DAY)
    return newsroom


async def assert_bare(newsroom: Newsroom, number: int) -> None:
    for address in (ADA, BOB):
        mail = await newsroom.mail_to(address)
        for part in (mail.html, mail.text):
            assert sha(1) in part
            assert sha(2) in part
            assert f"Gate {number}" in part
            assert "Mallory" not in part


async def test_a_change_that_cannot_be_printed_keeps_its_title_and_its_link(
    day: Newsroom, capsys: pytest.CaptureFixture[str]
) -> None:
    await replace(day, imprint=replace(day.imprint, renderer=FastidiousRenderer())).compose(DAY)
    await assert_bare(day, 2)
    assert "By Ada." in (await day.mail_to(ADA)).text
    logged = capsys.readouterr()
    assert (logged.out + logged.err).count("digest.change_left_bare") == 2


async def test_a_change_that_cannot_be_read_keeps_its_title_and_its_link(
    day: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def number_of(title: str) -> int | None:
        if title.startswith("Gate 2"):
            raise Unprintable
        return pull_request_number(title)

    monkeypatch.setattr(contents_module, "pull_request_number", number_of)
    await day.compose(DAY)
    await assert_bare(day, 2)


async def test_a_change_that_the_rules_cannot_analyse_keeps_its_title_and_its_link(
    day: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_rules(subject: Subject, *, language: str, level: Level) -> Analysis:
        if subject.author == "Mallory":
            raise Unprintable
        return analyse_by_rules(subject, language=language, level=level)

    monkeypatch.setattr(missing_module, "analyse_by_rules", by_rules)
    await day.compose(DAY)
    mail = await day.mail_to(BOB)
    assert sha(2) in mail.html
    assert "Mallory" not in mail.html
    assert "Mallory" in (await day.mail_to(ADA)).html


async def test_what_stops_every_digest_is_still_a_fault(day: Newsroom) -> None:
    class BrokenRenderer(FastidiousRenderer):
        def render(self, edition: Edition, slots: Slots) -> Rendering:
            raise Unprintable

    with pytest.raises(HeldBack, match=r"2 mails of 2026-03-01 held back, .*Unprintable"):
        await replace(day, imprint=replace(day.imprint, renderer=BrokenRenderer())).compose(DAY)
    assert await day.ledger() == {}


async def test_a_change_of_the_year_one_stops_nobodys_mail(newsroom: Newsroom) -> None:
    west = replace(newsroom, zone=ZoneInfo("America/New_York"))
    tide = await follow(newsroom.store)
    await west.analysed(tide, 1, datetime(1, 1, 1, tzinfo=UTC), analysis_of(level=Level.HIGH))
    await west.reader("ada")
    await west.close(DAY)
    await west.compose(DAY)
    assert sha(1) in (await west.mail_to(ADA)).html


async def test_mails_are_printed_beside_the_loop_that_answers_everybody_else(day: Newsroom) -> None:
    renderer = FastidiousRenderer()
    await replace(day, imprint=replace(day.imprint, renderer=renderer)).compose(DAY)
    assert threading.get_ident() not in renderer.threads


async def test_of_a_title_without_an_end_the_beginning_is_loaded(newsroom: Newsroom) -> None:
    seen: list[Edition] = []

    class WatchingRenderer(FastidiousRenderer):
        def render(self, edition: Edition, slots: Slots) -> Rendering:
            seen.append(edition)
            return super().render(edition, slots)

    tide = await follow(newsroom.store)
    long = "\n \n  Gate " + "中" * 50_000
    await newsroom.analysed(tide, 1, END - timedelta(hours=1), analysis_of(), message=long)
    await newsroom.reader("ada")
    await newsroom.close(DAY)
    await replace(newsroom, imprint=replace(newsroom.imprint, renderer=WatchingRenderer())).compose(DAY)
    (title,) = {change.title for edition in seen for change in edition.changes}
    assert title.startswith("Gate 中")
    assert len(title) <= LONGEST_READ
