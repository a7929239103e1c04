"""Keys of GitHub Apps, made once for all tests of a process."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from newsletter.github.credentials import AppCredentials, PresentCredentials

APP_ID = 4711


def key(number: int = 0) -> rsa.RSAPrivateKey:
    """Return one of several keys."""
    return _made(number)


@cache
def _made(number: int) -> rsa.RSAPrivateKey:
    # The number only tells one key from another.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def pem(number: int = 0) -> str:
    """Return one of several keys as GitHub gives it: PKCS #1, PEM."""
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key(number).private_bytes(encoding, form, serialization.NoEncryption()).decode()


CREDENTIALS = AppCredentials(app_id=APP_ID, private_key=pem())


def present(credentials: AppCredentials | None) -> PresentCredentials:
    """Return what gives these credentials at any moment."""

    async def given() -> AppCredentials | None:
        return credentials

    return given
