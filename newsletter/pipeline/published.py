"""Closed days as everybody may read them: public repositories, the newest texts, in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.digest.assemble import assemble
from newsletter.digest.changes import grouped
from newsletter.digest.record import Change, Digest, Edition
from newsletter.logs import get_logger
from newsletter.pipeline.contents import change_of, with_periods
from newsletter.store import archive, summaries
from newsletter.store.archive import Written
from newsletter.store.digests import DigestItem, StoredDigest
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences

log = get_logger("archive")


@dataclass(frozen=True, kw_only=True)
class PublishedDay:
    """A closed day of public repositories."""

    closed_at: datetime
    #: With everything that there is; its language is that of whoever looks, a change's that of its analysis.
    edition: Edition
    #: When the newest text about a commit was written, by the repository's key and the object name.
    written_at: Mapping[tuple[str, str], datetime]

    def updated_at(self, change: Change) -> datetime:
        """Return when what is shown of a change became what it is now: the closing of the day, or a better text."""
        told = (self.written_at.get((commit.repository_key, commit.sha)) for commit in change.commits)
        return max([self.closed_at, *(at for at in told if at is not None)])


async def published(
    connection: AsyncConnection,
    digests: Sequence[StoredDigest],
    *,
    language: str,
    own: str,
    title: str,
    web_url: str,
    repository_id: int | None = None,
) -> tuple[PublishedDay, ...]:
    """Return some closed days; those that hold nothing public are left out.

    :param language: of whoever looks; where a change has no analysis in it, the newsletter's own is taken.
    :param own: the newsletter's language.
    :param web_url: where people read the repositories, without a slash at the end.
    :param repository_id: only this one's changes.
    """
    ids = [digest.id for digest in digests]
    items = await archive.items(connection, ids, repository_id=repository_id)
    texts = await archive.texts(connection, ids, languages=(language, own), repository_id=repository_id)
    found = []
    for digest in digests:
        told = await summaries.of_digest(connection, digest.id, language=language)
        commits = _commits(digest, items[digest.id], texts, language=language, web_url=web_url)
        whole = Digest(
            day=digest.day,
            timezone=digest.timezone,
            language=language,
            changes=_changes(commits),
            summaries=told,
        )
        everything = Preferences.of(language, [Choice(repository=EVERY_REPOSITORY, threshold=Level.LOW)])
        edition = assemble(whole, everything, title=title)
        if edition is not None:
            written_at = {
                (item.repository_key, item.sha): texts[item.commit_id].at
                for item in items[digest.id]
                if item.commit_id in texts
            }
            found.append(PublishedDay(closed_at=digest.closed_at, edition=edition, written_at=written_at))
    return tuple(found)


def _commits(
    digest: StoredDigest, items: Sequence[DigestItem], texts: Mapping[int, Written], *, language: str, web_url: str
) -> tuple[Change, ...]:
    changes = tuple(
        change_of(
            item,
            texts[item.commit_id].analysis if item.commit_id in texts else None,
            web_url=web_url,
            day=digest.day,
            language=language,
        )
        for item in items
    )
    return with_periods(changes, web_url)


def _changes(commits: tuple[Change, ...]) -> tuple[Change, ...]:
    try:
        return grouped(commits)
    except Exception:
        # As in the mails: whatever is wrong with what joins them, each is shown by itself.
        log.exception("the commits of a day are shown one by one", action="archive.not_grouped")
        return commits
