"""Sessions, forms, requests and known browsers: what we signed is read, for its own use, and nothing else is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.web.admin.signatures import (
    DEVICE_AGE,
    LONGEST,
    REQUEST_AGE,
    SESSION_AGE,
    VISIT_AGE,
    Session,
    Signatures,
)
from tests.support.clock import NOON

KEY, OLD_KEY = "new key " * 4, "old key " * 4
SIGNATURES = Signatures([KEY], password_hash="a hash")
SECOND = timedelta(seconds=1)
MOMENTS = st.integers(0, 80 * 366 * 86400).map(lambda seconds: NOON + seconds * SECOND)


def made(use: str, session: Session) -> str:
    match use:
        case "session":
            return SIGNATURES.cookie(session)
        case "form":
            return SIGNATURES.form(session)
        case "request":
            return SIGNATURES.request(session, replaces=7, now=NOON)
    return SIGNATURES.device(None, now=NOON)


def uses(signatures: Signatures, text: str, session: Session) -> list[str]:
    """Return what a text is taken for."""
    taken = {
        "session": signatures.session(text, now=NOON) is not None,
        "form": signatures.is_form(session, text),
        "request": signatures.read_request(text) is not None,
        "device": signatures.device_id(text, now=NOON) is not None,
    }
    return [use for use, right in taken.items() if right]


USES = ("session", "form", "request", "device")


@given(st.booleans(), MOMENTS)
def test_a_session_is_read_as_it_was_made(admitted: bool, now: datetime) -> None:
    session = SIGNATURES.new_session(admitted=admitted, now=now)
    cookie = SIGNATURES.cookie(session)
    assert SIGNATURES.session(cookie, now=now) == session
    assert len(cookie) < LONGEST
    assert set(cookie) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


@given(st.none() | st.integers(1, 2**63 - 1), MOMENTS)
def test_a_request_is_read_as_it_was_made(replaces: int | None, now: datetime) -> None:
    session = SIGNATURES.new_session(admitted=True, now=now)
    state = SIGNATURES.request(session, replaces=replaces, now=now)
    found = SIGNATURES.read_request(state)
    assert found is not None
    assert (found.session_id, found.replaces) == (session.id, replaces)
    assert not found.expired(now + REQUEST_AGE - 2 * SECOND)
    assert found.expired(now + REQUEST_AGE)
    assert len(state) < LONGEST


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=600))
@example("")
@example(".")
@example("\ud800")
@example("W10.\ud800")
@example("é.é")
def test_no_text_is_taken_for_anything(text: str) -> None:
    session = SIGNATURES.new_session(admitted=True, now=NOON)
    assert uses(SIGNATURES, text, session) == []


@pytest.mark.parametrize("use", USES)
def test_what_was_made_for_one_use_is_worthless_for_any_other(use: str) -> None:
    session = SIGNATURES.new_session(admitted=True, now=NOON)
    assert uses(SIGNATURES, made(use, session), session) == [use]


@pytest.mark.parametrize("use", USES)
@given(data=st.data())
def test_one_other_character_is_one_too_many(use: str, data: st.DataObject) -> None:
    session = SIGNATURES.new_session(admitted=True, now=NOON)
    text = made(use, session)
    # The last character of base64 has bits that mean nothing.
    place = data.draw(st.integers(0, len(text) - 2))
    other = data.draw(st.characters(codec="ascii").filter(lambda character: character != text[place]))
    assert uses(SIGNATURES, text[:place] + other + text[place + 1 :], session) == []


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    "others",
    [
        pytest.param(Signatures(["another key " * 4], password_hash="a hash"), id="another key"),
        pytest.param(Signatures([KEY], password_hash="another hash"), id="another password"),
    ],
)
def test_nothing_outlives_its_key_or_its_password(others: Signatures, use: str) -> None:
    session = SIGNATURES.new_session(admitted=True, now=NOON)
    assert uses(others, made(use, session), session) == []


@pytest.mark.parametrize("use", USES)
def test_everything_outlives_a_rotation_of_the_key(use: str) -> None:
    session = SIGNATURES.new_session(admitted=True, now=NOON)
    rotated = Signatures([OLD_KEY, KEY], password_hash="a hash")
    assert uses(rotated, made(use, session), session) == [use]


def test_the_newest_key_signs() -> None:
    rotated = Signatures([KEY, OLD_KEY], password_hash="a hash")
    session = rotated.new_session(admitted=True, now=NOON)
    assert SIGNATURES.session(rotated.cookie(session), now=NOON) == session


@pytest.mark.parametrize(
    ("admitted", "age"),
    [pytest.param(True, SESSION_AGE, id="a session"), pytest.param(False, VISIT_AGE, id="a visit")],
)
def test_a_cookie_ends_at_its_time_whatever_happens(admitted: bool, age: timedelta) -> None:
    cookie = SIGNATURES.cookie(SIGNATURES.new_session(admitted=admitted, now=NOON))
    assert SIGNATURES.session(cookie, now=NOON + age - SECOND) is not None
    assert SIGNATURES.session(cookie, now=NOON + age) is None


def test_a_form_of_one_session_is_none_of_another() -> None:
    mine, other = (SIGNATURES.new_session(admitted=True, now=NOON) for _ in range(2))
    assert mine.id != other.id
    assert not SIGNATURES.is_form(other, SIGNATURES.form(mine))


def test_a_known_browser_stays_the_same_one_and_is_forgotten_in_the_end() -> None:
    first = SIGNATURES.device(None, now=NOON)
    known = SIGNATURES.device_id(first, now=NOON)
    again = SIGNATURES.device(known, now=NOON + timedelta(days=1))
    assert SIGNATURES.device_id(again, now=NOON + DEVICE_AGE) == known
    assert SIGNATURES.device_id(first, now=NOON + DEVICE_AGE) is None


def test_nothing_is_signed_without_a_key() -> None:
    with pytest.raises(ValueError, match="at least one secret key"):
        Signatures([], password_hash="a hash")
