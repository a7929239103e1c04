from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.paths import Role, areas, role_of
from tests.unit.analysis.changes import file


@pytest.mark.parametrize(
    ("path", "role"),
    [
        pytest.param("frontend/yarn.lock", Role.LOCK, id="lock file of a package manager"),
        pytest.param("vendor/github.com/x/y.go", Role.VENDORED, id="vendored code"),
        pytest.param("static/app.min.js", Role.MINIFIED, id="minified script"),
        pytest.param("ui/__snapshots__/button.js.snap", Role.SNAPSHOT, id="snapshot of a test"),
        pytest.param("api/rocket_pb2.py", Role.GENERATED, id="protobuf output"),
        pytest.param(".github/workflows/ci.yml", Role.CI, id="workflow"),
        pytest.param("tests/test_engine.py", Role.TEST, id="test file"),
        pytest.param("engine/engine_test.go", Role.TEST, id="Go test beside its source"),
        pytest.param("rocket/test_utils.py", Role.SOURCE, id="test utilities that are shipped"),
        pytest.param("locale/de/LC_MESSAGES/app.po", Role.TRANSLATION, id="gettext catalogue"),
        pytest.param("i18n/fr.json", Role.TRANSLATION, id="JSON catalogue"),
        pytest.param("CHANGELOG.md", Role.CHANGELOG, id="changelog"),
        pytest.param("changes/12.bugfix", Role.CHANGELOG, id="news fragment"),
        pytest.param("docs/guide.rst", Role.DOCS, id="documentation page"),
        pytest.param("README", Role.DOCS, id="readme without suffix"),
        pytest.param("app/migrations/0002_user.py", Role.MIGRATION, id="migration"),
        pytest.param(".pre-commit-config.yaml", Role.TOOLING, id="developer tooling"),
        pytest.param("Dockerfile", Role.BUILD, id="container image"),
        pytest.param("pyproject.toml", Role.BUILD, id="package metadata"),
        pytest.param("config.toml.sample", Role.CONFIGURATION, id="sample configuration"),
        pytest.param("examples/hello.py", Role.EXAMPLE, id="example"),
        pytest.param("logo.svg", Role.ASSET, id="image"),
        pytest.param("static/app.css", Role.STYLESHEET, id="stylesheet"),
        pytest.param("rocket/security.py", Role.SOURCE, id="source that is named like a document"),
        pytest.param("rocket/latest.py", Role.SOURCE, id="source with test inside its name"),
        pytest.param("rocket/distance/a.py", Role.SOURCE, id="directory that only begins like a known one"),
        pytest.param("", Role.SOURCE, id="no path at all"),
    ],
)
def test_a_path_tells_what_the_file_is_for(path: str, role: Role) -> None:
    assert role_of(path) is role


def test_areas_name_modules_and_put_the_most_changed_source_first() -> None:
    small = file("src/rocket/fuel.py", "+a = 1")
    large = file("src/rocket/engine.py", *["+a = 1"] * 20)
    assert areas([small, large]) == ("rocket/engine", "rocket/fuel")


def test_many_modules_are_named_by_their_directories() -> None:
    files = [file(f"rocket/stage{i % 2}/part{i}.py", "+x = 1") for i in range(9)]
    assert areas(files) == ("rocket/stage0", "rocket/stage1")


def test_tests_and_docs_stand_behind_source_however_long_they_are() -> None:
    files = [file("tests/a.py", *["+x"] * 8), file("docs/a.rst", *["+x"] * 4), file("rocket/a.py", "+x", "-y")]
    assert areas(files)[0] == "rocket/a"


def test_a_lock_file_is_an_area_only_when_nothing_else_changed() -> None:
    assert areas([file("yarn.lock", "+x"), file("app/main.js", "+x")]) == ("main",)
    assert areas([file("web/yarn.lock", "+x")]) == ("web/yarn.lock",)


@given(st.lists(st.text(), max_size=12))
def test_any_paths_give_at_most_five_short_printable_areas(paths: list[str]) -> None:
    named = areas([file(path, "+x") for path in paths])
    assert len(named) <= 5
    assert all(0 < len(name) <= 60 and name.isprintable() and "`" not in name for name in named)
