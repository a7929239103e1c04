"""Analyses: one a commit, language and version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.record import Analysis, Aspect, Insight, Reason, Signal
from newsletter.store import search_texts
from newsletter.store.tables import analyses, commits, digest_items
from newsletter.store.upsert import insert_new
from subscribers import Level


async def add(connection: AsyncConnection, commit_id: int, analysis: Analysis, *, version: int, now: datetime) -> bool:
    """Store an analysis; returns False where there is one of this language and version already."""
    result = await connection.execute(
        insert_new(connection, analyses)
        .values(
            commit_id=commit_id,
            language=analysis.language,
            version=version,
            created_at=now,
            **values_of(analysis),
        )
        .returning(analyses.c.id)
    )
    analysis_id = result.scalar_one_or_none()
    if analysis_id is None:
        return False
    await search_texts.keep(connection, analysis_id, commit_id, analysis)
    return True


def values_of(analysis: Analysis) -> dict[str, Any]:
    """Return the columns of an analysis, without its key."""
    return {
        "level": analysis.level,
        "kind": analysis.kind,
        "summary": analysis.summary,
        "areas": list(analysis.areas),
        "reasons": [[reason.signal.value, reason.detail] for reason in analysis.reasons],
        "scope": analysis.scope,
        "insight": [[insight.aspect.value, insight.text] for insight in analysis.insight],
        "risks": list(analysis.risks),
        "advice": list(analysis.advice),
        "files_read": analysis.files_read,
        "files_total": analysis.files_total,
        "source": analysis.source,
        "model": analysis.model,
        "fallback": analysis.fallback,
    }


async def in_language(connection: AsyncConnection, commit_id: int, *, language: str, version: int) -> Analysis | None:
    """Return a commit's analysis in a language, of this version; None where there is none."""
    wanted = select(analyses).where(
        analyses.c.commit_id == commit_id, analyses.c.language == language, analyses.c.version == version
    )
    row = (await connection.execute(wanted)).one_or_none()
    return record_of(row) if row else None


async def languages_of(connection: AsyncConnection, commit_id: int, *, version: int) -> frozenset[str]:
    """Return the languages in which a commit has an analysis of this version."""
    rows = await connection.execute(
        select(analyses.c.language).where(analyses.c.commit_id == commit_id, analyses.c.version == version)
    )
    return frozenset(rows.scalars())


async def level_of(connection: AsyncConnection, commit_id: int) -> Level | None:
    """Return a commit's level: the frozen one, or that of its first analysis; None where there is neither."""
    first = (
        select(analyses.c.level).where(analyses.c.commit_id == commits.c.id).order_by(analyses.c.id).limit(1)
    ).scalar_subquery()
    level: Level | None = (
        await connection.execute(select(func.coalesce(commits.c.level, first)).where(commits.c.id == commit_id))
    ).scalar_one_or_none()
    return level


async def of_digest(connection: AsyncConnection, digest_id: int, *, language: str) -> dict[int, Analysis]:
    """Return the newest analysis of each commit of a digest in one language; commits without one are left out."""
    rows = await connection.execute(
        select(analyses)
        .join(digest_items, digest_items.c.commit_id == analyses.c.commit_id)
        .where(digest_items.c.digest_id == digest_id, analyses.c.language == language)
        .order_by(analyses.c.version)
    )
    return {row.commit_id: record_of(row) for row in rows}


def record_of(row: Row[Any]) -> Analysis:
    """Return the analysis of a row."""
    return Analysis(
        language=row.language,
        level=row.level,
        kind=row.kind,
        summary=row.summary,
        areas=tuple(row.areas),
        reasons=tuple(Reason(signal=Signal(signal), detail=detail) for signal, detail in row.reasons),
        scope=row.scope or "",
        insight=tuple(Insight(aspect=Aspect(aspect), text=text) for aspect, text in row.insight or ()),
        risks=tuple(row.risks),
        advice=tuple(row.advice),
        files_read=row.files_read,
        files_total=row.files_total,
        source=row.source,
        model=row.model,
        fallback=row.fallback,
    )
