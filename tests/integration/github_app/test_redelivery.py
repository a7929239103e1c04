"""What the App's webhook did not get is found in GitHub's log and asked for, a few times and not for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import select

from newsletter.github.faults import GitHubRefused, GitHubUnavailable
from newsletter.github.hooks import PAUSES
from newsletter.metrics import REGISTRY
from newsletter.pipeline.port import Job, Kind, NotYet, RetryAfter
from newsletter.pipeline.redeliver import Round, redeliver, redeliver_job
from newsletter.store import tables
from tests.support.app_house import AppHouse
from tests.support.clock import NOON
from tests.support.drawn_answers import sends
from tests.support.records import follow, store_push

JOB = Job(kind=Kind.REDELIVER, key="app", attempt=1, last=False, queued_at=NOON)
HOUR = timedelta(hours=1)


class Hook:
    """Somebody's webhook, which answers as it is told."""

    def __init__(self) -> None:
        self.status = 202
        self.got: list[str] = []

    async def post(self, request: web.Request) -> web.Response:
        self.got.append(request.headers["X-GitHub-Delivery"])
        return web.Response(status=self.status)


@pytest.fixture
async def hook(house: AppHouse) -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.post)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    house.app.webhook = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def look(house: AppHouse) -> Round:
    found = await redeliver(store=house.store, app=house.github.app, now=house.clock())
    assert found is not None
    return found


async def rows(house: AppHouse) -> list[tuple[str, int, bool]]:
    """Return each event that was missed: how often it was asked for, and whether it is still to be."""
    table = tables.missed_hooks
    async with house.store.read() as connection:
        found = await connection.execute(select(table).order_by(table.c.delivery_id))
        return [(row.hook_id, row.asked, row.next_at is not None) for row in found]


async def test_what_failed_is_asked_for_and_what_came_is_not(house: AppHouse, hook: Hook) -> None:
    came = await house.app.tell("push", {})
    hook.status = 503
    missed = await house.app.tell("push", {})
    useless = await house.app.tell("star", {})
    hook.status = 202
    before = REGISTRY.get_sample_value("newsletter_redeliveries_total", {"result": "asked"}) or 0
    assert await look(house) == Round(attempts=3, missed=1, asked=1)
    assert hook.got == [came, missed, useless, missed]
    assert REGISTRY.get_sample_value("newsletter_redeliveries_total", {"result": "asked"}) == before + 1
    house.clock.advance(HOUR)
    assert (await look(house)).asked == 0
    assert await rows(house) == [(missed, 1, False)]


@pytest.mark.parametrize("event", ["push", "repository", "installation", "installation_repositories"])
async def test_every_event_that_is_used_is_asked_for(house: AppHouse, hook: Hook, event: str) -> None:
    hook.status = 500
    await house.app.tell(event, {})
    assert (await look(house)).asked == 1


async def test_a_webhook_that_nobody_answered_counts_as_missed(house: AppHouse) -> None:
    await house.app.tell("push", {})
    assert house.app.log[0]["status_code"] == 0
    assert (await look(house)).asked == 1


async def test_what_fails_again_and_again_is_asked_for_with_growing_pauses_and_then_given_up(
    house: AppHouse, hook: Hook
) -> None:
    hook.status = 503
    missed = await house.app.tell("push", {})
    asked_at = []
    for _ in range(2 * 36):
        if (await look(house)).asked:
            asked_at.append(house.clock() - NOON)
        house.clock.advance(timedelta(minutes=30))
    assert asked_at[0] == timedelta(0)
    gaps = [later - earlier for earlier, later in pairwise(asked_at)]
    assert gaps == list(PAUSES)
    assert hook.got == [missed] * 6


async def test_the_log_is_read_page_by_page_up_to_what_was_seen(house: AppHouse, hook: Hook) -> None:
    hook.status = 503
    await house.app.tell("push", {}, at=NOON - timedelta(days=4))
    for minute in range(201):
        hook.status = 503 if minute in {0, 200} else 202
        await house.app.tell("push", {}, at=NOON - timedelta(hours=5) + timedelta(minutes=minute))
    assert await look(house) == Round(attempts=201, missed=2, asked=2)
    assert house.app.times("/app/hook/deliveries?") == 3
    house.clock.advance(HOUR)
    assert (await look(house)).attempts == 2
    assert house.app.times("/app/hook/deliveries?") == 4


