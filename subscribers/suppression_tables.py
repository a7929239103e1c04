"""The tables of what came back, and of who is mailed no more for it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from subscribers.score import Setback, Way
from subscribers.suppression_record import Reason
from subscribers.tables import UtcDateTime, metadata, word

setbacks = Table(
    "setbacks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    # What it was learnt from, so that it is counted once.
    Column("source", Text, nullable=False, unique=True),
    Column("setback", word(Setback), nullable=False),
    Column("way", word(Way), nullable=False),
    Column("status", Text),
    Column("at", UtcDateTime, nullable=False),
    # When an operator forgave it; empty = it counts.
    Column("forgiven_at", UtcDateTime),
    Index(None, "subscriber_id", "at"),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), nullable=False),
    Column("reason", word(Reason), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    # When an operator undid it; empty = it holds.
    Column("lifted_at", UtcDateTime),
    # One holds at a time; the others are the record of what was.
    Index(
        "uq_suppressions_holding",
        "subscriber_id",
        unique=True,
        sqlite_where=text("lifted_at IS NULL"),
        postgresql_where=text("lifted_at IS NULL"),
    ),
)
