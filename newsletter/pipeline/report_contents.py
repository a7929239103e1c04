"""What a report is written from: the commits of a closed day with their newest analyses in one language."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.analysis.record import Analysis, Fallback
from newsletter.analysis.rules import analyse_by_rules
from newsletter.digest.record import Digest
from newsletter.pipeline.contents import change_of, log_bare, with_periods
from newsletter.store import analyses, commits, digests, summaries
from newsletter.store.digests import DigestItem, StoredDigest
from newsletter.store.engine import Store


async def load_day(
    digest: StoredDigest,
    *,
    store: Store,
    language: str,
    github_url: str,
    with_model: bool = False,
    wanted: Callable[[DigestItem], bool] = lambda _: True,
) -> Digest:
    """Return a closed day as it is to be told now; nothing is stored.

    What has no analysis in this language is analysed by the rules, and what they cannot analyse is bare.

    :param github_url: where people read the repositories, without a slash at the end.
    :param with_model: whether a model is asked; then what the rules write in its place says so.
    :param wanted: which of its commits are told.
    """
    async with store.read() as connection:
        items = [item for item in await digests.items(connection, digest.id) if wanted(item)]
        found = await analyses.of_digest(connection, digest.id, language=language)
        said = await summaries.of_digest(connection, digest.id, language=language)
    for item in items:
        if item.commit_id not in found and (written := await _written(item, store, language, with_model)):
            found[item.commit_id] = written
    changes = tuple(
        change_of(item, found.get(item.commit_id), web_url=github_url, day=digest.day, language=language)
        for item in items
    )
    return Digest(
        day=digest.day,
        timezone=digest.timezone,
        language=language,
        changes=with_periods(changes, github_url),
        summaries=said,
    )


async def _written(item: DigestItem, store: Store, language: str, with_model: bool) -> Analysis | None:
    fallback = Fallback.DUE if with_model else None
    async with store.read() as connection:
        commit = await commits.load(connection, item.commit_id)
    if commit is None:
        return None
    try:
        return analyse_by_rules(commit.subject, language=language, level=item.level, fallback=fallback)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others are told
        log_bare(item.sha, error)
        return None
