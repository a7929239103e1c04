"""How many setbacks a reader's mailbox may have before it is mailed no more: pure.

Mailman counts the same way (its manual, "Bounce processing"): one bad day is one point at most, whatever happened on
it, and points are forgotten once nothing came back for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum


class Setback(StrEnum):
    """What came back of a mail to a reader."""

    #: There is no such mailbox, or the server refuses for good.
    HARD = "hard"
    #: It may go better next time: a full mailbox, a server that was away for too long.
    SOFT = "soft"
    #: The reader called it spam.
    COMPLAINT = "complaint"


class Way(StrEnum):
    """How a setback became known."""

    #: The server said so when the mail was handed over.
    DIALOGUE = "dialogue"
    #: It came back by mail.
    MAIL = "mail"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One setback."""

    setback: Setback
    way: Way
    at: datetime
    #: Enhanced status code (RFC 3463), if there is one.
    status: str | None = None


POINTS = {Setback.HARD: 1.0, Setback.SOFT: 0.25, Setback.COMPLAINT: 0.0}
#: Three days of hard bounces, or twelve of soft ones.
THRESHOLD = 3.0
#: Nothing for so long, and what was before is forgotten. A day more than a week: weekly digests count as well.
STALE_AFTER = timedelta(days=8)


def score(evidence: Sequence[Evidence], *, now: datetime) -> float:
    """Return the points of a reader; a complaint has none, for it decides alone.

    :param evidence: in any order.
    """
    points: dict[date, float] = {}
    last: datetime | None = None
    for each in sorted(evidence, key=lambda each: each.at):
        if last is not None and each.at - last > STALE_AFTER:
            points.clear()
        last = each.at
        points[each.at.date()] = max(points.get(each.at.date(), 0.0), POINTS[each.setback])
    return 0.0 if last is None or now - last > STALE_AFTER else sum(points.values())
