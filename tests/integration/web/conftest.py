"""A service that takes the webhook's deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.corpus import CORPUS
from tests.support.pushes import SECRET
from tests.support.running import Running, running

#: The collected cases are not part of the project.
collect_ignore = [] if CORPUS.is_dir() else ["test_collected_edge_cases.py"]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Running]:
    """A service with two secrets."""
    async with running(tmp_path, secrets=(SECRET, "an old secret")) as service:
        yield service
