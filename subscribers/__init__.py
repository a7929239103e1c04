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
from subscribers.score import Evidence, Setback, Way
from subscribers.store import AlreadySubscribed, add, by_address, by_id, change_status, page
from subscribers.suppression import Noted, lift, note, suppressed
from subscribers.suppression_record import Reason, Suppression
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
    "Evidence",
    "Hour",
    "Level",
    "Noted",
    "Preferences",
    "Purpose",
    "Reason",
    "Rhythm",
    "Setback",
    "Status",
    "Subscriber",
    "Suppression",
    "TokenError",
    "Tokens",
    "UtcDateTime",
    "Way",
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
    "lift",
    "members",
    "metadata",
    "note",
    "page",
    "parse_address",
    "send_hours",
    "suppressed",
    "weekdays_wanted",
    "word",
]
