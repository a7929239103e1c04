"""The verbs of a day, as an operator calls them, on a real database and with stand-in servers."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.demo.sample import SampleDay
from tests.integration.cli.conftest import DAY, follow_all, stored
from tests.support.command_line import CommandLine


def test_a_day_walks_from_pushes_to_a_ledger_by_the_verbs_alone(
    newsletter: CommandLine, sample: SampleDay, payloads: Path, served: str, tmp_path: Path
) -> None:
    follow_all(newsletter, sample)
    assert newsletter("subscribers", "add", "low@reader.example", "--threshold", "low", "--confirmed").code == 0
    replayed = newsletter("replay", str(payloads), "--to", served)
    assert (replayed.code, replayed.out) == (0, f"{len(sample.pushes)} posted: {len(sample.pushes)} × 202\n")

    closed = newsletter("digests", "close", "--day", str(DAY))
    assert closed.code == 0, closed.err
    assert closed.out.startswith(f"Closed {DAY}: {len(sample.commits)} changes.")

    (line,) = newsletter("deliveries", "list", "--json").json()
    assert (line["address"], line["status"], line["day"]) == ("low@reader.example", "queued", str(DAY))
    (digest,) = newsletter("digests", "list", "--json").json()
    assert digest["changes"] == len(sample.commits) == digest["high"] + digest["medium"] + digest["low"]

    shown = newsletter("digests", "preview", "--day", str(DAY), "--out", str(tmp_path / "d.html"), "--language", "zh")
    assert shown.code == 0, shown.err
    html = (tmp_path / "d.html").read_text(encoding="utf-8")
    assert {sha for _, sha in sample.commits} == set(re.findall(r"/commit/([0-9a-f]{40})", html))
    assert 'lang="zh-Hans"' in html
    assert (tmp_path / "d.txt").read_text(encoding="utf-8").startswith("Subject: ")


def test_closing_a_closed_day_changes_nothing(newsletter: CommandLine) -> None:
    assert newsletter("digests", "close", "--day", str(DAY)).code == 0
    again = newsletter("digests", "close", "--day", str(DAY))
    assert (again.code, again.out) == (0, f"{DAY} was closed already, with 0 changes; nothing was changed.\n")


def test_a_day_that_has_not_begun_is_not_closed(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("digests", "close", "--day", "2999-01-01")
    assert ended.code == 2
    assert "has not begun" in ended.err
    assert stored(tmp_path, "SELECT * FROM digests") == []


@pytest.mark.parametrize("verb", [("close",), ("preview", "--out", "d.html")], ids=" ".join)
@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_day_at_the_ends_of_the_calendar_is_a_wrong_call(
    newsletter: CommandLine, verb: tuple[str, ...], day: str
) -> None:
    ended = newsletter("digests", *verb, "--day", day)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_closing_a_day_before_its_end_says_where_the_rest_goes(newsletter: CommandLine) -> None:
    newsletter.set("NEWSLETTER_TIMEZONE", "Pacific/Kiritimati")
    today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    early = newsletter("digests", "close", "--day", str(today))
    assert (early.code, "has not ended yet" in early.err) == (0, True)
    assert "not ended" not in newsletter("digests", "close", "--day", str(today)).err
    assert "not ended" not in newsletter("digests", "close", "--day", str(today - timedelta(days=2))).err


def test_a_day_that_is_not_closed_has_no_preview(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html")
    assert ended.code == 1
    assert "digests close" in ended.err
    assert not (tmp_path / "d.html").exists()


def test_a_digest_in_which_nothing_reaches_the_threshold_has_no_preview(newsletter: CommandLine) -> None:
    newsletter("digests", "close", "--day", str(DAY))
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html")
    assert ended.code == 1
    assert "no mail" in ended.err


def test_only_ended_deliveries_are_tried_again(newsletter: CommandLine) -> None:
    assert newsletter("deliveries", "retry", "--status", "sent").code == 2
    assert newsletter("deliveries", "retry").out == "0 deliveries queued again.\n"
