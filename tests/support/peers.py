"""Independent implementations from npm, run by the browser driver's Node.js."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import playwright

from tests.conftest import missing

PEERS = Path(__file__).parents[1] / "peers"
NODE = Path(str(playwright.__file__)).parent / "driver" / "node"


def fetched(package: str) -> Path:
    """Return the folder of a package; the test is skipped, or fails where everything has to be there, without it."""
    folder = PEERS / "node_modules" / package
    if not folder.is_dir():
        missing(f"npm's {package} (make test fetches it)")
    return folder


def told(script: str, package: str, question: object) -> Any:
    """Return what a script says of a question."""
    fetched(package)
    done = subprocess.run(
        [NODE, script], cwd=PEERS, input=json.dumps(question), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
