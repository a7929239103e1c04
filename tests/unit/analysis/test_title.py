from __future__ import annotations

import pytest

from newsletter.analysis.record import Kind
from newsletter.analysis.title import read_title


@pytest.mark.parametrize(
    ("title", "kind", "breaking", "text"),
    [
        pytest.param("feat: add thrust", Kind.FEATURE, False, "add thrust", id="conventional feature"),
        pytest.param(
            "FEAT(engine)!: New nozzle", Kind.FEATURE, True, "New nozzle", id="breaking in capitals with scope"
        ),
        pytest.param("fix(docs): dead link", Kind.DOCS, False, "dead link", id="scope narrows the type"),
        pytest.param(
            "chore(deps): bump x from 1 to 2", Kind.DEPENDENCIES, False, "bump x from 1 to 2", id="deps scope"
        ),
        pytest.param("chore: fix lint", Kind.STYLE, False, "fix lint", id="a chore that says more"),
        pytest.param("chore: add issue label", Kind.CHORE, False, "add issue label", id="a chore is no feature"),
        pytest.param("[Bugfix] Wrong orbit (#12)", Kind.FIX, False, "Wrong orbit", id="tag and pull request number"),
        pytest.param("[AMD][Doc] Tell more", Kind.DOCS, False, "Tell more", id="second tag tells"),
        pytest.param("[Breaking] New format", Kind.FEATURE, True, "New format", id="breaking tag"),
        pytest.param("🐛 Orbit", Kind.FIX, False, "Orbit", id="gitmoji"),
        pytest.param(":boom: Orbit", None, True, "Orbit", id="gitmoji shortcode of a breaking change"),
        pytest.param("engine: fix thrust", Kind.FIX, False, "fix thrust", id="module before the verb"),
        pytest.param("Added a nozzle", Kind.FEATURE, False, "Added a nozzle", id="prose feature"),
        pytest.param("Address a leak", Kind.FIX, False, "Address a leak", id="address is not add"),
        pytest.param("Adder overflow", None, False, "Adder overflow", id="a noun that begins like a verb"),
        pytest.param("Fix typo in log", Kind.STYLE, False, "Fix typo in log", id="typo"),
        pytest.param(
            "Reduce memory usage of maps", Kind.PERFORMANCE, False, "Reduce memory usage of maps", id="memory"
        ),
        pytest.param("Rename Foo to Bar", Kind.REFACTOR, False, "Rename Foo to Bar", id="rename"),
        pytest.param("Use a fake clock in tests", Kind.TEST, False, "Use a fake clock in tests", id="ends in tests"),
        pytest.param("修复轨道错误", Kind.FIX, False, "修复轨道错误", id="Chinese fix"),
        pytest.param("", None, False, "", id="nothing"),
    ],
)
def test_a_title_declares_its_kind(title: str, kind: Kind | None, breaking: bool, text: str) -> None:
    read = read_title(title)
    assert (read.declared, read.breaking, read.text) == (kind, breaking, text)
