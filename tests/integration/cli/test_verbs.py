"""The verbs, as an operator calls them, on a real database and with stand-in servers."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from newsletter.app import open_service, serve
from newsletter.demo.github import StandInGitHub
from newsletter.demo.mailbox import StandInMailbox
from newsletter.demo.sample import SampleDay, sample_day
from newsletter.settings import SERVING, load_settings
from tests.support.background import Background
from tests.support.command_line import CommandLine

DAY = date(2026, 3, 2)
SECRET = "a webhook secret"


@pytest.fixture
def background() -> Iterator[Background]:
    background = Background()
    yield background
    background.close()


@pytest.fixture
def sample() -> SampleDay:
    return sample_day(DAY)


@pytest.fixture
def github(background: Background, sample: SampleDay) -> Iterator[StandInGitHub]:
    server = StandInGitHub(
        repositories={repository.full_name: repository.rest for repository in sample.repositories},
        commits=sample.commits,
    )
    with background.serving(server) as started:
        yield started


@pytest.fixture
def mailbox(background: Background) -> Iterator[StandInMailbox]:
    with background.serving(StandInMailbox()) as started:
        yield started


@pytest.fixture
def environment(github: StandInGitHub, mailbox: StandInMailbox, tmp_path: Path) -> dict[str, str]:
    return {
        "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
        "NEWSLETTER_LISTEN": "127.0.0.1:0",
        "NEWSLETTER_SECRET_KEY": "k" * 40,
        "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
        "NEWSLETTER_GITHUB__API_URL": github.url,
        "NEWSLETTER_SMTP__HOST": mailbox.host,
        "NEWSLETTER_SMTP__PORT": str(mailbox.port),
        "NEWSLETTER_SMTP__TLS": "none",
        "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
    }


@pytest.fixture
def newsletter(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    tmp_path: Path,
) -> CommandLine:
    monkeypatch.chdir(tmp_path)
    return CommandLine(monkeypatch, capsys, environment)


@pytest.fixture
def payloads(sample: SampleDay, tmp_path: Path) -> Path:
    path = tmp_path / "pushes.jsonl"
    path.write_bytes(b"\n".join(push.body for push in sample.pushes) + b"\n")
    return path


def stored(tmp_path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def served(background: Background, environment: dict[str, str]) -> Iterator[str]:
    """The address of a service that takes pushes and runs no jobs."""

    class Serving:
        async def __aenter__(self) -> str:
            settings = load_settings(environment=environment, required=SERVING)
            self._opened = open_service(settings)
            self._service = await self._opened.__aenter__()
            answering: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(serve(self._service, with_jobs=False, ready=answering.set_result))
            return await answering

        async def __aexit__(self, *_: object) -> None:
            self._service.stop.set()
            await self._task
            await self._opened.__aexit__(None, None, None)

    with background.serving(Serving()) as url:
        yield url


def follow_all(newsletter: CommandLine, sample: SampleDay) -> None:
    for repository in sample.repositories:
        assert newsletter("repositories", "add", repository.full_name).code == 0


def test_a_day_walks_from_pushes_to_a_ledger_by_the_verbs_alone(
    newsletter: CommandLine, sample: SampleDay, payloads: Path, served: str, tmp_path: Path
) -> None:
    follow_all(newsletter, sample)
    assert newsletter("subscribers", "add", "low@reader.example", "--threshold", "low", "--confirmed").code == 0
    replayed = newsletter("replay", str(payloads), "--to", served)
    assert (replayed.code, replayed.out) == (0, f"{len(sample.pushes)} posted: {len(sample.pushes)} × 202\n")

    closed = newsletter("digests", "close", "--day", str(DAY))
    assert closed.code == 0, closed.err
    assert closed.out.startswith(f"Closed {DAY}: {len(sample.commits)} changes.")

    (line,) = newsletter("deliveries", "list", "--json").json()
    assert (line["address"], line["status"], line["day"]) == ("low@reader.example", "queued", str(DAY))
    (digest,) = newsletter("digests", "list", "--json").json()
    assert digest["changes"] == len(sample.commits) == digest["high"] + digest["medium"] + digest["low"]

    shown = newsletter("digests", "preview", "--day", str(DAY), "--out", str(tmp_path / "d.html"), "--language", "zh")
    assert shown.code == 0, shown.err
    html = (tmp_path / "d.html").read_text(encoding="utf-8")
    assert {sha for _, sha in sample.commits} == set(re.findall(r"/commit/([0-9a-f]{40})", html))
    assert 'lang="zh-Hans"' in html
    assert (tmp_path / "d.txt").read_text(encoding="utf-8").startswith("Subject: ")


def test_closing_a_closed_day_changes_nothing(newsletter: CommandLine) -> None:
    assert newsletter("digests", "close", "--day", str(DAY)).code == 0
    again = newsletter("digests", "close", "--day", str(DAY))
    assert (again.code, again.out) == (0, f"{DAY} was closed already, with 0 changes; nothing was changed.\n")


def test_a_day_that_has_not_begun_is_not_closed(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("digests", "close", "--day", "2999-01-01")
    assert ended.code == 2
    assert "has not begun" in ended.err
    assert stored(tmp_path, "SELECT * FROM digests") == []


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


def test_a_repository_is_followed_once(newsletter: CommandLine, sample: SampleDay) -> None:
    name = sample.repositories[0].full_name
    assert newsletter("repositories", "add", name).out == f"Following {name} (public).\n"
    assert newsletter("repositories", "add", name).out == f"Already following {name} (public).\n"
    (row,) = newsletter("repositories", "list", "--json").json()
    assert (row["repository"], row["private"]) == (name, False)
    assert name in newsletter("repositories", "list").out


def test_a_repository_that_github_does_not_know_is_refused_unless_told_otherwise(newsletter: CommandLine) -> None:
    refused = newsletter("repositories", "add", "nobody/nothing")
    assert refused.code == 1
    assert "--no-check" in refused.err
    assert newsletter("repositories", "list").out.startswith("No repository is followed yet")
    taken = newsletter("repositories", "add", "nobody/nothing", "--no-check")
    assert taken.code == 0
    assert "treated as private" in taken.out


def test_a_repository_is_followed_while_github_is_away(newsletter: CommandLine) -> None:
    newsletter.set("NEWSLETTER_GITHUB__API_URL", "http://127.0.0.1:9")
    ended = newsletter("repositories", "add", "some/thing")
    assert ended.code == 0
    assert "could not be asked" in ended.err


@pytest.mark.parametrize("name", ["nothing", "../x", "a/b/c", "a b/c", ""])
def test_what_is_no_repository_name_is_a_wrong_call(newsletter: CommandLine, name: str) -> None:
    assert newsletter("repositories", "add", name).code == 2


@pytest.mark.parametrize(
    "address",
    ["nobody", "a@", "@b.example", "a@b.example\nBcc: c@d.example", "a b@c.example", "x" * 400 + "@b.example"],
)
def test_what_is_no_address_is_refused_with_the_reason(newsletter: CommandLine, tmp_path: Path, address: str) -> None:
    ended = newsletter("subscribers", "add", address, "--confirmed")
    assert ended.code == 2
    assert ended.err.startswith("newsletter: ")
    assert not (tmp_path / "newsletter.db").exists() or stored(tmp_path, "SELECT * FROM subscribers") == []


def test_a_reader_is_added_with_everything_the_options_say(newsletter: CommandLine, sample: SampleDay) -> None:
    follow_all(newsletter, sample)
    name = sample.repositories[1].full_name
    options = ["--threshold", "high", "--repository", name, "--language", "zh", "--timezone", "Asia/Shanghai"]
    assert newsletter("subscribers", "add", "Reader@Reader.Example", *options, "--confirmed").code == 0
    (row,) = newsletter("subscribers", "list", "--json").json()
    assert row["address"] == "Reader@reader.example"
    assert (row["choices"], row["language"], row["timezone"], row["status"]) == (
        f"{name}: high",
        "zh",
        "Asia/Shanghai",
        "active",
    )


def test_the_same_mailbox_is_not_added_twice(newsletter: CommandLine) -> None:
    assert newsletter("subscribers", "add", "one@reader.example", "--confirmed").code == 0
    again = newsletter("subscribers", "add", "ONE@reader.example", "--confirmed")
    assert again.code == 1
    assert "nothing was changed" in again.err
    assert "one@" not in again.err.lower()


def test_a_pending_reader_is_confirmed_by_adding_them_again(newsletter: CommandLine) -> None:
    address = "one@reader.example"
    assert newsletter("subscribers", "add", address, "--threshold", "high").code == 0
    unconfirmed = newsletter("subscribers", "add", address)
    assert (unconfirmed.code, "nothing was changed" in unconfirmed.err) == (1, True)
    confirmed = newsletter("subscribers", "add", address.upper(), "--confirmed")
    assert (confirmed.code, "active now" in confirmed.out) == (0, True)
    assert newsletter("subscribers", "add", address, "--confirmed").code == 1
    (row,) = newsletter("subscribers", "list", "--json").json()
    assert (row["address"], row["status"], row["choices"]) == (address, "active", "*: high")


@pytest.mark.parametrize("status", ["unsubscribed", "suppressed"])
def test_who_left_is_not_brought_back_by_being_added(newsletter: CommandLine, tmp_path: Path, status: str) -> None:
    assert newsletter("subscribers", "add", "one@reader.example").code == 0
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        connection.execute("UPDATE subscribers SET status = ?", [status])
        connection.commit()
    assert newsletter("subscribers", "add", "one@reader.example", "--confirmed").code == 1
    assert stored(tmp_path, "SELECT status FROM subscribers") == [(status,)]


@pytest.mark.parametrize("verb", [("close",), ("preview", "--out", "d.html")], ids=" ".join)
@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_a_day_at_the_ends_of_the_calendar_is_a_wrong_call(
    newsletter: CommandLine, verb: tuple[str, ...], day: str
) -> None:
    ended = newsletter("digests", *verb, "--day", day)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_closing_a_day_before_its_end_says_where_the_rest_goes(newsletter: CommandLine) -> None:
    newsletter.set("NEWSLETTER_TIMEZONE", "Pacific/Kiritimati")
    today = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    early = newsletter("digests", "close", "--day", str(today))
    assert (early.code, "has not ended yet" in early.err) == (0, True)
    assert "not ended" not in newsletter("digests", "close", "--day", str(today)).err
    assert "not ended" not in newsletter("digests", "close", "--day", str(today - timedelta(days=2))).err


def test_a_reader_without_consent_is_pending_and_gets_no_mail(newsletter: CommandLine) -> None:
    added = newsletter("subscribers", "add", "one@reader.example")
    assert "pending" in added.out
    assert newsletter("digests", "close", "--day", str(DAY)).code == 0
    assert newsletter("deliveries", "list").out == "There are no such deliveries.\n"


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(["--language", "xx"], id="language"),
        pytest.param(["--timezone", "Mars/Olympus"], id="time zone"),
        pytest.param(["--repository", "not/followed"], id="repository"),
        pytest.param(["--threshold", "huge"], id="threshold"),
    ],
)
def test_what_there_is_not_cannot_be_chosen(newsletter: CommandLine, options: list[str]) -> None:
    assert newsletter("subscribers", "add", "one@reader.example", *options).code == 2
    assert newsletter("subscribers", "list").out.startswith("There are no readers yet")


def test_serve_names_everything_that_is_missing_and_starts_nothing(
    newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SECRET_KEY", "GITHUB__WEBHOOK_SECRETS", "MAIL__FROM"):
        monkeypatch.delenv(f"NEWSLETTER_{name}")
    newsletter.set("NEWSLETTER_SMPT__HOST", "typo")
    for verb in ("serve", "work"):
        ended = newsletter(verb)
        assert ended.code == 2
        for name in ("SECRET_KEY", "GITHUB__WEBHOOK_SECRETS", "MAIL__FROM", "SMPT__HOST"):
            assert f"NEWSLETTER_{name}" in ended.err
    assert not (tmp_path / "newsletter.db").exists()


def test_migrate_says_where_the_database_stands(newsletter: CommandLine) -> None:
    first = newsletter("migrate").out
    assert re.fullmatch(r"The database is at migration \d{4}\.\n", first)
    assert newsletter("migrate").out == first.replace(".", " already.")


def test_only_ended_deliveries_are_tried_again(newsletter: CommandLine) -> None:
    assert newsletter("deliveries", "retry", "--status", "sent").code == 2
    assert newsletter("deliveries", "retry").out == "0 deliveries queued again.\n"


def test_a_day_that_is_not_closed_has_no_preview(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html")
    assert ended.code == 1
    assert "digests close" in ended.err
    assert not (tmp_path / "d.html").exists()


def test_a_digest_in_which_nothing_reaches_the_threshold_has_no_preview(newsletter: CommandLine) -> None:
    newsletter("digests", "close", "--day", str(DAY))
    ended = newsletter("digests", "preview", "--day", str(DAY), "--out", "d.html")
    assert ended.code == 1
    assert "no mail" in ended.err


def test_no_verb_shows_the_help(newsletter: CommandLine) -> None:
    assert "Usage" in newsletter("--help").out


def test_the_settings_file_can_be_named(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("title = 3\n[smtp]\nports = 1\n", encoding="utf-8")
    ended = newsletter("--config", "other.toml", "repositories", "list")
    assert ended.code == 2
    assert "NEWSLETTER_TITLE" in ended.err
    assert "NEWSLETTER_SMTP__PORTS" in ended.err
