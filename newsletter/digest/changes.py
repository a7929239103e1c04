"""The commits of a day become changes as readers see them. Pure.

A merge leads what it brought; a revert is paired with its original; the parts of a series, new versions of dependencies
and what recurs are put together. Every commit is in exactly one change, and a change has the highest level of its
commits, so that whatever reaches a reader's threshold is named in their mail. What is mere routine is put together by
level: an urgent update is never hidden among others, and never lifts them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from newsletter.analysis.record import Analysis, Kind
from newsletter.digest.history import History
from newsletter.digest.record import EQUALS, REVERTS, UNDONE, Bond, Change, Told
from newsletter.digest.titles import bump_of, comparable, is_robot, part_of, reverted_title, shape_of
from subscribers import Level

#: Of risks and of advice, over all commits of a change.
_MOST_ITEMS = 5
#: From so many on, what recurs is put together; what a program does, from two on.
_RECURS = 3
_RECURS_BY_ROBOT = 2
_ADDED_UP = frozenset({Bond.SERIES, *EQUALS})


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """Commits that belong together, by their places in the day."""

    lead: int
    members: tuple[int, ...] = ()
    bond: Bond | None = None


def grouped(commits: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes of a day, each where its leading commit was.

    :param commits: of one digest, one a change, in the order in which they reached their branches.
    """
    by_repository: dict[str, list[int]] = {}
    for place, commit in enumerate(commits):
        by_repository.setdefault(commit.repository_key, []).append(place)
    found: dict[int, Change] = {}
    for places in by_repository.values():
        own = [commits[place] for place in places]
        for bundle in _bundles(own):
            found[places[bundle.lead]] = _joined([own[bundle.lead], *(own[i] for i in bundle.members)], bundle.bond)
    return tuple(found[place] for place in sorted(found))


def undone(commits: Sequence[Change]) -> frozenset[tuple[str, str]]:
    """Return the commits of which nothing is left, and what took them back, by key of the repository and sha."""
    return frozenset(
        (commit.repository_key, commit.sha)
        for change in grouped(commits)
        if change.bond in UNDONE
        for commit in change.commits
    )


def marked(changes: Sequence[Change], told: Told) -> tuple[Change, ...]:
    """Return changes that say when their readers were told of them; of several commits the first time counts."""
    if not told:
        return tuple(changes)
    return tuple(replace(change, told_at=_first_told(change, told)) for change in changes)


def _first_told(change: Change, told: Told) -> datetime | None:
    instants = (told.get((commit.repository_key, commit.sha)) for commit in change.commits)
    return min((instant for instant in instants if instant is not None), default=None)


def period(commits: Sequence[Change]) -> tuple[str, str] | None:
    """Return the object names between which everything lies that reached a repository on a day.

    The first is what the branch pointed at before, the second its last commit; None where they are not both known, or
    several branches moved.
    """
    return History(commits).period()


def _bundles(commits: Sequence[Change]) -> list[_Bundle]:
    bundles = _with_reverts(commits, _merges(commits))
    for alike, bond, key in (
        (_series, Bond.SERIES, _series_key),
        (_dependencies, Bond.DEPENDENCIES, _dependency_key),
        (_recurring, Bond.RECURRING, _recurring_key),
    ):
        bundles = _with_alike(commits, bundles, bond, key, alike)
    return bundles


def _merges(commits: Sequence[Change]) -> list[_Bundle]:
    brought = History(commits).brought()
    below = {place for places in brought.values() for place in places}
    return [
        _Bundle(lead=place, members=tuple(members), bond=Bond.MERGE)
        if (members := brought.get(place))
        else _Bundle(lead=place)
        for place in range(len(commits))
        if place not in below
    ]


def _with_reverts(commits: Sequence[Change], bundles: list[_Bundle]) -> list[_Bundle]:
    """Pair each revert with what it took back, and a revert of that with both.

    What was pushed first is what was taken back, so only earlier ones are looked at, and of equal titles the latest.
    """
    by_sha: dict[str, int] = {}
    by_title: dict[str, int] = {}
    #: The bundle that holds each leading commit in the end, and whether what it is about is in at that moment.
    holder: dict[int, int] = {}
    is_in: dict[int, bool] = {}
    found: dict[int, _Bundle] = {}
    for bundle in bundles:
        lead = commits[bundle.lead]
        title = comparable(lead.title)
        quoted = reverted_title(lead.title)
        original = _original(commits, bundle, by_sha, by_title, quoted)
        if original is None:
            holder[bundle.lead] = bundle.lead
            is_in[bundle.lead] = quoted is None and lead.reverts is None
            found[bundle.lead] = bundle
        else:
            root = holder[bundle.lead] = holder[original]
            is_in[bundle.lead] = not is_in[original]
            first = found[root]
            found[root] = replace(
                first,
                members=(*first.members, bundle.lead, *bundle.members),
                bond=_REVERT_BONDS[is_in[root], is_in[bundle.lead]],
            )
        for place in (bundle.lead, *(bundle.members if len(bundle.members) == 1 else ())):
            by_sha[commits[place].sha] = bundle.lead
        if title:
            by_title[title] = bundle.lead
    return list(found.values())


