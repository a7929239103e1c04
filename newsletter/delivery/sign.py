"""Envelope senders that only we can have made (VERP): a bounce comes back to the delivery it is about. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac

#: Bytes of the signature; 80 bits cannot be guessed by mail.
_SIGNATURE_BYTES = 10


def envelope_sender(delivery_id: int, *, domain: str, key: str) -> str:
    """Return ``bounce+<delivery>-<signature>@domain``, at most 64 characters before the @ (RFC 5321 §4.5.3.1.1)."""
    return f"bounce+{delivery_id}-{_signature(delivery_id, key)}@{domain}"


def delivery_of(local_part: str, *, keys: tuple[str, ...]) -> int | None:
    """Return the delivery that an envelope sender of ours names; None where none of the keys signed it."""
    word, plus, rest = local_part.partition("+")
    number, dash, signature = rest.partition("-")
    if word.lower() != "bounce" or not plus or not dash or not number.isascii() or not number.isdecimal():
        return None
    if len(number) > 18:
        return None
    delivery_id = int(number)
    # Local parts travel through servers that fold case.
    given = signature.lower().encode("utf-8", "replace")
    matches = [hmac.compare_digest(given, _signature(delivery_id, key).encode()) for key in keys]
    return delivery_id if any(matches) else None


def _signature(delivery_id: int, key: str) -> str:
    digest = hmac.new(key.encode(), f"newsletter.bounce:{delivery_id}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:_SIGNATURE_BYTES]).decode().lower().rstrip("=")
