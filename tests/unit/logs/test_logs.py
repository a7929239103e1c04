"""Logs say what happened and never to whom: no address, no token, no signed link."""

from __future__ import annotations

import asyncio
import json
import logging
import re

import pytest
from aiohttp import web
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.logs import LONGEST_VALUE, get_logger, redacted, without_secrets
from tests.support.logged import logging_to_stderr

#: Made when this module is read, as every logger of the service is: before anything was configured.
log = get_logger("test")

PAT = "github_pat_" + "A1b2C3d4E5" * 5
APP_TOKEN = "ghs_" + "aB3._-" * 86
KEY = "sk-proj-abcdefghijklmnop1234"


def refuse(text: str) -> None:
    raise ValueError(text)


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("ada@example.org", "[address]", id="an address"),
        pytest.param("to <ada+x@mail.example.org>:", "to <[address]>:", id="an address in angles"),
        pytest.param("ada@例え.jp left", "[address] left", id="an address in an international domain"),
        pytest.param("grün@example.org", "[address]", id="an address with an umlaut"),
        pytest.param("bounce+77.abc@example.org", "[address]", id="an envelope sender"),
        pytest.param("to o'brien@example.org", "to [address]", id="an address with an apostrophe"),
        pytest.param("['ada@example.org']", "['[address]']", id="an address in apostrophes"),
        pytest.param('to "a b"@example.org', "to [address]", id="a quoted address"),
        pytest.param('to "a \\" b@c"@example.org', "to [address]", id="a quoted address with a quote in it"),
        pytest.param("?to=ada%40example.org&x", "[address]&x", id="an address in a URL"),
        pytest.param("mailto:ada@example.org", "mailto:[address]", id="an address behind a colon"),
        pytest.param("ada@b@example.org", "[address]", id="two signs"),
        pytest.param("ada@[127.0.0.1]", "[address]", id="an address literal"),
        pytest.param("/unsubscribe/MQ.abc-_x", "/unsubscribe/[token]", id="a signed link"),
        pytest.param(
            "https://a.example/confirm/MQ.abc?x=1", "https://a.example/confirm/[token]?x=1", id="a whole link"
        ),
        pytest.param("/preferences/MQ.a/b", "/preferences/[token]", id="a link with a slash behind it"),
        pytest.param(f"token {PAT}!", "token [secret]!", id="a personal access token"),
        pytest.param(f"x{APP_TOKEN}", "x[secret]", id="an app token of 520 characters"),
        pytest.param(f"Bearer {KEY}", "Bearer [secret]", id="a model's key"),
        pytest.param("commit 0123abc by ada", "commit 0123abc by ada", id="what is no secret"),
    ],
)
def test_what_is_personal_or_secret_is_replaced(text: str, shown: str) -> None:
    assert redacted(text) == shown


def test_what_leaves_this_machine_keeps_addresses_and_loses_tokens() -> None:
    assert without_secrets(f"ada@example.org {PAT}") == "ada@example.org [secret]"


@settings(deadline=None)
@given(st.text(), st.from_regex(r"[a-z0-9.+-]{1,20}@[a-z0-9-]{1,20}\.(org|cn|рф)", fullmatch=True), st.text())
@example("", "a@b.org", "@c.org")
def test_no_text_around_an_address_saves_it(before: str, address: str, after: str) -> None:
    assert address not in redacted(f"{before} {address} {after}")


@settings(deadline=None)
@given(st.text())
def test_what_is_redacted_already_stays_as_it_is(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


def test_a_long_value_is_cut_in_its_middle_and_never_through_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    filler = "word " * LONGEST_VALUE
    half = LONGEST_VALUE // 2
    through = f"{filler[: half - 3]}ada@example.org {filler}{PAT} {filler[: half - 20]}"
    with logging_to_stderr(as_json=True):
        log.info("long", value=f"the start {filler} the end", cut=through)
    (line,) = logged(capsys)
    assert str(line["value"]).startswith("the start word")
    assert str(line["value"]).endswith("word  the end")
    assert "characters]" in str(line["value"])
    for value in (str(line["value"]), str(line["cut"])):
        assert len(value) < LONGEST_VALUE + 100
        assert set(value.split()) <= {"the", "start", "end", "word", "characters]", *re.findall(r"\[\d+", value)}


HOSTILE = "h\x9b31m\x1b[31m\r\n\u202e\u2066\u200b\u2028\x00\x7f\ud800"


@pytest.mark.parametrize("as_json", [pytest.param(True, id="as JSON"), pytest.param(False, id="for a terminal")])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(HOSTILE, id="as text"),
        pytest.param([{HOSTILE: HOSTILE}], id="in a list of dicts"),
        pytest.param(ValueError(HOSTILE), id="in an error"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_logged(
    capsys: pytest.CaptureFixture[str], value: object, as_json: bool
) -> None:
    with logging_to_stderr(as_json=as_json):
        log.info(f"push {HOSTILE}", hook_id=value)
        logging.getLogger("some.library").warning(HOSTILE)
    lines = capsys.readouterr().err.split("\n")
    assert len(lines) == 3
    assert not set("".join(lines)) & set(HOSTILE.replace("h", "").replace("31m", "").replace("[", ""))


def test_what_people_can_read_is_logged_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=False):
        log.info("更新 🚢 é\u3000ß", title="潮")
    assert "更新 🚢 é\u3000ß" in capsys.readouterr().err


def test_a_traceback_keeps_its_lines_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=False):
        try:
            refuse(f"refused {HOSTILE}")
        except ValueError:
            log.exception("request failed")
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert len(err.splitlines()) > 4
    assert not set(err) & set("\x9b\x1b\r\u202e\u2028\x00")


