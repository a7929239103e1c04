"""What servers and programs write in prose: read from ``phrases.toml`` beside this module.

A file rather than patterns in code, so that whoever meets a server that is not understood can add what it says.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("phrases.toml")


@cache
def _lists() -> dict[str, list[str]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def any_of(name: str, *, before: str = "", after: str = "") -> re.Pattern[str]:
    """Return one pattern for all phrases of a list.

    :param before: of a pattern, has to stand before the phrase; ``after`` after it.
    """
    return re.compile(f"{before}(?:{'|'.join(_lists()[name])}){after}", re.IGNORECASE)
