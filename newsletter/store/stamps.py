"""Whether what a page of the archive was made from is unchanged: asked for every request, so it has to be cheap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, and_, bindparam, func, select

from newsletter.store.archive import public
from newsletter.store.states import Cadence
from newsletter.store.tables import analyses, commits, digest_items, digest_summaries, digests, repositories

#: It is another one as soon as anything else is to be shown; it can be compared and has no other use.
Stamp = tuple[object, ...]


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days that a page was made from, both ends included; as far as there are any, by default."""

    first: date = date.min
    last: date = date.max


def stamp(connection: Connection, span: Span) -> Stamp:
    """Return what tells the present contents of some days from all others.

    They change when a day is closed; when a repository becomes private or public, or gets another name; when an
    analysis is written, mended, or tried again in vain; and when a day is summed up. Counts tell these apart whichever
    transaction is durable first, which an instant would not: analyses are only ever added, those by a fallback become
    fewer by each one that is mended, and the tries of the others only grow.
    """
    days = {"first": span.first, "last": span.last}
    names = connection.execute(_NAMES, days).all()
    return tuple(map(tuple, names)), tuple(connection.execute(_COUNTS, days).one())


def neighbours(connection: Connection, span: Span) -> tuple[date | None, date | None]:
    """Return the last day before some days, and the first after them, that hold something public."""
    row = connection.execute(_NEIGHBOURS, {"first": span.first, "last": span.last}).one()
    return row.earlier, row.later


def _within() -> ColumnElement[bool]:
    day = digests.c.day.type
    return and_(
        digests.c.cadence == Cadence.DAILY,
        digests.c.day.between(bindparam("first", type_=day), bindparam("last", type_=day)),
    )


def _beside() -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    day = digests.c.day.type
    shows = public(select(commits.c.id)).where(digest_items.c.digest_id == digests.c.id).exists()
    days = select(digests.c.day).where(digests.c.cadence == Cadence.DAILY, shows).limit(1)
    earlier = days.where(digests.c.day < bindparam("first", type_=day)).order_by(digests.c.day.desc())
    later = days.where(digests.c.day > bindparam("last", type_=day)).order_by(digests.c.day)
    return earlier.scalar_subquery().label("earlier"), later.scalar_subquery().label("later")


def _summaries() -> ScalarSelect[int]:
    joined = digest_summaries.join(digests, digests.c.id == digest_summaries.c.digest_id)
    return select(func.count()).select_from(joined).where(_within()).scalar_subquery()


def _counts() -> Select[tuple[Any, ...]]:
    return (
        select(
            func.count(),
            func.count(analyses.c.fallback),
            func.sum(analyses.c.retries),
            func.max(analyses.c.created_at),
            _summaries(),
            *_beside(),
        )
        .select_from(digests)
        .join(digest_items, digest_items.c.digest_id == digests.c.id)
        .join(analyses, analyses.c.commit_id == digest_items.c.commit_id)
        .where(_within())
    )


def _names() -> Select[tuple[Any, ...]]:
    return (
        public(select(digests.c.id, repositories.c.id, repositories.c.full_name))
        .join(digests, digests.c.id == digest_items.c.digest_id)
        .where(_within())
        .distinct()
        .order_by(digests.c.id, repositories.c.id)
    )


# Made once: making them takes longer than running them.
_COUNTS, _NAMES, _NEIGHBOURS = _counts(), _names(), select(*_beside())
