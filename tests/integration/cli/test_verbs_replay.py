"""``newsletter replay``: stored payloads are posted as GitHub would deliver them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.demo.sample import SampleDay
from tests.integration.cli.conftest import follow_all, stored
from tests.support.command_line import CommandLine


def test_a_replay_twice_is_known_the_second_time(
    newsletter: CommandLine, sample: SampleDay, payloads: Path, served: str
) -> None:
    follow_all(newsletter, sample)
    assert newsletter("replay", str(payloads), "--to", served).code == 0
    again = newsletter("replay", str(payloads), "--to", f"{served}/webhooks/github")
    assert again.out == f"{len(sample.pushes)} posted: {len(sample.pushes)} × 200\n"


def test_a_replay_takes_event_and_delivery_from_the_file_beside_it(
    newsletter: CommandLine, sample: SampleDay, payloads: Path, served: str, tmp_path: Path
) -> None:
    follow_all(newsletter, sample)
    lines = [json.dumps({"event": "push", "delivery": f"delivery-{n}"}) for n in range(len(sample.pushes))]
    payloads.with_suffix(".meta.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert newsletter("replay", str(payloads), "--to", served).code == 0
    hook_ids = {row[0] for row in stored(tmp_path, "SELECT hook_id FROM pushes")}
    assert hook_ids == {f"delivery-{n}" for n in range(len(sample.pushes))}


def test_a_replay_with_a_wrong_secret_fails_and_says_why(
    newsletter: CommandLine, payloads: Path, served: str, tmp_path: Path
) -> None:
    newsletter.set("NEWSLETTER_GITHUB__WEBHOOK_SECRETS", "another secret")
    ended = newsletter("replay", str(payloads), "--to", served)
    assert ended.code == 1
    assert "signature does not match" in ended.err
    assert stored(tmp_path, "SELECT * FROM pushes") == []


@pytest.mark.parametrize(
    ("content", "name"),
    [
        pytest.param("not json", "x.json", id="no JSON"),
        pytest.param("[]", "x.json", id="no object"),
        pytest.param("{}", "x.json", id="neither push nor ping"),
    ],
)
def test_a_file_that_holds_no_payload_is_refused(
    newsletter: CommandLine, tmp_path: Path, content: str, name: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    ended = newsletter("replay", name, "--to", "http://127.0.0.1:9")
    assert ended.code == 2
    assert name in ended.err


def test_a_replay_to_nobody_fails(newsletter: CommandLine, payloads: Path) -> None:
    ended = newsletter("replay", str(payloads), "--to", "http://127.0.0.1:9")
    assert ended.code == 1
    assert "cannot be reached" in ended.err
