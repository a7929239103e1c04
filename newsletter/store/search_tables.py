"""The tables behind the archive's search, and the names that repositories had.

On SQLite the words of each analysis are in an FTS5 table as well, which triggers keep the same as ``search_texts``
(sqlite.org/fts5.html#external_content_tables), so that no statement can change one of the two alone. On PostgreSQL they
are a ``tsvector`` under a GIN index.
"""

from __future__ import annotations

from sqlalchemy import Column, Connection, ForeignKey, Index, Table, Text, event
from sqlalchemy.dialects.postgresql import TSVECTOR

from subscribers import metadata

search_texts = Table(
    "search_texts",
    metadata,
    Column("analysis_id", ForeignKey("analyses.id", ondelete="CASCADE"), primary_key=True),
    # Those of the title and of the analysis, as newsletter.digest.search_words takes them apart.
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
)

Index("ix_search_texts_words", search_texts.c.words, postgresql_using="gin").ddl_if(dialect="postgresql")

former_names = Table(
    "former_names",
    metadata,
    # As GitHub compares names: without case.
    Column("name_key", Text, primary_key=True),
    Column("repository_id", ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True),
)

#: Nothing but ASCII is looked at in the words, which are made of letters and digits and parted by spaces.
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


@event.listens_for(search_texts, "after_create")
def _index(_table: Table, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "sqlite":
        for statement in SQLITE_INDEX:
            connection.exec_driver_sql(statement)
