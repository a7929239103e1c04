"""Where reports are committed to: what is taken, and what could become part of another address."""

from __future__ import annotations

import pytest

from tests.support.configured import faults, load


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        pytest.param("REPOSITORY", "acme/daily-reports", "acme/daily-reports", id="a repository"),
        pytest.param("REPOSITORY", "a_b/.github", "a_b/.github", id="with a dot"),
        pytest.param("BRANCH", "out/reports-2.0", "out/reports-2.0", id="a branch with a slash"),
        pytest.param("BRANCH", "日报", "日报", id="a branch in another script"),
        pytest.param("FOLDER", "/docs/reports/", "docs/reports", id="a folder without the slashes around it"),
        pytest.param("LANGUAGE", "zh", "zh", id="a language"),
    ],
)
def test_a_place_is_taken(name: str, text: str, value: str) -> None:
    assert getattr(load({f"REPORTS__{name}": text}).reports, name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(
            ("REPOSITORY", text)
            for text in ("acme", "acme/a/b", "acme/..", "acme/.", "https://github.com/a/b", "a b/c")
        ),
        *(
            ("BRANCH", text)
            for text in ("a b", "a..b", "/a", "a/", "a.lock", "a.lock/b", "a//b", "x@{0}", "a\\b", "-a")
        ),
        *(("BRANCH", text) for text in ("a~1", "a^", "a:b", "a?", "a*", "a[", "a.", ".a", "a/.b", "x" * 201)),
        *(("FOLDER", text) for text in ("..", "a/../b", "a//b", ".", ".git", "a/.GIT/b", "a b", "a?b", "日报", "/")),
        ("LANGUAGE", "tlh"),
    ],
)
def test_what_is_no_place_is_refused_by_name(name: str, text: str) -> None:
    found = faults({f"REPORTS__{name}": text})
    assert found.keys() == {f"REPORTS__{name}"}
    assert found[f"REPORTS__{name}"].startswith("expected")


def test_nothing_is_committed_and_no_language_added_unless_a_repository_is_named() -> None:
    assert not load({"REPORTS__LANGUAGE": "zh"}).reports.enabled
    assert load({"REPORTS__LANGUAGE": "zh"}).reports.languages == ()
    named = load({"REPORTS__LANGUAGE": "zh", "REPORTS__REPOSITORY": "a/b"}).reports
    assert (named.enabled, named.languages) == (True, ("zh",))
    assert load({"REPORTS__REPOSITORY": "a/b"}).reports.languages == ()