async def test_a_push_that_is_stored_is_not_asked_for(house: AppHouse, hook: Hook) -> None:
    """It was stored, and the answer came too late for GitHub."""
    hook.status = 504
    missed = await house.app.tell("push", {})
    push_id = await store_push(house.store, await follow(house.store))
    async with house.store.write() as transaction:
        pushes = tables.pushes
        await transaction.connection.execute(pushes.update().where(pushes.c.id == push_id).values(hook_id=missed))
    assert (await look(house)).asked == 0


async def test_whoever_is_killed_before_asking_asks_after_a_pause_and_not_twice_at_once(
    house: AppHouse, hook: Hook
) -> None:
    hook.status = 503
    missed = await house.app.tell("push", {})
    house.app.faults = lambda request: web.Response(status=502) if "attempts" in request.path else None
    with pytest.raises(GitHubUnavailable):
        await look(house)
    house.app.faults = None
    assert await rows(house) == [(missed, 1, True)]
    assert (await look(house)).asked == 0
    house.clock.advance(PAUSES[0])
    assert (await look(house)).asked == 1


async def test_whoever_is_killed_while_reading_the_log_reads_it_again(house: AppHouse, hook: Hook) -> None:
    hook.status = 503
    for minute in range(101):
        hook.status = 503 if minute % 50 == 0 else 202
        await house.app.tell("push", {}, at=NOON - timedelta(minutes=200 - minute))
    house.app.faults = lambda request: web.Response(status=502) if "cursor" in request.query_string else None
    with pytest.raises(GitHubUnavailable):
        await look(house)
    assert await rows(house) == []
    house.app.faults = None
    assert (await look(house)).missed == 3


async def test_a_limit_costs_no_asking(house: AppHouse, hook: Hook) -> None:
    hook.status = 503
    missed = await house.app.tell("push", {})
    limited = sends({"message": "You have exceeded a secondary rate limit."}, 403, Retry_After="60")
    house.app.faults = lambda request: limited(request) if "attempts" in request.path else None
    with pytest.raises(NotYet):
        await redeliver_job(JOB, store=house.store, app=house.github.app, now=house.clock())
    assert await rows(house) == [(missed, 0, True)]


async def test_what_github_has_forgotten_is_given_up(house: AppHouse, hook: Hook) -> None:
    hook.status = 503
    missed = await house.app.tell("push", {})
    gone = sends({"message": "Not Found"}, 404)
    house.app.faults = lambda request: gone(request) if "attempts" in request.path else None
    assert await look(house) == Round(attempts=1, missed=1, asked=0)
    assert await rows(house) == [(missed, 1, False)]
    house.clock.advance(timedelta(days=4))
    await look(house)
    assert await rows(house) == []


async def test_an_app_without_a_webhook_has_nothing_to_look_through(house: AppHouse) -> None:
    house.app.faults = sends({"message": "Not Found"}, 404)
    assert await redeliver(store=house.store, app=house.github.app, now=house.clock()) is None


@pytest.mark.parametrize(("status", "kind"), [(401, GitHubRefused), (502, GitHubUnavailable)])
async def test_a_round_that_fails_is_tried_again(house: AppHouse, status: int, kind: type[Exception]) -> None:
    house.app.faults = sends({"message": "no"}, status)
    with pytest.raises(kind):
        await look(house)
    with pytest.raises(RetryAfter):
        await redeliver_job(JOB, store=house.store, app=house.github.app, now=house.clock())


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"id": "x"}, id="no number"),
        pytest.param({"delivered_at": "yesterday"}, id="no time"),
        pytest.param({"delivered_at": "2026-03-02T12:00:00"}, id="a time without its zone"),
        pytest.param({"guid": None, "event": None}, id="no names"),
    ],
)
async def test_an_entry_that_is_none_is_half_an_answer_or_nothing(house: AppHouse, entry: dict[str, Any]) -> None:
    whole = {"id": 1, "guid": "a", "delivered_at": "2026-03-02T12:00:00Z", "status_code": 500, "event": "push"}
    house.app.faults = lambda request: sends([whole | entry])(request) if request.method == "GET" else None
    if "guid" in entry:
        assert (await look(house)).asked == 0
    else:
        with pytest.raises(GitHubUnavailable, match="incomplete"):
            await look(house)
