"""A day with a model, by the verbs alone: its analyses are in the mail, and its cost is in the account."""

from __future__ import annotations

from pathlib import Path

from newsletter.demo.sample import SampleDay
from tests.integration.cli.conftest import DAY, follow_all
from tests.support.background import Background
from tests.support.command_line import CommandLine
from tests.support.model import StandInModel, answers
from tests.support.model_answers import TEXTS


def test_a_day_with_a_model_is_closed_with_its_analyses_and_its_cost_is_told(
    newsletter: CommandLine, background: Background, sample: SampleDay, payloads: Path, served: str
) -> None:
    follow_all(newsletter, sample)
    assert newsletter("replay", str(payloads), "--to", served).code == 0
    with background.serving(StandInModel(answers(level="medium"))) as model:
        for name, value in {
            "BASE_URL": model.url,
            "MODEL": "stand-in-7b",
            "PRICE_INPUT": "1",
            "PRICE_OUTPUT": "4",
        }.items():
            newsletter.set(f"NEWSLETTER_LLM__{name}", value)
        assert newsletter("digests", "close", "--day", str(DAY)).code == 0
        requests = len(model.asked)
    shown = newsletter("digests", "preview", "--day", str(DAY), "--out", str(payloads.parent / "d.html"))
    assert shown.code == 0, shown.err
    html, text = ((payloads.parent / name).read_text(encoding="utf-8") for name in ("d.html", "d.txt"))
    for part in (html, text):
        assert TEXTS["en"]["scope"][:30] in part
        assert "Compatibility" in part
    rows = newsletter("usage", "--days", "2", "--json").json()
    assert sum(row["requests"] for row in rows) == requests
    assert {row["repository"] for row in rows} == {name for name, _ in sample.commits}
    for row in rows:
        assert row["model"] == "stand-in-7b"
        assert row["cost"] == round((row["input_tokens"] + 4 * row["output_tokens"]) / 1_000_000, 4)


def test_without_a_model_there_is_no_cost(newsletter: CommandLine) -> None:
    ended = newsletter("usage")
    assert (ended.code, ended.out) == (0, "No model was asked on these days.\n")


def test_one_price_without_the_other_is_a_fault(newsletter: CommandLine) -> None:
    newsletter.set("NEWSLETTER_LLM__PRICE_INPUT", "1")
    ended = newsletter("usage")
    assert ended.code == 2
    assert "PRICE_INPUT and PRICE_OUTPUT together" in ended.err
