"""The domain of readers: who they are, what they chose, and who must never be mailed again.

This is the front door: nobody outside imports the modules behind it.
"""

from subscribers.address import Address, AddressError, parse_address
from subscribers.audience import (
    EVERYBODY,
    Audience,
    Cohort,
    active_cohorts,
    anybody,
    batch_end,
    hours_of,
    languages_read,
    members,
    send_hours,
    weekdays_wanted,
)
from subscribers.level import Level
from subscribers.preferences import EVERY_REPOSITORY, Choice, Preferences
from subscribers.record import Status, Subscriber
from subscribers.rhythm import DAILY, Cadence, Hour, Rhythm, Weekday
from subscribers.store import AlreadySubscribed, add, by_address, by_id, change_status, page
from subscribers.tables import UtcDateTime, metadata, word
from subscribers.tokens import Purpose, TokenError, Tokens

__all__ = [
    "DAILY",
    "EVERYBODY",
    "EVERY_REPOSITORY",
    "Address",
    "AddressError",
    "AlreadySubscribed",
    "Audience",
    "Cadence",
    "Choice",
    "Cohort",
    "Hour",
    "Level",
    "Preferences",
    "Purpose",
    "Rhythm",
    "Status",
    "Subscriber",
    "TokenError",
    "Tokens",
    "UtcDateTime",
    "Weekday",
    "active_cohorts",
    "add",
    "anybody",
    "batch_end",
    "by_address",
    "by_id",
    "change_status",
    "hours_of",
    "languages_read",
    "members",
    "metadata",
    "page",
    "parse_address",
    "send_hours",
    "weekdays_wanted",
    "word",
]
