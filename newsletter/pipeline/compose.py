"""A closed day becomes one mail for each cohort and one row of the ledger for each reader."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import uuid4

import subscribers
from newsletter.analysis.analyst import Analyst
from newsletter.analysis.day import DaySummary
from newsletter.analysis.record import Fallback
from newsletter.delivery.record import SkipReason
from newsletter.digest.assemble import assemble
from newsletter.digest.bars import first_day
from newsletter.digest.changes import grouped
from newsletter.digest.check import Allowed, faults_of
from newsletter.digest.record import Change, Digest, Edition, RecordedCommits, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.errors import StoreUnavailable
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.pipeline.contents import bare, change_of, log_bare, with_periods
from newsletter.pipeline.missing import write_missing
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Jobs, Kind
from newsletter.pipeline.summarise import summarise
from newsletter.pipeline.unfit import UnfitMail, end_alarm, hold_back
from newsletter.store import analyses, deliveries, digests, recorded
from newsletter.store.deliveries import NewDelivery
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from subscribers import Choice, Cohort, Level, Preferences

log = get_logger("compose")

#: Rows of the ledger written in one transaction, so that nobody else waits long for the database.
ROWS_PER_TRANSACTION = 500
#: In the place of an operator who does not want to be written to.
NOBODY = Operator()
#: In a mail that nobody gets.
PREVIEW = Slots(unsubscribe_token="preview", preferences_token="preview", view_key="preview")  # noqa: S106 - no tokens


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
    #: Whether a model is asked; then what the rules write in its place says so.
    with_model: bool = False


async def compose(
    digest_id: int,
    *,
    store: Store,
    jobs: Jobs,
    imprint: Imprint,
    now: datetime,
    analyst: Analyst | None = None,
    operator: Operator = NOBODY,
) -> None:
    """Render a digest for every cohort and queue its deliveries. Where it was interrupted, it goes on.

    :param analyst: sums up the day of each repository, where it asks a model.
    :param operator: is told of mails that must not be sent.
    :raises HeldBack: there are such; the others are on their way, and composing again makes up for them.
    """
    async with store.read() as connection:
        digest = await digests.by_id(connection, digest_id)
        cohorts = await subscribers.active_cohorts(connection)
    if digest is None or digest.composed:
        return
    editions = _Editions(digest, store=store, imprint=imprint, now=now, analyst=analyst)
    queued, unfit = 0, list[UnfitMail]()
    for cohort in cohorts:
        try:
            queued += await _compose_cohort(digest, cohort, editions, store=store, domain=imprint.domain, now=now)
        except UnfitMail as error:
            # What is wrong is in the alarm below; here, whose mail it is.
            log.warning("a mail is unfit", action="digest.unfit", digest=digest_id, cohort=cohort.key)
            unfit.append(error)
    if unfit:
        raise await hold_back(digest, unfit, store=store, jobs=jobs, operator=operator, now=now)
    await end_alarm(store=store, now=now)
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
    :raises UnfitMail: it would be held back; the error has the mail, where there is one.
    """
    async with store.read() as connection:
        digest = await digests.by_day(connection, day)
    if digest is None:
        raise LookupError(f"{day} is not closed yet")
    editions = _Editions(digest, store=store, imprint=imprint, now=now, keeps=False)
    return await editions.render(preferences, PREVIEW)


