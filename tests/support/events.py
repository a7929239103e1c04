"""Reads deliveries as the webhook does, and looks at what it says of those it refuses."""

from __future__ import annotations

from newsletter.github.webhook import Event, WebhookError, read_event
from tests.support.pushes import SECRET, headers_of


def read(body: bytes, **about: str) -> Event:
    """Read a delivery, signed as GitHub signs it."""
    return read_event(headers_of(body, **about), body, [SECRET])


def assert_one_sentence(error: WebhookError) -> None:
    """A refusal is one printable sentence."""
    text = str(error)
    assert text.endswith(".")
    assert text.isprintable()
    assert len(text) < 300
