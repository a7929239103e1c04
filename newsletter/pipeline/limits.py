"""A limit of GitHub's is no failure: nobody was away, and the work is as good as before once it is over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from newsletter.github.faults import RateLimited
from newsletter.github.limit import FIRST_PAUSE
from newsletter.logs import get_logger
from newsletter.pipeline.port import Job, NotYet

log = get_logger("github")


@contextmanager
def waiting_for_limits(job: Job) -> Iterator[None]:
    """Put a job off where GitHub's limit is reached: however long it lasts, it costs no attempt.

    The client has told of it, once for all requests.

    :raises NotYet: instead of :class:`RateLimited`.
    """
    try:
        yield
    except RateLimited as limit:
        pause = limit.retry_after or FIRST_PAUSE
        log.debug("a job waits for GitHub", action="github.waiting", kind=job.kind.value, key=job.key)
        raise NotYet(str(limit), after=pause) from limit
