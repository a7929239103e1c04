"""A push is read as GitHub sent it, or refused by the name of what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from newsletter.github.payload import LISTED_COMMITS
from newsletter.github.record import Push
from newsletter.github.webhook import BadBody, push_from
from tests.support.events import assert_one_sentence, read
from tests.support.pushes import HOOK_ID, SAMPLE, body_of, payload, without


@pytest.mark.parametrize("push", SAMPLE.pushes, ids=lambda push: str(push.hook_id)[:8])
def test_a_push_is_read_as_github_sent_it(push: Any) -> None:
    event = read(push.body, hook_id=push.hook_id)
    assert isinstance(event, Push)
    assert event.hook_id == push.hook_id
    assert (event.ref, event.before, event.after) == tuple(push.payload[key] for key in ("ref", "before", "after"))
    assert event.repository.github_id == push.payload["repository"]["id"]
    assert event.repository.full_name == push.payload["repository"]["full_name"]
    assert [commit.sha for commit in event.commits] == [commit["id"] for commit in push.payload["commits"]]
    assert [commit.message for commit in event.commits] == [commit["message"] for commit in push.payload["commits"]]
    assert event.pushed_at == push.at
    assert event.is_default_branch
    for commit, told in zip(event.commits, push.payload["commits"], strict=True):
        assert commit.committed_at == datetime.fromisoformat(told["timestamp"])
        assert commit.committed_at.tzinfo is UTC
        assert commit.paths == (*told["added"], *told["removed"], *told["modified"])


@pytest.mark.parametrize(
    "path",
    [
        "ref",
        "before",
        "after",
        "deleted",
        "forced",
        "commits",
        "head_commit",
        "repository",
        "pusher",
        "sender",
        "repository.id",
        "repository.full_name",
        "repository.owner",
        "repository.default_branch",
        "commits.0.id",
        "commits.0.distinct",
        "commits.0.message",
        "commits.0.timestamp",
        "commits.0.author",
        "commits.0.added",
        "commits.0.removed",
        "commits.0.modified",
        "head_commit.id",
    ],
)
def test_a_push_without_a_required_key_is_refused_by_its_name(path: str) -> None:
    with pytest.raises(BadBody, match=f"Not a push payload: {path.replace('.', '[.]')}: Field required[.]") as caught:
        read(body_of(without(path)))
    assert_one_sentence(caught.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("ref", 7, id="a number for a ref"),
        pytest.param("ref", "", id="an empty ref"),
        pytest.param("before", None, id="null for a sha"),
        pytest.param("after", "abc", id="a short sha"),
        pytest.param("after", "z" * 40, id="a sha that is not hexadecimal"),
        pytest.param("after", "A" * 40, id="a sha in capitals"),
        pytest.param("after", "a" * 40 + "\n", id="a sha with a line break"),
        pytest.param("deleted", 0, id="a number for a truth"),
        pytest.param("forced", "false", id="a text for a truth"),
        pytest.param("commits", None, id="null for commits"),
        pytest.param("commits", {"0": {}}, id="an object for commits"),
        pytest.param("commits", ["a"], id="texts for commits"),
        pytest.param("commits__0", None, id="null for a commit"),
        pytest.param("commits__0__id", "../../../user", id="a path for a commit's id"),
        pytest.param("commits__0__distinct", 1, id="a number for distinct"),
        pytest.param("commits__0__message", 5, id="a number for a message"),
        pytest.param("commits__0__timestamp", "yesterday", id="a word for a time"),
        pytest.param("commits__0__timestamp", 1700000000, id="a number for a commit's time"),
        pytest.param("commits__0__timestamp", "2026-01-20T12:00:00", id="a time without a zone"),
        pytest.param("commits__0__timestamp", "0001-01-01T00:00:00+14:00", id="a time before all time"),
        pytest.param("commits__0__author", None, id="null for an author"),
        pytest.param("commits__0__author", "me", id="a text for an author"),
        pytest.param("commits__0__author__name", 7, id="a number for a name"),
        pytest.param("commits__0__added", "a.txt", id="a text for paths"),
        pytest.param("commits__0__removed", [None], id="null for a path"),
        pytest.param("head_commit", "abc", id="a text for the head"),
        pytest.param("repository", "o/r", id="a text for a repository"),
        pytest.param("repository__id", "12", id="a text for an id"),
        pytest.param("repository__id", True, id="a truth for an id"),
        pytest.param("repository__id", 1.5, id="a fraction for an id"),
        pytest.param("repository__id", -1, id="a negative id"),
        pytest.param("repository__id", 2**63, id="an id that no database holds"),
        pytest.param("repository__full_name", 3, id="a number for a name of a repository"),
        pytest.param("repository__full_name", "datasette", id="a name without an owner"),
        pytest.param("repository__full_name", "../..", id="a name that climbs"),
        pytest.param("repository__full_name", "o/..", id="a name that climbs behind its owner"),
        pytest.param("repository__full_name", "o/r?x=1", id="a name with a query"),
        pytest.param("repository__full_name", "o/r/issues", id="a name of three parts"),
        pytest.param("repository__full_name", "o/r\n", id="a name with a line break"),
        pytest.param("repository__full_name", "о/r", id="a name in Cyrillic"),
        pytest.param("repository__owner", None, id="null for an owner"),
        pytest.param("repository__default_branch", None, id="null for a branch"),
        pytest.param("repository__default_branch", "", id="an empty branch"),
        pytest.param("repository__private", None, id="null for private"),
        pytest.param("repository__pushed_at", "soon", id="a word for the push's time"),
        pytest.param("repository__pushed_at", True, id="a truth for the push's time"),
        pytest.param("repository__pushed_at", 1.5, id="a fraction for the push's time"),
        pytest.param("repository__pushed_at", 10**30, id="a time after all time"),
        pytest.param("repository__pushed_at", 10**12, id="a time in milliseconds"),
        pytest.param("repository__pushed_at", [], id="a list for the push's time"),
        pytest.param("pusher", None, id="null for the pusher"),
        pytest.param("sender", "me", id="a text for the sender"),
        pytest.param("installation", "12", id="a text for the installation"),
    ],
)
def test_a_push_with_a_wrong_value_is_refused_by_its_name(path: str, value: object) -> None:
    with pytest.raises(BadBody) as caught:
        push_from(payload(**{path: value}), hook_id=HOOK_ID)
    assert_one_sentence(caught.value)
    assert str(caught.value).startswith(f"Not a push payload: {path.replace('__', '.')}")


def test_no_more_is_looked_at_than_a_push_can_list() -> None:
    too_many = [payload()["commits"][0]] * (LISTED_COMMITS + 1)
    with pytest.raises(BadBody, match="commits"):
        push_from(payload(commits=too_many), hook_id=HOOK_ID)


@pytest.mark.parametrize(
    ("path", "value", "seen"),
    [
        pytest.param("commits", [], lambda push: push.commits == (), id="no commits"),
        pytest.param("head_commit", None, lambda push: push.commits, id="no head"),
        pytest.param("commits__0__distinct", False, lambda push: push.commits, id="a commit pushed before"),
        pytest.param("commits__0__message", "", lambda push: push.commits[0].message == "", id="an empty message"),
        pytest.param(
            "commits__0__author",
            {"name": "A", "email": None},
            lambda push: push.commits[0].author_login is None,
            id="an author without an account",
        ),
        pytest.param(
            "commits__0__author",
            {"email": "", "username": "ada"},
            lambda push: push.commits[0].author == "ada",
            id="an author without a name",
        ),
        pytest.param("commits__0__author", {}, lambda push: push.commits[0].author == "", id="an author of nothing"),
        pytest.param("ref", "refs/tags/v1", lambda push: not push.is_default_branch, id="a tag"),
        pytest.param("ref", "refs/heads/x/main", lambda push: not push.is_default_branch, id="another branch"),
        pytest.param("after", "b" * 64, lambda push: push.after == "b" * 64, id="a sha of SHA-256"),
        pytest.param(
            "repository__pushed_at",
            "2026-01-20T13:00:00+01:00",
            lambda push: push.pushed_at == datetime(2026, 1, 20, 12, tzinfo=UTC),
            id="the push's time as text",
        ),
        pytest.param("repository__pushed_at", None, lambda push: push.pushed_at is None, id="no time of the push"),
        pytest.param(
            "commits__0__timestamp",
            "1969-12-31T23:00:00-14:00",
            lambda push: push.commits[0].committed_at.year == 1970,
            id="a date of long ago",
        ),
        pytest.param("pusher", {"\ud800": 1}, lambda push: push.commits, id="rubbish where nobody looks"),
        pytest.param("unheard_of", {"new": True}, lambda push: push.commits, id="a key that GitHub added"),
        pytest.param("installation", {"id": 1}, lambda push: push.commits, id="a delivery to an app"),
    ],
)
def test_an_odd_push_is_taken_for_what_it_is(path: str, value: object, seen: Callable[[Push], bool]) -> None:
    assert seen(push_from(payload(**{path: value}), hook_id=HOOK_ID))


def test_a_repository_that_does_not_say_it_is_public_counts_as_private() -> None:
    assert push_from(without("repository.private"), hook_id=HOOK_ID).repository.private
