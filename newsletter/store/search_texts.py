"""What a change is found by, kept in the transaction that writes its analysis."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Text, bindparam, cast, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis
from newsletter.digest.search_words import words_of
from newsletter.store.tables import commits, search_texts


def texts_of(message: str, sha: str, analysis: Analysis) -> tuple[str, ...]:
    """Return everything that a change is found by: its title, its object name, and what is said about it."""
    return (
        message.strip().partition("\n")[0],
        sha,
        analysis.summary,
        analysis.scope,
        *(insight.text for insight in analysis.insight),
        *analysis.risks,
        *analysis.advice,
        *analysis.areas,
    )


async def keep(connection: AsyncConnection, analysis_id: int, commit_id: int, analysis: Analysis) -> None:
    """Let a change be found by an analysis as it is now; belongs into the transaction that writes it."""
    row = (await connection.execute(select(commits.c.message, commits.c.sha).where(commits.c.id == commit_id))).one()
    texts = texts_of(row.message, row.sha, analysis)
    await connection.run_sync(lambda each: put(each, [(analysis_id, words_of(texts))]))


def put(connection: Connection, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Store the words of analyses; what was stored of them before is replaced.

    :param rows: of each analysis its id and its words.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        new = sqlite.insert(search_texts).values(analysis_id=bindparam("id"), words=bindparam("kept"))
        statement = new.on_conflict_do_update(index_elements=["analysis_id"], set_={"words": new.excluded.words})
        connection.execute(statement, [{"id": number, "kept": " ".join(words)} for number, words in rows])
        return
    vector = cast(bindparam("kept", type_=Text), TSVECTOR)
    other = postgresql.insert(search_texts).values(analysis_id=bindparam("id"), words=vector)
    connection.execute(
        other.on_conflict_do_update(index_elements=["analysis_id"], set_={"words": other.excluded.words}),
        [{"id": number, "kept": _vector(words)} for number, words in rows],
    )


def _vector(words: Sequence[str]) -> str:
    """Return the input of a ``tsvector``: each word with its place."""
    return " ".join(f"'{word}':{place}" for place, word in enumerate(words, start=1))
