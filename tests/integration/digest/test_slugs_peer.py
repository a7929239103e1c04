"""Anchors agree with github-slugger from npm, which was measured on GitHub, for every character that both know."""

from __future__ import annotations

import json
import random
import subprocess
import unicodedata
from pathlib import Path

import playwright
import pytest

from newsletter.digest.slugs import Slugs
from tests.conftest import missing

PEERS = Path(__file__).parents[2] / "peers"
NODE = Path(str(playwright.__file__)).parent / "driver" / "node"
#: It was made from Unicode 13; of three versions since, so many letters at most.
MOST_NEWER = 7_000


def peer(documents: list[list[str]]) -> list[list[str]]:
    if not (PEERS / "node_modules" / "github-slugger").is_dir():
        missing("npm's github-slugger (make test fetches it)")
    done = subprocess.run(
        [NODE, "slugs.js"], cwd=PEERS, input=json.dumps(documents), capture_output=True, text=True, check=True
    )
    said: list[list[str]] = json.loads(done.stdout)
    return said


def ours(document: list[str]) -> list[str]:
    slugs = Slugs()
    return [slugs.next(heading) for heading in document]


def test_each_character_is_kept_or_dropped_alike() -> None:
    # Everything of the basic plane and the next two, a heading a character.
    known = [chr(code) for code in range(0x30000) if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}]
    said = peer([[f"x{character}y"] for character in known])
    differing = {
        character: anchor
        for character, (anchor,) in zip(known, said, strict=True)
        if ours([f"x{character}y"]) != [anchor]
    }
    # What Unicode has taken in since is a letter for us, as for GitHub, and nothing yet for the peer.
    assert [anchor for anchor in differing.values() if anchor != "xy"] == []
    assert len(differing) < MOST_NEWER


@pytest.mark.parametrize("seed", range(3))
def test_documents_are_numbered_alike(seed: int) -> None:
    draw = random.Random(seed)
    words = ["Fix", "fix", "fix-1", "Fix: the tide!", "潮汐", "🔴 高 (4)", "", "-", "constructor", "__proto__", "İΣ"]
    documents = [draw.choices(words, k=12) for _ in range(200)]
    assert [ours(document) for document in documents] == peer(documents)
