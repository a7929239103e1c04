"""Edge cases collected from GitHub, where they lie beside the checkout: each is taken or refused as it must be.

Samples of our own of the same shapes are in ``test_every_shape`` and ``test_webhook_bodies``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.corpus import CORPUS
from tests.support.posting import post, stored
from tests.support.running import Running

EDGE = CORPUS / "edge"


def _edge_bodies() -> list[Any]:
    index = json.loads((EDGE / "index.json").read_text(encoding="utf-8"))
    return [
        pytest.param(entry, id=entry["file"].replace("/", ": "))
        for group in index.values()
        if isinstance(group, list)
        for entry in group
        if entry.get("bytes") is not None and "event" in entry
    ]


@pytest.mark.parametrize("entry", _edge_bodies())
async def test_an_edge_case_is_taken_or_refused(service: Running, entry: dict[str, Any]) -> None:
    body = (EDGE / entry["file"]).read_bytes()
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
