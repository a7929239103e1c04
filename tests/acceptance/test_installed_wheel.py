"""The Dockerfile's own install commands, run in a clean environment: what they install must work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.project.test_dockerfile import copied_sources, named

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run every RUN command of the build stage in a folder that has only what the Dockerfile copies."""
    stage = tmp_path_factory.mktemp("stage")
    build = stage / "build"
    for source in copied_sources():
        target = build / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, target)
    commands = [command for command in named("RUN") if "pip" in command]
    assert len(commands) == 4
    for command in commands:
        here = command.replace("/opt/", f"{stage}/opt/").replace("/wheels", f"{stage}/wheels")
        here = here.replace("python -m venv", f"{sys.executable} -m venv")
        # What the image has compiled beforehand is compiled here as far as it is used.
        quick = {**os.environ, "PIP_NO_COMPILE": "1"}
        done = subprocess.run(here, shell=True, cwd=build, env=quick, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
    return stage / "opt" / "newsletter" / "bin"


def call(program: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEWSLETTER_")}
    return subprocess.run(
        [program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


def test_an_installed_wheel_says_its_version(installed: Path, tmp_path: Path) -> None:
    done = call(installed / "newsletter", "--version", cwd=tmp_path)
    assert (done.returncode, done.stdout.split()[0]) == (0, "newsletter")


def test_an_installed_wheel_plays_the_demo_without_the_checkout(installed: Path, tmp_path: Path) -> None:
    done = call(installed / "newsletter", "demo", "--once", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All three mails are right" in done.stdout
