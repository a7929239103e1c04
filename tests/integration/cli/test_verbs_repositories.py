"""``newsletter repositories``: following what GitHub knows, and what it does not."""

from __future__ import annotations

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
