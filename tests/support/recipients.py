"""Readers by the names of tests, and what a scripted mail server was sent for them."""

from __future__ import annotations

from collections import Counter

from tests.support.smtp_server import ScriptedServer

MANY = [f"reader{number}" for number in range(20)]


def address(name: str) -> str:
    """Return the address of a reader."""
    return f"{name}@reader.example"


def mailed(server: ScriptedServer) -> Counter[str]:
    """Return how many messages each address was sent, whatever became of them."""
    return Counter(recipient for taken in server.messages for recipient in taken.recipients)
