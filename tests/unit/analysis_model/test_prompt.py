"""The questions: what they ask for, in which language, and how much of a change is in them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from newsletter.analysis.bounds import bounds_of
from newsletter.analysis.prompt import (
    LISTED_FILES,
    MOST_PORTIONS,
    PATCH_CHARACTERS,
    build_portions,
    build_prompt,
    is_huge,
)
from newsletter.analysis.question import Mode, Repair, messages_of, response_format
from newsletter.analysis.record import Aspect, Kind, Subject
from newsletter.analysis.triage import LISTED_FILES as LISTED_AT_FIRST
from newsletter.analysis.triage import ask_about
from newsletter.github.record import PullRequest
from subscribers import Level
from tests.support.model_changes import FIX, SECURITY, a_change, a_file

BOTH = (Level.MEDIUM, Level.HIGH)


@pytest.mark.parametrize(("language", "name"), [("en", "English"), ("zh", "简体中文"), ("fr", "fr")])
def test_the_answer_is_wanted_in_the_readers_language_and_as_json(language: str, name: str) -> None:
    second = build_prompt(FIX, language=language, levels=[Level.MEDIUM]).question
    first = ask_about([(FIX, bounds_of(FIX, frozen=None))], language=language).question
    for question in (first, second):
        assert name in question.system
        assert "json" in question.system


@pytest.mark.parametrize(
    ("levels", "keys"),
    [
        ((Level.MEDIUM,), set()),
        ((Level.HIGH,), {"insight"}),
        (BOTH, {"level", "insight"}),
    ],
)
def test_only_what_is_left_open_is_asked_for(levels: tuple[Level, ...], keys: set[str]) -> None:
    question = build_prompt(FIX, language="en", levels=levels).question
    schema = json.loads(json.dumps(question.schema))
    assert schema["additionalProperties"] is False
    assert schema["required"] == list(schema["properties"])
    assert set(schema["properties"]) == {"kind", "summary", "scope", "areas", "risks", "advice"} | keys
    assert all(f"{kind.value}" in question.system for kind in Kind)
    if "insight" in keys:
        assert set(schema["properties"]["insight"]["properties"]) == set(Aspect)
    if "level" in keys:
        assert schema["properties"]["level"]["enum"] == [level.value for level in BOTH]
    assert ("insight:" in question.system) is ("insight" in keys)


def test_a_medium_change_is_worth_less_of_its_patch_than_a_high_one() -> None:
    patch = "@@ -1 +1 @@\n" + "+value = old\n" * 5_000
    subject = a_change("Fix the pump", a_file("src/pump.py", patch))
    sizes = {level: build_prompt(subject, language="en", levels=[level]).question.size for level in BOTH}
    assert PATCH_CHARACTERS[Level.MEDIUM] < sizes[Level.MEDIUM] < sizes[Level.HIGH]
    assert sizes[Level.HIGH] < PATCH_CHARACTERS[Level.HIGH] + 6_000


def test_how_many_files_were_read_is_said() -> None:
    prompt = build_prompt(FIX, language="en", levels=[Level.MEDIUM])
    assert (prompt.files_read, prompt.files_total) == (1, 2)
    assert "Diff (1 of 2 files)" in prompt.question.user


def test_the_first_look_has_everything_but_the_patch() -> None:
    request = PullRequest(number=7, title="Stop the pump", body="It dripped.", labels=("bug",))
    subject = replace(FIX, pull_request=request)
    user = ask_about([(subject, bounds_of(subject, frozen=None))], language="en").question.user
    for told in ("Fix the pump", "It stopped after", "Stop the pump", "It dripped.", '"bug"', "uv.lock", "fix"):
        assert told in user
    assert "+new" not in user


def test_a_change_of_thousands_of_files_has_a_bounded_question() -> None:
    subject = a_change("Move it", *(a_file(f"src/f{number}.py") for number in range(3_000)))
    first = ask_about([(subject, bounds_of(subject, frozen=None))] * 20, language="en").question
    assert first.user.count("modified") == 20 * LISTED_AT_FIRST
    second = build_prompt(subject, language="en", levels=[Level.HIGH]).question
    assert second.user.count("modified") == LISTED_FILES


def of_size(characters: int, files: int) -> Subject:
    patch = "@@ -1 +1 @@\n" + "+value = old\n" * (characters // files // 13)
    return a_change("feat!: move it", *(a_file(f"src/part{number}.py", patch) for number in range(files)))


def test_a_huge_change_is_asked_about_in_portions() -> None:
    budget = PATCH_CHARACTERS[Level.HIGH]
    assert not is_huge(of_size(2 * budget - 500, 4), budget=budget)
    assert is_huge(of_size(5 * budget, 40), budget=budget)
    portions = build_portions(of_size(20 * budget, 200), budget=budget)
    assert len(portions) == MOST_PORTIONS
    assert all(portion.question.size < budget + 3_000 for portion in portions)


@pytest.mark.parametrize("mode", Mode)
def test_every_mode_tells_the_schema_once(mode: Mode) -> None:
    question = build_prompt(SECURITY, language="en", levels=[Level.HIGH]).question
    told = response_format(question, mode)
    assert (told or {}).get("type") == (None if mode is Mode.TEXT else mode.value)
    system = messages_of(question, mode, None)[0]["content"]
    assert ('"additionalProperties"' in system) is (mode is not Mode.JSON_SCHEMA)


def test_a_repair_shows_no_more_of_a_long_answer_than_is_needed() -> None:
    question = build_prompt(SECURITY, language="en", levels=[Level.HIGH]).question
    messages = messages_of(question, Mode.TEXT, Repair(said="x" * 100_000, problem="it was far too long"))
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert len(messages[2]["content"]) < 5_000
    assert "it was far too long" in messages[3]["content"]
