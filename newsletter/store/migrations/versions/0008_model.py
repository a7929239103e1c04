"""What a model's second look adds to an analysis; its usage is counted by repository as well."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("analyses", sa.Column("scope", sa.Text(), nullable=True))
    op.add_column("analyses", sa.Column("insight", sa.JSON(), nullable=True))
    # Another primary key: a table of a few rows a day is made anew, on both databases alike.
    kept = [dict(row) for row in _rows("SELECT day, model, input_tokens, output_tokens, requests FROM model_usage")]
    op.drop_table("model_usage")
    table = op.create_table(
        "model_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("day", "model", "repository", name=op.f("pk_model_usage")),
    )
    op.bulk_insert(table, [{**row, "repository": ""} for row in kept])


def downgrade() -> None:
    kept = _rows(
        "SELECT day, model, sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,"
        " sum(requests) AS requests FROM model_usage GROUP BY day, model"
    )
    rows = [dict(row) for row in kept]
    op.drop_table("model_usage")
    table = op.create_table(
        "model_usage",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        *_counts(),
        sa.PrimaryKeyConstraint("day", "model", name=op.f("pk_model_usage")),
    )
    op.bulk_insert(table, rows)
    op.drop_column("analyses", "insight")
    op.drop_column("analyses", "scope")


def _counts() -> tuple[sa.Column[int], ...]:
    return (
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
    )


def _rows(statement: str) -> sa.MappingResult:
    wanted = sa.text(statement).columns(
        day=sa.Date(),
        model=sa.Text(),
        input_tokens=sa.BigInteger(),
        output_tokens=sa.BigInteger(),
        requests=sa.Integer(),
    )
    return op.get_bind().execute(wanted).mappings()
