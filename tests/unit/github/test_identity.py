"""The App's own token: signed with its key, issued a minute ago, good for less than ten minutes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.github.credentials import AppCredentials
from newsletter.github.identity import app_token
from tests.support.app_keys import CREDENTIALS, key, pem

MOMENTS = st.integers(1_600_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(MOMENTS, st.integers(1, 2**63 - 1))
def test_a_token_says_who_and_for_how_long(now: datetime, app_id: int) -> None:
    token = app_token(AppCredentials(app_id=app_id, private_key=pem()), now=now)
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(token, key().public_key(), ["RS256"], options=options)
    assert claims.keys() == {"iat", "exp", "iss"}
    assert claims["iss"] == str(app_id)
    seconds = now.timestamp()
    assert seconds - 61 < claims["iat"] <= seconds - 60
    assert seconds < claims["exp"] < seconds + 600
    assert jwt.get_unverified_header(token)["alg"] == "RS256"


def test_a_token_of_another_key_is_not_ours() -> None:
    token = app_token(CREDENTIALS, now=datetime.now(UTC))
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, key(1).public_key(), ["RS256"])


@pytest.mark.parametrize("private_key", ["", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n", "\u20ac"])
def test_a_key_that_is_none_is_never_quoted(private_key: str) -> None:
    with pytest.raises(ValueError, match="expected an RSA key") as caught:
        app_token(AppCredentials(app_id=1, private_key=private_key), now=datetime.now(UTC))
    assert "AAAA" not in str(caught.value)
