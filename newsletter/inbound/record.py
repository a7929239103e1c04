"""What the service makes of a mail that came in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class MailKind(StrEnum):
    """What a mail is."""

    #: A mail of ours could not be delivered, or not yet.
    BOUNCE = "bounce"
    #: A reader's provider passes on that they called a mail of ours spam (RFC 5965).
    COMPLAINT = "complaint"
    #: A reader wants something.
    COMMAND = "command"
    #: A program answered in a reader's stead (RFC 3834): holidays, receipts, challenges.
    AUTO_REPLY = "auto-reply"
    OTHER = "other"


class Cause(StrEnum):
    """Why a mail was not taken."""

    #: There is no such mailbox or domain (any more).
    GONE = "gone"
    #: The mailbox is full, or takes nothing so large.
    FULL = "full"
    #: Something that passes: a server that is away, too many connections.
    PASSING = "passing"
    #: What we are or what we sent.
    OURS = "ours"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One address that a mail did not reach."""

    address: str
    #: Whether the server refuses for good, and not for what we are.
    permanent: bool
    cause: Cause
    #: Enhanced status code (RFC 3463), as far as the report says one.
    status: str | None = None
    #: Whether the server tries no more.
    given_up: bool = True


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a mail comes to."""

    kind: MailKind
    #: Of a bounce: those it is about, each once.
    failures: tuple[Failure, ...] = ()
    #: Of a complaint: the readers it names; most providers black them out.
    complainants: tuple[str, ...] = ()
    #: Of a command: its word.
    command: str | None = None

    @property
    def permanent(self) -> bool:
        """Whether some address failed for good."""
        return any(failure.permanent for failure in self.failures)

    @property
    def decisive(self) -> tuple[Failure, ...]:
        """The failures that :attr:`permanent` speaks of: where one is for good, those alone."""
        return tuple(failure for failure in self.failures if failure.permanent is self.permanent)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the addresses the verdict is about."""
        if self.kind is MailKind.COMPLAINT:
            return self.complainants
        return tuple(failure.address for failure in self.decisive)

    @property
    def status(self) -> str | None:
        """The first enhanced status code among the decisive failures."""
        return next((failure.status for failure in self.decisive if failure.status), None)
