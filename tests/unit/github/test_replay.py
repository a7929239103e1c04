"""Stored pushes are read from files as they were sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.errors import InputError
from newsletter.github.replay import read_deliveries, signature
from tests.support.pushes import SAMPLE, body_of, payload

BODIES = [push.body for push in SAMPLE.pushes[:3]]


def test_a_file_holds_one_delivery(tmp_path: Path) -> None:
    path = tmp_path / "push.json"
    path.write_bytes(json.dumps(payload(), indent=2).encode())
    (delivery,) = read_deliveries(path)
    assert (delivery.body, delivery.event) == (path.read_bytes(), "push")


def test_each_line_holds_one_delivery_byte_for_byte(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(b"\n".join(BODIES) + b"\n\n")
    deliveries = list(read_deliveries(path))
    assert [delivery.body for delivery in deliveries] == BODIES
    assert {delivery.event for delivery in deliveries} == {"push"}


def test_the_same_body_has_the_same_hook_id_and_another_has_another(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(b"\n".join(BODIES))
    first, again = ([delivery.hook_id for delivery in read_deliveries(path)] for _ in range(2))
    assert first == again
    assert len(set(first)) == len(BODIES)


def test_a_file_beside_it_says_event_and_hook_id(tmp_path: Path) -> None:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(b"\n".join(BODIES))
    about = [{"event": "push", "delivery": f"id-{place}"} for place in range(len(BODIES))]
    path.with_suffix(".meta.jsonl").write_text("\n".join(json.dumps(line) for line in about))
    assert [delivery.hook_id for delivery in read_deliveries(path)] == ["id-0", "id-1", "id-2"]


def test_a_ping_is_told_by_its_zen(tmp_path: Path) -> None:
    path = tmp_path / "ping.json"
    path.write_bytes(body_of({"zen": "Design for failure.", "hook_id": 1}))
    assert [delivery.event for delivery in read_deliveries(path)] == ["ping"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"{", "not JSON", id="half JSON"),
        pytest.param(b"\xff", "not JSON", id="not UTF-8"),
        pytest.param(b"[]", "no payload", id="a list"),
        pytest.param(b'{"action":"opened"}', "neither a push nor a ping", id="another event"),
        pytest.param(b"[" * 100_000, "not JSON", id="nested too deep"),
    ],
)
def test_a_file_is_refused_that_is(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "push.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=reason):
        list(read_deliveries(path))


@pytest.mark.parametrize(
    ("meta", "reason"),
    [
        pytest.param("{}\n{}\n", "has 1 payloads, but its .meta.jsonl has 2 lines", id="of another length"),
        pytest.param("{", "cannot be read", id="that is half JSON"),
        pytest.param("[]", "cannot be read", id="that holds a list"),
    ],
)
def test_a_file_beside_it_is_refused(tmp_path: Path, meta: str, reason: str) -> None:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(BODIES[0])
    path.with_suffix(".meta.jsonl").write_text(meta)
    with pytest.raises(InputError, match=reason):
        list(read_deliveries(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        list(read_deliveries(tmp_path / "none.json"))


def test_a_body_is_signed_as_githubs_documentation_shows() -> None:
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
    assert (
        signature(b"Hello, World!", "It's a Secret to Everybody")
        == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )
