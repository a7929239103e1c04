"""Words that only the store needs for the state of a row."""

from __future__ import annotations

from enum import StrEnum

# What a digest covers is known to its readers as well.
from newsletter.digest.record import Cadence

__all__ = ["Cadence", "DetailState", "InstallationState", "Stopped"]


class DetailState(StrEnum):
    """What is known of a commit beyond its push."""

    #: Still to be fetched.
    WAITING = "waiting"
    #: Files and patches are stored.
    FETCHED = "fetched"
    #: GitHub has it no more (404 or 422, as after a forced push).
    GONE = "gone"
    #: GitHub could not be asked, for as long as it was worth trying.
    UNAVAILABLE = "unavailable"


class Stopped(StrEnum):
    """Why a repository is not followed any more."""

    #: Taken out of the App's installation, or GitHub gives it to the App no longer.
    REMOVED = "removed"
    #: The App was uninstalled.
    UNINSTALLED = "uninstalled"
    #: The App's installation is suspended.
    SUSPENDED = "suspended"
    #: Deleted on GitHub.
    DELETED = "deleted"


class InstallationState(StrEnum):
    """Where an installation of the App stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    UNINSTALLED = "uninstalled"
