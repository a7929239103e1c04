"""Links to GitHub are built from checked parts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.github.links import commit_url, compare_url, pull_request_number, pull_request_url, repository_url

WEB = "https://github.com"


def test_a_page_of_each_kind_has_githubs_own_address() -> None:
    sha = "a" * 40
    assert repository_url(WEB, "acme/rocket.js") == "https://github.com/acme/rocket.js"
    assert commit_url(WEB, "acme/rocket.js", sha) == f"https://github.com/acme/rocket.js/commit/{sha}"
    assert pull_request_url(WEB, "acme/rocket.js", 7) == "https://github.com/acme/rocket.js/pull/7"


@pytest.mark.parametrize(
    ("title", "number"),
    [
        pytest.param("Fix the pump (#123)", 123, id="a squash"),
        pytest.param("Fix the pump (#123) ", 123, id="a squash with a space behind it"),
        pytest.param("Merge pull request #45 from ada/pump", 45, id="a merge"),
        pytest.param('Revert "Fix the pump (#12)" (#34)', 34, id="a revert names its own"),
        pytest.param("Fix #12", None, id="an issue"),
        pytest.param("Fix (#12) the pump", None, id="a number in the middle"),
        pytest.param("Fix the pump (#1234567890)", None, id="a number too long"),
        pytest.param("Fix the pump (#１２)", 12, id="a number in full-width digits"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_title_names_its_pull_request(title: str, number: int | None) -> None:
    assert pull_request_number(title) == number


def test_a_comparison_is_built_of_full_object_names_only() -> None:
    base, head = "a" * 40, "b" * 64
    assert compare_url(WEB, "acme/tide", base, head) == f"https://github.com/acme/tide/compare/{base}...{head}"
    for wrong in ("", "main", "a" * 39, "A" * 40, f"{base}\n", "../" * 10):
        assert compare_url(WEB, "acme/tide", wrong, head) is None
        assert compare_url(WEB, "acme/tide", base, wrong) is None


@settings(deadline=None)
@given(st.text(), st.text())
@example("../../evil", '"><script>')
@example("acme/rocket\r\nx", "a?b#c")
def test_no_part_leaves_its_place_in_the_address(full_name: str, sha: str) -> None:
    parts = urlsplit(commit_url(WEB, full_name, sha))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "github.com", "", "")
    assert not set(parts.path) & set("\"'<> \r\n\\")
