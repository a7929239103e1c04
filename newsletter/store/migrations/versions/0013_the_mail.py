"""A mail has a link to its reader's preferences, and one under which the archive shows it to anybody who has it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("renderings", sa.Column("preferences_slot", sa.Text(), nullable=True))
    op.add_column("renderings", sa.Column("view_key", sa.Text(), nullable=True))
    op.create_index(op.f("ix_renderings_view_key"), "renderings", ["view_key"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_renderings_view_key"), table_name="renderings")
    op.drop_column("renderings", "view_key")
    op.drop_column("renderings", "preferences_slot")
