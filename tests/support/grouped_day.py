"""A day on which commits belong together in every way there is."""

from __future__ import annotations

from typing import Any

from newsletter.analysis.record import Kind
from newsletter.digest.changes import grouped
from newsletter.digest.record import Change
from subscribers import Level
from tests.support.editions import WEB, change_of
from tests.support.records import sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
_LONG = "RadixCacheEvictionPolicyConfigurationFactoryProviderRegistration" * 2
_COMPARE = f"{WEB}/acme/tide/compare/{'a' * 40}...{'b' * 40}"

#: Title, level, author and the numbers of the parents, counted from 1.
_COMMITS: tuple[tuple[str, Level, str, tuple[int, ...]], ...] = (
    ("Sketch Response.lines()", LOW, "Pelican", ()),
    (f"Split on every line break that `{_LONG}` knows", LOW, "محمد بن موسى الخوارزمي", (1,)),
    ("Remove the --reload-dirs option (#2090)", HIGH, "Mole", ()),
    ("Add Response.lines() to read a response line by line (#2089)", HIGH, "Keeper", (3, 2)),
    ("Cache compiled routes across workers (#2094)", MEDIUM, "Juno", (4,)),
    ('Revert "Cache compiled routes across workers (#2094)" (#2098)', MEDIUM, "Juno", (5,)),
    ("[Scheduler][1/3] Give every queue a name (#2101)", MEDIUM, "Mole", (6,)),
    ("[Scheduler][2/3] Move retries into the queue (#2102)", MEDIUM, "Mole", (7,)),
    ("[Scheduler][3/3] Drop the old `Retry` class (#2103)", MEDIUM, "Mole", (8,)),
    *(
        (f"Bump {name} (#211{place})", LOW, "dependabot[bot]", (9 + place,))
        for place, name in enumerate(("aiohttp from 3.9.1 to 3.10.0", f"{_LONG[:70]} from 1.0 to 2.0", "a from 1 to 2"))
    ),
    *((f"Nightly translations 2026-03-0{day}", LOW, "weblate[bot]", (11 + day,)) for day in range(1, 7)),
    ("שגיאות כתיב", LOW, "עדה לוולייס", ()),
    ("Fix two typos in the guide (#2099)", LOW, "Gauge", (18, 19)),
    ("Count retries", LOW, "Foghorn", (20,)),
    ('Revert "Count retries"', LOW, "Foghorn", (21,)),
)


def grouped_day(language: str = "en") -> tuple[Change, ...]:
    """Return the changes of the day; their analyses are said to be in a language."""
    return grouped([_commit(number, language) for number in range(1, len(_COMMITS) + 1)])


def _commit(number: int, language: str) -> Change:
    title, level, author, parents = _COMMITS[number - 1]
    fields: dict[str, Any] = {} if "#" in title else {"pull_request": None, "pull_request_url": None}
    return change_of(
        number,
        level=level,
        title=title,
        author=author,
        co_authors=("Grace Hopper", "Linus"),
        parents=tuple(sha(parent << 120) for parent in parents),
        compare_url=_COMPARE,
        kind=Kind.DEPENDENCIES if title.startswith("Bump") else Kind.FEATURE,
        language=language,
        **fields,
    )
