"""The commits of a digest as the changes that are printed, with links that we build. Nothing here can stop a digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from newsletter.analysis.record import Analysis, Source
from newsletter.analysis.record import Kind as ChangeKind
from newsletter.digest.changes import period
from newsletter.digest.record import Change
from newsletter.digest.sanitise import LONGEST_READ
from newsletter.github.links import commit_url, compare_url, pull_request_number, pull_request_url, repository_url
from newsletter.github.message import co_authors, reverted_sha, title_of
from newsletter.logs import get_logger
from newsletter.store.digests import DigestItem
from subscribers import Level

log = get_logger("compose")


def change_of(item: DigestItem, analysis: Analysis | None, *, web_url: str, day: date, language: str) -> Change:
    """Return a commit of a digest as one change; without an analysis, or where it cannot be read, a bare one.

    :param web_url: where people read the repositories, without a slash at the end.
    """
    known = Change(
        repository_key=item.repository_key,
        repository=item.repository,
        repository_url=repository_url(web_url, item.repository),
        private=item.private,
        sha=item.sha,
        title=title_of(item.message, most=LONGEST_READ),
        author=item.author,
        url=commit_url(web_url, item.repository, item.sha),
        reached_at=item.reached_at,
        additions=item.additions,
        deletions=item.deletions,
        analysis=analysis or _nothing_said(item.level, language),
        late=item.late,
        parents=item.parents,
    )
    if analysis is None:
        return bare(known, day=day)
    try:
        number = pull_request_number(known.title)
        url = pull_request_url(web_url, item.repository, number) if number else None
        together, reverts = co_authors(item.message), reverted_sha(item.message)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go out
        log_bare(item.sha, error)
        return bare(known, day=day)
    return replace(known, pull_request=number, pull_request_url=url, co_authors=together, reverts=reverts)


def plain(item: DigestItem) -> Change:
    """Return a commit of which only what it says of itself counts, to see what it took back; nothing is printed."""
    try:
        return change_of(item, _nothing_said(item.level, ""), web_url="", day=item.reached_at.date(), language="")
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others go out
        log_bare(item.sha, error)
        return change_of(item, None, web_url="", day=item.reached_at.date(), language="")


def bare(change: Change, *, day: date) -> Change:
    """Return a change of which only the title and the link are left, and the noon of its day."""
    return replace(
        change,
        author="",
        co_authors=(),
        reverts=None,
        pull_request=None,
        pull_request_url=None,
        reached_at=datetime.combine(day, time(12), UTC),
        additions=0,
        deletions=0,
        analysis=_nothing_said(change.level, change.analysis.language),
    )


def with_periods(changes: tuple[Change, ...], web_url: str) -> tuple[Change, ...]:
    """Give the commits of each repository the link to all that reached it on the day, where both ends are known."""
    by_repository: dict[str, list[Change]] = {}
    for change in changes:
        by_repository.setdefault(change.repository_key, []).append(change)
    urls: dict[str, str | None] = {}
    for key, own in by_repository.items():
        ends = period(own)
        urls[key] = compare_url(web_url, own[0].repository, *ends) if ends else None
    return tuple(replace(change, compare_url=urls[change.repository_key]) for change in changes)


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


def log_bare(sha: str, error: Exception) -> None:
    """Say that a change could not be analysed, read or printed."""
    log.error(
        "a change is shown with its title alone", action="digest.change_left_bare", sha=sha, reason=repr(error)[:300]
    )
