"""The hours at which somebody wants mail: those of the readers, and the newsletter's own."""

from __future__ import annotations

from datetime import time
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

import subscribers
from newsletter.digest.schedule import LocalHour


async def hours_wanted(connection: AsyncConnection, *, send_at: time, zone: ZoneInfo) -> frozenset[LocalHour]:
    """Return every hour at which some active reader wants a digest, and the newsletter's own.

    :param send_at: the newsletter's; also that of every reader who named none, in their own zone.
    """
    hours = await subscribers.send_hours(connection)
    own = LocalHour(at=send_at, zone=zone)
    return frozenset(
        (own, *(LocalHour(at=hour.send_at or send_at, zone=zone_of(hour.timezone, zone)) for hour in hours))
    )


def zone_of(name: str, otherwise: ZoneInfo) -> ZoneInfo:
    """Return a reader's zone; where this machine does not know it any more, the newsletter's."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        return otherwise
