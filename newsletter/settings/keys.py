"""Private keys of GitHub Apps: looked at when the settings are read, so that nothing starts with a useless one."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator

#: Bits; GitHub makes keys of 2048, and shorter ones can be broken (NIST SP 800-131A).
SHORTEST_KEY = 2048
#: A file of another sort is not read to its end, bytes.
LARGEST_FILE = 64 * 1024


# Reading a key takes a tenth of a second, since all of its numbers are checked; signing takes a hundredth of that.
@lru_cache(maxsize=4)
def rsa_key(pem: bytes) -> RSAPrivateKey:
    """Read a private key as GitHub gives it.

    :raises ValueError: it is no RSA key in PEM form, has a password, or is too short.
    """
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Their own words may quote the key.
        raise ValueError("expected an RSA key in PEM form without a password, as GitHub gives it") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_KEY:
        raise ValueError(f"expected an RSA key of at least {SHORTEST_KEY} bits, as GitHub gives it")
    return key


def _key_file(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise ValueError(f"cannot be read: {getattr(error, 'strerror', None) or 'not a path'}") from None
    rsa_key(content)
    return path


PrivateKeyFile = Annotated[Path, AfterValidator(_key_file)]
