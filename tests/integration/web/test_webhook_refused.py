"""``POST /webhooks/github``: what is ignored or refused is answered with the reason and leaves nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.logged import logging_to_stderr
from tests.support.posting import assert_nothing_stored, post, raw
from tests.support.pushes import body_of, headers_of, payload
from tests.support.running import Running, running


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


_SIGNED = b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(_SIGNED + b"Content-Length: 2\r\n\r\n{}", 401, id="wrong signatures"),
        pytest.param(b"Content-Length: 99999999\r\n\r\n", 413, id="lengths beyond GitHub's"),
        pytest.param(
            _SIGNED + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400, id="what is not what it says"
        ),
    ],
)
async def test_what_anybody_can_send_fills_no_log(
    service: Running, capsys: pytest.CaptureFixture[str], head: bytes, status: int
) -> None:
    with logging_to_stderr(as_json=True):
        for _ in range(20):
            answer = await raw(service, b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\n" + head)
            assert answer.startswith(b"HTTP/1.1 %d " % status)
    lines = [line for line in capsys.readouterr().err.splitlines() if '"webhook.' in line]
    assert [json.loads(line)["times"] for line in lines] == [1]
