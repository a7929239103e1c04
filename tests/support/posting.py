"""Posts deliveries to a running service, and looks at what it stored of them."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.support.pushes import headers_of
from tests.support.running import Running


async def post(service: Running, body: bytes, **about: str) -> tuple[int, dict[str, Any]]:
    """Post a delivery; returns the status and the answer."""
    async with service.client.post(
        f"{service.url}/webhooks/github", data=body, headers=headers_of(body, **about)
    ) as answer:
        return answer.status, await answer.json()


def stored(service: Running) -> list[tuple[str, bytes]]:
    """Return the id and the body of each push on disk."""
    return service.rows("SELECT hook_id, body FROM pushes ORDER BY id")


def queued(service: Running) -> list[tuple[str, str]]:
    """Return the kind and the key of each job on disk."""
    return service.rows("SELECT kind, key FROM jobs ORDER BY id")


def assert_nothing_stored(service: Running) -> None:
    """Neither a push nor a job is on disk."""
    assert (stored(service), queued(service)) == ([], [])


async def raw(service: Running, *parts: bytes) -> bytes:
    """Send bytes and return everything that is answered until the connection is closed or an answer is whole."""
    reader, writer = await asyncio.open_connection(service.host, service.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
        return head + await asyncio.wait_for(reader.read(4096), 10)
    finally:
        writer.close()
