"""Analyses can be searched, and a repository is found under the names it had."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from newsletter.digest.search_words import words_of
from newsletter.store import search_texts

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AT_ONCE = 500
SQLITE_INDEX = (
    "CREATE VIRTUAL TABLE search_index USING fts5("
    "words, content='search_texts', content_rowid='analysis_id', tokenize='ascii')",
    "CREATE TRIGGER search_texts_inserted AFTER INSERT ON search_texts BEGIN"
    " INSERT INTO search_index (rowid, words) VALUES (new.analysis_id, new.words); END",
    "CREATE TRIGGER search_texts_deleted AFTER DELETE ON search_texts BEGIN"
    " INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.analysis_id, old.words); END",
    "CREATE TRIGGER search_texts_updated AFTER UPDATE ON search_texts BEGIN"
    " INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.analysis_id, old.words);"
    " INSERT INTO search_index (rowid, words) VALUES (new.analysis_id, new.words); END",
)


def upgrade() -> None:
    op.create_table(
        "former_names",
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("repository_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_former_names_repository_id_repositories"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("name_key", "repository_id", name=op.f("pk_former_names")),
    )
    op.create_table(
        "search_texts",
        sa.Column("analysis_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("words", sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis_id"], ["analyses.id"], name=op.f("fk_search_texts_analysis_id_analyses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis_id", name=op.f("pk_search_texts")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for statement in SQLITE_INDEX:
            op.execute(statement)
    else:
        op.create_index("ix_search_texts_words", "search_texts", ["words"], postgresql_using="gin")
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    """Take apart what is stored, in steps: all of it at once may be more than there is memory for."""
    after = 0
    while True:
        rows = connection.execute(
            sa.select(analyses, commits.c.message, commits.c.sha)
            .join(commits, commits.c.id == analyses.c.commit_id)
            .where(analyses.c.id > after)
            .order_by(analyses.c.id)
            .limit(AT_ONCE)
        ).all()
        if not rows:
            return
        search_texts.put(connection, [(row.id, words_of(_texts(row))) for row in rows])
        after = rows[-1].id


analyses = sa.table(
    "analyses",
    sa.column("id", sa.Integer),
    sa.column("commit_id", sa.Integer),
    sa.column("summary", sa.Text),
    sa.column("scope", sa.Text),
    *(sa.column(name, sa.JSON) for name in ("insight", "risks", "advice", "areas")),
)
commits = sa.table("commits", sa.column("id", sa.Integer), sa.column("message", sa.Text), sa.column("sha", sa.Text))


def _texts(row: sa.Row[tuple[object, ...]]) -> list[str]:
    return [
        row.message.strip().partition("\n")[0],
        row.sha,
        row.summary,
        row.scope or "",
        *(text for _, text in row.insight or ()),
        *row.risks,
        *row.advice,
        *row.areas,
    ]


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_texts")
    op.drop_table("former_names")
