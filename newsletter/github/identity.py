"""An App proves who it is: a token that it signs itself, good for minutes. Pure.

gidgethub signs one as well, but reads the machine's clock by itself.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
"""

from __future__ import annotations

from datetime import datetime, timedelta

import jwt

from newsletter.github.credentials import AppCredentials
from newsletter.settings.keys import rsa_key

#: "60 seconds in the past": GitHub's clock and ours may differ.
CLOCK_DRIFT = timedelta(seconds=60)
#: From the moment of issue, which is a minute ago; GitHub takes ten minutes from now at most.
LIFETIME = timedelta(minutes=10)


def app_token(credentials: AppCredentials, *, now: datetime) -> str:
    """Return the JSON Web Token with which the App itself speaks.

    :raises ValueError: the key is of no use.
    """
    issued = now - CLOCK_DRIFT
    claims = {
        "iat": int(issued.timestamp()),
        "exp": int((issued + LIFETIME).timestamp()),
        "iss": str(credentials.app_id),
    }
    return jwt.encode(claims, rsa_key(credentials.private_key.encode()), algorithm="RS256")
