"""A GitHub App made from a manifest: what we ask for, where it is posted, and what GitHub answers. Pure.

https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote, urlsplit

from newsletter.github.credentials import AppCredentials
from newsletter.settings.keys import rsa_key

#: "The name of the App", characters.
LONGEST_NAME = 34
#: An installation reads commits and pull requests, and nothing is written: what the App and its tokens ask for.
PERMISSIONS = {"contents": "read", "metadata": "read", "pull_requests": "read"}
#: What one more token asks for where reports are committed, for that repository alone; the manifest does not.
WRITING = {"contents": "write", "metadata": "read"}
#: Those of installations come without being asked for.
EVENTS = ["push", "repository"]
#: Where GitHub sends the deliveries, and the browser that made the App.
HOOK_PATH, CREATED_PATH = "/webhooks/github", "/admin/app/created"

_ORGANIZATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,199}")
#: Suffixes that no public name server answers for (RFC 6761, RFC 8375, RFC 6762; .internal: ICANN, 2024).
_LOCAL_SUFFIXES = ("localhost", "local", "internal", "home.arpa", "test", "invalid", "example", "lan")


class Obstacle(StrEnum):
    """Why GitHub could not reach the webhook of an App."""

    NOT_HTTPS = "not_https"
    NOT_PUBLIC = "not_public"


@dataclass(frozen=True, kw_only=True)
class CreatedApp:
    """An App that GitHub has just made."""

    credentials: AppCredentials
    client_id: str


def obstacle(base_url: str, web_url: str) -> Obstacle | None:
    """Return what keeps GitHub from reaching the service; None where nothing does, as far as its URL tells.

    A GitHub of one's own may stand in the same network, so there only this machine is out of its reach.
    """
    parts = urlsplit(base_url)
    if parts.scheme != "https":
        return Obstacle.NOT_HTTPS
    host = (parts.hostname or "").rstrip(".").lower()
    github = urlsplit(web_url).hostname or ""
    own = github != "github.com" and not github.endswith(".ghe.com")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        this_machine = host == "localhost" or host.endswith(".localhost")
        local = "." not in host or host.endswith(tuple(f".{suffix}" for suffix in _LOCAL_SUFFIXES))
    else:
        this_machine = address.is_loopback or address.is_unspecified
        local = not address.is_global
    unreachable = this_machine if own else this_machine or local
    return Obstacle.NOT_PUBLIC if unreachable else None


def is_organization(name: str) -> bool:
    """Whether a text can be the name of an organisation: letters, digits and single hyphens, at most 39."""
    return _ORGANIZATION.fullmatch(name) is not None and "--" not in name


def is_code(text: str) -> bool:
    """Whether a text can be a code that GitHub hands out, and nothing else in a URL."""
    return _CODE.fullmatch(text) is not None


def registration_url(web_url: str, *, organization: str | None, state: str) -> str:
    """Return where the form with the manifest is posted to.

    :param organization: None = the App belongs to the account of whoever posts it.
    """
    owner = f"/organizations/{quote(organization, safe='')}" if organization else ""
    return f"{web_url}{owner}/settings/apps/new?state={quote(state, safe='')}"


def manifest(*, title: str, base_url: str) -> str:
    """Return the manifest as JSON.

    :param title: of the newsletter; GitHub lets people change the name before the App is made.
    """
    return json.dumps(
        {
            "name": title[:LONGEST_NAME].strip(),
            "url": base_url,
            "hook_attributes": {"url": base_url + HOOK_PATH, "active": True},
            "redirect_url": base_url + CREATED_PATH,
            "public": False,
            "default_permissions": PERMISSIONS,
            "default_events": EVENTS,
        },
        ensure_ascii=False,
    )


def created_app(data: Mapping[str, Any], *, web_url: str) -> CreatedApp:
    """Read the answer to ``POST /app-manifests/{code}/conversions``.

    What we never use, the client's secret above all, is not kept.

    https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest

    :raises KeyError: something is missing.
    :raises TypeError: something is of another type.
    :raises ValueError: something is not what it should be: the key is no RSA key, the page is not on this GitHub.
    """
    app_id = data["id"]
    if not isinstance(app_id, int) or isinstance(app_id, bool) or not 0 < app_id < 2**63:
        raise TypeError("not the id of an App")
    slug = _text(data["slug"])
    if not _SLUG.fullmatch(slug):
        raise ValueError("not the slug of an App")
    html_url = _text(data["html_url"])
    if not _is_page_of(html_url, web_url):
        raise ValueError("the App's page is elsewhere")
    private_key = _text(data["pem"])
    rsa_key(private_key.encode())
    return CreatedApp(
        credentials=AppCredentials(
            app_id=app_id,
            private_key=private_key,
            webhook_secret=_text(data["webhook_secret"]),
            slug=slug,
            html_url=html_url,
        ),
        client_id=_text(data["client_id"]),
    )


def _is_page_of(url: str, web_url: str) -> bool:
    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url and not parts.query and not parts.fragment
    return plain and url.startswith(f"{web_url}/") and len(url) <= 500


def _text(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise TypeError("not a text")
    # What could not be stored or sent: half a surrogate pair.
    value.encode()
    return value
