"""The table of mails that came in."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text

from subscribers import UtcDateTime, metadata

inbound_mails = Table(
    "inbound_mails",
    metadata,
    Column("id", Integer, primary_key=True),
    # Of recipient and content: the same mail twice is one.
    Column("digest", Text, nullable=False, unique=True),
    # The address of ours it was written to.
    Column("recipient", Text, nullable=False),
    # Empty once it is handled: what people write is not kept.
    Column("body", LargeBinary),
    Column("received_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime),
    # What it was.
    Column("kind", Text),
    Index(None, "handled_at", "received_at"),
)
