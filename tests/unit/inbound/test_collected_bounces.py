"""The bounces that flufl.bounce was made from, where its sources lie at hand: they are not ours to carry along.

``FLUFL_BOUNCE_DATA`` names the folder ``tests/data`` of its source distribution.
"""

from __future__ import annotations

import email
import os
from pathlib import Path

import pytest
from flufl.bounce import all_failures

from newsletter.inbound.classify import classify
from newsletter.inbound.record import MailKind

_FOLDER = os.environ.get("FLUFL_BOUNCE_DATA", "")
_FILES = sorted(Path(_FOLDER).glob("*.txt")) if _FOLDER else []


@pytest.mark.skipif(not _FILES, reason="FLUFL_BOUNCE_DATA names no folder of mails")
@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_collected_bounce_names_the_addresses_that_its_collectors_found(path: Path) -> None:
    raw = path.read_bytes()
    temporary, permanent = all_failures(email.message_from_bytes(raw))
    expected = {address.decode().lower() for address in temporary | permanent}
    verdict = classify(raw)
    assert {failure.address.lower() for failure in verdict.failures} == expected
    assert (verdict.kind is MailKind.BOUNCE) == bool(expected)
    assert not (verdict.permanent and not permanent)
