"""``newsletter repositories``: following what GitHub knows, and what it does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from newsletter.demo.sample import SampleDay
from tests.support.command_line import CommandLine


def test_a_repository_is_followed_once(newsletter: CommandLine, sample: SampleDay) -> None:
    name = sample.repositories[0].full_name
    assert newsletter("repositories", "add", name).out == f"Following {name} (public).\n"
    assert newsletter("repositories", "add", name).out == f"Already following {name} (public).\n"
    (row,) = newsletter("repositories", "list", "--json").json()
    assert (row["repository"], row["private"]) == (name, False)
    assert name in newsletter("repositories", "list").out


def test_a_repository_that_github_does_not_know_is_refused_unless_told_otherwise(newsletter: CommandLine) -> None:
    refused = newsletter("repositories", "add", "nobody/nothing")
    assert refused.code == 1
    assert "--no-check" in refused.err
    assert newsletter("repositories", "list").out.startswith("No repository is followed yet")
    taken = newsletter("repositories", "add", "nobody/nothing", "--no-check")
    assert taken.code == 0
    assert "treated as private" in taken.out


def test_a_repository_is_followed_while_github_is_away(newsletter: CommandLine) -> None:
    newsletter.set("NEWSLETTER_GITHUB__API_URL", "http://127.0.0.1:9")
    ended = newsletter("repositories", "add", "some/thing")
    assert ended.code == 0
    assert "could not be asked" in ended.err


@pytest.mark.parametrize("name", ["nothing", "../x", "a/b/c", "a b/c", ""])
def test_what_is_no_repository_name_is_a_wrong_call(newsletter: CommandLine, name: str) -> None:
    assert newsletter("repositories", "add", name).code == 2


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        pytest.param("installation_id = NULL", "by hand", id="by an operator"),
        pytest.param("installation_id = 11", "by hand, by the App on acme", id="by an operator and the App"),
        pytest.param("installation_id = 11, by_hand_at = NULL", "by the App on acme", id="by the App"),
        pytest.param("installation_id = 12, by_hand_at = NULL", "by the App on 12", id="by an App never heard of"),
        pytest.param("stopped = 'removed'", "no: removed from the App's installation", id="taken from the App"),
        pytest.param("stopped = 'uninstalled'", "no: the App was uninstalled", id="uninstalled"),
        pytest.param("stopped = 'suspended'", "no: the App is suspended", id="suspended"),
        pytest.param("stopped = 'deleted'", "no: deleted on GitHub", id="deleted"),
    ],
)
def test_the_list_says_for_whose_sake_a_repository_is_followed_or_why_not(
    newsletter: CommandLine, sample: SampleDay, tmp_path: Path, columns: str, said: str
) -> None:
    name = sample.repositories[0].full_name
    newsletter("repositories", "add", name)
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection, connection:
        connection.execute(f"UPDATE repositories SET {columns}")
        connection.execute("INSERT INTO installations VALUES (11, 4711, 'acme', 'active', '2026-03-02 12:00:00')")
    (row,) = newsletter("repositories", "list", "--json").json()
    assert row["followed"] == said
    ended = newsletter("repositories", "backfill", name, "--since", "2026-03-01")
    assert (ended.code == 2) == said.startswith("no")
    if said.startswith("no"):
        assert newsletter("repositories", "add", name).out == f"Following {name} (public).\n"