async def test_what_is_no_http_is_one_line_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    """Anybody can send it: the log must not be theirs to fill."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app, access_log=None)
    with logging_to_stderr(as_json=True):
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Note: a\x00b ada@example.org\r\n\r\n")
        await writer.drain()
        assert b" 400 " in await reader.readline()
        writer.close()
        await runner.cleanup()
    (line,) = logged(capsys)
    assert (line["level"], "exception" in line) == ("warning", False)
    assert "\n" not in str(line["event"])
    assert "ada@" not in str(line["event"])


def test_a_line_is_json_with_its_action_room_level_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=True):
        log.info("push stored", action="push.stored", hook_id="h-1", commits=3)
    (line,) = logged(capsys)
    assert {key: line[key] for key in ("event", "action", "room", "level", "hook_id", "commits")} == {
        "event": "push stored",
        "action": "push.stored",
        "room": "test",
        "level": "info",
        "hook_id": "h-1",
        "commits": 3,
    }
    assert str(line["timestamp"]).endswith("Z")


class Letter:
    def __repr__(self) -> str:
        return "Letter(to='ada@example.org')"


@pytest.mark.parametrize("as_json", [pytest.param(True, id="as JSON"), pytest.param(False, id="for a terminal")])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param("ada@example.org", id="as text"),
        pytest.param(ValueError("ada@example.org"), id="in an error"),
        pytest.param(["x", {"to": "ada@example.org"}], id="in a list of dicts"),
        pytest.param(("ada@example.org",), id="in a tuple"),
        pytest.param({"ada@example.org": 1}, id="as a key"),
        pytest.param(b"ada@example.org", id="as bytes"),
        pytest.param(Letter(), id="in an object"),
        pytest.param({"/unsubscribe/ada@example.org"}, id="in a set"),
    ],
)
def test_an_address_is_never_logged_however_it_is_handed_over(
    capsys: pytest.CaptureFixture[str], value: object, as_json: bool
) -> None:
    with logging_to_stderr(as_json=as_json):
        log.warning("to ada@example.org", value=value)
    out, err = capsys.readouterr()
    assert out == ""
    assert "[address]" in err
    assert "ada@" not in err


@pytest.mark.parametrize("as_json", [pytest.param(True, id="as JSON"), pytest.param(False, id="for a terminal")])
def test_a_traceback_is_logged_without_what_it_quotes(capsys: pytest.CaptureFixture[str], as_json: bool) -> None:
    with logging_to_stderr(as_json=as_json):
        try:
            refuse(f"refused ada@example.org at /unsubscribe/MQ.abc with {PAT}")
        except ValueError:
            log.exception("request failed", path="/unsubscribe/MQ.abc")
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert not any(word in err for word in ("ada@", "MQ.abc", "github_pat_"))


def test_a_librarys_own_logger_is_redacted_too(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=True):
        try:
            refuse("ada@example.org")
        except ValueError:
            logging.getLogger("some.library").warning("failed for %s", "grace@example.org", exc_info=True)
    (line,) = logged(capsys)
    assert line["event"] == "failed for [address]"
    assert "ada@" not in json.dumps(line)


@pytest.mark.parametrize(
    ("arguments", "levels"),
    [
        pytest.param({}, ["info", "warning", "error"], id="what happened, by default"),
        pytest.param({"verbose": True}, ["debug", "info", "warning", "error"], id="more when verbose"),
        pytest.param({"quiet": True}, ["error"], id="errors only when quiet"),
    ],
)
def test_how_much_is_logged_can_be_chosen(
    capsys: pytest.CaptureFixture[str], arguments: dict[str, bool], levels: list[str]
) -> None:
    with logging_to_stderr(**arguments):
        for level in ("debug", "info", "warning", "error"):
            getattr(log, level)("something", action="test.something")
    assert [line["level"] for line in logged(capsys)] == levels
