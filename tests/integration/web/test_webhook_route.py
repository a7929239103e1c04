"""``POST /webhooks/github`` over a real connection: on disk before the answer, or not at all and said so."""

from __future__ import annotations

import asyncio
import gzip
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from newsletter.github.replay import StoredDelivery, post_delivery
from newsletter.github.webhook import LARGEST_BODY
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.expand import expand
from newsletter.web.webhook import MOST_LARGE_BODIES
from tests.support.mutations import bodies
from tests.support.pushes import HOOK_ID, SAMPLE, SECRET, body_of, form_of, headers_of, payload
from tests.support.running import NOW, Running, running

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "edge"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, secrets=(SECRET, "an old secret")) as service:
        yield service


async def post(service: Running, body: bytes, **about: str) -> tuple[int, dict[str, Any]]:
    async with service.client.post(
        f"{service.url}/webhooks/github", data=body, headers=headers_of(body, **about)
    ) as answer:
        return answer.status, await answer.json()


def stored(service: Running) -> list[tuple[str, bytes]]:
    return service.rows("SELECT hook_id, body FROM pushes ORDER BY id")


def queued(service: Running) -> list[tuple[str, str]]:
    return service.rows("SELECT kind, key FROM jobs ORDER BY id")


def assert_nothing_stored(service: Running) -> None:
    assert (stored(service), queued(service)) == ([], [])


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


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"ref": "refs/heads/other"}, "this branch is not followed", id="another branch"),
        pytest.param({"ref": "refs/tags/v1.0"}, "not a branch", id="a tag"),
        pytest.param({"deleted": True, "after": "0" * 40}, "the branch was deleted", id="a deleted branch"),
        pytest.param({"repository__id": 7}, "this repository is not followed", id="a repository nobody follows"),
        pytest.param(
            {"repository__id": 7, "repository__full_name": "acme/other"},
            "newsletter repositories add",
            id="a repository nobody has heard of",
        ),
    ],
)
async def test_a_push_is_ignored_with_the_reason(service: Running, changes: dict[str, object], reason: str) -> None:
    status, answer = await post(service, body_of(payload(**changes)))
    assert (status, answer["status"]) == (200, "ignored")
    assert reason in answer["reason"]
    assert_nothing_stored(service)


async def test_a_repository_keeps_its_place_when_it_is_renamed(service: Running) -> None:
    assert (await post(service, body_of(payload(repository__full_name="acme/renamed"))))[0] == 202
    assert ("acme/renamed",) in service.rows("SELECT full_name FROM repositories")


async def test_a_ping_is_answered(service: Running) -> None:
    assert await post(service, body_of({"zen": "Speak like a human."}), event="ping") == (200, {"status": "pong"})
    assert_nothing_stored(service)


async def test_another_event_is_ignored_with_the_reason(service: Running) -> None:
    status, answer = await post(service, b"{}", event="issues")
    assert (status, answer) == (200, {"status": "ignored", "reason": "the event issues is not used"})


