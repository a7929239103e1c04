"""``POST /webhooks/github``: no signed body, made up or collected, is ever our own fault."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.mutations import bodies
from tests.support.posting import post, stored
from tests.support.running import Running

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "edge"


async def test_no_signed_body_is_ever_our_own_fault(service: Running) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(bodies())
    def never_a_5xx(body: bytes) -> None:
        status, _ = asyncio.run_coroutine_threadsafe(post(service, body), loop).result(30)
        assert status in {200, 202, 400}

    await asyncio.to_thread(never_a_5xx)


def _edge_bodies() -> list[Any]:
    if not CORPUS.is_dir():
        return []
    index = json.loads((CORPUS / "index.json").read_text(encoding="utf-8"))
    return [
        pytest.param(entry, id=entry["file"].replace("/", ": "))
        for group in index.values()
        if isinstance(group, list)
        for entry in group
        if entry.get("bytes") is not None and "event" in entry
    ]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of edge cases is not beside this checkout")
@pytest.mark.parametrize("entry", _edge_bodies())
async def test_an_edge_case_is_taken_or_refused(service: Running, entry: dict[str, Any]) -> None:
    body = (CORPUS / entry["file"]).read_bytes()
    try:
        repository = json.loads(body)["repository"]
        await service.follow("edge/case", github_id=int(repository["id"]))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        # Nothing in it says which repository it is about.
        pass
    status, answer = await post(
        service, body, event=entry["event"], content_type=entry.get("content_type", "application/json")
    )
    invalid = entry["file"].startswith("invalid/")
    assert status in ({400, 415} if invalid else {200, 202, 400})
    if status >= 400:
        assert answer["error"].endswith(".")
    assert len(stored(service)) == (status == 202)
