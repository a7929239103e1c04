"""Answers of GitHub's that a test makes up."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web


def sends(data: object, status: int = 200, **headers: str) -> Callable[[web.Request], web.Response]:
    """Return a fault that answers with data; an underscore in a header's name is a hyphen."""
    return lambda _: web.json_response(
        data, status=status, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )
