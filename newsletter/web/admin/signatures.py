"""What the operator's pages sign: sessions, forms, requests to GitHub and browsers that are known. Pure.

All of it depends on the hash of the password: whoever changes the password ends every session with it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

#: However busy a session is, the password is asked for again after this.
SESSION_AGE = timedelta(hours=12)
#: For a form in front of the password.
VISIT_AGE = timedelta(hours=1)
#: As long as GitHub's codes are good.
REQUEST_AGE = timedelta(hours=1)
#: For a browser that once knew the password.
DEVICE_AGE = timedelta(days=180)
#: Longer texts are refused unread; real ones have at most about 200 characters.
LONGEST = 500


class _Use(StrEnum):
    SESSION = "session"
    FORM = "form"
    REQUEST = "request"
    DEVICE = "device"


@dataclass(frozen=True, kw_only=True)
class Session:
    """A browser that looks at the operator's pages."""

    id: str
    #: Whether it gave the password.
    admitted: bool
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class GitHubRequest:
    """What a session sends to GitHub with the manifest and wants back with the code (``state``)."""

    id: str
    session_id: str
    #: Id of the App that is to be replaced.
    replaces: int | None
    expires_at: datetime

    def expired(self, now: datetime) -> bool:
        """Whether GitHub took too long."""
        return self.expires_at <= now


class Signatures:
    """Makes and reads what is signed.

    :param keys: secret keys, newest first. The first signs, all verify.
    :param password_hash: the operator's.
    """

    def __init__(self, keys: Sequence[str], *, password_hash: str) -> None:
        if not keys:
            raise ValueError("signing needs at least one secret key")
        self._keys = list(reversed(keys))
        self._password = hashlib.sha256(password_hash.encode()).hexdigest()[:32]

    def new_session(self, *, admitted: bool, now: datetime) -> Session:
        """Return a session that was never there before."""
        age = SESSION_AGE if admitted else VISIT_AGE
        return Session(id=secrets.token_urlsafe(16), admitted=admitted, expires_at=_whole(now + age))

    def cookie(self, session: Session) -> str:
        """Return a session as its browser keeps it."""
        return self._sign(_Use.SESSION, [session.id, int(session.admitted), _seconds(session.expires_at)])

    def session(self, cookie: str, *, now: datetime) -> Session | None:
        """Return the session of a cookie; None where it is not ours, too old, or of another password."""
        match self._read(_Use.SESSION, cookie):
            case [str(session_id), int(admitted), int(expires)]:
                session = Session(id=session_id, admitted=admitted == 1, expires_at=_instant(expires))
                return session if session.expires_at > now else None
        return None

    def form(self, session: Session) -> str:
        """Return what a form of this session carries, so that nobody else's form is taken for one of ours."""
        return self._sign(_Use.FORM, session.id)

    def is_form(self, session: Session, text: str) -> bool:
        """Whether a form was made for this session."""
        found = self._read(_Use.FORM, text)
        return isinstance(found, str) and hmac.compare_digest(found, session.id)

    def request(self, session: Session, *, replaces: int | None, now: datetime) -> str:
        """Return the ``state`` of a new request to GitHub."""
        expires = _seconds(now + REQUEST_AGE)
        return self._sign(_Use.REQUEST, [secrets.token_urlsafe(16), session.id, replaces, expires])

    def read_request(self, state: str) -> GitHubRequest | None:
        """Return the request that a ``state`` belongs to; None where it is not ours."""
        match self._read(_Use.REQUEST, state):
            case [str(request_id), str(session_id), (int() | None) as replaces, int(expires)]:
                return GitHubRequest(
                    id=request_id, session_id=session_id, replaces=replaces, expires_at=_instant(expires)
                )
        return None

    def device(self, device_id: str | None, *, now: datetime) -> str:
        """Return what a browser keeps that gave the password once.

        :param device_id: of a browser that is known already.
        """
        return self._sign(_Use.DEVICE, [device_id or secrets.token_urlsafe(16), _seconds(now + DEVICE_AGE)])

    def device_id(self, cookie: str, *, now: datetime) -> str | None:
        """Return which known browser this is; None where it is not known."""
        match self._read(_Use.DEVICE, cookie):
            case [str(device_id), int(expires)] if _instant(expires) > now:
                return device_id
        return None

    def _sign(self, use: _Use, value: object) -> str:
        return str(self._serializer(use).dumps(value))

    def _read(self, use: _Use, text: str) -> Any:
        if len(text) > LONGEST:
            return None
        try:
            return self._serializer(use).loads(text)
        except (BadData, UnicodeEncodeError):
            return None

    def _serializer(self, use: _Use) -> URLSafeSerializer:
        # itsdangerous takes the oldest key first; its default digest is SHA-1, ours is SHA-256.
        return URLSafeSerializer(
            self._keys,
            salt=f"newsletter.admin.{use.value}.{self._password}",
            signer_kwargs={"digest_method": hashlib.sha256},
        )


def _whole(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
