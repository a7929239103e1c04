"""The tables of reports: which days are still to be reported, and what lies where."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from subscribers import UtcDateTime, metadata

reported_days = Table(
    "reported_days",
    metadata,
    Column("digest_id", ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    # Counts the closing and each time a better analysis came afterwards.
    Column("version", Integer, nullable=False, server_default=text("1")),
    # The version that was reported last.
    Column("reported", Integer, nullable=False, server_default=text("0")),
)

reports = Table(
    "reports",
    metadata,
    Column("digest_id", ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    Column("repository_id", ForeignKey("repositories.id"), primary_key=True),
    Column("language", Text, primary_key=True),
    # owner/name of the repository that it is committed to, lower case, and @branch where one is set.
    Column("target", Text, primary_key=True),
    # The repository's own folder within the path.
    Column("folder", Text, nullable=False),
    Column("path", Text, nullable=False),
    # Object name of what was about to be committed; empty once that is done.
    Column("intended_blob", Text),
    # Object name of what was committed, and when that was noted.
    Column("blob", Text),
    Column("committed_at", UtcDateTime),
    # When it was found edited or deleted by somebody else; it is theirs from then on.
    Column("left_at", UtcDateTime),
    Index(None, "target", "path"),
)
