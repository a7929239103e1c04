"""Who is mailed no more, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why a reader is mailed no more."""

    BOUNCES = "bounces"
    COMPLAINT = "complaint"


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """A reader who is, or was, mailed no more."""

    id: int
    subscriber_id: int
    address: str
    reason: Reason
    at: datetime
    #: None = it holds.
    lifted_at: datetime | None
    #: The enhanced status code of the last setback before it, if it had one.
    status: str | None
