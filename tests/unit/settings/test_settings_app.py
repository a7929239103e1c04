"""The GitHub App of the settings: its id and its key belong together, and a key that is of no use is named at start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from newsletter.app.github import configured_app
from newsletter.errors import SettingsError
from tests.support.app_keys import key, pem
from tests.support.configured import faults, load

PEM, PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "app.pem"
    path.write_text(pem(), encoding="ascii")
    return path


def test_the_app_of_the_settings_is_the_present_one(file: Path) -> None:
    settings = load({"GITHUB__APP_ID": "4711", "GITHUB__PRIVATE_KEY_FILE": str(file)})
    credentials = configured_app(settings)
    assert credentials is not None
    assert (credentials.app_id, credentials.private_key) == (4711, pem())
    assert "PRIVATE KEY" not in repr(credentials) + repr(settings)


def test_without_settings_there_is_no_app() -> None:
    assert configured_app(load()) is None


def test_a_key_that_went_away_since_is_named(file: Path) -> None:
    settings = load({"GITHUB__APP_ID": "4711", "GITHUB__PRIVATE_KEY_FILE": str(file)})
    file.unlink()
    with pytest.raises(SettingsError, match="PRIVATE_KEY_FILE"):
        configured_app(settings)


def test_id_and_key_belong_together(file: Path) -> None:
    for given in ({"GITHUB__APP_ID": "1"}, {"GITHUB__PRIVATE_KEY_FILE": str(file)}):
        assert faults(given) == {"GITHUB": "expected APP_ID and PRIVATE_KEY_FILE together"}


@pytest.mark.parametrize("app_id", ["x", "0", "-1", str(2**63), "1.5"])
def test_an_id_is_a_number_that_github_gives(app_id: str, file: Path) -> None:
    found = faults({"GITHUB__APP_ID": app_id, "GITHUB__PRIVATE_KEY_FILE": str(file)})
    assert list(found) == ["GITHUB__APP_ID"]


def _short() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=1024).private_bytes(PEM, PKCS8, OPEN)


def _of_curves() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, OPEN)


def _locked() -> bytes:
    return key().private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"secret"))


def _public() -> bytes:
    return key().public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda: b"", id="an empty file"),
        pytest.param(lambda: b"\xff\x00" * 100_000, id="another file"),
        pytest.param(lambda: pem().encode()[:900], id="half a key"),
        pytest.param(_short, id="a short key"),
        pytest.param(_of_curves, id="a key of another sort"),
        pytest.param(_locked, id="a key with a password"),
        pytest.param(_public, id="a public key"),
    ],
)
def test_a_key_that_is_of_no_use_is_named_and_never_shown(tmp_path: Path, content: Callable[[], bytes]) -> None:
    path = tmp_path / "app.pem"
    path.write_bytes(content())
    found = faults({"GITHUB__APP_ID": "1", "GITHUB__PRIVATE_KEY_FILE": str(path)})
    assert list(found) == ["GITHUB__PRIVATE_KEY_FILE"]
    assert found["GITHUB__PRIVATE_KEY_FILE"].startswith("expected an RSA key")
    assert len(found["GITHUB__PRIVATE_KEY_FILE"]) < 100


@pytest.mark.parametrize("name", ["nothing.pem", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    found = faults({"GITHUB__APP_ID": "1", "GITHUB__PRIVATE_KEY_FILE": str(tmp_path / name)})
    assert found["GITHUB__PRIVATE_KEY_FILE"].startswith("cannot be read: ")
