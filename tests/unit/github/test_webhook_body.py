"""The headers and the body of a webhook delivery are understood or refused with one sentence."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.github.record import Push
from newsletter.github.webhook import (
    BadBody,
    OtherEvent,
    Ping,
    UnsupportedContentType,
    WebhookError,
    push_from,
    read_event,
    stored_push,
)
from tests.support.events import assert_one_sentence, read
from tests.support.mutations import bodies
from tests.support.pushes import FORM, HOOK_ID, SECRET, body_of, form_of, headers_of, payload

JSON = body_of(payload())
TEXT = JSON.decode()


def test_the_first_event_is_a_ping() -> None:
    assert read(body_of({"zen": "Keep it logically awesome.", "hook_id": 1}), event="ping") == Ping(hook_id=HOOK_ID)


@pytest.mark.parametrize("name", ["issues", "pull_request", "installation_target", "star"])
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
