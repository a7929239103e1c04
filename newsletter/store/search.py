"""The archive's search: which commits of closed days have the words that somebody looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, Text, cast, column, exists, literal, select, table
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis, Kind
from newsletter.digest.search_words import AND_SO_ON, Phrase
from newsletter.store.analyses import record_of
from newsletter.store.states import Cadence
from newsletter.store.tables import analyses, commits, digest_items, digests, repositories, search_texts
from subscribers import Level

_INDEX = table("search_index", column("rowid"))


@dataclass(frozen=True, kw_only=True)
class Found:
    """A commit of a closed day that was searched for."""

    commit_id: int
    day: date
    repository: str
    sha: str
    message: str
    level: Level
    #: In every language in which it has the words.
    analyses: tuple[Analysis, ...]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is searched for."""

    #: All of them, in one analysis or its title.
    phrases: tuple[Phrase, ...]
    #: The lowest level.
    level: Level = Level.LOW
    #: Our own id of the repository.
    repository_id: int | None = None
    kind: Kind | None = None


async def find(connection: AsyncConnection, wanted: Wanted, *, offset: int, limit: int) -> tuple[Found, ...]:
    """Return the commits of closed days, in public repositories, that have everything wanted: the newest day first."""
    if not wanted.phrases:
        return ()
    newer = analyses.alias("newer")
    is_old = exists().where(
        newer.c.commit_id == analyses.c.commit_id,
        newer.c.language == analyses.c.language,
        newer.c.version > analyses.c.version,
    )
    hits = [analyses.c.id.in_(_matching(connection, wanted.phrases)), ~is_old]
    if wanted.kind is not None:
        hits.append(analyses.c.kind == wanted.kind)
    conditions: list[ColumnElement[bool]] = [
        commits.c.id.in_(select(analyses.c.commit_id).where(*hits)),
        digests.c.cadence == Cadence.DAILY,
        repositories.c.private.is_(False),
        commits.c.level.in_([level for level in Level if level.reaches(wanted.level)]),
    ]
    if wanted.repository_id is not None:
        conditions.append(repositories.c.id == wanted.repository_id)
    rows = (
        await connection.execute(
            select(commits.c.id, digests.c.day, repositories.c.full_name, commits.c.sha, commits.c.message)
            .add_columns(commits.c.level)
            .join(digest_items, digest_items.c.commit_id == commits.c.id)
            .join(digests, digests.c.id == digest_items.c.digest_id)
            .join(repositories, repositories.c.id == commits.c.repository_id)
            .where(*conditions)
            .order_by(digests.c.day.desc(), commits.c.reached_at.desc(), commits.c.id.desc())
            .offset(offset)
            .limit(limit)
        )
    ).all()
    texts: dict[int, list[Analysis]] = {row.id: [] for row in rows}
    for row in await connection.execute(select(analyses).where(analyses.c.commit_id.in_(texts), *hits)):
        texts[row.commit_id].append(record_of(row))
    return tuple(
        Found(
            commit_id=row.id,
            day=row.day,
            repository=row.full_name,
            sha=row.sha,
            message=row.message,
            level=row.level,
            analyses=tuple(texts[row.id]),
        )
        for row in rows
    )


def _matching(connection: AsyncConnection, phrases: Sequence[Phrase]) -> ScalarSelect[int]:
    """Return the ids of the analyses that have every phrase; none of it is read as a query by a database."""
    if connection.dialect.name == "sqlite":
        matches = sql("search_index MATCH :wanted").bindparams(wanted=_fts5(phrases))
        return select(_INDEX.c.rowid).where(matches).scalar_subquery()
    query = cast(literal(_tsquery(phrases), Text), TSQUERY)
    return select(search_texts.c.analysis_id).where(search_texts.c.words.op("@@")(query)).scalar_subquery()


def _fts5(phrases: Sequence[Phrase]) -> str:
    """Return FTS5's query for phrases (sqlite.org/fts5.html#full_text_query_syntax): their words have no quotes."""
    return " AND ".join(
        f'"{" ".join(phrase).removesuffix(AND_SO_ON)}"' + (" *" if phrase[-1].endswith(AND_SO_ON) else "")
        for phrase in phrases
    )


def _tsquery(phrases: Sequence[Phrase]) -> str:
    """Return PostgreSQL's (…/docs/current/datatype-textsearch.html#DATATYPE-TSQUERY)."""
    return " & ".join(
        " <-> ".join(
            f"'{word.removesuffix(AND_SO_ON)}'" + (":*" if word.endswith(AND_SO_ON) else "") for word in phrase
        )
        for phrase in phrases
    )
