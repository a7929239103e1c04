"""Analyses that a digest needs and nobody wrote: its first reader of a language came after the change was analysed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Fallback
from newsletter.analysis.rules import analyse_by_rules
from newsletter.pipeline.contents import log_bare
from newsletter.store import analyses, commits
from newsletter.store.digests import DigestItem
from newsletter.store.engine import Store


async def write_missing(
    items: Sequence[DigestItem], language: str, *, store: Store, fallback: Fallback | None, keeps: bool, now: datetime
) -> dict[int, Analysis]:
    """Let the rules write; returns the analyses by commit, without what they cannot analyse.

    :param fallback: what is said of it, where a model is asked otherwise.
    :param keeps: whether what is written is stored.
    :raises LookupError: a commit vanished.
    """
    written: dict[int, Analysis] = {}
    for item in items:
        async with store.read() as connection:
            commit = await commits.load(connection, item.commit_id)
        if commit is None:
            raise LookupError(f"commit {item.commit_id} vanished")
        try:
            analysis = analyse_by_rules(commit.subject, language=language, level=item.level, fallback=fallback)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go out
            log_bare(item.sha, error)
            continue
        if keeps:
            async with store.write() as transaction:
                await analyses.add(transaction.connection, item.commit_id, analysis, version=VERSION, now=now)
        written[item.commit_id] = analysis
    return written
