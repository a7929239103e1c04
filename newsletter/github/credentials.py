"""Who the service is to GitHub as a GitHub App. Pure.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/about-authentication-with-a-github-app
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
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


#: The App's credentials at this moment, None where there is no App: asked each time, so that an App which is made while
#: the service runs is used without a restart.
PresentCredentials = Callable[[], Awaitable[AppCredentials | None]]
