"""Changes, digests and editions as a cohort gets them, and outside text that means harm."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from newsletter.analysis.record import Analysis
from newsletter.digest.assemble import assemble
from newsletter.digest.record import Change, Digest, Edition
from newsletter.digest.render import Renderer
from newsletter.resources import templates_directory
from subscribers import EVERY_REPOSITORY, Level
from tests.support.clock import NOON
from tests.support.records import analysis_of, preferences_of, sha

TITLE = "Tide tables"
WEB = "https://github.com"
#: The day on which :data:`NOON` is.
TODAY = date(2026, 3, 2)

#: Whatever a commit, a model or a form can hold, half of a surrogate pair included.
ANYTHING = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
#: What breaks out of text, attributes, templates, lines and reading order where it is not held back.
HOSTILE = st.lists(
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            "</title></style><img src=x onerror=alert(1)>",
            "\"'><a href='javascript:alert(1)'>",
            "&lt;b&gt;",
            "&#60;i&#62;",
            "<!-- ",
            "--> <![endif]",
            "<![CDATA[",
            "{{ 7*7 }}",
            "{% raw %}",
            "{# x #}",
            "%(num)d %s",
            "jinja0003tag",
            "`",
            "``",
            "`<b>`",
            "[x](javascript:alert(1))",
            "\r\nBcc: all@evil.example",
            "\u202e",
            "\u2066",
            "\u200b",
            "\u3164",
            "\x85",
            "\x00",
            "\ud800",
            "日本",
        ]
    )
    | ANYTHING,
    max_size=8,
).map("".join)


def change_of(number: int = 1, *, level: Level = Level.HIGH, repository: str = "acme/tide", **fields: Any) -> Change:
    """Return a change with every field filled in; ``fields`` of the change or of its analysis replace some."""
    url = f"{WEB}/{repository}"
    analysis = fields.pop("analysis", analysis_of(level=level))
    of_analysis = {name: fields.pop(name) for name in tuple(fields) if name in Analysis.__dataclass_fields__}
    change = Change(
        repository_key=repository,
        repository=repository,
        repository_url=url,
        private=False,
        sha=sha(number << 120),
        title=f"Lower gate {number} (#{number})",
        author="Ada",
        url=f"{url}/commit/{sha(number << 120)}",
        pull_request=number,
        pull_request_url=f"{url}/pull/{number}",
        reached_at=NOON,
        additions=3,
        deletions=4,
        analysis=replace(analysis, **of_analysis),
    )
    return replace(change, **fields)


def changes_of(*levels: Level, repository: str = "acme/tide", start: int = 1, **fields: Any) -> tuple[Change, ...]:
    """Return a change for each level, numbered in the order of arrival."""
    return tuple(
        change_of(number, level=level, repository=repository, **fields)
        for number, level in enumerate(levels, start=start)
    )


def digest_of(changes: Iterable[Change], *, language: str = "en", timezone: str = "UTC") -> Digest:
    """Return a closed day."""
    return Digest(day=TODAY, timezone=timezone, language=language, changes=tuple(changes))


def edition_of(
    changes: Sequence[Change],
    *,
    language: str = "en",
    threshold: Level = Level.LOW,
    title: str = TITLE,
    timezone: str = "UTC",
    choice: str = EVERY_REPOSITORY,
) -> Edition:
    """Return what a cohort with one threshold gets; there must be something.

    :param choice: the repository it chose: private ones have to be chosen by name.
    """
    digest = digest_of(changes, language=language, timezone=timezone)
    chosen = preferences_of(language, threshold=threshold, repository=choice, timezone=timezone)
    edition = assemble(digest, chosen, title=title)
    assert edition is not None
    return edition


def renderer(*, postal_address: str | None = "Harbour Road 1") -> Renderer:
    """Return the renderer of the real templates."""
    return Renderer(templates_directory(), base_url="https://news.example", postal_address=postal_address)


@st.composite
def days(draw: st.DrawFn, *, most: int = 12) -> tuple[Change, ...]:
    """Draw the changes of a day: of several repositories and levels, in any order, some of them late."""
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(["acme/tide", "Acme/Moon", "b/c"]), st.sampled_from(Level), st.booleans()),
            max_size=most,
        )
    )
    return tuple(
        change_of(number, repository=repository, level=level, late=late)
        for number, (repository, level, late) in enumerate(rows, start=1)
    )
