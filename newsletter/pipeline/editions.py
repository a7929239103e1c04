"""One digest, rendered for cohort after cohort: what they share is loaded once a language."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from newsletter.analysis.analyst import Analyst
from newsletter.analysis.day import DaySummary
from newsletter.analysis.record import Fallback
from newsletter.digest.assemble import assemble
from newsletter.digest.bars import first_day
from newsletter.digest.changes import grouped, marked
from newsletter.digest.check import Allowed, faults_of
from newsletter.digest.record import Cadence, Change, Digest, Edition, RecordedCommits, Rendering, Slots, Told
from newsletter.digest.render import Renderer
from newsletter.errors import StoreUnavailable
from newsletter.languages import supported_languages
from newsletter.logs import get_logger
from newsletter.pipeline.contents import bare, change_of, log_bare, with_periods
from newsletter.pipeline.hours import zone_of
from newsletter.pipeline.missing import write_missing
from newsletter.pipeline.summarise import summarise
from newsletter.pipeline.unfit import UnfitMail
from newsletter.store import analyses, bundles, digests, recorded, weeks
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store
from subscribers import Choice, Level, Preferences

log = get_logger("compose")


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
    #: When readers get their mail who named no hour, in their own zone.
    send_at: time = time(8)


class Editions:
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
        """Return a cohort's mail; None where nothing of the digest reaches its thresholds.

        :raises UnfitMail: it cannot be made, or must not be sent.
        """
        language = preferences.language if preferences.language in supported_languages() else self._imprint.language
        digest = self._by_language.get(language)
        if digest is None:
            digest = self._by_language[language] = await self._load(language)
        told = await self._told(preferences)
        zone = zone_of(preferences.timezone, ZoneInfo(digest.timezone))
        preferences = replace(preferences, timezone=zone.key)
        try:
            return await self._print(digest, preferences, slots, told)
        except Exception:  # noqa: BLE001 - and raised again where no single change is to blame
            digest = await self._printable(digest, slots)
        try:
            rendering = await self._print_bare(digest, preferences, slots, told)
        except UnfitMail:
            raise
        except Exception as error:
            log.exception("a mail cannot be made", action="digest.not_printed")
            raise UnfitMail([f"it cannot be made: {error!r}"[:300]]) from error
        self._by_language[language] = digest
        return rendering

    async def _told(self, preferences: Preferences) -> Told:
        """Return what the cohort was mailed at once, and when."""
        if not preferences.at_once or self._digest.cadence is Cadence.AT_ONCE:
            return {}
        async with self._store.read() as connection:
            return await bundles.told(connection, self._digest.id, preferences.key)

    async def _print_bare(self, digest: Digest, preferences: Preferences, slots: Slots, told: Told) -> Rendering | None:
        try:
            return await self._print(digest, preferences, slots, told)
        except Exception:
            # Each of them can be printed, so what joins them is to blame.
            log.exception("the commits of a day are shown one by one", action="digest.not_grouped")
            return await self._print(replace(digest, summaries={}), preferences, slots, told, joins=False)

    async def _print(
        self, digest: Digest, preferences: Preferences, slots: Slots, told: Told, *, joins: bool = True
    ) -> Rendering | None:
        changes = grouped(digest.changes) if joins else digest.changes
        digest = replace(digest, changes=marked(changes, told))
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
                await self._print(alone, Preferences.of(digest.language, [everything]), slots, {})
                changes.append(change)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go out
                log_bare(change.sha, error)
                changes.append(bare(change, day=self._digest.day))
        return replace(digest, changes=tuple(changes))

    async def _load(self, language: str) -> Digest:
        async with self._store.read() as connection:
            items = await digests.items(connection, self._digest.id)
            found = await analyses.of_digest(connection, self._digest.id, language=language)
            archived = await weeks.days_of(connection, self._digest.id) if self._is_of_several_days else {}
            if self._recorded is None:
                self._recorded = await self._last_days(connection)
        missing = [item for item in items if item.commit_id not in found]
        found |= await write_missing(
            missing,
            language,
            store=self._store,
            fallback=Fallback.DUE if self._imprint.with_model else None,
            keeps=self._keeps,
            now=self._now,
        )
        web, day = self._imprint.github_url, self._digest.day
        changes = tuple(
            replace(
                change_of(item, found.get(item.commit_id), web_url=web, day=day, language=language),
                archive_day=archived.get(item.commit_id),
            )
            for item in items
        )
        changes = with_periods(changes, web)
        return Digest(
            day=day,
            timezone=self._digest.timezone,
            language=language,
            changes=changes,
            summaries=await self._summaries(changes, language),
            recorded=self._recorded,
            cadence=self._digest.cadence,
        )

    @property
    def _is_of_several_days(self) -> bool:
        return self._digest.cadence is Cadence.WEEKLY

    async def _last_days(self, connection: AsyncConnection) -> tuple[RecordedCommits, ...]:
        """Return what the last days brought: a day is compared with them, and nothing else is."""
        if self._digest.cadence is not Cadence.DAILY:
            return ()
        return await recorded.between(connection, first_day(self._digest.day), self._digest.day)

    async def _summaries(self, changes: tuple[Change, ...], language: str) -> Mapping[str, DaySummary]:
        """Return what is said of each repository's day; nothing that fails here can stop a digest.

        A model is asked about days alone: a week points at what its days pointed at.
        """
        if self._is_of_several_days:
            async with self._store.read() as connection:
                pointed = await weeks.highlights(connection, self._digest.id, language=language)
            return {key: DaySummary(highlights=shas) for key, shas in pointed.items()}
        if self._digest.cadence is Cadence.AT_ONCE:
            return {}
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
