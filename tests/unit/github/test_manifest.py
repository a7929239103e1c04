"""The manifest of an App, where it is posted, and what GitHub answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from newsletter.github.manifest import (
    LONGEST_NAME,
    Obstacle,
    created_app,
    is_code,
    is_organization,
    manifest,
    obstacle,
    registration_url,
)
from tests.support.app_github import private_key

GITHUB, OWN = "https://github.com", "https://github.corp.example"
ANSWER: dict[str, Any] = {
    "id": 7,
    "slug": "rocket-news",
    "html_url": "https://github.com/apps/rocket-news",
    "client_id": "Iv1.7",
    "client_secret": "a client secret",
    "webhook_secret": "a webhook secret",
    "pem": private_key(),
}


def test_the_manifest_asks_to_read_and_for_nothing_else() -> None:
    assert json.loads(manifest(title="Rocket news", base_url="https://news.example.org")) == {
        "name": "Rocket news",
        "url": "https://news.example.org",
        "hook_attributes": {"url": "https://news.example.org/webhooks/github", "active": True},
        "redirect_url": "https://news.example.org/admin/app/created",
        "public": False,
        "default_permissions": {"contents": "read", "metadata": "read", "pull_requests": "read"},
        "default_events": ["push", "repository"],
    }


@given(st.text(min_size=1, max_size=80))
def test_a_name_is_never_longer_than_github_takes(title: str) -> None:
    assert len(json.loads(manifest(title=title, base_url="https://news.example.org"))["name"]) <= LONGEST_NAME


@pytest.mark.parametrize(
    ("organization", "path"),
    [
        pytest.param(None, "/settings/apps/new", id="for one's own account"),
        pytest.param("acme", "/organizations/acme/settings/apps/new", id="for an organisation"),
    ],
)
def test_the_manifest_is_posted_to_its_owner_with_the_state(organization: str | None, path: str) -> None:
    parts = urlsplit(registration_url(GITHUB, organization=organization, state="a&b=c#d"))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "github.com", path)
    assert parse_qs(parts.query) == {"state": ["a&b=c#d"]}


@pytest.mark.parametrize(
    ("base_url", "web_url", "expected"),
    [
        pytest.param("https://news.example.org", GITHUB, None, id="a public name"),
        pytest.param("https://news.example.org:8443", "https://acme.ghe.com", None, id="another port"),
        pytest.param("https://203.0.114.7", GITHUB, None, id="a public address"),
        pytest.param("http://news.example.org", GITHUB, Obstacle.NOT_HTTPS, id="without https"),
        pytest.param("http://127.0.0.1:8080", GITHUB, Obstacle.NOT_HTTPS, id="the default"),
        pytest.param("https://127.0.0.1", GITHUB, Obstacle.NOT_PUBLIC, id="this machine"),
        pytest.param("https://[::1]:8443", GITHUB, Obstacle.NOT_PUBLIC, id="this machine by IPv6"),
        pytest.param("https://192.168.1.7", GITHUB, Obstacle.NOT_PUBLIC, id="a private address"),
        pytest.param("https://news", GITHUB, Obstacle.NOT_PUBLIC, id="a name without a domain"),
        pytest.param("https://news.local", GITHUB, Obstacle.NOT_PUBLIC, id="a local name"),
        pytest.param("https://NEWS.Internal.", "https://acme.ghe.com", Obstacle.NOT_PUBLIC, id="an internal name"),
        pytest.param("https://news.internal", OWN, None, id="an internal name with a GitHub of one's own"),
        pytest.param("https://192.168.1.7", OWN, None, id="a private address with a GitHub of one's own"),
        pytest.param("https://localhost", OWN, Obstacle.NOT_PUBLIC, id="this machine with a GitHub of one's own"),
        pytest.param("http://news.internal", OWN, Obstacle.NOT_HTTPS, id="without https there as well"),
    ],
)
def test_an_address_that_github_cannot_reach_is_told(base_url: str, web_url: str, expected: Obstacle | None) -> None:
    assert obstacle(base_url, web_url) is expected


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("acme", True),
        ("A-c-M-e-7", True),
        ("a" * 39, True),
        ("a" * 40, False),
        ("", False),
        ("-acme", False),
        ("acme-", False),
        ("ac--me", False),
        ("acme/../x", False),
        ("acme?x", False),
        ("acmé", False),
        ("acme\n", False),
    ],
)
def test_the_name_of_an_organisation_is_one_that_github_gives(name: str, right: bool) -> None:
    assert is_organization(name) is right


@given(st.text())
def test_a_code_is_one_piece_of_a_path(text: str) -> None:
    if is_code(text):
        assert text.isascii()
        assert not set(text) & set("/?#%.\\")


def test_an_app_is_read_without_what_nobody_needs() -> None:
    app = created_app(ANSWER, web_url=GITHUB)
    credentials = app.credentials
    assert (credentials.app_id, credentials.slug, app.client_id) == (7, "rocket-news", "Iv1.7")
    assert (credentials.webhook_secret, credentials.private_key) == ("a webhook secret", private_key())
    assert credentials.html_url == "https://github.com/apps/rocket-news"
    assert "secret" not in repr(app).replace("client_id", "")
    assert "PRIVATE KEY" not in repr(app)


def short_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def other_key() -> str:
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.mark.parametrize("name", sorted(ANSWER.keys() - {"client_secret"}))
@pytest.mark.parametrize("value", [None, 7.5, "", [], {}, True, "\ud800", "a\0b", -1])
def test_an_answer_that_is_not_whole_is_refused(name: str, value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        created_app(ANSWER | {name: value}, web_url=GITHUB)
    with pytest.raises(KeyError):
        created_app({key: value for key, value in ANSWER.items() if key != name}, web_url=GITHUB)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("id", 2**63, id="a number that no database holds"),
        pytest.param("slug", "a/b", id="a slug that is a path"),
        pytest.param("html_url", "https://evil.example/apps/x", id="a page elsewhere"),
        pytest.param("html_url", "https://github.com.evil.example/x", id="a page that looks like GitHub's"),
        pytest.param("html_url", "javascript:alert(1)", id="a script"),
        pytest.param("html_url", "https://github.com/apps/x?y", id="a page with a query"),
        pytest.param("html_url", "https://github.com/apps/x y", id="a page with a space"),
        pytest.param("pem", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", id="half a key"),
        pytest.param("pem", other_key(), id="a key of another kind"),
        pytest.param("pem", short_key(), id="a key that signs nothing here"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(name: str, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        created_app(ANSWER | {name: value}, web_url=GITHUB)
