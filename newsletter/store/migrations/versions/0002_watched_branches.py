"""Watched branches: which ones, how far they are known, and when that was last compared with GitHub."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("repositories", sa.Column("branch_patterns", sa.JSON(), nullable=True))
    op.add_column("repositories", sa.Column("poll_seconds", sa.Integer(), nullable=True))
    op.add_column("repositories", sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "branches",
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("head_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_branches_repository_id_repositories")
        ),
        sa.PrimaryKeyConstraint("repository_id", "name", name=op.f("pk_branches")),
    )


def downgrade() -> None:
    op.drop_table("branches")
    op.drop_column("repositories", "reconciled_at")
    op.drop_column("repositories", "poll_seconds")
    op.drop_column("repositories", "branch_patterns")
