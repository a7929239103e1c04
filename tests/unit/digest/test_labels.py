"""Everything that has a name inside the service has one in every language of the mails."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest
from babel.support import NullTranslations

from newsletter.analysis.record import Fallback, Kind, Reason, Signal, Source
from newsletter.digest.labels import FALLBACKS, KINDS, LEVELS, SIGNALS, Labels
from newsletter.languages import catalogue, supported_languages
from subscribers import Level
from tests.support.editions import change_of

EN = Labels(NullTranslations())
ZH = Labels(catalogue("zh"))


def author(labels: Labels, **fields: Any) -> str:
    return labels.author(change_of(**fields).analysis)


def namers(labels: Labels) -> list[tuple[type[StrEnum], Callable[[Any], str]]]:
    return [
        (Level, labels.level),
        (Kind, labels.kind),
        (Signal, lambda signal: labels.reason(Reason(signal=signal))),
        (Fallback, lambda fallback: author(labels, fallback=fallback)),
    ]


@pytest.mark.parametrize("language", supported_languages())
def test_every_level_kind_signal_and_fallback_has_a_label(language: str) -> None:
    for words, name_of in namers(Labels(catalogue(language))):
        labels = [name_of(word) for word in words]
        assert all(label.strip() and "%" not in label for label in labels)
        # None stands for two things, or a reader could not tell them apart.
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("language", supported_languages()[1:])
def test_no_label_is_left_in_english(language: str) -> None:
    translate = catalogue(language).gettext
    for labels in (LEVELS, KINDS, SIGNALS, FALLBACKS):
        assert [label for label in labels.values() if translate(label) == label] == []


def test_there_is_another_language_than_english() -> None:
    assert supported_languages() == ("en", "zh")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (EN.level(Level.HIGH), "High"),
        (ZH.level(Level.LOW), "低"),
        (EN.kind(Kind.BREAKING), "Breaking change"),
        (ZH.kind(Kind.FIX), "缺陷修复"),
    ],
)
def test_a_label_is_in_its_language(label: str, expected: str) -> None:
    assert label == expected


def test_a_reason_names_its_evidence_where_there_is_some() -> None:
    assert EN.reason(Reason(signal=Signal.REMOVAL, detail="--foo")) == "removes something public: --foo"
    assert EN.reason(Reason(signal=Signal.REMOVAL)) == "removes something public"


def test_evidence_is_never_a_pattern() -> None:
    assert EN.reason(Reason(signal=Signal.FIX, detail="%(x)s {y} %")) == "bug fix: %(x)s {y} %"


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        ({"source": Source.RULES}, "by rules", "由规则生成"),
        ({"source": Source.MODEL, "model": "tide-9b"}, "by tide-9b", "由 tide-9b 生成"),
        ({"source": Source.MODEL, "model": "%s%(x)d"}, "by %s%(x)d", "由 %s%(x)d 生成"),
        (
            {"source": Source.RULES, "fallback": Fallback.TIMEOUT},
            "by rules: the model did not answer in time",
            "由规则生成（模型响应超时）",
        ),
    ],
)
def test_an_analysis_says_who_wrote_it_and_why_not_the_model(
    fields: dict[str, Any], english: str, chinese: str
) -> None:
    assert (author(EN, **fields), author(ZH, **fields)) == (english, chinese)
