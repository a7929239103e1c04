"""How an operator hears of something that lasts: by one mail in a while, whatever comes and goes meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from newsletter.pipeline.operator import Operator
from newsletter.store import alarms
from newsletter.store.engine import Store

#: Between two mails about the same matter.
MAIL_PAUSE = timedelta(hours=24)


async def write_once(name: str, subject: str, text: str, *, store: Store, operator: Operator, now: datetime) -> None:
    """Write to the operator about an alarm that is raised, unless somebody did so lately.

    :param name: of the alarm.
    """
    async with store.read() as connection:
        alarm = await alarms.load(connection, name)
    if alarm is None or (alarm.mailed_at is not None and alarm.mailed_at > now - MAIL_PAUSE):
        return

    async def claim() -> bool:
        async with store.write() as transaction:
            return await alarms.claim_mail(transaction.connection, name, not_since=now - MAIL_PAUSE, now=now)

    if not await operator.write(subject, text, claim=claim, now=now):
        async with store.write() as transaction:
            await alarms.unclaim_mail(transaction.connection, name, claimed=now)
