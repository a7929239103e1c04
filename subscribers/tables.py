"""The tables of readers, and the metadata that the service's own tables join.

One :class:`sqlalchemy.MetaData` for the whole database lets a delivery refer to its reader by a foreign key although
this package knows nothing of deliveries.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Time,
    TypeDecorator,
    false,
    text,
)

from subscribers.level import Level
from subscribers.record import Status
from subscribers.rhythm import Cadence, Weekday

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware on the way in, UTC on the way out, on SQLite (which has no zones) as on PostgreSQL."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Turn an aware time into UTC.

        :raises ValueError: the time is naive, so nobody can know which instant it means.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - ditto
        """Return the stored instant, aware."""
        if value is None:
            return None
        instant: datetime = value
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def word(enum: type[StrEnum]) -> Enum:
    """Return a column type that stores an enum by its value, as text without a database type of its own."""
    return Enum(
        enum,
        native_enum=False,
        length=32,
        create_constraint=False,
        values_callable=lambda kind: [m.value for m in kind],
    )


subscribers = Table(
    "subscribers",
    metadata,
    Column("id", Integer, primary_key=True),
    # As the reader wrote it: this is where the mail goes.
    Column("address", Text, nullable=False),
    # Folded for comparison, so that one mailbox is one reader.
    Column("address_key", Text, nullable=False, unique=True),
    Column("status", word(Status), nullable=False),
    Column("language", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    # Equal for readers whose digest reads the same; cohorts are found by it.
    Column("cohort_key", Text, nullable=False),
    Column("cadence", word(Cadence), nullable=False, server_default=Cadence.DAILY.value),
    # Of the weekly digest.
    Column("weekday", word(Weekday), nullable=False, server_default=Weekday.MONDAY.value),
    # Local; empty = the newsletter's hour.
    Column("send_at", Time),
    # Whether high changes come at once.
    Column("at_once", Boolean, nullable=False, server_default=false()),
    Column("created_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    CheckConstraint("address <> ''", name="address_given"),
    Index(None, "status", "cohort_key", "send_at", "id"),
    # At which hours, and on which weekdays, somebody wants mail is asked twice a minute.
    Index(None, "status", "cadence", "weekday", "timezone", "send_at"),
    # Most readers want nothing at once.
    Index("ix_subscribers_at_once", "status", sqlite_where=text("at_once"), postgresql_where=text("at_once")),
    # Links in mails hold the id: it must never become another reader's.
    sqlite_autoincrement=True,
)

choices = Table(
    "choices",
    metadata,
    Column("subscriber_id", ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True),
    Column("repository", Text, primary_key=True),
    Column("threshold", word(Level), nullable=False),
)
