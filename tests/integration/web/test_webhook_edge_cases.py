"""``POST /webhooks/github``: no signed body is ever our own fault."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings

from tests.support.mutations import bodies
from tests.support.posting import post
from tests.support.running import Running


async def test_no_signed_body_is_ever_our_own_fault(service: Running) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(bodies())
    def never_a_5xx(body: bytes) -> None:
        status, _ = asyncio.run_coroutine_threadsafe(post(service, body), loop).result(30)
        assert status in {200, 202, 400}

    await asyncio.to_thread(never_a_5xx)