@pytest.mark.parametrize(
    ("headers", "status", "result"),
    [
        pytest.param({"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401, "bad-signature", id="a wrong signature"),
        pytest.param({"X-Hub-Signature-256": "sha1=" + "0" * 40}, 401, "bad-signature", id="a signature of SHA-1"),
        pytest.param({"X-Hub-Signature-256": ""}, 401, "bad-signature", id="no signature"),
        pytest.param({"Content-Type": "text/plain"}, 415, "bad-type", id="another content type"),
        pytest.param({"X-GitHub-Event": ""}, 400, "bad-body", id="no event"),
        pytest.param({"X-GitHub-Delivery": "../x"}, 400, "bad-body", id="a malformed delivery id"),
    ],
)
async def test_a_delivery_is_refused_and_leaves_nothing_but_a_counter(
    service: Running, headers: dict[str, str], status: int, result: str
) -> None:
    sample = f'newsletter_webhooks_total{{result="{result}"}}'
    before = await service.counted(sample)
    body = body_of(payload())
    async with service.client.post(
        f"{service.url}/webhooks/github", data=body, headers=headers_of(body) | headers
    ) as answer:
        assert answer.status == status
        assert (await answer.json())["error"].endswith(".")
    assert await service.counted(sample) == before + 1
    assert_nothing_stored(service)


async def test_a_signature_that_is_not_ascii_is_refused(service: Running) -> None:
    head = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=\xff\xe9\r\n"
    assert (await raw(service, head + b"Content-Length: 2\r\n\r\n{}")).startswith(b"HTTP/1.1 401 ")


async def test_without_a_secret_every_delivery_is_refused(tmp_path: Path) -> None:
    body = body_of(payload())
    async with running(tmp_path, secrets=()) as service:
        assert (await post(service, body))[0] == 401
        assert (await post(service, body, secret=""))[0] == 401
        assert_nothing_stored(service)


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


UNSIGNED = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HEAD = UNSIGNED + b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"


@pytest.mark.parametrize("signature", [b"", b"X-Hub-Signature-256: sha256=short\r\n"], ids=["none", "no signature"])
async def test_a_body_without_a_signature_is_not_read(service: Running, signature: bytes) -> None:
    answer = await raw(service, UNSIGNED + signature + b"Content-Length: 1000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()


async def test_few_large_bodies_are_read_at_a_time(tmp_path: Path) -> None:
    async with running(tmp_path, body_timeout=0.5) as service:
        slow = HEAD + b"Content-Length: 2000000\r\n\r\n{"
        answers = asyncio.gather(*(raw(service, slow) for _ in range(MOST_LARGE_BODIES)))
        body = body_of(payload())
        async with service.client.post(f"{service.url}/webhooks/github", data=body, headers=headers_of(body)) as answer:
            assert answer.status == 202
        assert all(said.startswith(b"HTTP/1.1 408 ") for said in await answers)


async def test_a_body_that_says_it_is_too_large_is_refused_unread(service: Running) -> None:
    answer = await raw(service, HEAD + b"Content-Length: %d\r\n\r\n" % (LARGEST_BODY + 1))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


async def test_a_body_that_turns_out_too_large_is_refused(service: Running) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    answer = await raw(service, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 26, b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert_nothing_stored(service)


async def test_a_body_as_large_as_github_sends_is_taken(service: Running) -> None:
    body = body_of(payload())
    body += b" " * (LARGEST_BODY - len(body))
    async with service.client.post(
        f"{service.url}/webhooks/github", data=BytesIO(body), headers=headers_of(body)
    ) as answer:
        assert answer.status == 202


async def test_a_compressed_body_that_grows_too_large_is_refused(service: Running) -> None:
    body = gzip.compress(b" " * (LARGEST_BODY + 1))
    assert len(body) < 100_000
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert (await raw(service, head + body)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}\r\nZZ\r\n", id="a chunk of no size"),
        pytest.param(b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nnot gzip.", id="no gzip where it says so"),
        pytest.param(b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", id="nothing where it says gzip"),
    ],
)
async def test_a_body_that_cannot_be_decoded_is_the_senders_fault(service: Running, rest: bytes) -> None:
    assert (await raw(service, HEAD + rest)).split()[1] in {b"400", b"401"}


async def test_a_body_that_does_not_arrive_is_not_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path, body_timeout=0.05) as service:
        answer = await raw(service, HEAD + b"Content-Length: 100\r\n\r\n{")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert_nothing_stored(service)


async def test_a_sender_that_hangs_up_leaves_nothing(service: Running) -> None:
    _, writer = await asyncio.open_connection(service.host, service.port)
    writer.write(HEAD + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await post(service, body_of(payload())))[0] == 202
    assert len(stored(service)) == 1


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


async def test_no_signed_body_is_ever_our_own_fault(service: Running) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(bodies())
    def never_a_5xx(body: bytes) -> None:
        status, _ = asyncio.run_coroutine_threadsafe(post(service, body), loop).result(30)
        assert status in {200, 202, 400}

    await asyncio.to_thread(never_a_5xx)


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
