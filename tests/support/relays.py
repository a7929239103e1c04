"""The way to a stand-in mail server, and waits short enough for tests of silence."""

from __future__ import annotations

from typing import Protocol

from newsletter.delivery.smtp import Relay, Timeouts

#: Long enough for everything on this machine that answers at all.
PATIENT = Timeouts(connect=10, command=10, message=10, quit=10)


class Listening(Protocol):
    """Anything with a host and a port."""

    host: str
    port: int


def relay_to(
    server: Listening,
    *,
    username: str | None = None,
    password: str | None = None,
    implicit_tls: bool = False,
    starttls: bool = False,
) -> Relay:
    """Return a relay that leads to a server; in plain text unless told otherwise."""
    return Relay(
        host=server.host,
        port=server.port,
        username=username,
        password=password,
        implicit_tls=implicit_tls,
        starttls=starttls,
        local_hostname="news.example",
    )
