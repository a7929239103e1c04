"""The tables around the model: what it cost, what it said of a day, and what an operator was told about it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, ForeignKey, Integer, Table, Text

from newsletter.analysis.record import Source
from subscribers import UtcDateTime, metadata, word

model_usage = Table(
    "model_usage",
    metadata,
    # A UTC day: providers count in UTC.
    Column("day", Date, primary_key=True),
    Column("model", Text, primary_key=True),
    # Its name at the time; empty = from before it was counted apart.
    Column("repository", Text, primary_key=True),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("requests", Integer, nullable=False),
)

digest_summaries = Table(
    "digest_summaries",
    metadata,
    Column("digest_id", ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    Column("repository_id", ForeignKey("repositories.id"), primary_key=True),
    Column("language", Text, primary_key=True),
    # [text, [sha, …]] each: a sentence and the commits that it is about.
    Column("sentences", JSON, nullable=False),
    # Object names of the commits worth pointing at, the most important first.
    Column("highlights", JSON, nullable=False),
    Column("source", word(Source), nullable=False),
    Column("model", Text),
    Column("created_at", UtcDateTime, nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    # What it is about.
    Column("name", Text, primary_key=True),
    Column("raised_at", UtcDateTime, nullable=False),
    # Empty while it lasts.
    Column("ended_at", UtcDateTime),
    # When an operator was last written to; kept from one outage to the next.
    Column("mailed_at", UtcDateTime),
)
