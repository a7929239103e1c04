"""A webhook delivery, from raw bytes to a record: pure, and the only door for pushes.

gidgethub checks one signature; everything it leaves open is closed here. Measured on gidgethub 6.0: a signature
header that is not ASCII raises TypeError, no secret accepts unsigned events, an empty secret and SHA-1 are accepted,
one secret only, a missing event name is a bare KeyError and an unknown charset a LookupError.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs

from gidgethub import ValidationFailure
from gidgethub.sansio import validate_event
from pydantic import BaseModel, ValidationError

from newsletter.errors import NewsletterError
from newsletter.github import strict_json
from newsletter.github.installation import INSTALLATION_CHANGES, InstallationChanged, InstallationPayload
from newsletter.github.payload import FORMS, PushPayload, RepositoryPayload, require_storable
from newsletter.github.record import Push, Repository

#: GitHub never sends more: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap (bytes).
LARGEST_BODY = 25 * 1024 * 1024

#: Actions of the repository event that change what we know of a repository.
REPOSITORY_CHANGES = frozenset(
    {"archived", "edited", "privatized", "publicized", "renamed", "transferred", "unarchived"}
)

_Payload = TypeVar("_Payload", bound=BaseModel)

_SIGNATURE = re.compile(r"sha256=[0-9a-fA-F]{64}")
_HOOK_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_EVENT_NAME = re.compile(r"[a-z_]{1,64}")


class WebhookError(NewsletterError):
    """The delivery cannot be taken; the text is one sentence for whoever set the webhook up."""


class BadSignature(WebhookError):
    """Not signed with any of our secrets."""


class UnsupportedContentType(WebhookError):
    """Neither of the two content types that GitHub offers."""


class BadBody(WebhookError):
    """Signed, and yet not something we understand."""


@dataclass(frozen=True, kw_only=True)
class Ping:
    """GitHub's first event, sent when a webhook is made."""

    hook_id: str


@dataclass(frozen=True, kw_only=True)
class RepositoryChanged:
    """A repository was renamed, transferred or archived, is private or public now, or has another default branch."""

    hook_id: str
    repository: Repository


@dataclass(frozen=True, kw_only=True)
class RepositoryDeleted:
    """A repository is no more."""

    hook_id: str
    repository: Repository


@dataclass(frozen=True, kw_only=True)
class OtherEvent:
    """An event the service has no use for."""

    hook_id: str
    name: str


Event = Ping | Push | RepositoryChanged | RepositoryDeleted | InstallationChanged | OtherEvent


def read_event(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> Event:
    """Verify a delivery and say what it is.

    :param headers: case-insensitive, as aiohttp's are.
    :param secrets: any one of them verifies.
    :raises BadSignature: before anything else of the body is looked at.
    :raises UnsupportedContentType: another content type than JSON or form.
    :raises BadBody: a header is missing, or the body is not JSON or not a push as GitHub documents it.
    """
    verify(headers.get("X-Hub-Signature-256"), body, secrets)
    return read_verified(headers, body)


def read_verified(headers: Mapping[str, str], body: bytes) -> Event:
    """Say what a delivery is whose signature was verified.

    :raises UnsupportedContentType: another content type than JSON or form.
    :raises BadBody: as :func:`read_event` does.
    """
    hook_id = headers.get("X-GitHub-Delivery", "")
    if not _HOOK_ID.fullmatch(hook_id):
        raise BadBody("The header X-GitHub-Delivery is missing or malformed.")
    name = headers.get("X-GitHub-Event", "")
    if not _EVENT_NAME.fullmatch(name):
        raise BadBody("The header X-GitHub-Event is missing or malformed.")
    data = _decode(headers.get("Content-Type", ""), body)
    if name == "ping":
        return Ping(hook_id=hook_id)
    if name == "push":
        return push_from(data, hook_id=hook_id)
    if name == "repository":
        changed = _validated(RepositoryPayload, data, "a repository")
        if changed.action in REPOSITORY_CHANGES:
            return RepositoryChanged(hook_id=hook_id, repository=changed.repository.to_record())
        if changed.action == "deleted":
            return RepositoryDeleted(hook_id=hook_id, repository=changed.repository.to_record())
    if name in INSTALLATION_CHANGES:
        told = _validated(InstallationPayload, data, f"an {name}")
        if told.action in INSTALLATION_CHANGES[name]:
            return InstallationChanged(hook_id=hook_id, installation_id=told.installation.id)
    return OtherEvent(hook_id=hook_id, name=name)


def require_signature(signature: str | None) -> str:
    """Return a header that can be a signature: this much is known before the body is read.

    :raises BadSignature: it is missing or malformed.
    """
    if signature is None or not _SIGNATURE.fullmatch(signature):
        raise BadSignature("The header X-Hub-Signature-256 is missing or malformed; set a secret on the webhook.")
    return signature


def verify(signature: str | None, body: bytes, secrets: Sequence[str]) -> None:
    """Check an ``X-Hub-Signature-256`` header over the raw body, in constant time for each secret.

    :raises BadSignature: no secret is configured, or none of them made the signature.
    """
    signature = require_signature(signature)
    usable = [secret for secret in secrets if secret]
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
    return _validated(PushPayload, data, "a push").to_record(hook_id)


def _validated(model: type[_Payload], data: Any, what: str) -> _Payload:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        if first["type"] == "string_pattern_mismatch":
            first["msg"] = FORMS.get(str(first["loc"][-1]), first["msg"])
        reason = first["msg"].removeprefix("Value error, ").partition(" or instance of ")[0].rstrip(".")
        raise BadBody(f"Not {what} payload: {field}: {reason}.") from None


def stored_push(body: bytes, *, hook_id: str) -> Push:
    """Read the push again from the body as it was stored (and verified) when it came."""
    content_type = "application/json" if body.lstrip()[:1] == b"{" else "application/x-www-form-urlencoded"
    return push_from(_decode(content_type, body), hook_id=hook_id)


def _decode(content_type: str, body: bytes) -> Any:
    document = _document(content_type, body)
    try:
        data = strict_json.decode(document)
    except ValueError:
        raise BadBody("The body is not valid JSON.") from None
    if strict_json.may_be_unstorable(document):
        try:
            require_storable(data)
        except ValueError as error:
            raise BadBody(f"Not a push payload: {error}.") from None
    return data


def _document(content_type: str, body: bytes) -> bytes:
    """Return the JSON document of a body, which is the body itself or a field of a form."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/json":
        return body
    if media_type != "application/x-www-form-urlencoded":
        raise UnsupportedContentType("Set the webhook's content type to application/json.")
    try:
        text = body.decode()
        if text.lstrip().startswith("{"):
            # It would be taken for JSON when it is read again.
            raise BadBody("The form has no field named payload.")
        return parse_qs(text, strict_parsing=True, errors="strict", max_num_fields=8)["payload"][0].encode()
    except (KeyError, ValueError):
        raise BadBody("The form has no field named payload.") from None
