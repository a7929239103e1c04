"""The analyst against answers that cannot be used: one repair attempt each, and then the rules, with the reason."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from newsletter.analysis.record import Analysis, Fallback, Source, Subject
from newsletter.analysis.rules import analyse_by_rules
from subscribers import Level
from tests.support.logged import logging_to_stderr
from tests.support.model import Answer, StandInModel, answers, asking, fails, says, sends
from tests.support.model_answers import TEXTS, answer_of, half, ids_in, is_notes, is_triage, text_of
from tests.support.model_changes import SECURITY, TYPO, a_change, a_file

EN = TEXTS["en"]
GOOD = {"kind": "security", **{key: EN[key] for key in ("summary", "scope", "areas", "risks", "advice", "insight")}}


async def analyse(*given: Answer, subject: Subject = SECURITY, **about: Any) -> tuple[Analysis, StandInModel]:
    async with StandInModel(*given) as model, asking(model, **about) as analyst:
        return await analyst.analyse(subject, language="en", level=None), model


UNUSABLE = [
    pytest.param(says(GOOD, finish_reason="length"), Fallback.CUT_OFF, id="an answer that was cut off"),
    pytest.param(says(None, refusal="I cannot help with that."), Fallback.REFUSED, id="a refusal"),
    pytest.param(says(GOOD, finish_reason="content_filter"), Fallback.REFUSED, id="a filtered answer"),
    pytest.param(says(""), Fallback.BLANK, id="an empty answer"),
    pytest.param(says(" \n"), Fallback.BLANK, id="a blank answer"),
    pytest.param(says(None), Fallback.BLANK, id="no answer"),
    pytest.param(says("<think>Hm.</think>"), Fallback.BLANK, id="nothing but thoughts"),
    pytest.param(says(None, finish_reason="tool_calls"), Fallback.BLANK, id="a call of a tool there is none of"),
    pytest.param(says(GOOD, choices=[]), Fallback.BLANK, id="no choice"),
    pytest.param(says(GOOD, choices=None), Fallback.BLANK, id="null for choices"),
    pytest.param(says(GOOD, choices=["x"]), Fallback.BLANK, id="texts for choices"),
    pytest.param(says(GOOD, choices=[{"index": 0}]), Fallback.BLANK, id="a choice without a message"),
    pytest.param(says('{"kind": "fix", "summ'), Fallback.UNREADABLE, id="half JSON"),
    pytest.param(says("This change is important."), Fallback.UNREADABLE, id="prose"),
    pytest.param(says("[1, 2]"), Fallback.UNREADABLE, id="a list"),
    pytest.param(says('{"a":' * 9_000 + "1" + "}" * 9_000), Fallback.UNREADABLE, id="endless nesting"),
    pytest.param(says("x" * 1_000_000), Fallback.UNREADABLE, id="a megabyte"),
    pytest.param(says({**GOOD, "kind": "magic"}), Fallback.UNREADABLE, id="a kind that is none"),
    pytest.param(says({**GOOD, "risks": "none"}), Fallback.UNREADABLE, id="a text for a list"),
    pytest.param(says({**GOOD, "summary": None}), Fallback.UNREADABLE, id="no summary"),
    pytest.param(says({**GOOD, "summary": "word " * 300}), Fallback.UNREADABLE, id="a sentence without an end"),
    pytest.param(says({**GOOD, "summary": "It stops before the"}), Fallback.UNREADABLE, id="half a sentence"),
    pytest.param(says({**GOOD, "summary": "https://evil.example"}), Fallback.UNREADABLE, id="a link for a summary"),
    pytest.param(says({**GOOD, "summary": TEXTS["zh"]["summary"]}), Fallback.LANGUAGE, id="another language"),
    pytest.param(sends("<html>", content_type="text/html"), Fallback.UNREADABLE, id="a web page"),
    pytest.param(sends('{"choices": ['), Fallback.UNREADABLE, id="half a body"),
    pytest.param(sends("[" * 100_000), Fallback.UNREADABLE, id="a body nested too deep"),
    pytest.param(sends("null"), Fallback.UNREADABLE, id="null"),
]


@pytest.mark.parametrize(("answer", "reason"), UNUSABLE)
async def test_an_answer_that_cannot_be_used_is_asked_for_once_more(answer: Answer, reason: Fallback) -> None:
    analysis, model = await analyse(answer, answers())
    assert (analysis.source, analysis.summary) == (Source.MODEL, EN["summary"])
    assert len(model.asked) == 2


@pytest.mark.parametrize(("answer", "reason"), UNUSABLE)
async def test_the_rules_answer_and_say_why_where_the_second_cannot_be_used_either(
    answer: Answer, reason: Fallback
) -> None:
    analysis, model = await analyse(answer)
    assert analysis == analyse_by_rules(SECURITY, language="en", fallback=reason)
    assert analysis.summary.endswith(".")
    assert len(model.asked) == 2


async def test_the_repair_says_what_was_wrong_and_shows_the_answer() -> None:
    _, model = await analyse(says({**GOOD, "kind": "magic"}), answers())
    *_, said, again = model.asked[1].body["messages"]
    assert (said["role"], again["role"]) == ("assistant", "user")
    assert "magic" in said["content"]
    assert "kind has a value that the schema does not allow" in again["content"]


async def test_no_two_messages_of_one_role_follow_each_other() -> None:
    _, model = await analyse(says(""), answers())
    roles = [message["role"] for message in model.asked[1].body["messages"]]
    assert roles == ["system", "user"]
    assert "it was empty" in text_of(model.asked[1].body)


async def test_a_model_that_thinks_up_its_whole_answer_has_more_room_from_then_on() -> None:
    async with StandInModel(says("", finish_reason="length"), answers()) as model, asking(model) as analyst:
        for number in range(2):
            found = await analyst.analyse(
                a_change("Fix CVE-2026-1234 in the pump", number=number), language="en", level=None
            )
            assert found.source is Source.MODEL
    assert [asked.body["max_tokens"] for asked in model.asked] == [2000, 10_000, 10_000]


def typos(count: int) -> list[Subject]:
    return [a_change(f"Fix typo {number}", a_file("docs/a.md"), number=number) for number in range(count)]


async def together(subjects: list[Subject], *given: Answer, language: str = "en") -> tuple[list[Analysis], list[int]]:
    """Return the analyses of changes that are asked about together, and how many each request was about."""
    async with StandInModel(*given) as model, asking(model) as analyst:
        found = await asyncio.gather(*(analyst.analyse(subject, language=language, level=None) for subject in subjects))
    return found, [len(ids_in(asked.body)) for asked in model.asked]


def spoiling(place: int, spoilt: Any) -> Answer:
    """Answer a question about several changes well but for one of them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        said = answer_of(await request.json(), level="low")
        said["changes"][place] = spoilt(said["changes"][place]) if callable(spoilt) else spoilt
        return await says(said)(request)

    return answer


