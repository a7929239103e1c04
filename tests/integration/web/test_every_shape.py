"""Every shape of delivery has the outcome that docs/reference/collection.md promises."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.expand import expand
from tests.support.pushes import HOOK_ID, headers_of
from tests.support.running import NOW, Running, running
from tests.support.shapes import SHAPES

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "collection.md"


def promised() -> dict[str, tuple[int, str]]:
    """Return the answers of the first table: status and word by the name of the delivery."""
    table = REFERENCE.read_text(encoding="utf-8").partition("## ")[0]
    rows = re.findall(r"^\| ([^|]+?) \| (\d{3}) (\w+) \|", table, re.MULTILINE)
    return {name: (int(status), word) for name, status, word in rows}


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as service:
        yield service


async def post(service: Running, body: bytes, **about: str) -> tuple[int, dict[str, Any]]:
    async with service.client.post(
        f"{service.url}/webhooks/github", data=BytesIO(body), headers=headers_of(body, **about)
    ) as answer:
        return answer.status, await answer.json()


def test_the_documentation_has_every_shape_and_no_other() -> None:
    assert promised().keys() == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
async def test_a_delivery_has_the_promised_outcome(service: Running, name: str) -> None:
    shape = SHAPES[name]()
    status, answer = await post(service, shape.body, event=shape.event, content_type=shape.content_type)
    assert (status, answer["status"]) == (shape.status, shape.said) == promised()[name]
    assert (shape.reason or "") in answer.get("reason", "")
    assert service.rows("SELECT count(*) FROM pushes") == [(int(status == 202),)]
    jobs = EmbeddedJobs(service.store, clock=lambda: NOW)
    assert await expand(HOOK_ID, store=service.store, jobs=jobs, now=NOW) == shape.commits
    assert service.rows("SELECT count(*) FROM commits") == [(shape.commits,)]


async def test_a_renamed_repository_has_its_new_name_at_once(service: Running) -> None:
    assert (await post(service, SHAPES["push to the default branch"]().body))[0] == 202
    shape = SHAPES["repository renamed"]()
    await post(service, shape.body, event=shape.event)
    assert ("harbourlight/eddy",) in service.rows("SELECT full_name FROM repositories")
    assert ("harbourlight/tidewater",) not in service.rows("SELECT full_name FROM repositories")


async def test_a_repository_event_that_is_none_is_refused(service: Running) -> None:
    status, answer = await post(service, b'{"action": "renamed"}', event="repository")
    assert (status, answer["error"]) == (400, "Not a repository payload: repository: Field required.")