#: By whether the first commit put something in, and whether it is in after the last one.
_REVERT_BONDS = {
    (True, False): Bond.REVERTED,
    (True, True): Bond.REAPPLIED,
    (False, True): Bond.RESTORED,
    (False, False): Bond.REVERTED_AGAIN,
}


def _original(
    commits: Sequence[Change],
    bundle: _Bundle,
    by_sha: dict[str, int],
    by_title: dict[str, int],
    quoted: str | None,
) -> int | None:
    """Return the leading commit, among the earlier ones, of what a bundle takes back."""
    lead = commits[bundle.lead]
    named = lead.reverts or (commits[bundle.members[0]].reverts if len(bundle.members) == 1 else None)
    if named:
        if named in by_sha:
            return by_sha[named]
        found = next((place for sha, place in by_sha.items() if sha.startswith(named)), None)
        if found is not None:
            return found
    return by_title.get(quoted) if quoted else None


def _with_alike(
    commits: Sequence[Change],
    bundles: list[_Bundle],
    bond: Bond,
    key_of: Callable[[Change], Hashable | None],
    parts_of: Callable[[Sequence[Change], list[int]], Iterable[list[int]]],
) -> list[_Bundle]:
    """Put single commits of the same key together, as far as they make one change."""
    by_key: dict[Hashable, list[int]] = {}
    for bundle in bundles:
        if bundle.bond is None and (key := key_of(commits[bundle.lead])) is not None:
            by_key.setdefault(key, []).append(bundle.lead)
    joined = [
        _Bundle(lead=lead, members=tuple(members), bond=bond)
        for places in by_key.values()
        if len(places) > 1
        for lead, *members in parts_of(commits, places)
    ]
    taken = {place for bundle in joined for place in (bundle.lead, *bundle.members)}
    return [bundle for bundle in bundles if bundle.lead not in taken] + joined


def _series_key(commit: Change) -> Hashable | None:
    part = part_of(commit.title)
    return (commit.author.casefold(), part.total, part.prefix) if part else None


def _series(commits: Sequence[Change], places: list[int]) -> Iterator[list[int]]:
    """Yield the series among parts that look alike: a number that comes again begins another one."""
    series: dict[int, int] = {}
    for place in places:
        part = part_of(commits[place].title)
        number = part.number if part else 0
        if number in series:
            yield from _in_order(series)
            series = {}
        series[number] = place
    yield from _in_order(series)


def _in_order(series: dict[int, int]) -> Iterator[list[int]]:
    if len(series) > 1:
        yield [series[number] for number in sorted(series)]


def _dependency_key(commit: Change) -> Hashable | None:
    if commit.level is Level.HIGH:
        return None
    bump = bump_of(commit.title)
    is_one = bump is not None and (bump.old is not None or commit.analysis.kind is Kind.DEPENDENCIES)
    by_robot = is_robot(commit.author) and commit.analysis.kind is Kind.DEPENDENCIES
    return commit.level if is_one or by_robot else None


def _dependencies(_: Sequence[Change], places: list[int]) -> Iterator[list[int]]:
    yield places


def _recurring_key(commit: Change) -> Hashable | None:
    shape = shape_of(commit.title)
    return (commit.author.casefold(), shape) if shape and commit.level is Level.LOW else None


def _recurring(commits: Sequence[Change], places: list[int]) -> Iterator[list[int]]:
    if len(places) >= (_RECURS_BY_ROBOT if is_robot(commits[places[0]].author) else _RECURS):
        yield places


def _joined(commits: list[Change], bond: Bond | None) -> Change:
    """Return one change of commits, with what is said about the most important of them."""
    lead, *members = commits
    if bond is None:
        return lead
    return replace(
        lead,
        analysis=_heard(commits, bond),
        # A merge has the lines of all that it brought, and what was taken back has none.
        additions=sum(commit.additions for commit in commits) if bond in _ADDED_UP else lead.additions,
        deletions=sum(commit.deletions for commit in commits) if bond in _ADDED_UP else lead.deletions,
        late=any(commit.late for commit in commits),
        bond=bond,
        members=tuple(members),
    )


def _heard(commits: list[Change], bond: Bond) -> Analysis:
    """Return what is said about several commits: of the most important ones, and of a reverted one its own."""
    highest = max((commit.level for commit in commits), key=lambda level: level.rank)
    telling = [commit.analysis for commit in commits if commit.level is highest]
    if bond in REVERTS:
        # What a revert says may break is not what its original says, and where nothing is left neither does.
        own = replace(commits[0].analysis, level=highest, reasons=telling[0].reasons)
        return replace(own, risks=(), advice=()) if bond in UNDONE else own
    return replace(
        telling[0],
        risks=_once(item for analysis in telling for item in analysis.risks),
        advice=_once(item for analysis in telling for item in analysis.advice),
    )


def _once(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:_MOST_ITEMS]
