"""The errors of the service, as one tree.

NewsletterError
├── SettingsError            faults: every fault by name
├── StoreError
│   ├── StoreUnavailable     the database is locked, full or away: try again later
│   ├── SchemaBehind         `newsletter migrate` has to be run first
│   ├── SchemaAhead          a newer version has migrated the database
│   ├── JobsLocked           another process runs the jobs of this database
│   └── AppUnreadable        no key in SECRET_KEY opens the secrets of the stored GitHub App
├── InputError               something the operator typed cannot be used, with the reason
├── WebhookError             (newsletter.github.webhook)
└── GitHubError              (newsletter.github.client)

A room's own errors stand in the room and inherit from here.
"""

from __future__ import annotations

from dataclasses import dataclass


class NewsletterError(Exception):
    """Base of everything this service raises on purpose. Its text is one plain sentence without secrets."""


@dataclass(frozen=True, kw_only=True, order=True)
class Fault:
    """One setting that cannot be used."""

    #: Name as the operator writes it, for example ``NEWSLETTER_SMTP__PORT``.
    name: str
    #: What was expected; never the value that was given.
    expected: str


class SettingsError(NewsletterError):
    """Settings cannot be used; carries every fault there is."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults
        lines = "\n".join(f"  {fault.name}: {fault.expected}" for fault in faults)
        super().__init__(f"the settings have {len(faults)} fault{'s' if len(faults) != 1 else ''}:\n{lines}")


class StoreError(NewsletterError):
    """Something about the database."""


class StoreUnavailable(StoreError):
    """The database is locked, full or out of reach at the moment; nothing was changed."""


class SchemaBehind(StoreError):
    """The database has not had every migration yet."""


class SchemaAhead(StoreError):
    """The database is at a migration that this version does not know: a newer one has made it."""


class JobsLocked(StoreError):
    """Another process already runs the jobs of this database."""


class AppUnreadable(StoreError):
    """The secrets of the stored GitHub App cannot be opened with the keys there are."""


class InputError(NewsletterError):
    """Something that was asked for cannot be done as asked; nothing was changed."""
