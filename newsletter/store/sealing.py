"""Texts that are secret even to whoever has a copy of the database: sealed with a key made from SECRET_KEY.

Fernet (AES-128-CBC and HMAC-SHA-256, cryptography.io/en/latest/fernet) with a key of its own, derived by HKDF
(RFC 5869), so that what signs the readers' links and what seals these texts are different keys.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: Another purpose would have another key.
_PURPOSE = b"newsletter.github_app"


class Unsealable(ValueError):
    """None of the keys opens the text."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A text that was sealed."""

    text: str = field(repr=False)
    #: Whether the newest key opens it.
    newest: bool


class Seal:
    """Seals and opens texts.

    :param keys: secret keys, newest first. The first seals, any opens, so that a key can be replaced.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ValueError("sealing needs at least one secret key")
        fernets = [Fernet(_derived(key)) for key in keys]
        self._newest, self._any = fernets[0], MultiFernet(fernets)

    def seal(self, text: str) -> str:
        """Return the text as nobody without the key can read it."""
        return self._newest.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> Opened:
        """Return the text again.

        :raises Unsealable: it was sealed with a key that is not among ours, or was damaged.
        """
        try:
            token = sealed.encode("ascii")
            try:
                return Opened(text=self._newest.decrypt(token).decode(), newest=True)
            except InvalidToken:
                return Opened(text=self._any.decrypt(token).decode(), newest=False)
        except (InvalidToken, UnicodeError):
            raise Unsealable("none of the keys opens it") from None


def _derived(key: str) -> bytes:
    material = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(key.encode())
    return base64.urlsafe_b64encode(material)