async def _compose_cohort(
    digest: StoredDigest, cohort: Cohort, editions: _Editions, *, store: Store, domain: str, now: datetime
) -> int:
    async with store.read() as connection:
        rendering_id = await digests.rendering_id(connection, digest.id, cohort.key)
    if rendering_id is None:
        # Nobody outside can know the words, so no commit can hold one and be filled with somebody's token.
        slots = Slots(
            unsubscribe_token=f"slot-{secrets.token_hex(16)}",
            preferences_token=f"slot-{secrets.token_hex(16)}",
            view_key=secrets.token_urlsafe(24),
        )
        rendering = await editions.render(cohort.preferences, slots)
        if rendering is not None:
            async with store.write() as transaction:
                rendering_id = await digests.add_rendering(
                    transaction.connection,
                    digest.id,
                    cohort.key,
                    rendering,
                    slots=slots,
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
    :param analyst: sums up the days; None = what is stored of that is all there is.
    """

    def __init__(
        self,
        digest: StoredDigest,
        *,
        store: Store,
        imprint: Imprint,
        now: datetime,
        keeps: bool = True,
        analyst: Analyst | None = None,
    ) -> None:
        self._digest = digest
        self._store = store
        self._imprint = imprint
        self._now = now
        self._keeps = keeps
        self._analyst = analyst
        self._by_language: dict[str, Digest] = {}
        self._recorded: tuple[RecordedCommits, ...] | None = None

    async def render(self, preferences: Preferences, slots: Slots) -> Rendering | None:
        language = preferences.language if preferences.language in supported_languages() else self._imprint.language
        digest = self._by_language.get(language)
        if digest is None:
            digest = self._by_language[language] = await self._load(language)
        try:
            return await self._print(digest, preferences, slots)
        except Exception:  # noqa: BLE001 - and raised again where no single change is to blame
            digest = await self._printable(digest, slots)
        try:
            rendering = await self._print_bare(digest, preferences, slots)
        except UnfitMail:
            raise
        except Exception as error:
            log.exception("a mail cannot be made", action="digest.not_printed")
            raise UnfitMail([f"it cannot be made: {error!r}"[:300]]) from error
        self._by_language[language] = digest
        return rendering

    async def _print_bare(self, digest: Digest, preferences: Preferences, slots: Slots) -> Rendering | None:
        try:
            return await self._print(digest, preferences, slots)
        except Exception:
            # Each of them can be printed, so what joins them is to blame.
            log.exception("the commits of a day are shown one by one", action="digest.not_grouped")
            return await self._print(replace(digest, summaries={}), preferences, slots, joins=False)

    async def _print(
        self, digest: Digest, preferences: Preferences, slots: Slots, *, joins: bool = True
    ) -> Rendering | None:
        if joins:
            digest = replace(digest, changes=grouped(digest.changes))
        edition = assemble(digest, preferences, title=self._imprint.title)
        if edition is None:
            return None
        # A large day takes a second: in a thread, so that webhooks are answered meanwhile.
        return await asyncio.to_thread(self._checked, edition, slots)

    def _checked(self, edition: Edition, slots: Slots) -> Rendering:
        renderer = self._imprint.renderer
        rendering = renderer.render(edition, slots)
        allowed = Allowed(base_url=renderer.base_url, github_url=self._imprint.github_url)
        if faults := faults_of(rendering, edition, slots, allowed=allowed):
            raise UnfitMail(faults, rendering)
        return rendering

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
                log_bare(change.sha, error)
                changes.append(bare(change, day=self._digest.day))
        return replace(digest, changes=tuple(changes))

    async def _load(self, language: str) -> Digest:
        async with self._store.read() as connection:
            items = await digests.items(connection, self._digest.id)
            found = await analyses.of_digest(connection, self._digest.id, language=language)
            if self._recorded is None:
                self._recorded = await recorded.between(connection, first_day(self._digest.day), self._digest.day)
        missing = [item for item in items if item.commit_id not in found]
        found |= await write_missing(
            missing,
            language,
            store=self._store,
            fallback=Fallback.DUE if self._imprint.with_model else None,
            keeps=self._keeps,
            now=self._now,
        )
        web = self._imprint.github_url
        changes = tuple(
            change_of(item, found.get(item.commit_id), web_url=web, day=self._digest.day, language=language)
            for item in items
        )
        changes = with_periods(changes, web)
        return Digest(
            day=self._digest.day,
            timezone=self._digest.timezone,
            language=language,
            changes=changes,
            summaries=await self._summaries(changes, language),
            recorded=self._recorded,
        )

    async def _summaries(self, changes: tuple[Change, ...], language: str) -> Mapping[str, DaySummary]:
        """Return what is said of each repository's day; nothing that fails here can stop a digest."""
        try:
            return await summarise(
                self._digest.id,
                grouped(changes),
                language=language,
                store=self._store,
                analyst=self._analyst,
                now=self._now,
            )
        except StoreUnavailable:
            raise
        except Exception:
            log.exception("a day could not be summed up", action="digest.not_summed_up")
            return {}
