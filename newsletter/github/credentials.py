"""Who we are to GitHub as an App."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class AppCredentials:
    """A GitHub App's identity and secrets."""

    app_id: int
    #: PEM.
    private_key: str = field(repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    slug: str | None = None
    #: Page of the App on GitHub.
    html_url: str | None = None