SPOILT = [
    pytest.param("nothing", Fallback.UNREADABLE, id="no entry"),
    pytest.param(lambda entry: {**entry, "id": "000000"}, Fallback.UNREADABLE, id="an id nobody asked about"),
    pytest.param(lambda entry: {**entry, "id": ["x"]}, Fallback.UNREADABLE, id="an id that is none"),
    pytest.param(lambda entry: {**entry, "level": "urgent"}, Fallback.UNREADABLE, id="a level that is none"),
    pytest.param(lambda entry: {**entry, "sentence": ""}, Fallback.UNREADABLE, id="no sentence"),
    pytest.param(
        lambda entry: {**entry, "sentence": "它停止了，不再滴水，喷嘴关闭了。"}, Fallback.LANGUAGE, id="language"
    ),
]


@pytest.mark.parametrize(("spoilt", "reason"), SPOILT)
async def test_one_change_that_is_answered_badly_is_asked_about_alone(spoilt: Any, reason: Fallback) -> None:
    found, asked = await together(typos(4), spoiling(1, spoilt), answers(level="low"))
    assert [analysis.source for analysis in found] == [Source.MODEL] * 4
    assert asked == [4, 1]


@pytest.mark.parametrize(("spoilt", "reason"), SPOILT)
async def test_one_change_that_is_answered_badly_twice_costs_the_others_nothing(spoilt: Any, reason: Fallback) -> None:
    found, asked = await together(typos(4), spoiling(1, spoilt), spoiling(0, spoilt))
    assert [analysis.fallback for analysis in found] == [None, reason, None, None]
    assert asked == [4, 1]


async def test_of_two_answers_about_one_change_the_first_counts() -> None:
    async def twice(request: web.Request) -> web.StreamResponse:
        said = answer_of(await request.json(), level="low")
        said["changes"] += [{**entry, "level": "high"} for entry in said["changes"]]
        return await says(said)(request)

    found, _ = await together(typos(3), twice)
    assert [analysis.level for analysis in found] == [Level.LOW] * 3


@pytest.mark.parametrize("broken", [says("{"), says(""), says(None, refusal="No."), says("{}", finish_reason="length")])
async def test_where_nothing_of_an_answer_can_be_used_the_changes_are_asked_about_in_small_groups(
    broken: Answer,
) -> None:
    found, asked = await together(typos(12), broken, answers(level="low"))
    assert [analysis.source for analysis in found] == [Source.MODEL] * 12
    assert asked == [12, 5, 5, 2]


async def test_a_change_that_is_worth_it_keeps_its_level_where_the_second_look_fails() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await (answers(level="high") if is_triage(body) else says("{"))(request)

    analysis, _ = await analyse(answer, subject=TYPO)
    assert (analysis.level, analysis.source, analysis.fallback) == (
        Level.MEDIUM,
        Source.RULES,
        Fallback.UNREADABLE,
    )


async def test_a_portion_without_usable_notes_is_left_out_and_not_counted_as_read() -> None:
    patch = "@@ -1 +1 @@\n" + "+value = old\n" * 1_750
    huge = a_change("feat!: move it", *(a_file(f"src/part{number}.py", patch) for number in range(4)))

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        spoilt = is_notes(body) and "part0" in text_of(body)
        return await (says(half(answer_of(body))) if spoilt else answers(level="high"))(request)

    analysis, _ = await analyse(answer, subject=huge)
    assert (analysis.source, analysis.files_read, analysis.files_total) == (Source.MODEL, 3, 4)


async def test_a_fallback_is_logged_without_the_key_and_the_change(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_to_stderr(as_json=True):
        await analyse(fails(401), api_key="sk-proj-abcdefghijklmnop1234")
    err = capsys.readouterr().err
    assert '"action": "analysis.fallback"' in err
    assert '"reason": "key"' in err
    assert "sk-proj" not in err
    assert "pump" not in err
    assert json.loads(err.splitlines()[-1])
