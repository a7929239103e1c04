"""What a reader asks for by mail, in the ways people write it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.inbound.commands import LONGEST_PAUSE, Command, Word, command_of
from newsletter.inbound.segments import read_mail
from subscribers import Level
from tests.support.returned import mail

PERSON = "Ada <ada@example.org>"


def asked(subject: str = "", text: str = "", *, to: str = "digest@news.example.com") -> Command | None:
    return command_of(read_mail(mail(subject, text, sender=PERSON)), written_to=to)


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("subscribe@n.example", Command(word=Word.SUBSCRIBE)),
        (
            "subscribe+owner/name@n.example",
            Command(word=Word.SUBSCRIBE, tag="owner/name", repositories=("owner/name",)),
        ),
        ("Subscribe+no-repository@n.example", Command(word=Word.SUBSCRIBE, tag="no-repository")),
        ("unsubscribe+TOKEN@n.example", Command(word=Word.UNSUBSCRIBE, tag="TOKEN")),
        ("help@n.example", Command(word=Word.HELP)),
        ("preferences@n.example", Command(word=Word.PREFERENCES)),
        ("digest@n.example", None),
        ("subscribers@n.example", None),
    ],
)
def test_the_address_written_to_says_what_is_wanted(to: str, expected: Command | None) -> None:
    assert asked("Hi", "there", to=to) == expected


HIGH_WEEKLY = Command(word=Word.SUBSCRIBE, repositories=("owner/name",), threshold=Level.HIGH, weekly=True)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("subscribe owner/name high weekly", HIGH_WEEKLY),
        ("Subscribe to owner/name, high, weekly.", HIGH_WEEKLY),
        ("订阅 owner/name 高 每周", HIGH_WEEKLY),
        ("订阅owner/name 重要 每周", HIGH_WEEKLY),
        ("subscribe", Command(word=Word.SUBSCRIBE)),
        ("subscribe my neighbour to something", None),
        ("unsubscribe", Command(word=Word.UNSUBSCRIBE)),
        ("退订", Command(word=Word.UNSUBSCRIBE)),
        ("Please do not unsubscribe me", None),
        ("only high", Command(word=Word.ONLY, threshold=Level.HIGH)),
        ("只看 高", Command(word=Word.ONLY, threshold=Level.HIGH)),
        ("only you", None),
        ("pause 2 weeks", Command(word=Word.PAUSE, span=timedelta(days=14))),
        ("暂停 3 天", Command(word=Word.PAUSE, span=timedelta(days=3))),
        ("pause 0 days", None),
        ("pause 900 weeks", None),
        ("help!", Command(word=Word.HELP)),
        ("What a nice digest", None),
    ],
)
def test_a_subject_or_a_first_line_says_what_is_wanted(line: str, expected: Command | None) -> None:
    assert asked(line) == expected
    assert asked("", f"\n{line}\n\nAda\n") == expected


def test_what_an_answer_answers_and_quotes_is_no_command() -> None:
    assert asked("Re: unsubscribe", "Thank you!\n\n> unsubscribe\n") is None
    assert asked("Re: Monday", "only high\n\nOn Monday, the digest wrote:\n> unsubscribe") == Command(
        word=Word.ONLY, threshold=Level.HIGH
    )


def test_a_reply_carries_the_token_of_the_address_it_went_to() -> None:
    found = asked("Re: Monday", "unsubscribe", to="reply+TOKEN@n.example")
    assert found == Command(word=Word.UNSUBSCRIBE, tag="TOKEN")


@given(st.text(max_size=400), st.text(max_size=80))
def test_any_text_is_a_command_or_none(text: str, local: str) -> None:
    found = command_of(read_mail(text.encode("utf-8", "surrogatepass")), written_to=f"{local}@n.example")
    assert found is None or found.span is None or timedelta(0) < found.span <= LONGEST_PAUSE
