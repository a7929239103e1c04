"""The Dockerfile, proven without a Docker engine: it is parsed, and what it copies and calls exists."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, kw_only=True)
class Instruction:
    name: str
    arguments: str


def instructions(path: Path = ROOT / "Dockerfile") -> list[Instruction]:
    """Parse a Dockerfile: comments out, continued lines joined."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = []
    for line in filter(str.strip, joined.splitlines()):
        name, _, arguments = line.strip().partition(" ")
        found.append(Instruction(name=name, arguments=arguments.strip()))
    return found


def named(name: str) -> list[str]:
    return [instruction.arguments for instruction in instructions() if instruction.name == name]


def final_stage() -> list[Instruction]:
    found = instructions()
    last = max(place for place, instruction in enumerate(found) if instruction.name == "FROM")
    return found[last:]


def copied_sources() -> list[str]:
    return [
        source for arguments in named("COPY") if "--from=" not in arguments for source in shlex.split(arguments)[:-1]
    ]


def test_every_path_it_copies_exists() -> None:
    assert copied_sources()
    assert [source for source in copied_sources() if not (ROOT / source).exists()] == []


def test_every_path_it_copies_is_let_through_by_dockerignore() -> None:
    allowed = {
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line.startswith("!")
    }
    assert {source.split("/")[0] for source in copied_sources()} <= allowed


def test_it_has_a_stage_that_builds_and_one_that_runs() -> None:
    assert len(named("FROM")) == 2
    assert any("--from=build" in instruction.arguments for instruction in final_stage())


def test_it_does_not_run_as_root() -> None:
    assert [instruction.arguments for instruction in final_stage() if instruction.name == "USER"] == ["newsletter"]


def test_it_serves_by_default_and_keeps_its_data_in_a_volume() -> None:
    assert json.loads(named("ENTRYPOINT")[0]) == ["newsletter"]
    assert json.loads(named("CMD")[-1]) == ["serve"]
    assert named("VOLUME") == ["/data"]
    environment = " ".join(instruction.arguments for instruction in final_stage() if instruction.name == "ENV")
    assert "NEWSLETTER_DATABASE_URL=sqlite:////data/" in environment


def test_the_docs_run_it_so_that_it_comes_back_and_may_finish_its_mails() -> None:
    text = (ROOT / "docs" / "how-to" / "run.md").read_text(encoding="utf-8").replace("\\\n", " ")
    (call,) = re.findall(r"^docker run .*$", text, re.MULTILINE)
    words = shlex.split(call)
    assert words[words.index("--restart") + 1] == "unless-stopped"
    assert int(words[words.index("--stop-timeout") + 1]) >= 60


def test_its_health_check_asks_the_health_route() -> None:
    (check,) = named("HEALTHCHECK")
    assert "/healthz" in check


@pytest.mark.parametrize("lock", ["runtime", "build"])
def test_everything_it_installs_from_an_index_is_pinned_by_hash(lock: str) -> None:
    installs = [command for command in named("RUN") if f"requirements/{lock}.lock" in command]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]


def test_nothing_else_is_installed_from_an_index() -> None:
    others = [command for command in named("RUN") if "pip" in command and "--require-hashes" not in command]
    assert others
    assert all("--no-deps" in command for command in others)
    assert all("--no-index" in command or "--no-build-isolation" in command for command in others)
