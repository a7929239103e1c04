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


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 50


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_a_small_room_with_a_telling_name(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_MODULE
    assert path.stem not in FORBIDDEN_NAMES
    long = [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno > LONGEST_FUNCTION
        # A verb's options are declared in its signature, and its body stands inside it.
        and path.parent.name != "cli"
        and node.name != "register_handlers"
    ]
    assert long == []


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_names_an_index_of_packages(path: Path) -> None:
    hosts = re.compile(
        r"(?:files\.)?python" + r"hosted\.org|pypi" + r"\.org|deb\.debian" + r"\.org|registry\.npm" + r"js"
    )
    assert hosts.findall(path.read_text(encoding="utf-8")) == []
