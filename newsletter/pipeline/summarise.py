"""What a day brought to each repository: asked for once a digest and language, while nobody waits long for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from newsletter.analysis.analyst import Analyst, ModelAway
from newsletter.analysis.day import DaySummary, worth_telling
from newsletter.analysis.faults import ContextTooLong, ModelFault
from newsletter.analysis.record import Analysis
from newsletter.digest.record import Change
from newsletter.logs import get_logger
from newsletter.store import summaries
from newsletter.store.engine import Store

log = get_logger("summarise")

#: For all repositories of a digest in one language, seconds: the mails wait meanwhile.
PATIENCE = 60.0


async def summarise(
    digest_id: int,
    changes: Iterable[Change],
    *,
    language: str,
    store: Store,
    analyst: Analyst | None,
    now: datetime,
    patience: float = PATIENCE,
) -> dict[str, DaySummary]:
    """Return what is said of each repository's day, by its key; where a model says nothing, the rules will.

    That a model failed is stored as well: the mails of one digest all say the same, also after a restart.

    :param changes: as readers see them.
    :param analyst: None = what is stored is all there is.
    """
    async with store.read() as connection:
        found = await summaries.of_digest(connection, digest_id, language=language)
    if analyst is None or not analyst.asks_model:
        return found
    by_repository: dict[str, dict[str, Analysis]] = {}
    names: dict[str, str] = {}
    for change in changes:
        by_repository.setdefault(change.repository_key, {})[change.sha] = change.analysis
        names[change.repository_key] = change.repository
    asked = {key: told for key, own in by_repository.items() if key not in found and (told := worth_telling(own))}

    async def ask(key: str) -> tuple[str, DaySummary]:
        return key, await _asked(analyst, asked[key], repository=names[key], language=language, patience=patience)

    for key, summary in await asyncio.gather(*map(ask, asked)):
        found[key] = summary
        async with store.write() as transaction:
            await summaries.add(transaction.connection, digest_id, key, summary, language=language, now=now)
    return found


async def _asked(
    analyst: Analyst, changes: dict[str, Analysis], *, repository: str, language: str, patience: float
) -> DaySummary:
    try:
        async with asyncio.timeout(patience):
            return await analyst.summarise(changes, repository=repository, language=language)
    except (ModelAway, ModelFault, ContextTooLong, TimeoutError) as error:
        log.warning("the rules sum up the day", action="digest.summary_fallback", reason=str(error)[:200])
        return DaySummary()
