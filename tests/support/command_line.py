"""Verbs of the command line, called as a shell would, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from newsletter.cli import main


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


class CommandLine:
    """Calls verbs with an environment of their own."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: Mapping[str, str]
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    def set(self, name: str, value: str) -> None:
        """Set one more variable."""
        self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["newsletter", *arguments])
        self._capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        printed = self._capsys.readouterr()
        return Ended(code=code, out=printed.out, err=printed.err)
