"""``newsletter subscribers``: readers with consent and without it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.demo.sample import SampleDay
from tests.integration.cli.conftest import DAY, follow_all, stored
from tests.support.command_line import CommandLine


@pytest.mark.parametrize(
    "address",
    ["nobody", "a@", "@b.example", "a@b.example\nBcc: c@d.example", "a b@c.example", "x" * 400 + "@b.example"],
)
def test_what_is_no_address_is_refused_with_the_reason(newsletter: CommandLine, tmp_path: Path, address: str) -> None:
    ended = newsletter("subscribers", "add", address, "--confirmed")
    assert ended.code == 2
    assert ended.err.startswith("newsletter: ")
    assert not (tmp_path / "newsletter.db").exists() or stored(tmp_path, "SELECT * FROM subscribers") == []


def test_a_reader_is_added_with_everything_the_options_say(newsletter: CommandLine, sample: SampleDay) -> None:
    follow_all(newsletter, sample)
    name = sample.repositories[1].full_name
    options = ["--threshold", "high", "--repository", name, "--language", "zh", "--timezone", "Asia/Shanghai"]
    assert newsletter("subscribers", "add", "Reader@Reader.Example", *options, "--confirmed").code == 0
    (row,) = newsletter("subscribers", "list", "--json").json()
    assert row["address"] == "Reader@reader.example"
    assert (row["choices"], row["language"], row["timezone"], row["status"]) == (
        f"{name}: high",
        "zh",
        "Asia/Shanghai",
        "active",
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param([], ("daily", None, None, False), id="a day by default"),
        pytest.param(["--hour", "7:05"], ("daily", None, "07:05", False), id="an hour"),
        pytest.param(["--cadence", "weekly"], ("weekly", "monday", None, False), id="a week by default from Monday"),
        pytest.param(
            ["--cadence", "weekly", "--weekday", "friday", "--hour", "23:59", "--at-once"],
            ("weekly", "friday", "23:59", True),
            id="everything",
        ),
    ],
)
def test_a_reader_chooses_when_mail_comes(
    newsletter: CommandLine, options: list[str], expected: tuple[str, str | None, str | None, bool]
) -> None:
    assert newsletter("subscribers", "add", "one@reader.example", *options, "--confirmed").code == 0
    (row,) = newsletter("subscribers", "list", "--json").json()
    assert (row["cadence"], row["weekday"], row["hour"], row["at_once"]) == expected
    assert "one@reader.example" in newsletter("subscribers", "list").out


def test_the_same_mailbox_is_not_added_twice(newsletter: CommandLine) -> None:
    assert newsletter("subscribers", "add", "one@reader.example", "--confirmed").code == 0
    again = newsletter("subscribers", "add", "ONE@reader.example", "--confirmed")
    assert again.code == 1
    assert "nothing was changed" in again.err
    assert "one@" not in again.err.lower()


def test_a_pending_reader_is_confirmed_by_adding_them_again(newsletter: CommandLine) -> None:
    address = "one@reader.example"
    assert newsletter("subscribers", "add", address, "--threshold", "high").code == 0
    unconfirmed = newsletter("subscribers", "add", address)
    assert (unconfirmed.code, "nothing was changed" in unconfirmed.err) == (1, True)
    confirmed = newsletter("subscribers", "add", address.upper(), "--confirmed")
    assert (confirmed.code, "active now" in confirmed.out) == (0, True)
    assert newsletter("subscribers", "add", address, "--confirmed").code == 1
    (row,) = newsletter("subscribers", "list", "--json").json()
    assert (row["address"], row["status"], row["choices"]) == (address, "active", "*: high")


@pytest.mark.parametrize("status", ["unsubscribed", "suppressed"])
def test_who_left_is_not_brought_back_by_being_added(newsletter: CommandLine, tmp_path: Path, status: str) -> None:
    assert newsletter("subscribers", "add", "one@reader.example").code == 0
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        connection.execute("UPDATE subscribers SET status = ?", [status])
        connection.commit()
    assert newsletter("subscribers", "add", "one@reader.example", "--confirmed").code == 1
    assert stored(tmp_path, "SELECT status FROM subscribers") == [(status,)]


def test_a_reader_without_consent_is_pending_and_gets_no_mail(newsletter: CommandLine) -> None:
    added = newsletter("subscribers", "add", "one@reader.example")
    assert "pending" in added.out
    assert newsletter("digests", "close", "--day", str(DAY)).code == 0
    assert newsletter("deliveries", "list").out == "There are no such deliveries.\n"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--language", "xx"], id="language"),
        pytest.param(["--timezone", "Mars/Olympus"], id="time zone"),
        pytest.param(["--repository", "not/followed"], id="repository"),
        pytest.param(["--threshold", "huge"], id="threshold"),
        pytest.param(["--cadence", "hourly"], id="cadence"),
        pytest.param(["--cadence", "weekly", "--weekday", "someday"], id="weekday"),
        pytest.param(["--weekday", "friday"], id="a weekday of every day"),
        pytest.param(["--hour", "24:00"], id="an hour after the last"),
        pytest.param(["--hour", "7"], id="an hour without minutes"),
        pytest.param(["--hour", "07:30\n"], id="an hour with a line break"),
        pytest.param(["--hour", "٠٧:٣٠"], id="an hour in other digits"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(newsletter: CommandLine, options: list[str]) -> None:
    assert newsletter("subscribers", "add", "one@reader.example", *options).code == 2
    assert newsletter("subscribers", "list").out.startswith("There are no readers yet")
