"""However long or tangled an answer is, little is read of it and addresses do not come through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from newsletter.analysis import texts
from newsletter.analysis.bounds import bounds_of
from newsletter.analysis.prompt import build_prompt
from newsletter.analysis.question import LONGEST_REPLY, Reply, ReplyError
from newsletter.analysis.record import Analysis, Fallback
from newsletter.analysis.reply import read_analysis
from newsletter.analysis.texts import LONGEST_TEXT, MOST_ROUNDS
from subscribers import Level
from tests.unit.analysis.changes import change

FIX = change("fix: pump stops too late", "src/pump.py")


def read(text: str | None = None, **answer: Any) -> Analysis:
    said = {"kind": "fix", "summary": "The pump stops in time.", **answer}
    said_text = json.dumps(said, ensure_ascii=False) if text is None else text
    return read_analysis(
        Reply(text=said_text, finish_reason="stop", refusal=None),
        subject=FIX,
        prompt=build_prompt(FIX, language="en", levels=[Level.MEDIUM]),
        bounds=bounds_of(FIX, frozen=None),
        language="en",
        model="m",
    )


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The length of every text that is cleaned, round by round."""
    lengths: list[int] = []
    real = texts._without_addresses

    def counting(line: str) -> str:
        lengths.append(len(line))
        return real(line)

    monkeypatch.setattr(texts, "_without_addresses", counting)
    return lengths


def test_an_answer_of_more_characters_than_any_model_is_asked_for_is_not_read(cleaned: list[int]) -> None:
    with pytest.raises(ReplyError) as caught:
        read(summary="It works. " + "[" * LONGEST_REPLY)
    assert caught.value.fallback is Fallback.UNREADABLE
    assert cleaned == []


@pytest.mark.parametrize(
    "unit", ["[", "a", "http", ":*//", "[](x)", "`", "www.", "a.", "a@", "<", "\u200b", "é", "[a](b", "javascript:"]
)
def test_of_a_long_text_a_bounded_part_is_cleaned_in_a_bounded_number_of_rounds(cleaned: list[int], unit: str) -> None:
    text = unit * (3000 // len(unit))
    read(summary=f"It works. {text}", areas=[text], risks=[text], advice=[text])
    assert max(cleaned) <= LONGEST_TEXT
    assert len(cleaned) <= 4 * MOST_ROUNDS


def test_many_texts_are_not_all_cleaned(cleaned: list[int]) -> None:
    read(risks=["x"] * 500, advice=[""] * 500, areas=["y"] * 500)
    assert len(cleaned) <= 2 * (1 + 3 * 10)


def test_links_within_links_are_unwrapped_only_so_often_and_then_refused() -> None:
    nested = "[" * (MOST_ROUNDS + 5) + "a" + "](b)" * (MOST_ROUNDS + 5)
    analysis = read(summary="The pump stops.", risks=[nested, "It may drip."])
    assert analysis.risks == ("It may drip.",)


def test_a_summary_that_was_cut_ends_with_a_whole_sentence() -> None:
    # What is left of the part that was read is short, but its last word is half a word.
    text = "It works now. " + "*" * (LONGEST_TEXT - 30) + " and the rest is never read"
    assert read(summary=text).summary == "It works now."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param("Log in at evil-login.com/github now.", "Log in at now.", id="a domain with a path"),
        pytest.param("Log in at evil.ru/x?y=1 now.", "Log in at now.", id="a country's domain with a path"),
        pytest.param("Log in at EVIL.COM:8443/x now.", "Log in at now.", id="capitals and a port"),
        pytest.param("Write to evil@x.com now.", "Write to now.", id="an e-mail address"),
        pytest.param("Write to mailto:evil@x.com now.", "Write to now.", id="a link for mail"),
        pytest.param("Run javascript:alert(1) now.", "Run now.", id="a link that runs"),
        pytest.param("Call tel:+4912345 now.", "Call now.", id="a link that dials"),
        pytest.param("Get ftp.evil.com now.", "Get now.", id="a host named by its service"),
        pytest.param("See `evil.com/x` now.", "See now.", id="in code"),
        pytest.param("See evil.c[](x)om/y now.", "See now.", id="put together by what is taken out"),
    ],
)
def test_an_address_is_taken_out(said: str, shown: str) -> None:
    assert read(summary=said).summary.replace("`", "").replace("  ", " ") == shown


@pytest.mark.parametrize(
    "text",
    [
        "Edit README.md, setup.py and config.toml.",
        "See docs/index.md and src/pump/core.rs:12.",
        "It needs Python 3.11 and v1.2.3-rc.1 of `left-pad`.",
        "It calls os.path.join, `torch.nn` and self.id.",
        "Socket.IO, Node.js, ASP.NET and Next.js are served.",
        "Use std::string, key:value and a:b at 12:30.",
        "Runs actions/checkout@v4 and npm i left-pad@1.2.3 with @types/node.",
        "It names file:line and data:x and a tel: field.",
        "It writes and/or reads, e.g. i.e. etc.",
    ],
)
def test_names_of_files_modules_and_versions_stay(text: str) -> None:
    assert read(summary=text).summary == text
