"""The domain of readers: who they are, what they chose, and who must never be mailed again.

This is the front door: nobody outside imports the modules behind it.
"""

from subscribers.address import Address, AddressError, parse_address
from subscribers.audience import Cohort, active_cohorts, languages_read, members
from subscribers.level import Level
from subscribers.preferences import EVERY_REPOSITORY, Choice, Preferences
from subscribers.record import Status, Subscriber
from subscribers.score import Evidence, Setback, Way
from subscribers.store import AlreadySubscribed, add, by_address, by_id, change_status, page
from subscribers.suppression import Noted, lift, note, suppressed
from subscribers.suppression_record import Reason, Suppression
from subscribers.tables import UtcDateTime, metadata, word
from subscribers.tokens import Purpose, TokenError, Tokens

__all__ = [
    "EVERY_REPOSITORY",
    "Address",
    "AddressError",
    "AlreadySubscribed",
    "Choice",
    "Cohort",
    "Evidence",
    "Level",
    "Noted",
    "Preferences",
    "Purpose",
    "Reason",
    "Setback",
    "Status",
    "Subscriber",
    "Suppression",
    "TokenError",
    "Tokens",
    "UtcDateTime",
    "Way",
    "active_cohorts",
    "add",
    "by_address",
    "by_id",
    "change_status",
    "languages_read",
    "lift",
    "members",
    "metadata",
    "note",
    "page",
    "parse_address",
    "suppressed",
    "word",
]
