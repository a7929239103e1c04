"""Every shape of delivery has the outcome that docs/reference/collection.md promises."""

from __future__ import annotations

import json
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


async def test_of_a_repository_that_was_made_public_github_is_asked_first(service: Running) -> None:
    def private() -> list[Any]:
        return service.rows("SELECT private FROM repositories WHERE full_name = 'harbourlight/tidewater'")

    hidden, shown = SHAPES["repository made private"](), SHAPES["repository made public"]()
    await post(service, shown.body, event=shown.event)
    assert (private(), service.rows("SELECT kind FROM jobs")) == ([(0,)], [])
    await post(service, hidden.body, event=hidden.event)
    assert (private(), service.rows("SELECT kind FROM jobs")) == ([(1,)], [])
    # The first one again, which is older; and a push of that time.
    await post(service, shown.body, event=shown.event)
    assert (await post(service, SHAPES["push to the default branch"]().body))[0] == 202
    assert (private(), service.rows("SELECT kind FROM jobs ORDER BY kind")) == ([(1,)], [("expand",), ("reconcile",)])


async def test_a_repository_event_that_is_none_is_refused(service: Running) -> None:
    status, answer = await post(service, b'{"action": "renamed"}', event="repository")
    assert (status, answer["error"]) == (400, "Not a repository payload: repository: Field required.")


async def test_a_deleted_repository_is_followed_no_longer(service: Running) -> None:
    shape = SHAPES["repository deleted"]()
    assert (await post(service, shape.body, event=shape.event))[1] == {"status": "noted"}
    status, answer = await post(service, SHAPES["push to the default branch"]().body)
    assert (status, answer["status"]) == (200, "ignored")
    assert "not followed any more" in answer["reason"]


async def test_an_event_about_an_installation_is_looked_into_once(service: Running) -> None:
    for name in ("App installed", "repositories given to the App", "App suspended"):
        shape = SHAPES[name]()
        await post(service, shape.body, event=shape.event)
    assert service.rows("SELECT kind, key FROM jobs") == [("installation", "12")]


async def test_without_an_app_its_events_are_ignored(tmp_path: Path) -> None:
    async with running(tmp_path, with_app=False) as service:
        shape = SHAPES["App installed"]()
        status, answer = await post(service, shape.body, event=shape.event)
    assert (status, answer) == (200, {"status": "ignored", "reason": "no GitHub App is set up here"})


@pytest.mark.parametrize(
    ("installation", "reason"),
    [
        pytest.param("x", "installation: Input should be a valid dictionary", id="a text"),
        pytest.param({"id": "12"}, "installation.id: Input should be a valid integer", id="an id that is a text"),
        pytest.param({"id": -1}, "installation.id: Input should be greater than 0", id="an id below zero"),
        pytest.param({"id": 2**63}, "installation.id: Input should be less than", id="an id that no database holds"),
    ],
)
async def test_an_installation_event_that_is_none_is_refused(
    service: Running, installation: object, reason: str
) -> None:
    body = json.dumps({"action": "created", "installation": installation}).encode()
    status, answer = await post(service, body, event="installation")
    assert status == 400
    assert answer["error"].startswith(f"Not an installation payload: {reason}")
    assert service.rows("SELECT * FROM jobs") == []


async def test_another_action_of_an_installation_is_ignored(service: Running) -> None:
    body = json.dumps({"action": "renamed", "installation": {"id": 1}}).encode()
    assert (await post(service, body, event="installation"))[1]["status"] == "ignored"
