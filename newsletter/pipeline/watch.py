"""Whether the model fails at more than it should: said once in the log, shown as a metric, written to the operator."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.record import Fallback
from newsletter.logs import get_logger
from newsletter.metrics import model_failing
from newsletter.pipeline.again import EVERYTHING
from newsletter.pipeline.alarm import write_once
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import alarms, failures
from newsletter.store.engine import Store

log = get_logger("watch")

#: The one thing that is watched: key of its job and of its alarm.
MODEL = "model"
#: How far back is looked.
WINDOW = timedelta(hours=1)
#: A larger part of the analyses than this raises the alarm.
TOLERATED = 0.2
#: Fewer failures than these say nothing.
FEWEST = 5
#: What waits longer than this for a model that is away counts as failed: nothing is written of it before it is due.
LONGEST_WAIT = timedelta(minutes=10)

_CHECKS = {
    Fallback.KEY: "whether NEWSLETTER_LLM__API_KEY is valid and may use the model",
    Fallback.QUOTA: "whether the account with the model's provider has credit left",
    Fallback.BUDGET: "whether NEWSLETTER_LLM__DAILY_TOKENS is enough for a day",
    Fallback.REJECTED: "whether NEWSLETTER_LLM__MODEL exists at NEWSLETTER_LLM__BASE_URL",
    Fallback.UNREACHABLE: "whether the server at NEWSLETTER_LLM__BASE_URL runs and can be reached from here",
    Fallback.TIMEOUT: "whether the server is overloaded, and NEWSLETTER_LLM__TIMEOUT_SECONDS long enough",
    Fallback.RATE_LIMITED: "the provider's limits; NEWSLETTER_LLM__TOKENS_PER_MINUTE and NEWSLETTER_LLM__CONCURRENCY",
}
_CHECK_MODEL = "whether this model is able enough: its answers could not be used (docs/how-to/model.md)"


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What became of the analyses of the last hour that a model was asked for."""

    succeeded: int
    failed: Mapping[Fallback, int]

    @property
    def failures(self) -> int:
        """How many failed, whatever the reason."""
        return sum(self.failed.values())

    @property
    def is_alarming(self) -> bool:
        """Whether an operator should know."""
        return self.failures >= FEWEST and self.failures > TOLERATED * (self.failures + self.succeeded)


async def watch(*, store: Store, jobs: Jobs, analyst: Analyst, operator: Operator, now: datetime) -> Tally | None:
    """Look at the last hour, and raise the alarm or end it; None where no model is asked."""
    if not analyst.asks_model:
        return None
    tally = await _tally(store, analyst, now)
    model_failing.set(tally.is_alarming)
    reasons = {reason.value: number for reason, number in tally.failed.items()}
    async with store.write() as transaction:
        if tally.is_alarming:
            changed = await alarms.begin(transaction.connection, MODEL, now=now)
        else:
            changed = await alarms.end(transaction.connection, MODEL, now=now)
            if changed:
                await jobs.put(transaction, Kind.AGAIN, EVERYTHING)
    if changed and not tally.is_alarming:
        log.info("the model answers again", action="analysis.recovered")
    if changed and tally.is_alarming:
        log.warning("the model fails at too much", action="analysis.alarm", succeeded=tally.succeeded, failed=reasons)
    if tally.is_alarming:
        subject, text = letter_of(tally)
        await write_once(MODEL, subject, text, store=store, operator=operator, now=now)
    return tally


async def _tally(store: Store, analyst: Analyst, now: datetime) -> Tally:
    trouble = analyst.trouble
    async with store.read() as connection:
        outcomes = await failures.outcomes(connection, since=now - WINDOW)
        recent = await failures.outcomes(connection, since=now - LONGEST_WAIT)
        waiting = await failures.waiting(connection, before=now - LONGEST_WAIT)
    failed = Counter({reason: number for reason, number in outcomes.items() if reason is not None})
    if trouble is not None and not recent.get(None):
        failed[trouble] += waiting
    return Tally(
        succeeded=outcomes.get(None, 0), failed={reason: number for reason, number in failed.items() if number}
    )


def letter_of(tally: Tally) -> tuple[str, str]:
    """Return the subject and the text of the mail: what failed, how often and why, and what to check."""
    total = tally.failures + tally.succeeded
    ranked = sorted(tally.failed.items(), key=lambda item: (-item[1], item[0]))
    checks = dict.fromkeys(_CHECKS.get(reason, _CHECK_MODEL) for reason, _ in ranked if reason is not Fallback.DUE)
    lines = [
        f"In the last hour the language model failed at {tally.failures} of {total} analyses:",
        "",
        *(f"  {reason.value}: {number}" for reason, number in ranked),
        "",
        "The digests go out all the same: fixed rules write what the model does not, and each mail says so.",
        "Changes that still wait count as failed. What failed is tried again every hour for seven days.",
        "",
        *(["Please check:", *(f"  - {check}" for check in checks), ""] if checks else []),
        "The next mail about this comes in 24 hours at the earliest, if it is not over by then.",
        "",
    ]
    return f"The language model fails at {tally.failures} of {total} analyses", "\n".join(lines)
