"""The tables of digests: what they hold, the mails rendered from them, and the ledger of deliveries."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from newsletter.delivery.record import DeliveryStatus, SkipReason
from newsletter.store.states import Cadence
from subscribers import UtcDateTime, metadata, word

digests = Table(
    "digests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cadence", word(Cadence), nullable=False),
    Column("day", Date, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("closed_at", UtcDateTime, nullable=False),
    # When every cohort was rendered and every delivery queued; empty = still to do.
    Column("composed_at", UtcDateTime),
    # Of several of one cadence and day, as those at once are, which one it is; 0 = there is only this one.
    Column("part", Integer, nullable=False, server_default=text("0")),
    # Whether each reader gets it at their own hour; else as soon as it is composed.
    Column("keeps_hours", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("cadence", "day", "part"),
)

digest_items = Table(
    "digest_items",
    metadata,
    Column("digest_id", ForeignKey("digests.id", ondelete="CASCADE"), primary_key=True),
    Column("commit_id", ForeignKey("commits.id"), primary_key=True, index=True),
    # Repeated from the digest, so that the database itself refuses a commit in two daily digests.
    Column("cadence", word(Cadence), nullable=False),
    Column("late", Boolean, nullable=False),
    Index(
        "uq_digest_items_daily",
        "commit_id",
        unique=True,
        sqlite_where=text("cadence = 'daily'"),
        postgresql_where=text("cadence = 'daily'"),
    ),
)

renderings = Table(
    "renderings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest_id", ForeignKey("digests.id", ondelete="CASCADE"), nullable=False),
    Column("cohort_key", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    # The words in text and html that stand for each reader's own tokens; none for preferences in mails before there was
    # a page for them.
    Column("unsubscribe_slot", Text, nullable=False),
    Column("preferences_slot", Text),
    # Under which the archive shows the mail, and which nobody can guess; none where it holds anything private.
    Column("view_key", Text, index=True, unique=True),
    UniqueConstraint("digest_id", "cohort_key"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest_id", ForeignKey("digests.id"), nullable=False),
    Column("subscriber_id", ForeignKey("subscribers.id"), nullable=False, index=True),
    # None where there was nothing to say to the reader.
    Column("rendering_id", Integer),
    Column("status", word(DeliveryStatus), nullable=False),
    Column("skip_reason", word(SkipReason)),
    # Made once, the same on every attempt.
    Column("message_id", Text, unique=True),
    # Those that count against the recipient.
    Column("attempts", Integer, nullable=False, default=0),
    # Those that were refused for what we are; they only lengthen the pause.
    Column("refusals", Integer, nullable=False, server_default=text("0")),
    # The first attempt that counts, since it was queued.
    Column("patience_from", UtcDateTime),
    Column("next_attempt_at", UtcDateTime),
    # The server's last reply, as it gave it.
    Column("reply_code", Integer),
    Column("reply", Text),
    # When its reader wants it; empty = at once.
    Column("due_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["rendering_id"], ["renderings.id"]),
    UniqueConstraint("digest_id", "subscriber_id"),
    Index(None, "status", "digest_id", "next_attempt_at"),
)
