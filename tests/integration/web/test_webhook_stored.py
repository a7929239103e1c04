"""``POST /webhooks/github`` over a real connection: on disk before the answer, or not at all and said so."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing

import pytest

from newsletter.github.replay import StoredDelivery, post_delivery
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.expand import expand
from tests.support.posting import assert_nothing_stored, post, queued, stored
from tests.support.pushes import FORM, HOOK_ID, SAMPLE, SECRET, body_of, form_of, payload
from tests.support.running import NOW, Running


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(body_of(payload()), id="as compact JSON"),
        pytest.param(json.dumps(payload(), indent=2).encode() + b"\n", id="as indented JSON"),
        pytest.param(body_of(payload(commits=[], head_commit=None)), id="without commits"),
    ],
)
async def test_a_push_is_on_disk_byte_for_byte_before_it_is_answered(service: Running, body: bytes) -> None:
    assert await post(service, body) == (202, {"status": "stored"})
    assert stored(service) == [(HOOK_ID, body)]
    assert queued(service) == [("expand", HOOK_ID)]


async def test_a_push_survives_a_power_cut_after_its_answer(service: Running) -> None:
    async with service.store.engine.connect() as connection:
        assert (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one() == 2
        assert (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one() == "wal"


async def test_a_push_sent_as_a_form_is_stored(service: Running) -> None:
    body = form_of(body_of(payload()))
    assert await post(service, body, content_type=FORM) == (202, {"status": "stored"})
    assert stored(service) == [(HOOK_ID, body)]


async def test_a_push_signed_with_an_old_secret_is_taken(service: Running) -> None:
    assert (await post(service, body_of(payload()), secret="an old secret"))[0] == 202


async def test_a_push_that_is_delivered_again_is_known(service: Running) -> None:
    body = body_of(payload())
    assert (await post(service, body))[0] == 202
    assert await post(service, body) == (200, {"status": "known"})
    assert len(stored(service)) == len(queued(service)) == 1


async def test_pushes_that_arrive_at_once_are_all_stored_once(service: Running) -> None:
    deliveries = [(push.body, push.hook_id) for push in SAMPLE.pushes] * 2
    answers = await asyncio.gather(*(post(service, body, hook_id=hook_id) for body, hook_id in deliveries))
    assert sorted(status for status, _ in answers) == [200] * len(SAMPLE.pushes) + [202] * len(SAMPLE.pushes)
    assert {hook_id for hook_id, _ in stored(service)} == {push.hook_id for push in SAMPLE.pushes}
    assert len(stored(service)) == len(SAMPLE.pushes)


async def test_a_push_that_says_no_time_reached_its_branch_when_it_arrived(service: Running) -> None:
    await post(service, body_of(payload(repository__pushed_at=None)))
    assert service.rows("SELECT reached_at = received_at FROM pushes") == [(1,)]


async def test_a_push_from_the_future_reached_its_branch_when_it_arrived(service: Running) -> None:
    await post(service, body_of(payload(repository__pushed_at=4102444800)))
    assert service.rows("SELECT reached_at = received_at FROM pushes") == [(1,)]


async def test_a_repository_keeps_its_place_when_it_is_renamed(service: Running) -> None:
    assert (await post(service, body_of(payload(repository__full_name="acme/renamed"))))[0] == 202
    assert ("acme/renamed",) in service.rows("SELECT full_name FROM repositories")


async def test_a_locked_database_is_said_so_and_nothing_is_stored(service: Running) -> None:
    body = body_of(payload())
    with closing(sqlite3.connect(service.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, answer = await post(service, body)
        assert (status, answer["error"]) == (503, "The delivery cannot be stored at the moment; redeliver it.")
        assert_nothing_stored(service)
        other.execute("ROLLBACK")
    assert (await post(service, body))[0] == 202


async def test_a_full_disk_is_said_so_and_nothing_is_stored(service: Running) -> None:
    message = "x" * 200_000
    body = body_of(payload(commits__0__message=message))
    pages = await service.store.write_at_once(lambda disk: disk.exec_driver_sql("PRAGMA page_count").scalar_one())
    await service.store.write_at_once(lambda disk: disk.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}").all())
    assert (await post(service, body))[0] == 503
    assert_nothing_stored(service)
    await service.store.write_at_once(lambda disk: disk.exec_driver_sql("PRAGMA max_page_count = 1000000").all())
    assert (await post(service, body))[0] == 202


async def test_a_stored_push_is_replayed_as_github_would_deliver_it(service: Running) -> None:
    delivery = StoredDelivery(body=body_of(payload()), event="push", hook_id=HOOK_ID)
    url = f"{service.url}/webhooks/github"
    answers = [await post_delivery(service.client, url, delivery, secret=SECRET) for _ in range(2)]
    assert answers == [(202, '{"status": "stored"}'), (200, '{"status": "known"}')]
    assert stored(service) == [(HOOK_ID, delivery.body)]


async def test_a_stored_push_becomes_its_commits_and_their_jobs_once(service: Running) -> None:
    body = form_of(body_of(payload()))
    await post(service, body, content_type=FORM)
    jobs = EmbeddedJobs(service.store, clock=lambda: NOW)
    new = [await expand(HOOK_ID, store=service.store, jobs=jobs, now=NOW) for _ in range(2)]
    shas = [commit["id"] for commit in payload()["commits"]]
    assert new == [len(shas), 0]
    assert service.rows("SELECT sha FROM commits ORDER BY id") == [(sha,) for sha in shas]
    assert [kind for kind, _ in queued(service)] == ["expand"] + ["fetch"] * len(shas)
    assert await expand("nobody", store=service.store, jobs=jobs, now=NOW) == 0
