"""``POST /webhooks/github``: bodies without a signature, too large, too slow, undecodable or never ending."""

from __future__ import annotations

import asyncio
import gzip
from io import BytesIO
from pathlib import Path

import pytest

from newsletter.github.webhook import LARGEST_BODY
from newsletter.web.webhook import MOST_LARGE_BODIES
from tests.support.posting import assert_nothing_stored, post, raw, stored
from tests.support.pushes import body_of, headers_of, payload
from tests.support.running import Running, running

UNSIGNED = b"POST /webhooks/github HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HEAD = UNSIGNED + b"X-Hub-Signature-256: sha256=" + b"0" * 64 + b"\r\n"


@pytest.mark.parametrize("signature", [b"", b"X-Hub-Signature-256: sha256=short\r\n"], ids=["none", "no signature"])
async def test_a_body_without_a_signature_is_not_read(service: Running, signature: bytes) -> None:
    answer = await raw(service, UNSIGNED + signature + b"Content-Length: 1000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close" in answer.lower()


async def test_few_large_bodies_are_read_at_a_time(tmp_path: Path) -> None:
    async with running(tmp_path, body_timeout=1.5) as service:
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
