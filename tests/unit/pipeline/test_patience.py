"""How long the jobs that ask GitHub go on asking."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.app.handlers import FETCH_RETRIES, RECONCILE_RETRIES
from newsletter.jobs.rounds import HOURLY
from newsletter.pipeline.port import Retries


@pytest.mark.parametrize(
    ("retries", "patience"),
    [
        pytest.param(FETCH_RETRIES, timedelta(hours=9), id="a commit, as its comment says"),
        pytest.param(RECONCILE_RETRIES, HOURLY, id="a comparison, until its next turn"),
    ],
)
def test_an_outage_is_outlasted(retries: Retries, patience: timedelta) -> None:
    lasts = sum((retries.pause(attempt) for attempt in range(1, retries.max_attempts)), timedelta(0))
    assert patience <= lasts <= patience + retries.longest
