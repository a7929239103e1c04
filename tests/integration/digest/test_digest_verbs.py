"""``newsletter digests``: what an operator sees of closed days, on each kind of database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from newsletter.delivery.record import OpenMail
from newsletter.store.engine import Store
from subscribers import Level
from tests.support.clock import FrozenClock
from tests.support.command_line import CommandLine
from tests.support.letters import anonymous
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of

Result = TypeVar("Result")
END = datetime(2026, 3, 2, tzinfo=UTC)
LEVELS = (Level.HIGH, Level.MEDIUM, Level.LOW, Level.LOW)


class Office:
    """What other processes do with the database between two calls."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    def does(self, work: Callable[[Newsroom], Awaitable[Result]]) -> Result:
        async def done() -> Result:
            store = Store(self._url)
            try:
                return await work(Newsroom(store, FrozenClock()))
            finally:
                await store.close()

        return asyncio.run(done())


@pytest.fixture
def office(database_url: str) -> Office:
    """A database with changes of every level on DAY, a low one the day after, and a reader of everything."""

    async def work(newsroom: Newsroom) -> None:
        tide = await follow(newsroom.store)
        for number, level in enumerate(LEVELS):
            await newsroom.analysed(tide, number, END - timedelta(hours=1), analysis_of(level=level))
        await newsroom.analysed(tide, 9, END + timedelta(hours=1))
        await newsroom.reader("ada", preferences_of(threshold=Level.LOW))

    office = Office(database_url)
    office.does(work)
    return office


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, database_url: str
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(
        monkeypatch,
        capsys,
        {
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_BASE_URL": "https://news.example",
            "NEWSLETTER_MAIL__FROM": "digest@news.example",
            # Nobody listens there: no test asks the real GitHub.
            "NEWSLETTER_GITHUB__API_URL": "http://127.0.0.1:9",
        },
    )


def test_close_freezes_composes_and_says_how_much(newsletter: CommandLine, office: Office) -> None:
    ended = newsletter("digests", "close", "--day", str(DAY))
    assert (ended.code, ended.out) == (
        0,
        f"Closed {DAY}: 4 changes. The mails are queued; `serve` or `work` sends them.\n",
    )
    assert office.does(lambda newsroom: newsroom.numbers(DAY)) == [0, 1, 2, 3]
    assert office.does(lambda newsroom: newsroom.ledger()).keys() == {"ada@reader.example"}
    again = newsletter("digests", "close", "--day", str(DAY))
    assert (again.code, again.out) == (0, f"{DAY} was closed already, with 4 changes; nothing was changed.\n")


def test_close_goes_on_with_a_day_that_was_closed_and_not_composed(newsletter: CommandLine, office: Office) -> None:
    office.does(lambda newsroom: newsroom.close(DAY))
    (row,) = newsletter("digests", "list", "--json").json()
    assert row["composed"] is False
    assert newsletter("digests", "close", "--day", str(DAY)).code == 0
    assert len(office.does(lambda newsroom: newsroom.ledger())) == 1


def test_close_does_the_work_that_is_left_where_nobody_else_does(newsletter: CommandLine, office: Office) -> None:
    async def work(newsroom: Newsroom) -> None:
        tide = await follow(newsroom.store)
        await newsroom.push(tide, [20, 21], END - timedelta(hours=2))

    office.does(work)
    ended = newsletter("digests", "close", "--day", str(DAY), "--wait", "0")
    assert ended.code == 0, ended.err
    assert ended.out.startswith(f"Closed {DAY}: 6 changes.")


@pytest.mark.parametrize(
    "day", ["2026-02-30", "2026-13-01", "01.03.2026", "20260301", "yesterday", "", "2026-03-01T00"]
)
@pytest.mark.parametrize("verb", ["close", "preview"])
def test_what_is_no_day_is_a_wrong_call(newsletter: CommandLine, office: Office, verb: str, day: str) -> None:
    out = ["--out", "d.html"] if verb == "preview" else []
    ended = newsletter("digests", verb, "--day", day, *out)
    assert ended.code == 2
    assert "--day" in ended.err
    assert office.does(lambda newsroom: newsroom.count("digests")) == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "9999-12-30"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Los_Angeles"])
