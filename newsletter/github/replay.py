"""Deliver stored pushes as GitHub would: signed, one after the other, in order."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import aiohttp

from newsletter.errors import InputError


@dataclass(frozen=True, kw_only=True)
class StoredDelivery:
    """A delivery to be made again."""

    body: bytes
    event: str
    #: The same for the same body, so that a second replay is recognised.
    hook_id: str


def read_deliveries(path: Path) -> Iterator[StoredDelivery]:
    """Read payloads: one a file, or one a line in ``.jsonl``.

    Where a file ``NAME.meta.jsonl`` stands beside ``NAME.jsonl``, its lines say ``event`` and ``delivery`` of each.

    :raises InputError: the file cannot be read, or something in it is no payload.
    """
    try:
        raw = path.read_bytes()
        bodies = [line for line in raw.split(b"\n") if line.strip()] if path.suffix == ".jsonl" else [raw]
        meta = _meta(path) or [{}] * len(bodies)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if len(meta) != len(bodies):
        raise InputError(f"{path} has {len(bodies)} payloads, but its .meta.jsonl has {len(meta)} lines")
    for body, about in zip(bodies, meta, strict=True):
        yield StoredDelivery(
            body=body,
            event=str(about.get("event") or _event_of(body, path)),
            hook_id=str(about.get("delivery") or uuid5(NAMESPACE_URL, hashlib.sha256(body).hexdigest())),
        )


def _meta(path: Path) -> list[dict[str, Any]] | None:
    meta = path.with_suffix(".meta.jsonl")
    if path.suffix != ".jsonl" or not meta.exists():
        return None
    lines = [json.loads(line) for line in meta.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not all(isinstance(line, dict) for line in lines):
        raise ValueError(f"{meta.name} holds something that is no JSON object")
    return lines


def _event_of(body: bytes, path: Path) -> str:
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} holds something that is not JSON") from error
    if not isinstance(payload, dict):
        raise InputError(f"{path} holds something that is no payload")
    if "zen" in payload:
        return "ping"
    if "ref" in payload and "commits" in payload:
        return "push"
    raise InputError(f"{path} holds something that is neither a push nor a ping")


def signature(body: bytes, secret: str) -> str:
    """Return the ``X-Hub-Signature-256`` of a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def post_delivery(
    session: aiohttp.ClientSession, url: str, delivery: StoredDelivery, *, secret: str
) -> tuple[int, str]:
    """Make a delivery; returns the status and what the service said.

    :raises aiohttp.ClientError: the service cannot be reached.
    """
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/replay",
        "X-GitHub-Delivery": delivery.hook_id,
        "X-GitHub-Event": delivery.event,
        "X-Hub-Signature-256": signature(delivery.body, secret),
    }
    async with session.post(url, data=delivery.body, headers=headers) as response:
        return response.status, (await response.text())[:500]
