"""A webhook delivery, from raw bytes to a record: pure, and the only door for pushes.

gidgethub checks one signature; everything it leaves open is closed here. Measured on gidgethub 6.0: a signature
header that is not ASCII raises TypeError, no secret accepts unsigned events, an empty secret and SHA-1 are accepted,
one secret only, a missing event name is a bare KeyError and an unknown charset a LookupError.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import parse_qs

from gidgethub import ValidationFailure
from gidgethub.sansio import validate_event
from pydantic import ValidationError

from newsletter.errors import NewsletterError
from newsletter.github.payload import PushPayload
from newsletter.github.record import Push

#: GitHub never sends more: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap (bytes).
LARGEST_BODY = 25 * 1024 * 1024

_HOOK_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVENT_NAME = re.compile(r"[a-z_]{1,64}")


class WebhookError(NewsletterError):
    """The delivery cannot be taken; the text is one sentence for whoever set the webhook up."""


class BadSignature(WebhookError):  # noqa: N818 - reads as what it says of the delivery
    """Not signed with any of our secrets."""


class UnsupportedContentType(WebhookError):  # noqa: N818
    """Neither of the two content types that GitHub offers."""


class BadBody(WebhookError):  # noqa: N818
    """Signed, and yet not something we understand."""


@dataclass(frozen=True, kw_only=True)
class Ping:
    """GitHub's first event, sent when a webhook is made."""

    hook_id: str


@dataclass(frozen=True, kw_only=True)
class OtherEvent:
    """An event the service has no use for."""

    hook_id: str
    name: str


def read_event(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Ping | Push | OtherEvent:
    """Verify a delivery and say what it is.

    :param headers: case-insensitive, as aiohttp's are.
    :param secrets: any one of them verifies.
    :raises BadSignature: before anything else of the body is looked at.
    :raises UnsupportedContentType: another content type than JSON or form.
    :raises BadBody: a header is missing, or the body is not JSON or not a push as GitHub documents it.
    """
    verify(headers.get("X-Hub-Signature-256"), body, secrets)
    hook_id = headers.get("X-GitHub-Delivery", "")
    if not _HOOK_ID.fullmatch(hook_id):
        raise BadBody("The header X-GitHub-Delivery is missing or malformed.")
    name = headers.get("X-GitHub-Event", "")
    if not _EVENT_NAME.fullmatch(name):
        raise BadBody("The header X-GitHub-Event is missing or malformed.")
    data = _decode(headers.get("Content-Type", ""), body)
    if name == "ping":
        return Ping(hook_id=hook_id)
    if name != "push":
        return OtherEvent(hook_id=hook_id, name=name)
    return push_from(data, hook_id=hook_id)


def verify(signature: str | None, body: bytes, secrets: Sequence[str]) -> None:
    """Check an ``X-Hub-Signature-256`` header over the raw body, in constant time for each secret.

    :raises BadSignature: no secret is configured, or none of them made the signature.
    """
    usable = [secret for secret in secrets if secret]
    if not signature or not signature.isascii() or not signature.startswith("sha256="):
        raise BadSignature("The header X-Hub-Signature-256 is missing or malformed; set a secret on the webhook.")
    verified = False
    for secret in usable:
        try:
            validate_event(body, signature=signature, secret=secret)
        except ValidationFailure:
            continue
        verified = True
    if not verified:
        raise BadSignature("The signature does not match the body; check the webhook's secret.")


def push_from(data: Any, *, hook_id: str) -> Push:
    """Read a push payload.

    :raises BadBody: it is not one, naming the first field that is wrong.
    """
    try:
        return PushPayload.model_validate(data).to_record(hook_id)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        reason = first["msg"].removeprefix("Value error, ").partition(" or instance of ")[0].rstrip(".")
        raise BadBody(f"Not a push payload: {field}: {reason}.") from None


def stored_push(body: bytes, *, hook_id: str) -> Push:
    """Read the push again from the body as it was stored (and verified) when it came."""
    content_type = "application/json" if body.lstrip()[:1] == b"{" else "application/x-www-form-urlencoded"
    return push_from(_decode(content_type, body), hook_id=hook_id)


def _decode(content_type: str, body: bytes) -> Any:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {"application/json", "application/x-www-form-urlencoded"}:
        raise UnsupportedContentType("Set the webhook's content type to application/json.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BadBody("The body is not UTF-8.") from None
    if media_type == "application/x-www-form-urlencoded":
        if text.lstrip().startswith("{"):
            # It would be taken for JSON when it is read again.
            raise BadBody("The form has no field named payload.")
        try:
            text = parse_qs(text, strict_parsing=True, errors="strict", max_num_fields=8)["payload"][0]
        except (KeyError, ValueError):
            raise BadBody("The form has no field named payload.") from None
    try:
        return json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError):
        raise BadBody("The body is not valid JSON.") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # RFC 8259 §4 leaves duplicate names open; two readers could then see two different pushes.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("the number is too large")
    return value
