"""The domain of readers: who they are, what they chose, and who must never be mailed again.

This is the front door: nobody outside imports the modules behind it.
"""

from subscribers.address import Address, AddressError, parse_address
from subscribers.audience import Cohort, active_cohorts, languages_read, members
from subscribers.level import Level
from subscribers.preferences import EVERY_REPOSITORY, Choice, Preferences
from subscribers.record import Status, Subscriber
from subscribers.store import AlreadySubscribed, add, by_address, by_id, change_status, page
from subscribers.tables import UtcDateTime, metadata, word
from subscribers.tokens import Purpose, TokenError, Tokens

__all__ = [
    "EVERY_REPOSITORY",
    "Address",
    "AddressError",
    "AlreadySubscribed",
    "Choice",
    "Cohort",
    "Level",
    "Preferences",
    "Purpose",
    "Status",
    "Subscriber",
    "TokenError",
    "Tokens",
    "UtcDateTime",
    "active_cohorts",
    "add",
    "by_address",
    "by_id",
    "change_status",
    "languages_read",
    "members",
    "metadata",
    "page",
    "parse_address",
    "word",
]
