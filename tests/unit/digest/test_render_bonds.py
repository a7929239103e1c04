"""Several commits that are one change, as they are printed: who wrote them, what they are, and every link."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Kind
from newsletter.digest.bonds import authors_of
from newsletter.digest.changes import grouped
from newsletter.digest.fit import BUDGET_BYTES, Rung, cut
from newsletter.digest.record import Bond, Change, Rendering, Slots
from newsletter.languages import catalogue
from subscribers import Level
from tests.support.editions import HOSTILE, change_of, edition_of, renderer
from tests.support.histories import BEFORE, commit, histories
from tests.support.markup import parsed
from tests.support.records import sha

HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
RENDERER = renderer()
SLOTS = Slots(
    unsubscribe_token="slot-0123456789abcdef0123456789abcdef",
    preferences_token="choices-0123456789abcdef0123456789abcdef",
)
COMPARE = f"https://github.com/acme/tide/compare/{sha(1)}...{sha(2)}"


def mail_of(*commits: Change, language: str = "en", threshold: Level = LOW) -> Rendering:
    return RENDERER.render(edition_of(grouped(commits), language=language, threshold=threshold), SLOTS)


def both(mail: Rendering) -> list[str]:
    """Return the words of both parts, each on one line; of the text part without its numbered links."""
    return [parsed(mail.html).text, " ".join(re.sub(r" \[\d+\]", "", mail.text).split())]


@settings(deadline=None, max_examples=60)
@given(histories().filter(bool), st.sampled_from(["en", "zh"]))
def test_every_commit_has_its_one_link_in_both_parts(day: tuple[Change, ...], language: str) -> None:
    mail = mail_of(*day, language=language)
    page = parsed(mail.html)
    links = {link for link in page.links() if not link.startswith("#")}
    assert links == set(re.findall(r"https://\S+", mail.text))
    counts = Counter(page.links())
    assert all(counts[each.url] == 1 for each in day)
    assert page.crooked == []


@settings(deadline=None, max_examples=60)
@given(HOSTILE, HOSTILE, st.sampled_from(Level))
def test_no_text_of_a_commit_breaks_out(title: str, author: str, level: Level) -> None:
    commits = [
        commit(1, BEFORE, title=title, author=author, co_authors=(title,)),
        commit(2, 998, 1, title=f"{title}[1/2]", author=author, level=level, co_authors=(author, title)),
        commit(3, title=f"Bump {title}x from 1 to 2", author=f"{author}[bot]", kind=Kind.DEPENDENCIES),
        commit(4, title=f"Bump y{title} from 1 to 2", author=f"{author}[bot]", kind=Kind.DEPENDENCIES),
        commit(5, title=f"{title}[2/2]", author=author, level=level),
        commit(6, title=f'Revert "{title}[2/2]"', author=title, reverts=sha(5)),
    ]
    page = parsed(mail_of(*commits).html)
    assert page.crooked == []
    assert not page.all("script")
    assert not page.all("img")
    assert all(link.startswith(("https://github.com/", "https://news.example/", "#")) for link in page.links())


@pytest.mark.parametrize("level", Level)
def test_a_merge_has_the_commits_it_brought_below_it(level: Level) -> None:
    day = (
        commit(1, BEFORE, title="Sketch a lock", author="Grace"),
        commit(2, BEFORE, 1, title="Add a lock (#7)", author="Ada", level=level),
    )
    for text in both(mail_of(*day)):
        assert re.search(r"Add a lock.* Grace and Ada.* Brought 1 commit:? (- )?Sketch a lock Grace", text)


@pytest.mark.parametrize("level", Level)
def test_a_revert_is_one_line_with_both_links(level: Level) -> None:
    day = (
        commit(1, title="Cache routes (#4)", level=level),
        commit(2, title='Revert "Cache routes (#4)" (#5)', author="Grace", level=level),
    )
    mail = mail_of(*day)
    for text in both(mail):
        assert re.search(r"Merged and reverted the same day: Cache routes .*Taken back 12:00 · Grace", text)
        assert "What may break" not in text
    assert "当天合入后又回退：Cache routes" in parsed(mail_of(*day, language="zh").html).text


def test_the_subject_says_that_a_high_change_was_taken_back() -> None:
    day = (commit(1, title="Cache", level=HIGH), commit(2, title='Revert "Cache"', level=HIGH))
    assert mail_of(*day).subject.startswith("1 high: Merged and reverted the same day: Cache")


def test_dependencies_are_named_with_their_versions() -> None:
    day = [
        commit(1, title="Bump aiohttp from 3.9.1 to 3.10.0 (#1)", author="dependabot[bot]"),
        commit(2, title="chore(deps): update dependency ruff to v0.17.5", kind=Kind.DEPENDENCIES),
    ]
    english, _ = both(mail_of(*day))
    assert re.search(r"2 dependency updates .*aiohttp 3.9.1 → 3.10.0 · ruff → v0.17.5", english)
    assert "2 项依赖更新" in parsed(mail_of(*day, language="zh").html).text


def test_what_recurs_is_counted_and_told_apart() -> None:
    day = [commit(number, title=f"Nightly 2026-03-0{number}", author="Robot") for number in (1, 2, 3)]
    text, _ = both(mail_of(*day))
    assert "Nightly …: 3 times" in text
    assert "2026-03-01 · 2026-03-02 · 2026-03-03" in text
    same = [commit(number, title="Update translations") for number in (1, 2, 3)]
    assert f"Update translations: 3 times Ada · Fix {sha(1)[:7]} · " in both(mail_of(*same))[0]


def test_the_parts_of_a_series_follow_the_first() -> None:
    day = [commit(number, title=f"[x][{number}/2] Move gate {number}", level=MEDIUM) for number in (1, 2)]
    for text in both(mail_of(*day)):
        assert re.search(r"\[x\] Move gate 1 .*Further parts of this series:? (- )?\[x\]\[2/2\] Move gate 2", text)


def test_a_commit_below_the_threshold_is_shown_with_the_change_that_brought_it() -> None:
    day = (commit(1, BEFORE), commit(2, BEFORE, 1, title="Add a lock", level=HIGH), commit(3, 2))
    links = parsed(mail_of(*day, threshold=HIGH).html).links()
    assert [each.url in links for each in day] == [True, True, False]


def test_the_totals_say_how_many_commits_there_were_and_where_to_compare() -> None:
    day = [commit(number, title="Update translations", compare_url=COMPARE) for number in (1, 2, 3)]
    mail = mail_of(*day)
    for text in both(mail):
        assert "1 change that day · 3 commits · Compare" in text
    assert COMPARE in parsed(mail.html).links()
    assert COMPARE in mail.text
    assert "Compare" not in mail_of(change_of()).html


@pytest.mark.parametrize(
    ("commits", "expected"),
    [
        pytest.param([("Ada", [])], "Ada", id="one"),
        pytest.param([("Ada", ["ADA", "Grace"])], "Ada and Grace", id="each once"),
        pytest.param([("Ada", ["Grace"]), ("Linus", [])], "Ada, Grace, and Linus", id="three"),
        pytest.param([("Ada", ["Grace", "Linus", "Juno"])], "Ada, Grace and 2 more", id="four"),
        pytest.param([("dependabot[bot]", ["Ada"])], "Ada and dependabot[bot]", id="people before programs"),
        pytest.param([("ada@example.org", ["<grace@example.org>"])], "ada and grace", id="an address for a name"),
        pytest.param([("@ada", [])], "@ada", id="a login"),
        pytest.param([("", ["\u202e"])], "", id="nobody"),
    ],
)
def test_whoever_wrote_a_change_is_named(commits: list[tuple[str, list[str]]], expected: str) -> None:
    first, *others = [
        commit(number, author=author, co_authors=tuple(names)) for number, (author, names) in enumerate(commits, 1)
    ]
    joined = change_of(
        author=first.author, co_authors=first.co_authors, members=tuple(others), bond=Bond.SERIES if others else None
    )
    assert authors_of(joined, catalogue("en")) == expected


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Ada", "a@b.example", "<x@y.example>", "Ada a@b", "@"]) | st.text(), min_size=1))
def test_no_address_is_ever_shown(names: list[str]) -> None:
    shown = authors_of(change_of(author=names[0], co_authors=tuple(names[1:])), catalogue("en"))
    assert not re.search(r"\w@\w", shown)


def merge_of(count: int, **fields: Any) -> tuple[Change, ...]:
    brought = [commit(1, BEFORE), *(commit(n, n - 1, title=f"Step {n:x} " + "on " * 30) for n in range(2, count + 1))]
    return (*brought, commit(count + 1, BEFORE, count, title="Add a lock", level=HIGH, **fields))


def test_a_merge_of_many_fits_and_says_what_it_left_out() -> None:
    day = merge_of(900)
    mail = mail_of(*day)
    assert len(mail.html.encode()) <= BUDGET_BYTES
    for text in both(mail):
        number = re.search(r"and (\d+) more commits", text)
        assert number
        named = len(re.findall(r"/commit/[0-9a-f]{40}", mail.text))
        assert int(number[1]) + named == len(day)
        assert "What may break" in text


def test_the_caps_of_a_page_count_every_commit_with_its_own_level() -> None:
    edition = edition_of(grouped((*merge_of(5), commit(9), commit(10))))
    page = cut(edition, Rung(most_low=4))
    high, low = page.sections[0].groups
    assert [len(members) for _, members in high.rows] == [4]
    assert (len(low.changes), low.hidden) == (0, 2)
