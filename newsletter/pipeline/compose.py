"""A closed day becomes one mail for each cohort and one row of the ledger for each reader."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from uuid import uuid4

import subscribers
from newsletter.analysis.prompt import VERSION
from newsletter.analysis.record import Analysis, Source
from newsletter.analysis.record import Kind as ChangeKind
from newsletter.analysis.rules import analyse_by_rules
from newsletter.delivery.record import SkipReason
from newsletter.digest.assemble import assemble
from newsletter.digest.record import Change, Digest, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.digest.sanitise import LONGEST_READ
from newsletter.github.links import commit_url, pull_request_number, pull_request_url, repository_url
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import analyses, commits, deliveries, digests
from newsletter.store.deliveries import NewDelivery
from newsletter.store.digests import DigestItem, StoredDigest
from newsletter.store.engine import Store
from subscribers import Choice, Cohort, Level, Preferences

log = get_logger("compose")

#: Rows of the ledger written in one transaction, so that nobody else waits long for the database.
ROWS_PER_TRANSACTION = 500


@dataclass(frozen=True, kw_only=True)
class Imprint:
    """What the digests of a newsletter have in common."""

    title: str
    #: The newsletter's own language, for readers whose language is not supported any more.
    language: str
    #: Where people read the repositories, for example ``https://github.com``.
    github_url: str
    #: Right side of Message-IDs.
    domain: str
    renderer: Renderer


async def compose(digest_id: int, *, store: Store, jobs: Jobs, imprint: Imprint, now: datetime) -> None:
    """Render a digest for every cohort and queue its deliveries. Where it was interrupted, it goes on."""
    async with store.read() as connection:
        digest = await digests.by_id(connection, digest_id)
        cohorts = await subscribers.active_cohorts(connection)
    if digest is None or digest.composed:
        return
    editions = _Editions(digest, store=store, imprint=imprint, now=now)
    queued = 0
    for cohort in cohorts:
        queued += await _compose_cohort(digest, cohort, editions, store=store, domain=imprint.domain, now=now)
    async with store.write() as transaction:
        await digests.mark_composed(transaction.connection, digest_id, now=now)
        await jobs.put(transaction, Kind.DELIVER, str(digest_id))
    log.info("digest composed", action="digest.composed", digest=digest_id, cohorts=len(cohorts), deliveries=queued)


async def preview(
    day: date, preferences: Preferences, *, store: Store, imprint: Imprint, now: datetime
) -> Rendering | None:
    """Render a closed day as a reader with these preferences gets it, without storing or sending anything.

    :returns: None where nothing of the day reaches their threshold.
    :raises LookupError: the day is not closed.
    """
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
    if digest is None:
        raise LookupError(f"{day} is not closed yet")
    editions = _Editions(digest, store=store, imprint=imprint, now=now, keeps=False)
    return await editions.render(preferences, Slots(unsubscribe_token="preview"))  # noqa: S106 - no token at all


async def _compose_cohort(
    digest: StoredDigest, cohort: Cohort, editions: _Editions, *, store: Store, domain: str, now: datetime
) -> int:
    async with store.read() as connection:
        rendering_id = await digests.rendering_id(connection, digest.id, cohort.key)
    if rendering_id is None:
        # Nobody outside can know the word, so no commit can hold it and be filled with somebody's token.
        slots = Slots(unsubscribe_token=f"slot-{secrets.token_hex(16)}")
        rendering = await editions.render(cohort.preferences, slots)
        if rendering is not None:
            async with store.write() as transaction:
                rendering_id = await digests.add_rendering(
                    transaction.connection,
                    digest.id,
                    cohort.key,
                    rendering,
                    unsubscribe_slot=slots.unsubscribe_token,
                )
    queued = after = 0
    while True:
        async with store.read() as connection:
            members = await subscribers.members(connection, cohort.key, after=after, limit=ROWS_PER_TRANSACTION)
        if not members:
            return queued
        rows = [_row(subscriber_id, rendering_id, digest.day, domain) for subscriber_id in members]
        async with store.write() as transaction:
            queued += await deliveries.queue(transaction.connection, digest.id, rows, now=now)
        after = members[-1]


def _row(subscriber_id: int, rendering_id: int | None, day: date, domain: str) -> NewDelivery:
    if rendering_id is None:
        return NewDelivery(
            subscriber_id=subscriber_id, rendering_id=None, message_id=None, skip_reason=SkipReason.NOTHING_TO_SAY
        )
    return NewDelivery(
        subscriber_id=subscriber_id,
        rendering_id=rendering_id,
        message_id=f"<{day:%Y%m%d}.{uuid4().hex}@{domain}>",
    )


class _Editions:
    """Renders one digest for cohort after cohort; what they share is loaded once a language.

    No change can stop a digest: one that cannot be analysed, read or printed is bare, with its title and its link.

    :param keeps: whether analyses that had to be written are stored.
    """

    def __init__(
        self, digest: StoredDigest, *, store: Store, imprint: Imprint, now: datetime, keeps: bool = True
    ) -> None:
        self._digest = digest
        self._store = store
        self._imprint = imprint
        self._now = now
        self._keeps = keeps
        self._by_language: dict[str, Digest] = {}

    async def render(self, preferences: Preferences, slots: Slots) -> Rendering | None:
        language = preferences.language if preferences.language in supported_languages() else self._imprint.language
        digest = self._by_language.get(language)
        if digest is None:
            digest = self._by_language[language] = await self._load(language)
        try:
            return await self._print(digest, preferences, slots)
        except Exception:  # noqa: BLE001 - and raised again where no single change is to blame
            digest = await self._printable(digest, slots)
            rendering = await self._print(digest, preferences, slots)
        self._by_language[language] = digest
        return rendering

    async def _print(self, digest: Digest, preferences: Preferences, slots: Slots) -> Rendering | None:
        edition = assemble(digest, preferences, title=self._imprint.title)
        if edition is None:
            return None
        # A large day takes a second: in a thread, so that webhooks are answered meanwhile.
        return await asyncio.to_thread(self._imprint.renderer.render, edition, slots)

    async def _printable(self, digest: Digest, slots: Slots) -> Digest:
        """Return a digest in which every change that cannot be printed by itself is bare."""
        changes = []
        for change in digest.changes:
            everything = Choice(repository=change.repository_key, threshold=Level.LOW)
            alone = replace(digest, changes=(change,))
            try:
                await self._print(alone, Preferences.of(digest.language, [everything]), slots)
                changes.append(change)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go out
                _log_bare(change.sha, error)
                changes.append(self._bare(change))
        return replace(digest, changes=tuple(changes))

    async def _load(self, language: str) -> Digest:
        async with self._store.read() as connection:
            items = await digests.items(connection, self._digest.id)
            found = await analyses.of_digest(connection, self._digest.id, language=language)
        missing = [item for item in items if item.commit_id not in found]
        found |= await self._write_missing(missing, language)
        return Digest(
            day=self._digest.day,
            timezone=self._digest.timezone,
            language=language,
            changes=tuple(self._change(item, found.get(item.commit_id), language) for item in items),
        )

    async def _write_missing(self, items: Sequence[DigestItem], language: str) -> dict[int, Analysis]:
        """Let the rules write what has no analysis in this language: its first reader came after it was analysed.

        What they cannot analyse is left out.
        """
        written: dict[int, Analysis] = {}
        for item in items:
            async with self._store.read() as connection:
                commit = await commits.load(connection, item.commit_id)
            if commit is None:
                raise LookupError(f"commit {item.commit_id} vanished")
            try:
                analysis = analyse_by_rules(commit.subject, language=language, level=item.level)
            except Exception as error:  # noqa: BLE001 - as above
                _log_bare(item.sha, error)
                continue
            if self._keeps:
                async with self._store.write() as transaction:
                    await analyses.add(transaction.connection, item.commit_id, analysis, version=VERSION, now=self._now)
            written[item.commit_id] = analysis
        return written

    def _change(self, item: DigestItem, analysis: Analysis | None, language: str) -> Change:
        web = self._imprint.github_url
        known = Change(
            repository_key=item.repository_key,
            repository=item.repository,
            repository_url=repository_url(web, item.repository),
            private=item.private,
            sha=item.sha,
            title=_title_of(item.message),
            author=item.author,
            url=commit_url(web, item.repository, item.sha),
            reached_at=item.reached_at,
            additions=item.additions,
            deletions=item.deletions,
            analysis=analysis or _nothing_said(item.level, language),
            late=item.late,
        )
        if analysis is None:
            return self._bare(known)
        try:
            number = pull_request_number(known.title)
            url = pull_request_url(web, item.repository, number) if number else None
        except Exception as error:  # noqa: BLE001 - as above
            _log_bare(item.sha, error)
            return self._bare(known)
        return replace(known, pull_request=number, pull_request_url=url)

    def _bare(self, change: Change) -> Change:
        """Return a change of which only the title and the link are left, and the noon of its day."""
        return replace(
            change,
            author="",
            pull_request=None,
            pull_request_url=None,
            reached_at=datetime.combine(self._digest.day, time(12), UTC),
            additions=0,
            deletions=0,
            analysis=_nothing_said(change.level, change.analysis.language),
        )


def _title_of(message: str) -> str:
    """Return the first line of a message that is not blank, up to as many characters as a mail looks at."""
    beginning = message.strip()[:LONGEST_READ]
    return next(iter(beginning.splitlines()), "").rstrip()


def _nothing_said(level: Level, language: str) -> Analysis:
    return Analysis(
        language=language,
        level=level,
        kind=ChangeKind.CHORE,
        summary="",
        areas=(),
        reasons=(),
        files_read=0,
        files_total=0,
        source=Source.RULES,
    )


def _log_bare(sha: str, error: Exception) -> None:
    log.error(
        "a change is shown with its title alone", action="digest.change_left_bare", sha=sha, reason=repr(error)[:300]
    )
