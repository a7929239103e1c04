"""House rules that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MODULES = sorted(
    path
    for room in ("newsletter", "subscribers")
    for path in (ROOT / room).rglob("*.py")
    if "migrations" not in path.parts
)
#: What looks after the service is read as often as the service itself.
TOOLS = sorted(path for room in ("tests", "bench") for path in (ROOT / room).rglob("*.py"))
TEXTS = [
    path
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("requirements/*.lock"),
        *(ROOT / "docs").rglob("*.md"),
        ROOT / "Makefile",
    ]
    if path.is_file()
]
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}


def assert_small_with_a_telling_name(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
    assert path.stem not in FORBIDDEN_NAMES


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 50


def test_there_are_tests_and_benches_to_look_at() -> None:
    assert Path(__file__) in TOOLS
    assert ROOT / "tests" / "conftest.py" in TOOLS
    assert {path.relative_to(ROOT).parts[0] for path in TOOLS} == {"tests", "bench"}
    assert len(TOOLS) > 100


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        pytest.param("room.py", LONGEST_MODULE + 1, id="a line too many"),
        pytest.param("helpers.py", 1, id="a name that tells nothing"),
    ],
)
def test_a_module_that_breaks_a_rule_is_found(tmp_path: Path, name: str, lines: int) -> None:
    path = tmp_path / name
    path.write_text("#\n" * lines, encoding="utf-8")
    with pytest.raises(AssertionError):
        assert_small_with_a_telling_name(path)


def test_a_module_of_the_most_lines_is_small_enough(tmp_path: Path) -> None:
    path = tmp_path / "room.py"
    path.write_text("#\n" * LONGEST_MODULE, encoding="utf-8")
    assert_small_with_a_telling_name(path)


@pytest.mark.parametrize("path", TOOLS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_of_tests_is_small_and_has_a_telling_name(path: Path) -> None:
    assert_small_with_a_telling_name(path)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_a_small_room_with_a_telling_name(path: Path) -> None:
    assert_small_with_a_telling_name(path)
    source = path.read_text(encoding="utf-8")
    long = [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
        # A verb's options are declared in its signature, and its body stands inside it.
        and path.parent.name != "cli"
    ]
    assert long == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_names_an_index_of_packages(path: Path) -> None:
    hosts = re.compile(
        r"(?:files\.)?python" + r"hosted\.org|pypi" + r"\.org|deb\.debian" + r"\.org|registry\.npm" + r"js"
    )
    assert hosts.findall(path.read_text(encoding="utf-8")) == []
