"""Signed links that speak for a reader.

A token names a reader and what it may be used for, and nothing else is needed to use it: it works without a login and
for years (RFC 8058 §3.2 asks for that). A token made for one purpose is worthless for any other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum

from itsdangerous import BadSignature, URLSafeSerializer


class Purpose(StrEnum):
    """What a token may be used for."""

    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"


class TokenError(ValueError):
    """The token is forged, damaged or for another purpose."""


#: Longer texts are refused unread; real tokens have about 50 characters.
LONGEST_TOKEN = 200


class Tokens:
    """Makes and reads tokens.

    :param keys: secret keys, newest first. The first signs, all verify, so that a key can be replaced while the links
        in mails already sent go on working.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("signing needs at least one secret key")
        self._keys = list(reversed(keys))

    def make(self, purpose: Purpose, subscriber_id: int) -> str:
        """Return a token of URL-safe characters."""
        return str(self._serializer(purpose).dumps(subscriber_id))

    def read(self, purpose: Purpose, token: str) -> int:
        """Return the id of the reader the token speaks for.

        :raises TokenError: it is not one of ours for this purpose.
        """
        if len(token) > LONGEST_TOKEN:
            raise TokenError("the token is too long")
        try:
            subscriber_id = self._serializer(purpose).loads(token)
        except (BadSignature, UnicodeEncodeError) as error:
            # Half a surrogate pair cannot even be turned into bytes to be compared.
            raise TokenError("the token does not verify") from error
        if not isinstance(subscriber_id, int):
            raise TokenError("the token names no reader")
        return subscriber_id

    def _serializer(self, purpose: Purpose) -> URLSafeSerializer:
        # itsdangerous takes the oldest key first; its default digest is SHA-1, ours is SHA-256.
        return URLSafeSerializer(
            self._keys, salt=f"newsletter.{purpose.value}", signer_kwargs={"digest_method": hashlib.sha256}
        )
