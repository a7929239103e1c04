"""Which repository came through which installation of the GitHub App, and which delivery was asked for again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("repositories", sa.Column("by_hand_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("repositories", sa.Column("installation_id", sa.BigInteger(), nullable=True))
    op.add_column("repositories", sa.Column("stopped", sa.String(length=32), nullable=True))
    # Until now only operators added any.
    op.execute("UPDATE repositories SET by_hand_at = added_at")
    op.create_index(op.f("ix_repositories_installation_id"), "repositories", ["installation_id"], unique=False)
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("compared_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
    )
    op.create_table(
        "missed_hooks",
        sa.Column("app_id", sa.BigInteger(), nullable=False),
        sa.Column("hook_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("app_id", "hook_id", name=op.f("pk_missed_hooks")),
    )
    op.create_table(
        "hook_logs",
        sa.Column("app_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app_id", name=op.f("pk_hook_logs")),
    )


def downgrade() -> None:
    op.drop_table("hook_logs")
    op.drop_table("missed_hooks")
    op.drop_table("installations")
    # What is not followed any more was never told apart before: it would be followed again.
    op.drop_index(op.f("ix_repositories_installation_id"), table_name="repositories")
    op.drop_column("repositories", "stopped")
    op.drop_column("repositories", "installation_id")
    op.drop_column("repositories", "by_hand_at")
