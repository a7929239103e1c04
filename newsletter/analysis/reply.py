"""What a model answered, checked: pure.

The rules keep the model within bounds: it moves a level by one step at most and never below the floor that the rules
are certain of, whatever a commit talked it into. Its texts come out as plain text without links.
"""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, ValidationError

from newsletter.analysis.paths import areas
from newsletter.analysis.prompt import Prompt
from newsletter.analysis.prose import ADDRESS, ends_with_abbreviation, plain
from newsletter.analysis.record import Analysis, Fallback, Kind, Reason, Signal, Source, Subject
from newsletter.analysis.score import floor, score
from newsletter.analysis.signals import signals
from newsletter.errors import NewsletterError
from subscribers import Level

#: Characters; a model's text beyond them is left out, never cut in the middle.
LONGEST_SUMMARY = 400
LONGEST_ITEM = 300
MOST_ITEMS = 3
MOST_AREAS = 5
LONGEST_AREA = 60

#: A longer answer is not read; several times what the asked-for tokens can hold.
LONGEST_REPLY = 20_000
#: Of one text in it; what stands behind is not read.
LONGEST_TEXT = 2_000
#: A list is read up to here: some of its texts may be empty or too long.
MOST_TEXTS = 10
#: Taking something out can put together an address again. A text that needs more rounds was made to.
MOST_ROUNDS = 6

_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^)]{0,300}\)")
_MARKUP = re.compile(r"[<>*_#|]{1,}|~~")
_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)）`]*(?:\s|$)|[。！？]")


class ReplyError(NewsletterError):
    """The answer cannot be used.

    :ivar fallback: why, as it is recorded and counted.
    """

    def __init__(self, fallback: Fallback) -> None:
        self.fallback = fallback
        super().__init__(f"the model's answer cannot be used: {fallback.value}")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    level: Level
    kind: Kind
    summary: str
    areas: list[str] = []
    risks: list[str] = []
    advice: list[str] = []


def read_reply(
    text: str | None,
    *,
    finish_reason: str | None,
    refusal: str | None,
    subject: Subject,
    prompt: Prompt,
    language: str,
    model: str,
    level: Level | None,
) -> Analysis:
    """Turn a model's answer into an analysis.

    :param level: the level frozen on the commit, which is kept; None where it has none yet.
    :raises ReplyError: it was cut off, refused, blank or not what was asked for.
    """
    if refusal:
        raise ReplyError(Fallback.REFUSED)
    if finish_reason == "length":
        raise ReplyError(Fallback.CUT_OFF)
    if finish_reason == "content_filter":
        raise ReplyError(Fallback.REFUSED)
    if not text or not text.strip():
        raise ReplyError(Fallback.BLANK)
    if len(text) > LONGEST_REPLY:
        raise ReplyError(Fallback.UNREADABLE)
    answer = _parse(text)
    summary = _sentence(answer.summary)
    if not summary:
        raise ReplyError(Fallback.UNREADABLE)
    decided, reasons = _bounded(answer.level, subject, frozen=level)
    return Analysis(
        language=language,
        level=decided,
        kind=answer.kind,
        summary=summary,
        areas=_areas(answer.areas) or areas(subject.files),
        reasons=reasons,
        risks=_items(answer.risks),
        advice=_items(answer.advice),
        files_read=prompt.files_read,
        files_total=prompt.files_total,
        source=Source.MODEL,
        model=model,
    )


def _parse(text: str) -> _Answer:
    _, thought, rest = text.partition("</think>")
    said = rest if thought else text
    try:
        return _Answer.model_validate_json(said[said.find("{") : said.rfind("}") + 1])
    except ValidationError:
        raise ReplyError(Fallback.UNREADABLE) from None


def _bounded(wanted: Level, subject: Subject, *, frozen: Level | None) -> tuple[Level, tuple[Reason, ...]]:
    observed = signals(subject)
    scored, _, reasons = score(observed)
    step = max(-1, min(1, wanted.rank - scored.rank))
    moved = max(scored.moved(step), floor(observed), key=lambda level: level.rank)
    decided = frozen or moved
    if decided is not scored:
        reasons = (Reason(signal=Signal.MODEL), *reasons)
    return decided, reasons


def _plain(text: str) -> str:
    """Return plain text in which only backticks mark anything; empty where it does not come clean."""
    line = plain(text[:LONGEST_TEXT])
    for _ in range(MOST_ROUNDS):
        shorter = _without_markup(_without_addresses(line))
        if shorter == line:
            return line
        # What stood around something that was taken out may be a link by now: "http:*//example.org".
        line = shorter
    return ""


def _without_addresses(line: str) -> str:
    # A bare host is left: it may be a name ("ASP.NET", "self.id"). No mail shows it as a link (newsletter.digest).
    return ADDRESS.sub("", _LINK.sub(r"\1", line))


def _without_markup(line: str) -> str:
    # Inside inline code every character may stand: it is escaped where it is shown.
    parts = line.split("`")
    if len(parts) % 2 == 0:
        parts = ["".join(parts)]
    return plain("`".join(part if place % 2 else _MARKUP.sub("", part) for place, part in enumerate(parts)))


def _sentence(text: str) -> str:
    """Return the text up to the last sentence that fits; empty where not even one does."""
    line = _plain(text)
    if len(line) <= LONGEST_SUMMARY and len(text) <= LONGEST_TEXT:
        return line
    wholes = (line[: match.end()].strip() for match in _SENTENCE_END.finditer(line, 0, LONGEST_SUMMARY + 1))
    fitting = [
        whole
        for whole in wholes
        # Neither "e.g." ends a sentence, nor a full stop inside inline code.
        if len(whole) <= LONGEST_SUMMARY and not ends_with_abbreviation(whole) and whole.count("`") % 2 == 0
    ]
    return fitting[-1] if fitting else ""


def _items(texts: list[str]) -> tuple[str, ...]:
    return tuple(line for line in _lines(texts) if len(line) <= LONGEST_ITEM)[:MOST_ITEMS]


def _areas(texts: list[str]) -> tuple[str, ...]:
    lines = (line.strip("`") for line in _lines(texts))
    return tuple(dict.fromkeys(line for line in lines if line and len(line) <= LONGEST_AREA))[:MOST_AREAS]


def _lines(texts: list[str]) -> list[str]:
    """Return the texts of a list, cleaned; what is blank, or too long to be read to its end, is left out."""
    whole = (text for text in texts[:MOST_TEXTS] if len(text) <= LONGEST_TEXT)
    return [line for text in whole if (line := _plain(text))]
