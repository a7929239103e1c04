"""What a model failed at is tried again, what it said is reused, a day has a summary, and operators are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commits", sa.Column("patch_id", sa.Text(), nullable=True))
    op.create_index(op.f("ix_commits_repository_id_patch_id"), "commits", ["repository_id", "patch_id"])
    op.add_column("analyses", sa.Column("retries", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_index(op.f("ix_analyses_created_at"), "analyses", ["created_at"])
    op.create_table(
        "digest_summaries",
        sa.Column("digest_id", sa.Integer(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sentences", sa.JSON(), nullable=False),
        sa.Column("highlights", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["digest_id"], ["digests.id"], name=op.f("fk_digest_summaries_digest_id_digests"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"], ["repositories.id"], name=op.f("fk_digest_summaries_repository_id_repositories")
        ),
        sa.PrimaryKeyConstraint("digest_id", "repository_id", "language", name=op.f("pk_digest_summaries")),
    )
    op.create_table(
        "alarms",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_alarms")),
    )


def downgrade() -> None:
    op.drop_table("alarms")
    op.drop_table("digest_summaries")
    op.drop_index(op.f("ix_analyses_created_at"), table_name="analyses")
    op.drop_column("analyses", "retries")
    op.drop_index(op.f("ix_commits_repository_id_patch_id"), table_name="commits")
    op.drop_column("commits", "patch_id")
