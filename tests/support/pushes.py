"""Builds push deliveries: payloads from the sample day, their bytes, and the headers GitHub sends with them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import urlencode

from newsletter.demo.sample import SampleDay, sample_day
from newsletter.github.replay import signature

SECRET = "the webhook's own secret"
HOOK_ID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
#: The content type of a webhook that sends forms.
FORM = "application/x-www-form-urlencoded"
SAMPLE: SampleDay = sample_day(date(2026, 1, 20))


def payload(**changes: Any) -> dict[str, Any]:
    """Return the first push of the sample day, changed at paths such as ``repository__id``."""
    found: dict[str, Any] = json.loads(SAMPLE.pushes[0].body)
    for path, value in changes.items():
        target, last = _place(found, path.split("__"))
        target[last] = value
    return found


def _place(data: Any, path: list[str]) -> tuple[Any, Any]:
    *parents, last = (int(part) if part.isdecimal() else part for part in path)
    for parent in parents:
        data = data[parent]
    return data, last


def without(path: str) -> dict[str, Any]:
    """Return the push without one key, such as ``commits.0.id``."""
    found = payload()
    target, last = _place(found, path.split("."))
    del target[last]
    return found


def body_of(data: object) -> bytes:
    """Return a payload's bytes as GitHub sends them."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def form_of(body: bytes) -> bytes:
    """Return a payload's bytes as a webhook of the form content type sends them."""
    return urlencode({"payload": body}).encode()


def headers_of(
    body: bytes,
    *,
    event: str = "push",
    hook_id: str = HOOK_ID,
    secret: str = SECRET,
    content_type: str = "application/json",
) -> dict[str, str]:
    """Return the headers of a delivery, signed."""
    return {
        "Content-Type": content_type,
        "X-GitHub-Delivery": hook_id,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": signature(body, secret),
    }
