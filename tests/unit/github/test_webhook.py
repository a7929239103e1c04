"""A webhook delivery is verified over its raw bytes, and understood or refused with one sentence."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.github.payload import LISTED_COMMITS
from newsletter.github.record import Push
from newsletter.github.replay import signature
from newsletter.github.webhook import (
    BadBody,
    BadSignature,
    Event,
    OtherEvent,
    Ping,
    UnsupportedContentType,
    WebhookError,
    push_from,
    read_event,
    stored_push,
    verify,
)
from tests.support.mutations import bodies
from tests.support.pushes import HOOK_ID, SAMPLE, SECRET, body_of, form_of, headers_of, payload, without

FORM = "application/x-www-form-urlencoded"


def read(body: bytes, **about: str) -> Event:
    return read_event(headers_of(body, **about), body, [SECRET])


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


class TestSignature:
    BODY = body_of(payload())

    @pytest.mark.parametrize(
        "secrets",
        [
            pytest.param([SECRET], id="the only secret"),
            pytest.param(["new", SECRET], id="an old secret"),
            pytest.param([SECRET, "old"], id="the newest secret"),
            pytest.param(["", SECRET], id="a secret beside an empty one"),
        ],
    )
    def test_a_push_is_taken_that_is_signed_with(self, secrets: list[str]) -> None:
        verify(signature(self.BODY, SECRET), self.BODY, secrets)

    def test_a_secret_may_have_any_characters(self) -> None:
        verify(signature(self.BODY, "gehëim 秘密"), self.BODY, ["gehëim 秘密"])

    @pytest.mark.parametrize(
        ("given_signature", "secrets"),
        [
            pytest.param(signature(BODY, "other"), [SECRET], id="another secret"),
            pytest.param(signature(BODY + b" ", SECRET), [SECRET], id="another body"),
            pytest.param(None, [SECRET], id="nothing"),
            pytest.param("", [SECRET], id="an empty header"),
            pytest.param("sha256=", [SECRET], id="a prefix alone"),
            pytest.param(signature(BODY, SECRET).removeprefix("sha256="), [SECRET], id="a digest without its prefix"),
            pytest.param(signature(BODY, SECRET)[:-1], [SECRET], id="a digest cut short"),
            pytest.param(
                "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest(), [SECRET], id="SHA-1 only"
            ),
            pytest.param("sha256=" + "é" * 64, [SECRET], id="characters that are not ASCII"),
            pytest.param("sha256=\udcff" + "0" * 63, [SECRET], id="bytes that are no text"),
            pytest.param(signature(BODY, ""), [""], id="an empty secret"),
            pytest.param(signature(BODY, ""), ["", SECRET], id="an empty secret beside a real one"),
            pytest.param(signature(BODY, SECRET), [], id="a secret that nobody configured"),
        ],
    )
    def test_a_push_is_refused_that_is_signed_with(self, given_signature: str | None, secrets: list[str]) -> None:
        with pytest.raises(BadSignature):
            verify(given_signature, self.BODY, secrets)

    def test_the_header_of_sha_1_is_not_looked_at(self) -> None:
        headers = headers_of(self.BODY)
        headers["X-Hub-Signature"] = headers.pop("X-Hub-Signature-256")
        with pytest.raises(BadSignature):
            read_event(headers, self.BODY, [SECRET])

    def test_nothing_is_said_of_a_body_before_its_signature_is_verified(self) -> None:
        with pytest.raises(BadSignature):
            read_event({"X-Hub-Signature-256": signature(b"{", "other")}, b"{", [SECRET])

    @settings(deadline=None)
    @given(st.binary(max_size=50), st.text(max_size=100), st.lists(st.text(max_size=20)))
    def test_no_made_up_signature_verifies(self, body: bytes, made_up: str, secrets: list[str]) -> None:
        with pytest.raises(BadSignature):
            verify(made_up, body, secrets)


def test_the_first_event_is_a_ping() -> None:
    assert read(body_of({"zen": "Keep it logically awesome.", "hook_id": 1}), event="ping") == Ping(hook_id=HOOK_ID)


@pytest.mark.parametrize("name", ["issues", "pull_request", "installation", "star"])
def test_another_event_is_named(name: str) -> None:
    assert read(b"{}", event=name) == OtherEvent(hook_id=HOOK_ID, name=name)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/json;"]
)
def test_json_is_read_whatever_else_its_header_says(content_type: str) -> None:
    assert isinstance(read(body_of(payload()), content_type=content_type), Push)


def test_a_form_is_read_like_json() -> None:
    body = body_of(payload())
    assert read(form_of(body), content_type=FORM) == read(body)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(b"", id="an empty form"),
        pytest.param(b"payload=", id="an empty field"),
        pytest.param(b"body=%7B%7D", id="another field"),
        pytest.param(b"payload", id="a field without a value"),
        pytest.param(b"payload=%FF", id="a field that is not UTF-8"),
        pytest.param(b"&".join([b"a=1"] * 9), id="many fields"),
        pytest.param(b"payload=%7B", id="half JSON"),
        pytest.param(body_of(payload()), id="JSON that says it is a form"),
        # What is kept is read again by its first character.
        pytest.param(b"{=1&" + form_of(body_of(payload())), id="a form that begins as JSON does"),
    ],
)
def test_a_form_is_refused_that_is(form: bytes) -> None:
    with pytest.raises(BadBody):
        read(form, content_type=FORM)


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "multipart/form-data", "application/xml", "json", "application/jsonx"]
)
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedContentType, match="application/json"):
        read(body_of(payload()), content_type=content_type)


@pytest.mark.parametrize("header", ["X-GitHub-Delivery", "X-GitHub-Event"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("a" * 65, id="too long"),
        pytest.param("push\n", id="with a line break"),
        pytest.param("../push", id="with a path"),
        pytest.param("pùsh", id="with an accent"),
    ],
)
def test_a_header_is_refused_by_name(header: str, value: str | None) -> None:
    body = body_of(payload())
    headers = headers_of(body)
    del headers[header]
    if value is not None:
        headers[header] = value
    with pytest.raises(BadBody, match=f"The header {header} is missing or malformed"):
        read_event(headers, body, [SECRET])


JSON = body_of(payload())
TEXT = JSON.decode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" \n", id="blank"),
        pytest.param(JSON[:-10], id="cut off"),
        pytest.param(JSON + b"}", id="followed by something"),
        pytest.param(b"<!doctype html>", id="HTML"),
        pytest.param(b"\xef\xbb\xbf" + JSON, id="behind a byte order mark"),
        pytest.param(TEXT.encode("utf-16"), id="UTF-16"),
        pytest.param(JSON[:-1] + b',"x":"\xff"}', id="not UTF-8"),
        pytest.param(JSON[:-1] + b',"x":NaN}', id="with NaN"),
        pytest.param(JSON[:-1] + b',"x":-Infinity}', id="with Infinity"),
        pytest.param(JSON[:-1] + b',"x":1e999}', id="with a float that overflows"),
        pytest.param(JSON[:-1] + b',"x":' + b"1" * 5000 + b"}", id="with an integer of 5,000 digits"),
        pytest.param(JSON[:-1] + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="nested 100,000 times"),
        pytest.param(JSON[:-1] + b',"ref":"refs/heads/other"}', id="with a name given twice"),
        pytest.param(JSON[:-1] + b',"x":{"a":1,"a":2}}', id="with a name given twice inside"),
        pytest.param(b"[" + JSON + b"]", id="an array"),
        pytest.param(b'"push"', id="a text"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="an empty object"),
    ],
)
def test_a_body_is_refused_that_is(body: bytes) -> None:
    with pytest.raises(BadBody) as caught:
        read(body)
    assert_one_sentence(caught.value)


def assert_one_sentence(error: WebhookError) -> None:
    text = str(error)
    assert text.endswith(".")
    assert text.isprintable()
    assert len(text) < 300


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


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("ref", "refs/heads/\0", id="a NUL in a ref"),
        pytest.param("commits__0__message", "a\0b", id="a NUL in a message"),
        pytest.param("commits__0__message", "a\ud800b", id="half a surrogate pair in a message"),
        pytest.param("commits__0__modified", ["a\0"], id="a NUL in a path"),
        pytest.param("commits__0__author", {"a\0": 1}, id="a NUL in a name that is not used"),
    ],
)
def test_what_no_database_can_hold_is_refused(path: str, value: object) -> None:
    body = json.dumps(payload(**{path: value})).encode()
    with pytest.raises(BadBody) as caught:
        read_event(headers_of(body), body, [SECRET])
    assert_one_sentence(caught.value)


@pytest.mark.parametrize("message", ["a \\u0000 of ours", "\U0001f600", "\\ud800"])
def test_what_only_looks_like_it_is_taken(message: str) -> None:
    body = json.dumps(payload(commits__0__message=message)).encode()
    push = read_event(headers_of(body), body, [SECRET])
    assert isinstance(push, Push)
    assert push.commits[0].message == message


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


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(JSON, id="JSON"),
        pytest.param(b"\n " + JSON, id="JSON behind a blank line"),
        pytest.param(json.dumps(payload(), indent=2).encode(), id="indented JSON"),
        pytest.param(form_of(JSON), id="a form"),
    ],
)
def test_what_was_stored_is_read_again(body: bytes) -> None:
    assert stored_push(body, hook_id=HOOK_ID) == push_from(payload(), hook_id=HOOK_ID)


@settings(deadline=None)
@given(bodies(), st.sampled_from(["application/json", FORM]))
@example(JSON, FORM)
@example(b"{=1&" + form_of(JSON), FORM)
def test_no_signed_body_raises_anything_but_a_refusal_and_what_is_taken_can_be_read_again(
    body: bytes, content_type: str
) -> None:
    if content_type == FORM and not body.startswith(b"{"):
        body = form_of(body)
    try:
        event = read(body, content_type=content_type)
    except WebhookError as error:
        assert_one_sentence(error)
    else:
        assert isinstance(event, Push)
        assert stored_push(body, hook_id=HOOK_ID) == event


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["X-GitHub-Delivery", "X-GitHub-Event", "Content-Type"]),
        st.text(st.characters(codec=None, exclude_categories=())),
    )
)
def test_no_headers_raise_anything_but_a_refusal(changed: dict[str, str]) -> None:
    body = body_of(payload())
    try:
        read_event(headers_of(body) | changed, body, [SECRET])
    except WebhookError as error:
        assert_one_sentence(error)
