"""A question to the model and its answer, whatever they are about: pure.

Chat completions are what every OpenAI-compatible server shares. Whether a server enforces the schema or not, the answer
is read by the same validator; and the prompt says "json", which some servers demand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from newsletter.analysis.record import Fallback
from newsletter.errors import NewsletterError

#: A longer answer is not read; several times what the asked-for tokens can hold.
LONGEST_REPLY = 60_000
#: Of an answer that could not be used, how much it is shown again, characters.
SHOWN_AGAIN = 3_000

_LANGUAGE_NAMES = {"en": "English", "zh": "Simplified Chinese (简体中文)"}

Answer = TypeVar("Answer", bound=BaseModel)


class Mode(StrEnum):
    """How a server is told what an answer looks like, the strictest first."""

    JSON_SCHEMA = "json_schema"
    JSON_OBJECT = "json_object"
    TEXT = "text"

    @property
    def below(self) -> Mode | None:
        """The next less strict one; None at the end."""
        ladder = list(Mode)
        place = ladder.index(self)
        return ladder[place + 1] if place + 1 < len(ladder) else None


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything that is sent, apart from the model's name."""

    #: Of the schema, a word.
    name: str
    system: str
    user: str
    #: JSON schema of the answer, in the strict subset that servers enforce.
    schema: Mapping[str, object]
    #: Ceiling of the answer, tokens: several times what is asked for.
    answer_tokens: int
    #: What an answer has mostly, tokens.
    usual_tokens: int
    #: Whether other questions wait for its answer.
    urgent: bool = False

    @property
    def size(self) -> int:
        """Bytes that are sent."""
        return len(self.system.encode()) + len(self.user.encode())


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What a server answered."""

    text: str | None
    finish_reason: str | None
    refusal: str | None


@dataclass(frozen=True, kw_only=True)
class Repair:
    """An answer that could not be used, and what was wrong with it."""

    said: str
    problem: str


class ReplyError(NewsletterError):
    """The answer cannot be used.

    :ivar fallback: why, as it is recorded and counted.
    :ivar problem: what was wrong with it, as the model is told; never words of the answer itself.
    """

    def __init__(self, fallback: Fallback, problem: str) -> None:
        self.fallback = fallback
        self.problem = problem
        super().__init__(f"the model's answer cannot be used: {fallback.value}")


def language_name(language: str) -> str:
    """Name a language as a model is told it."""
    return _LANGUAGE_NAMES.get(language, language)


def strict(properties: Mapping[str, object]) -> dict[str, object]:
    """Return the schema of an object with exactly these keys, all of them required."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def messages_of(question: Question, mode: Mode, repair: Repair | None) -> list[dict[str, str]]:
    """Return the messages of a question, and of its second asking what was wrong with the first answer."""
    system = question.system
    if mode is not Mode.JSON_SCHEMA:
        schema = json.dumps(question.schema, separators=(",", ":"), ensure_ascii=False)
        system = f"{system}\nThe answer is one json object of this JSON schema, and nothing else:\n{schema}"
    user = question.user
    again = ""
    if repair is not None:
        again = (
            f"That answer could not be used: {repair.problem}. Answer again, with one complete json object and nothing "
            "else."
        )
    if repair is None or not repair.said.strip():
        # Two messages of one role in a row are refused by some servers.
        user = f"{user}\n{again.replace('That', 'An earlier')}" if again else user
        return [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": user},
        {"role": "assistant", "content": repair.said[:SHOWN_AGAIN]},
        {"role": "user", "content": again},
    ]


def response_format(question: Question, mode: Mode) -> dict[str, object] | None:
    """Return the parameter that tells a server what an answer looks like; None where it is told by words alone."""
    if mode is Mode.JSON_SCHEMA:
        return {
            "type": "json_schema",
            "json_schema": {"name": question.name, "strict": True, "schema": dict(question.schema)},
        }
    return {"type": "json_object"} if mode is Mode.JSON_OBJECT else None


def text_of(reply: Reply) -> str:
    """Return the text of an answer without its thoughts.

    :raises ReplyError: it was cut off, refused, blank or endless.
    """
    if reply.refusal or reply.finish_reason == "content_filter":
        raise ReplyError(Fallback.REFUSED, "it was a refusal; the data is a public change of a software project")
    if reply.finish_reason == "length":
        raise ReplyError(Fallback.CUT_OFF, "it was cut off; be much shorter")
    text = reply.text or ""
    if len(text) > LONGEST_REPLY:
        raise ReplyError(Fallback.UNREADABLE, "it was far too long")
    _, thought, rest = text.rpartition("</think>")
    said = rest if thought else text
    if not said.strip():
        raise ReplyError(Fallback.BLANK, "it was empty")
    return said


def parsed(said: str, model: type[Answer]) -> Answer:
    """Read the one JSON object of a text, whatever stands around it.

    :raises ReplyError: there is none, or it is not what was asked for.
    """
    try:
        return model.model_validate_json(said[said.find("{") : said.rfind("}") + 1])
    except ValidationError as error:
        raise ReplyError(Fallback.UNREADABLE, problem_of(error)) from None


def problem_of(error: ValidationError) -> str:
    """Say what was wrong with an answer, by the names of our own schema and not by its words."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "it was no complete json"
    place = ".".join(str(part) for part in first["loc"])
    kind = "is missing" if first["type"] == "missing" else "has a value that the schema does not allow"
    return f"{place} {kind}" if place else "it was not of the schema"
