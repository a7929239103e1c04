"""Readers have a rhythm, a week is a digest, and high changes go out at once."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_readers = sa.table(
    "subscribers",
    sa.column("id", sa.Integer),
    sa.column("language", sa.Text),
    sa.column("timezone", sa.Text),
    sa.column("cohort_key", sa.Text),
    sa.column("at_once", sa.Boolean),
)
_choices = sa.table(
    "choices",
    sa.column("subscriber_id", sa.Integer),
    sa.column("repository", sa.Text),
    sa.column("threshold", sa.Text),
)


def upgrade() -> None:
    op.add_column("subscribers", sa.Column("cadence", sa.String(32), server_default="daily", nullable=False))
    op.add_column("subscribers", sa.Column("weekday", sa.String(32), server_default="monday", nullable=False))
    op.add_column("subscribers", sa.Column("send_at", sa.Time(), nullable=True))
    op.add_column("subscribers", sa.Column("at_once", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        op.f("ix_subscribers_status_cadence_weekday_timezone_send_at"),
        "subscribers",
        ["status", "cadence", "weekday", "timezone", "send_at"],
    )
    op.drop_index(op.f("ix_subscribers_status_cohort_key_id"), table_name="subscribers")
    op.create_index(
        op.f("ix_subscribers_status_cohort_key_send_at_id"),
        "subscribers",
        ["status", "cohort_key", "send_at", "id"],
    )
    op.create_index(
        "ix_subscribers_at_once",
        "subscribers",
        ["status"],
        sqlite_where=sa.text("at_once"),
        postgresql_where=sa.text("at_once"),
    )
    op.add_column("deliveries", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("digests") as digests:
        digests.add_column(sa.Column("part", sa.Integer(), server_default=sa.text("0"), nullable=False))
        digests.add_column(sa.Column("keeps_hours", sa.Boolean(), server_default=sa.false(), nullable=False))
        digests.drop_constraint("uq_digests_cadence_day", type_="unique")
        digests.create_unique_constraint(op.f("uq_digests_cadence_day_part"), ["cadence", "day", "part"])
    with op.batch_alter_table("digest_items") as items:
        items.drop_constraint("uq_digest_items_cadence_commit_id", type_="unique")
    op.create_index(op.f("ix_digest_items_commit_id"), "digest_items", ["commit_id"])
    op.create_index(
        "uq_digest_items_daily",
        "digest_items",
        ["commit_id"],
        unique=True,
        sqlite_where=sa.text("cadence = 'daily'"),
        postgresql_where=sa.text("cadence = 'daily'"),
    )
    _name_cohorts(by_zone=True)


def downgrade() -> None:
    _name_cohorts(by_zone=False)
    # The version before knows days alone.
    others = "(SELECT id FROM digests WHERE cadence <> 'daily')"
    for table in ("deliveries", "renderings", "digest_summaries", "digest_items"):
        op.execute(f"DELETE FROM {table} WHERE digest_id IN {others}")  # noqa: S608 - names of our tables
    op.execute("DELETE FROM digests WHERE cadence <> 'daily'")
    op.drop_index("uq_digest_items_daily", table_name="digest_items")
    op.drop_index(op.f("ix_digest_items_commit_id"), table_name="digest_items")
    with op.batch_alter_table("digest_items") as items:
        items.create_unique_constraint(op.f("uq_digest_items_cadence_commit_id"), ["cadence", "commit_id"])
    with op.batch_alter_table("digests") as digests:
        digests.drop_constraint("uq_digests_cadence_day_part", type_="unique")
        digests.create_unique_constraint(op.f("uq_digests_cadence_day"), ["cadence", "day"])
        digests.drop_column("keeps_hours")
        digests.drop_column("part")
    op.drop_column("deliveries", "due_at")
    op.drop_index("ix_subscribers_at_once", table_name="subscribers")
    op.drop_index(op.f("ix_subscribers_status_cadence_weekday_timezone_send_at"), table_name="subscribers")
    op.drop_index(op.f("ix_subscribers_status_cohort_key_send_at_id"), table_name="subscribers")
    op.create_index(op.f("ix_subscribers_status_cohort_key_id"), "subscribers", ["status", "cohort_key", "id"])
    for column in ("at_once", "send_at", "weekday", "cadence"):
        op.drop_column("subscribers", column)


def _name_cohorts(*, by_zone: bool) -> None:
    """Name each cohort anew: by its zone as well, or by language and choices alone.

    One statement a cohort: those who had the same name, zone and wish have the same preferences.
    """
    connection = op.get_bind()
    same = (_readers.c.cohort_key, _readers.c.language, _readers.c.timezone, _readers.c.at_once)
    groups = connection.execute(sa.select(*same, sa.func.min(_readers.c.id).label("first")).group_by(*same)).all()
    named = []
    for group in groups:
        chosen = connection.execute(
            sa.select(_choices.c.repository, _choices.c.threshold)
            .where(_choices.c.subscriber_id == group.first)
            .order_by(_choices.c.repository)
        )
        choices = sorted([row.repository, row.threshold] for row in chosen)
        plain = [group.language, group.timezone, group.at_once, choices] if by_zone else [group.language, choices]
        key = hashlib.sha256(json.dumps(plain, separators=(",", ":")).encode()).hexdigest()[:32]
        named.append((group, key))
    for group, key in named:
        connection.execute(
            sa.update(_readers)
            .where(*(column == getattr(group, column.name) for column in same))
            .values(cohort_key=key)
        )
