"""Signatures agree with an independent implementation: GitHub's own, from npm, run by the browser driver's Node.js."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.github.replay import signature
from newsletter.github.webhook import BadSignature, verify
from tests.support.peers import told
from tests.support.pushes import SAMPLE

BODIES = [
    *(push.body.decode() for push in SAMPLE.pushes),
    "{}",
    '{"tide": "\\u6f6e\\ud83d\\ude00"}',
    '{"tide": "\u6f6e\U0001f600 \u202e"}',
    '{"long": "' + "ebb " * 100_000 + '"}',
]
SECRETS = ["s", "a secret of two words", "\u79d8\u5bc6\U0001f511", "x" * 4096]


def peer(cases: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Return what GitHub's implementation says of each case."""
    said: list[dict[str, Any]] = told("signatures.js", "@octokit/webhooks-methods", cases)
    return said


@pytest.mark.parametrize("secret", SECRETS, ids=["short", "words", "other scripts", "long"])
def test_each_takes_what_the_other_signed(secret: str) -> None:
    cases = [{"secret": secret, "body": body, "signature": signature(body.encode(), secret)} for body in BODIES]
    for case, said in zip(cases, peer(cases), strict=True):
        assert said == {"signature": case["signature"], "verified": True}
        verify(said["signature"], case["body"].encode(), [secret])


def test_each_refuses_what_the_other_refuses() -> None:
    body, secret = BODIES[0], SECRETS[0]
    right = signature(body.encode(), secret)
    wrong = [right[:-1] + ("0" if right[-1] != "0" else "1"), signature(body.encode(), "another"), "sha256=" + "0" * 64]
    said = peer([{"secret": secret, "body": body, "signature": text} for text in wrong])
    assert [answer["verified"] for answer in said] == [False] * len(wrong)
    for text in wrong:
        with pytest.raises(BadSignature):
            verify(text, body.encode(), [secret])
