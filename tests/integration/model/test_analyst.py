"""The analyst against a model server that answers well: what is asked, in which order, and what comes of it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.prompt import MOST_PORTIONS, PATCH_CHARACTERS
from newsletter.analysis.record import Analysis, Aspect, Kind, Signal, Source, Subject
from subscribers import Level
from tests.support.model import Answer, StandInModel, answers, asking, says
from tests.support.model_answers import TEXTS, is_notes, is_triage, text_of
from tests.support.model_changes import FIX, REVERT, SECURITY, TYPO, a_change, a_file

EN = TEXTS["en"]


async def analyse(
    *given: Answer, subject: Subject = FIX, level: Level | None = None, language: str = "en", **about: Any
) -> tuple[Analysis, StandInModel]:
    async with StandInModel(*given) as model, asking(model, **about) as analyst:
        return await analyst.analyse(subject, language=language, level=level), model


async def test_a_change_that_is_worth_it_is_looked_at_twice() -> None:
    analysis, model = await analyse(answers(level="medium"))
    assert [is_triage(asked.body) for asked in model.asked] == [True, False]
    first, second = (text_of(asked.body) for asked in model.asked)
    assert "Fix the pump" in first
    assert "+new" not in first
    assert "+new" in second
    assert (analysis.source, analysis.model, analysis.fallback) == (Source.MODEL, "stand-in-7b", None)
    assert (analysis.level, analysis.kind) == (Level.MEDIUM, Kind.FIX)
    assert (analysis.summary, analysis.scope) == (EN["summary"], EN["scope"])
    assert list(analysis.areas) == EN["areas"]
    assert (list(analysis.risks), list(analysis.advice)) == (EN["risks"], EN["advice"])
    assert analysis.insight == ()
    assert (analysis.files_read, analysis.files_total) == (1, 2)


async def test_what_is_low_at_the_first_look_needs_no_second() -> None:
    analysis, model = await analyse(answers(level="low", kind="docs"), subject=TYPO)
    assert len(model.asked) == 1
    assert (analysis.level, analysis.kind, analysis.summary) == (Level.LOW, Kind.DOCS, EN["sentence"])
    assert (analysis.source, analysis.risks, analysis.files_read) == (Source.MODEL, (), 0)


@pytest.mark.parametrize(
    ("subject", "level", "first_looks"),
    [pytest.param(FIX, Level.MEDIUM, [True], id="medium"), pytest.param(SECURITY, Level.HIGH, [False], id="high")],
)
async def test_a_merge_is_looked_at_closely_only_if_it_is_high(
    subject: Subject, level: Level, first_looks: list[bool]
) -> None:
    analysis, model = await analyse(answers(level="medium"), subject=replace(subject, parents=("a" * 40, "b" * 40)))
    assert analysis.level is level
    assert [is_triage(asked.body) for asked in model.asked] == first_looks


@pytest.mark.parametrize("subject", [pytest.param(SECURITY, id="high"), pytest.param(REVERT, id="medium at least")])
async def test_what_cannot_be_low_needs_no_first_look(subject: Subject) -> None:
    analysis, model = await analyse(answers(level="low"), subject=subject)
    assert [is_triage(asked.body) for asked in model.asked] == [False]
    assert analysis.level is (Level.HIGH if subject is SECURITY else Level.MEDIUM)


async def test_a_high_change_has_a_closer_look() -> None:
    analysis, _ = await analyse(answers(), subject=SECURITY)
    assert [(insight.aspect, insight.text) for insight in analysis.insight] == [
        (Aspect.PERFORMANCE, EN["insight"]["performance"]),
        (Aspect.COMPATIBILITY, EN["insight"]["compatibility"]),
    ]


async def test_the_first_look_moves_a_level_and_says_so() -> None:
    analysis, _ = await analyse(answers(level="high"), subject=TYPO)
    assert analysis.level is Level.MEDIUM
    assert analysis.reasons[0].signal is Signal.MODEL


@pytest.mark.parametrize("level", Level)
async def test_a_frozen_level_is_kept_and_decides_how_much_is_asked(level: Level) -> None:
    analysis, model = await analyse(answers(level="medium"), level=level)
    assert analysis.level is level
    assert [is_triage(asked.body) for asked in model.asked] == [level is Level.LOW]


async def test_the_question_names_the_language_the_schema_and_no_tools() -> None:
    analysis, model = await analyse(answers(), subject=SECURITY, language="zh")
    (asked,) = model.asked
    assert asked.authorization == "Bearer key-of-the-model"
    assert asked.body["response_format"]["json_schema"]["strict"] is True
    assert "tools" not in asked.body
    system, user = asked.body["messages"]
    assert (system["role"], user["role"]) == ("system", "user")
    assert "简体中文" in system["content"]
    assert "json" in system["content"]
    assert analysis.summary == TEXTS["zh"]["summary"]


async def test_a_server_without_keys_is_asked_as_well() -> None:
    analysis, model = await analyse(answers(), api_key=None)
    assert analysis.source is Source.MODEL
    assert model.asked[0].authorization.startswith("Bearer ")


@pytest.mark.parametrize(
    "around",
    [
        pytest.param("```json\n{}\n```", id="in a code block"),
        pytest.param("<think>Is {{this}} high? {{</think>\n{}", id="after thinking"),
        pytest.param("Here you are:\n{}\nAnything else?", id="between words"),
    ],
)
async def test_an_answer_is_understood_whatever_stands_around_it(around: str) -> None:
    answer = {"kind": "security", **{key: EN[key] for key in ("summary", "scope", "areas", "risks", "advice")}}
    analysis, model = await analyse(says(around.format(json.dumps({**answer, "extra": 1}))), subject=SECURITY)
    assert (analysis.source, analysis.summary) == (Source.MODEL, EN["summary"])
    assert len(model.asked) == 1


async def test_twenty_changes_are_asked_about_together_and_each_gets_its_own_answer() -> None:
    subjects = [a_change(f"Fix typo {number}", a_file("docs/a.md"), number=number) for number in range(45)]
    async with StandInModel(answers(level="low")) as model, asking(model) as analyst:
        found = await asyncio.gather(
            *(analyst.analyse(subject, language="en", level=None) for subject in subjects),
        )
    assert [analysis.source for analysis in found] == [Source.MODEL] * 45
    assert len(model.asked) == 3


async def test_changes_of_two_repositories_and_languages_are_not_mixed() -> None:
    subjects = [a_change("Fix a typo", a_file("docs/a.md"), repository=f"acme/{name}") for name in "ab"]
    async with StandInModel(answers(level="low")) as model, asking(model) as analyst:
        await asyncio.gather(
            *(analyst.analyse(each, language=language, level=None) for each in subjects for language in ("en", "zh"))
        )
    assert len(model.asked) == 4
    assert all(("acme/a" in text_of(asked.body)) != ("acme/b" in text_of(asked.body)) for asked in model.asked)


async def test_no_more_requests_are_under_way_than_allowed() -> None:
    subjects = [a_change("Fix CVE-2026-1234 in the pump", number=number) for number in range(12)]
    two = asyncio.Barrier(2)

    async def answer(request: web.Request) -> web.StreamResponse:
        await two.wait()
        return await answers()(request)

    async with StandInModel(answer) as model, asking(model, concurrency=2) as analyst:
        await asyncio.gather(*(analyst.analyse(subject, language="en", level=None) for subject in subjects))
    assert model.most_at_once == 2


def huge(files: int, *, size: int) -> Subject:
    patch = "@@ -1 +1 @@\n" + "+value = old\n" * (size // 13)
    return a_change("feat!: move every option", *(a_file(f"src/part{number}.py", patch) for number in range(files)))


async def test_a_huge_high_change_is_read_in_portions_and_then_as_a_whole() -> None:
    budget = PATCH_CHARACTERS[Level.HIGH]
    analysis, model = await analyse(answers(level="high"), subject=huge(8, size=budget // 2 - 500))
    portions = [asked for asked in model.asked if is_notes(asked.body)]
    (whole,) = [asked for asked in model.asked if not is_notes(asked.body)]
    assert 2 < len(portions) <= MOST_PORTIONS
    assert "The option `--drip` is gone." in text_of(whole.body)
    assert "+value = old" not in text_of(whole.body)
    assert (analysis.files_read, analysis.files_total) == (8, 8)
    assert analysis.source is Source.MODEL


async def test_without_a_model_the_rules_answer_and_nothing_fell_back() -> None:
    analyst = Analyst(None)
    assert not analyst.asks_model
    analysis = await analyst.analyse(FIX, language="en", level=Level.HIGH)
    assert (analysis.source, analysis.fallback, analysis.level) == (Source.RULES, None, Level.HIGH)
    await analyst.close()
