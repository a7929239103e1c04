"""Private keys that stand in files: looked at when the settings are read, so that nothing starts with a useless one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import AfterValidator

#: Bits; GitHub makes keys of 2048, and shorter ones can be broken (NIST SP 800-57).
SHORTEST_RSA_KEY = 2048
#: A file of another sort is not read to its end, bytes.
LARGEST_FILE = 64 * 1024
_EXPECTED = "expected the private key of the GitHub App: a PEM file without a password, as GitHub gives it"


def _rsa_key_file(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Their own words may quote the key.
        raise ValueError(_EXPECTED) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < SHORTEST_RSA_KEY:
        raise ValueError(_EXPECTED)
    return path


PrivateKeyFile = Annotated[Path, AfterValidator(_rsa_key_file)]
