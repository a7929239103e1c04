"""What can go wrong between us and a model server.

::

    ModelFault            the model gave nothing that can be used; the rules write, and say why
    ModelAway             it may answer later: the work can wait
    ContextTooLong        the question was more than it reads: ask with less
    FormatRefused         it does not know this way of asking for JSON: ask in a less strict one
    LimitNameRefused      it calls the ceiling of an answer by its other name
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import openai

from newsletter.analysis.record import Fallback
from newsletter.errors import NewsletterError

#: A server that asks for more is asked again after this, seconds.
LONGEST_RETRY_AFTER = 7 * 86_400.0

_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum context|max(?:imum)? (?:input|prompt|number of) (?:tokens|length)"
    r"|(?:prompt|input|request|message)s? (?:is|are|was|were)? ?too (?:long|large)|too many (?:input )?tokens"
    r"|exceeds? (?:the )?(?:model'?s? )?(?:available |maximum )?(?:context|token|input)|reduce the length",
    re.IGNORECASE,
)
_FORMAT = re.compile(
    r"response[_ ]?format|json[_ ]?(?:schema|object|mode)|structured output|guided|grammar", re.IGNORECASE
)
_LIMIT_NAME = re.compile(r"max_(?:completion_)?tokens", re.IGNORECASE)
_QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|funds|credit)|exceeded your current quota|billing|out of credit"
    r"|credit balance|quota[_ ]exhausted|payment required",
    re.IGNORECASE,
)


class ModelFault(NewsletterError):
    """The model gave nothing that can be used.

    :ivar fallback: why, as it is recorded and counted.
    :ivar lasting: whether other changes would fare no better: the key, the account, the model's name.
    """

    def __init__(self, fallback: Fallback, *, lasting: bool = False) -> None:
        self.fallback = fallback
        self.lasting = lasting
        super().__init__(f"the model cannot be used: {fallback.value}")


class ModelAway(NewsletterError):
    """The model does not answer now.

    :ivar fallback: why, as it is recorded if nobody can wait.
    :ivar after: seconds after which it is worth asking again.
    :ivar outage: whether others fare no better, so that it says nothing about this change.
    """

    def __init__(self, fallback: Fallback, *, after: float, outage: bool) -> None:
        self.fallback = fallback
        self.after = after
        self.outage = outage
        super().__init__(f"the model does not answer now: {fallback.value}")


class Transient(NewsletterError):
    """One request failed, and the next may not.

    :ivar retry_after: seconds, where the server said so.
    """

    def __init__(self, fallback: Fallback, *, retry_after: float | None = None) -> None:
        self.fallback = fallback
        self.retry_after = retry_after
        super().__init__(f"a request to the model failed: {fallback.value}")


class ContextTooLong(NewsletterError):
    """The question was more than the model reads."""


class FormatRefused(NewsletterError):
    """The server does not know this way of asking for JSON."""


class LimitNameRefused(NewsletterError):
    """The server calls the ceiling of an answer by its other name (``max_tokens``, ``max_completion_tokens``)."""


def fault_of(error: Exception, *, now: datetime) -> NewsletterError:
    """Return what a failed request means.

    :param error: of the library, or what broke in it on an answer that is no answer.
    :param now: aware, for a ``Retry-After`` that is a date (RFC 9110 §10.2.3).
    """
    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return Transient(Fallback.TIMEOUT)
    if isinstance(error, openai.APIStatusError):
        return _of_status(error, now)
    if isinstance(error, openai.APIConnectionError):
        return Transient(Fallback.UNREACHABLE)
    # Half an answer or an endless one, which the library hands on unchecked.
    return Transient(Fallback.UNREADABLE)


def _of_status(error: openai.APIStatusError, now: datetime) -> NewsletterError:
    status, words = error.status_code, _words_of(error)
    if status in {401, 403}:
        return ModelFault(Fallback.KEY, lasting=status == 401)
    if status == 402 or (status == 429 and _QUOTA.search(words)):
        return ModelFault(Fallback.QUOTA, lasting=True)
    if status == 429:
        return Transient(Fallback.RATE_LIMITED, retry_after=_retry_after(error, now))
    if status >= 500 or status in {408, 409, 425}:
        return Transient(Fallback.UNREACHABLE, retry_after=_retry_after(error, now))
    return _of_question(status, words)


def _of_question(status: int, words: str) -> NewsletterError:
    """Return what the server has against the question itself; which of it, only its words tell."""
    if status == 413 or _TOO_LONG.search(words):
        return ContextTooLong("the question is more than the model reads")
    if status in {400, 422} and _LIMIT_NAME.search(words):
        return LimitNameRefused("the server does not know this name of a limit")
    if status in {400, 422} and _FORMAT.search(words):
        return FormatRefused("the server does not know this response format")
    return ModelFault(Fallback.REJECTED, lasting=status == 404)


def _words_of(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return " ".join(str(part) for part in (error.message, body.get("code"), body.get("type"), body.get("param")))[:4000]


def _retry_after(error: openai.APIStatusError, now: datetime) -> float | None:
    return retry_after_of(
        error.response.headers.get("retry-after"), error.response.headers.get("retry-after-ms"), now=now
    )


def retry_after_of(value: str | None, milliseconds: str | None = None, *, now: datetime) -> float | None:
    """Return how many seconds a server wants to be left alone; None where it does not say.

    :param value: of ``Retry-After``: seconds or a date (RFC 9110 §10.2.3).
    :param milliseconds: of ``Retry-After-Ms``, which OpenAI sends besides.
    """
    for text, unit in ((milliseconds, 0.001), (value, 1.0)):
        try:
            seconds = float(text or "") * unit
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return min(seconds, LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(value or "")
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)
