"""The tables of the GitHub App: where it is installed, and what its webhook did not get."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from newsletter.store.states import InstallationState
from subscribers import UtcDateTime, metadata, word

installations = Table(
    "installations",
    metadata,
    # GitHub's own id.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    # Of which App: another one's are left as they are.
    Column("app_id", BigInteger, nullable=False),
    # Login of the account that it is on.
    Column("account", Text, nullable=False),
    Column("state", word(InstallationState), nullable=False),
    # When GitHub was last asked what it may read.
    Column("compared_at", UtcDateTime, nullable=False),
)

missed_hooks = Table(
    "missed_hooks",
    metadata,
    Column("app_id", BigInteger, primary_key=True),
    # X-GitHub-Delivery of an event that the App's webhook did not get.
    Column("hook_id", Text, primary_key=True),
    # GitHub's number of the latest attempt.
    Column("delivery_id", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    # Of the latest attempt.
    Column("missed_at", UtcDateTime, nullable=False),
    # How often GitHub was asked to deliver it again.
    Column("asked", Integer, nullable=False),
    # When it may be asked for again; empty = it came, or it was asked for often enough.
    Column("next_at", UtcDateTime),
)

hook_logs = Table(
    "hook_logs",
    metadata,
    Column("app_id", BigInteger, primary_key=True, autoincrement=False),
    # Up to when GitHub's log of deliveries was looked through.
    Column("seen_until", UtcDateTime, nullable=False),
)
