"""Envelope senders that only we can have made."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.delivery.sign import delivery_of, envelope_sender

KEY, OLD_KEY = "k" * 32, "o" * 32
IDS = st.integers(0, 10**18 - 1)


def local_part(delivery_id: int, key: str = KEY) -> str:
    return envelope_sender(delivery_id, domain="bounces.news.example", key=key).partition("@")[0]


@given(delivery_id=IDS)
@example(delivery_id=10**18 - 1)
def test_a_bounce_comes_back_to_its_delivery_whatever_became_of_the_case(delivery_id: int) -> None:
    made = local_part(delivery_id)
    for spelling in (made, made.upper(), made.title()):
        assert delivery_of(spelling, keys=(KEY,)) == delivery_id


@given(delivery_id=IDS)
def test_the_address_fits_into_an_envelope(delivery_id: int) -> None:
    local, _, domain = envelope_sender(delivery_id, domain="bounces.news.example", key=KEY).partition("@")
    assert len(local) <= 64
    assert local.isascii()
    assert local.replace("+", "").replace("-", "").isalnum()
    assert domain == "bounces.news.example"


def test_what_an_older_key_signed_is_still_ours() -> None:
    assert delivery_of(local_part(7, OLD_KEY), keys=(KEY, OLD_KEY)) == 7


def test_what_no_key_of_ours_signed_is_refused() -> None:
    assert delivery_of(local_part(7, "x" * 32), keys=(KEY, OLD_KEY)) is None
    assert delivery_of(local_part(7), keys=()) is None


@given(delivery_id=IDS, other=IDS)
def test_a_signature_is_worth_nothing_for_another_delivery(delivery_id: int, other: int) -> None:
    forged = f"bounce+{other}-{local_part(delivery_id).partition('-')[2]}"
    assert delivery_of(forged, keys=(KEY,)) == (delivery_id if other == delivery_id else None)


@given(delivery_id=IDS, length=st.integers(0, 63))
def test_a_truncated_address_is_refused(delivery_id: int, length: int) -> None:
    made = local_part(delivery_id)
    assert delivery_of(made[: min(length, len(made) - 1)], keys=(KEY,)) is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("bounce", id="no number"),
        pytest.param("bounce+7", id="no signature"),
        pytest.param("bounce+7-", id="empty signature"),
        pytest.param("bounces+" + local_part(7).partition("+")[2], id="another word"),
        pytest.param("bounce+-7-" + local_part(7).partition("-")[2], id="negative number"),
        pytest.param("bounce+٧-" + local_part(7).partition("-")[2], id="digits of another script"),
        pytest.param("bounce+²-" + local_part(7).partition("-")[2], id="power of two"),
        pytest.param("bounce+" + "9" * 5000 + "-x", id="number of five thousand digits"),
        pytest.param(local_part(7) + "a", id="longer signature"),
        pytest.param(local_part(7)[:-1] + "ä", id="signature outside ascii"),
        pytest.param(local_part(7)[:-1] + "\ud800", id="half a character"),
    ],
)
def test_what_is_not_ours_is_refused(text: str) -> None:
    assert delivery_of(text, keys=(KEY,)) is None


@given(text=st.text(max_size=100))
def test_no_text_is_one_of_ours_by_chance(text: str) -> None:
    assert delivery_of(text, keys=(KEY,)) is None
