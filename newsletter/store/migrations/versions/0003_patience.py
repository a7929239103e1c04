"""Patience counts from the first attempt, refusals of us are counted apart, and open work is found fast."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("refusals", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("deliveries", sa.Column("patience_from", sa.DateTime(timezone=True), nullable=True))
    # What was attempted before this version keeps the patience it was promised.
    op.execute("UPDATE deliveries SET patience_from = created_at WHERE attempts > 0")
    op.create_index(
        "ix_commits_unanalysed",
        "commits",
        ["reached_at"],
        unique=False,
        sqlite_where=sa.text("level IS NULL"),
        postgresql_where=sa.text("level IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_commits_unanalysed", table_name="commits")
    op.drop_column("deliveries", "patience_from")
    op.drop_column("deliveries", "refusals")
