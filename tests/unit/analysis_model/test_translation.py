"""A finished analysis is translated as a whole: as many texts, whole, in the language, and nothing else changes."""

from __future__ import annotations

import json

import pytest

from newsletter.analysis.question import Reply, ReplyError
from newsletter.analysis.record import Analysis, Aspect, Fallback, Insight
from newsletter.analysis.translation import ask_to_translate, read_translation
from tests.support.editions import change_of

INSIGHT = (Insight(aspect=Aspect.SECURITY, text="Nobody else can open the gate."),)
FINISHED = change_of(insight=INSIGHT, scope="Whoever opens gates.", risks=("It drips.",), advice=("Look.",)).analysis
GOOD = ["闸门更低了。", "所有开闸的人。", "其他人无法打开闸门。", "会漏水。", "请测量深度。"]


def read(texts: object, *, finish_reason: str = "stop") -> Analysis:
    reply = Reply(text=json.dumps({"texts": texts}), finish_reason=finish_reason, refusal=None)
    return read_translation(reply, analysis=FINISHED, language="zh", model="m")


def test_every_text_finds_its_place_and_the_rest_stays() -> None:
    found = read(GOOD)
    assert [found.summary, found.scope, found.insight[0].text, *found.risks, *found.advice] == GOOD
    assert (found.language, found.model, found.insight[0].aspect) == ("zh", "m", Aspect.SECURITY)
    assert (found.level, found.kind, found.areas, found.reasons) == (
        FINISHED.level,
        FINISHED.kind,
        FINISHED.areas,
        FINISHED.reasons,
    )


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        pytest.param(GOOD[:4], Fallback.UNREADABLE, id="one is missing"),
        pytest.param([*GOOD, "多余。"], Fallback.UNREADABLE, id="one too many"),
        pytest.param(["", *GOOD[1:]], Fallback.UNREADABLE, id="a blank one"),
        pytest.param([*GOOD[:4], "字" * 900], Fallback.UNREADABLE, id="an endless one"),
        pytest.param([*GOOD[:4], "Look at the gate."], Fallback.LANGUAGE, id="one in English"),
        pytest.param("闸门", Fallback.UNREADABLE, id="no list"),
    ],
)
def test_what_is_not_a_translation_is_not_taken(texts: object, reason: Fallback) -> None:
    with pytest.raises(ReplyError) as failed:
        read(texts)
    assert failed.value.fallback is reason


def test_links_do_not_come_through() -> None:
    assert "evil" not in read(["闸门 [这里](https://evil.example/x) 更低了。", *GOOD[1:]]).summary


def test_the_question_holds_the_texts_between_fences_and_is_small() -> None:
    question = ask_to_translate(FINISHED, language="zh")
    mark, *lines, end = question.user.split("\n")
    assert mark == end
    assert mark in question.system
    assert json.loads(lines[0]) == FINISHED.summary
    assert len(lines) == len(GOOD)
    assert question.size < 1500
