"""What a model answered about one change, checked: pure.

Its texts come out as plain text without links, in whole sentences and within their lengths, in the language that was
asked for; the level is one that the rules left open.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from newsletter.analysis.advice import is_specific
from newsletter.analysis.bounds import Bounds
from newsletter.analysis.outgoing import sendable
from newsletter.analysis.paths import areas
from newsletter.analysis.prompt import NOTES_CHARACTERS, Prompt
from newsletter.analysis.question import Reply, ReplyError, language_name, parsed, text_of
from newsletter.analysis.record import Analysis, Aspect, Fallback, Insight, Kind, Source, Subject
from newsletter.analysis.texts import is_in, items, names, sentences
from newsletter.analysis.triage import Glance
from subscribers import Level

#: Characters; what is beyond them is left out in whole sentences, never cut in the middle.
LONGEST_SUMMARY = 400
LONGEST_SCOPE = 220
LONGEST_INSIGHT = 400
LONGEST_ITEM = 300
MOST_ITEMS = 3
MOST_AREAS = 5
LONGEST_AREA = 60
_MOST_NOTES = 8


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    level: Level | None = None
    kind: Kind
    summary: str
    scope: str = ""
    areas: list[str] = []
    risks: list[str] = []
    advice: list[str] = []
    insight: dict[str, str | None] | None = None


class _Notes(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    notes: list[str]


def read_analysis(
    reply: Reply, *, subject: Subject, prompt: Prompt, bounds: Bounds, language: str, model: str
) -> Analysis:
    """Turn a model's answer into an analysis.

    :raises ReplyError: it was cut off, refused, blank, in another language or not what was asked for.
    """
    answer = parsed(text_of(reply), _Answer)
    summary = sentences(answer.summary, most=LONGEST_SUMMARY)
    if not summary:
        raise ReplyError(
            Fallback.UNREADABLE, f"summary was not complete within {LONGEST_SUMMARY} characters of plain text"
        )
    scope = sentences(answer.scope, most=LONGEST_SCOPE)
    risks = items(answer.risks, most=MOST_ITEMS, longest=LONGEST_ITEM)
    advice = items(list(filter(is_specific, answer.advice)), most=MOST_ITEMS, longest=LONGEST_ITEM)
    level = _level(answer.level, prompt.levels)
    insight = _insight(answer.insight or {}) if level is Level.HIGH else ()
    if not all(is_in(language, text) for text in (summary, scope, *risks, *advice, *(item.text for item in insight))):
        raise ReplyError(Fallback.LANGUAGE, f"it was not written in {language_name(language)}")
    return Analysis(
        language=language,
        level=level,
        kind=answer.kind,
        summary=summary,
        areas=names(answer.areas, most=MOST_AREAS, longest=LONGEST_AREA) or areas(subject.files),
        reasons=bounds.reasons_of(level),
        scope=scope,
        insight=insight,
        risks=risks,
        advice=advice,
        files_read=prompt.files_read,
        files_total=prompt.files_total,
        source=Source.MODEL,
        model=model,
    )


def analysis_of(glance: Glance, *, subject: Subject, bounds: Bounds, language: str, model: str) -> Analysis:
    """Return the analysis of a change of which a first look was enough."""
    level = bounds.within(glance.level)
    return Analysis(
        language=language,
        level=level,
        kind=glance.kind,
        summary=glance.sentence,
        areas=areas(subject.files),
        reasons=bounds.reasons_of(level),
        files_read=0,
        files_total=len(subject.files),
        source=Source.MODEL,
        model=model,
    )


def read_notes(reply: Reply) -> str:
    """Return the notes on a portion of a change as one text, for the question about the whole.

    :raises ReplyError: they cannot be used.
    """
    noted = items(parsed(text_of(reply), _Notes).notes, most=_MOST_NOTES, longest=LONGEST_ITEM)
    # What a patch talked the model into must not speak to it a second time.
    text = " ".join(note for note in noted if sendable(note) == note)[:NOTES_CHARACTERS]
    if not text.strip():
        raise ReplyError(Fallback.UNREADABLE, "notes were missing")
    return text


def _level(wanted: Level | None, levels: tuple[Level, ...]) -> Level:
    if len(levels) == 1:
        # It is decided, and nobody was asked.
        return levels[0]
    if wanted is None:
        raise ReplyError(Fallback.UNREADABLE, "level is missing")
    return min(levels, key=lambda level: abs(level.rank - wanted.rank))


def _insight(said: dict[str, str | None]) -> tuple[Insight, ...]:
    texts = ((aspect, sentences(said.get(aspect) or "", most=LONGEST_INSIGHT)) for aspect in Aspect)
    return tuple(Insight(aspect=aspect, text=text) for aspect, text in texts if text)