def test_days_at_the_ends_of_the_calendar_are_refused_or_empty(
    newsletter: CommandLine, office: Office, zone: str, day: str
) -> None:
    newsletter.set("NEWSLETTER_TIMEZONE", zone)
    ended = newsletter("digests", "close", "--day", day)
    assert ended.code == 2
    assert day in ended.err
    assert office.does(lambda newsroom: newsroom.count("digests")) == 0


def test_a_day_without_its_option_is_a_wrong_call(newsletter: CommandLine, office: Office) -> None:
    for verb in ("close", "preview"):
        assert newsletter("digests", verb).code == 2


def test_list_counts_by_level_newest_first(newsletter: CommandLine, office: Office) -> None:
    assert newsletter("digests", "list", "--json").json() == []
    assert newsletter("digests", "list").out.startswith("No day is closed yet")
    for day in (DAY, DAY + timedelta(days=1)):
        assert newsletter("digests", "close", "--day", str(day)).code == 0
    rows = newsletter("digests", "list", "--json").json()
    assert [row["day"] for row in rows] == ["2026-03-02", "2026-03-01"]
    counts = [[row[name] for name in ("changes", "high", "medium", "low", "late")] for row in rows]
    assert counts == [[1, 0, 0, 1, 0], [4, 1, 1, 2, 0]]
    assert all(row["composed"] for row in rows)
    assert all(datetime.fromisoformat(row["closed"]).tzinfo is not None for row in rows)
    assert newsletter("digests", "list", "--json", "--limit", "1").json() == rows[:1]
    table = newsletter("digests", "list").out
    assert table.index("2026-03-02") < table.index("2026-03-01")
    assert newsletter("digests", "list", "--limit", "0").code == 2


def test_a_preview_is_the_mail_that_waits(newsletter: CommandLine, office: Office, tmp_path: Path) -> None:
    newsletter("digests", "close", "--day", str(DAY))
    mail: OpenMail = office.does(lambda newsroom: newsroom.mail_to("ada@reader.example"))
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html")
    assert ended.code == 0, ended.err
    assert ended.out.splitlines()[0] == mail.subject
    html, text = ((tmp_path / f"d.{kind}").read_text(encoding="utf-8") for kind in ("html", "txt"))
    assert anonymous(html) == anonymous(mail.html)
    assert anonymous(text) == f"Subject: {mail.subject}\n\n" + anonymous(mail.text)


@pytest.mark.parametrize("out", ["d.txt", "d.TXT", "nowhere/d.html", "."])
def test_a_preview_that_cannot_be_written_says_so(newsletter: CommandLine, office: Office, out: str) -> None:
    newsletter("digests", "close", "--day", str(DAY))
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", out)
    assert ended.code in {1, 2}
    assert ended.err.startswith("newsletter: ") or "--out" in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_preview_of_what_is_not_followed_is_a_wrong_call(newsletter: CommandLine, office: Office) -> None:
    newsletter("digests", "close", "--day", str(DAY))
    for option in (["--repository", "acme/nothing"], ["--language", "tlh"], ["--threshold", "huge"]):
        ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html", *option)
        assert ended.code == 2
        assert option[1] in ended.err


def test_a_day_ends_in_the_newsletters_zone(newsletter: CommandLine, office: Office) -> None:
    # An hour after midnight in UTC is still the day before in Los Angeles.
    newsletter.set("NEWSLETTER_TIMEZONE", "America/Los_Angeles")
    assert newsletter("digests", "close", "--day", str(DAY)).out.startswith(f"Closed {DAY}: 5 changes.")
    assert date.fromisoformat(newsletter("digests", "list", "--json").json()[0]["day"]) == DAY
