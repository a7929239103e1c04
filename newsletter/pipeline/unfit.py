"""A mail that must not be sent: it is held back, the operator is told, and once the cause is mended it is made anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from newsletter.digest.check import MOST_FAULTS
from newsletter.digest.record import Rendering
from newsletter.errors import NewsletterError
from newsletter.logs import get_logger
from newsletter.metrics import mails_unfit
from newsletter.pipeline.alarm import write_once
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Jobs, Kind
from newsletter.store import alarms
from newsletter.store.digests import StoredDigest
from newsletter.store.engine import Store

log = get_logger("compose")

#: Name of the alarm.
MAIL = "mail"


class UnfitMail(NewsletterError):
    """A mail cannot be made, or must not be sent.

    :param faults: what is wrong with it, a sentence each.
    :param rendering: the mail, where there is one.
    """

    def __init__(self, faults: Sequence[str], rendering: Rendering | None = None) -> None:
        self.faults = tuple(faults)
        self.rendering = rendering
        super().__init__("the mail is not fit to be sent: " + "; ".join(self.faults))


class HeldBack(NewsletterError):
    """Some cohorts' mails of a digest are held back; the digest is composed again later, and the others went out."""

    def __init__(self, day: date, faults: Sequence[str], cohorts: int) -> None:
        self.day = day
        self.faults = tuple(faults)
        self.cohorts = cohorts
        mails = "mail" if cohorts == 1 else "mails"
        super().__init__(f"{cohorts} {mails} of {day} held back, not fit to be sent: {'; '.join(self.faults)}")


async def hold_back(
    digest: StoredDigest, unfit: Sequence[UnfitMail], *, store: Store, jobs: Jobs, operator: Operator, now: datetime
) -> HeldBack:
    """Let the other mails of a digest go out, and tell the operator of these; returns what is to be raised.

    The operator hears of them in the log and in the metric each time, by mail once a day.
    """
    async with store.write() as transaction:
        await jobs.put(transaction, Kind.DELIVER, str(digest.id))
    faults = dict.fromkeys(fault for error in unfit for fault in error.faults)
    held = HeldBack(digest.day, tuple(faults)[:MOST_FAULTS], len(unfit))
    mails_unfit.set(held.cohorts)
    log.error("mails are held back", action="digest.held_back", day=held.day.isoformat(), cohorts=held.cohorts)
    async with store.write() as transaction:
        await alarms.begin(transaction.connection, MAIL, now=now)
    subject, text = letter_of(held)
    await write_once(MAIL, subject, text, store=store, operator=operator, now=now)
    return held


async def end_alarm(*, store: Store, now: datetime) -> None:
    """Note that every mail is fit again; costs one look where there is no alarm."""
    mails_unfit.set(0)
    async with store.read() as connection:
        alarm = await alarms.load(connection, MAIL)
    if alarm is None or alarm.ended_at is not None:
        return
    async with store.write() as transaction:
        await alarms.end(transaction.connection, MAIL, now=now)
    log.info("no mail is held back any more", action="digest.held_back_no_more")


def letter_of(held: HeldBack) -> tuple[str, str]:
    """Return the subject and the text of the mail: how many are held back, why, and what to do."""
    lines = [
        f"The mails of {held.cohorts} of the groups of readers for {held.day} are held back: the check before sending",
        "found that they must not go out. All other mails do.",
        "",
        *(f"  - {fault}" for fault in held.faults),
        "",
        "If NEWSLETTER_TEMPLATES_DIR is set, please look at your own templates with `newsletter digests preview`;",
        "else please report it with the lines above. The mails are made anew by themselves every few minutes, and",
        "after a restart of the service; nothing is lost meanwhile, and nobody gets a mail twice.",
        "",
        "The next mail about this comes in 24 hours at the earliest, if it is not over by then.",
        "",
    ]
    return f"Mails of {held.day} are held back", "\n".join(lines)
