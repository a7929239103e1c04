"""What a reader chose to read: repositories, a threshold for each, a language, a zone, and what comes at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from subscribers.level import Level

#: Stands for every public repository the service follows.
EVERY_REPOSITORY = "*"


@dataclass(frozen=True, kw_only=True, order=True)
class Choice:
    """One repository (or all of them) and the lowest level wanted from it."""

    #: The service's own key of a repository, opaque here; :data:`EVERY_REPOSITORY` for all public ones.
    repository: str
    threshold: Level


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Everything that decides what a digest says to a reader.

    Readers with equal preferences form a *cohort*: their digest is rendered once.
    """

    language: str
    #: One choice a repository, sorted by repository.
    choices: tuple[Choice, ...]
    #: IANA name of the zone in which times are shown.
    timezone: str = "UTC"
    #: Whether high changes come at once, and are marked in the digest.
    at_once: bool = False

    @classmethod
    def of(
        cls, language: str, choices: Iterable[Choice], *, timezone: str = "UTC", at_once: bool = False
    ) -> Preferences:
        """Build preferences in their canonical order.

        :raises ValueError: no choice at all, or two for one repository.
        """
        ordered = tuple(sorted(choices, key=lambda choice: choice.repository))
        if not ordered:
            raise ValueError("preferences need at least one repository")
        if len({choice.repository for choice in ordered}) != len(ordered):
            raise ValueError("a repository can have one threshold only")
        return cls(language=language, choices=ordered, timezone=timezone, at_once=at_once)

    @property
    def key(self) -> str:
        """Name of the cohort: equal for equal preferences, stable over releases (hexadecimal, 32 characters)."""
        chosen = [[choice.repository, choice.threshold.value] for choice in self.choices]
        plain = [self.language, self.timezone, self.at_once, chosen]
        return hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()[:32]

    def threshold_for(self, repository: str, *, private: bool) -> Level | None:
        """Return the threshold that applies to a repository; None where the reader does not follow it.

        A choice for the repository itself wins over the one for all. A private repository is followed only by name:
        nobody gets it because they asked for everything.
        """
        by_repository = {choice.repository: choice.threshold for choice in self.choices}
        if repository in by_repository:
            return by_repository[repository]
        return None if private else by_repository.get(EVERY_REPOSITORY)
