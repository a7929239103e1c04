"""A webhook delivery is verified over its raw bytes, before anything is said of them."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.github.replay import signature
from newsletter.github.webhook import BadSignature, read_event, verify
from tests.support.pushes import SECRET, body_of, headers_of, payload


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
