"""The operator's rules on their way: from the file at the start to the level that is frozen on a commit."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from newsletter.analysis.orders import NO_ORDERS, Orders, read_orders
from newsletter.analysis.record import Signal
from newsletter.app.levels import orders_from
from newsletter.errors import SettingsError
from newsletter.pipeline.analyse import analyse, analyse_now
from newsletter.store import commits
from newsletter.store.engine import Store
from newsletter.store.tables import analyses
from subscribers import Level
from tests.support.clock import NOON
from tests.support.model import StandInModel, answers, asking
from tests.support.records import follow, store_commits

LOWERED = read_orders('[[rule]]\nrepository = "*/*"\nat_most = "low"')
RAISED = read_orders('[[rule]]\nrepository = "*/*"\nlevel = "high"\nreason = "we want it all"')


async def level_of(store: Store, commit_id: int) -> Level | None:
    async with store.read() as connection:
        commit = await commits.load(connection, commit_id)
    assert commit is not None
    return commit.level


@pytest.mark.parametrize(
    ("orders", "level"),
    [
        pytest.param(NO_ORDERS, Level.MEDIUM, id="without rules the model moves it by one step"),
        pytest.param(LOWERED, Level.LOW, id="the model stays below what was ordered"),
        pytest.param(RAISED, Level.HIGH, id="what was ordered holds"),
    ],
)
async def test_a_model_keeps_within_what_was_ordered(store: Store, orders: Orders, level: Level) -> None:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    turns = asyncio.Semaphore(1)
    async with StandInModel(answers(level="high")) as model, asking(model) as analyst:
        await analyse(
            commit_id,
            store=store,
            analyst=analyst,
            language="en",
            waits=False,
            turns=turns,
            now=NOON,
            orders=orders,
        )
    assert await level_of(store, commit_id) is level


async def test_the_rules_write_the_order_down_as_a_reason(store: Store) -> None:
    (commit_id,) = await store_commits(store, await follow(store), [1])
    await analyse_now(commit_id, store=store, language="en", now=NOON, orders=RAISED)
    assert await level_of(store, commit_id) is Level.HIGH
    async with store.read() as connection:
        reasons = (await connection.execute(select(analyses.c.reasons))).scalar_one()
    assert reasons[0] == [Signal.OPERATOR.value, "we want it all"]


def test_a_file_of_rules_is_read(tmp_path: Path) -> None:
    path = tmp_path / "levels.toml"
    path.write_text('[[rule]]\nlabel = "urgent"\nlevel = "high"\n', encoding="utf-8")
    assert len(orders_from(path).rules) == 1
    assert orders_from(None) == NO_ORDERS


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(None, "NEWSLETTER_LEVELS__FILE: cannot be read", id="not there"),
        pytest.param(b"\xff", "NEWSLETTER_LEVELS__FILE: is not text in UTF-8", id="no text"),
        pytest.param(b"[[rule]]", "NEWSLETTER_LEVELS__FILE, rule 1: expected level", id="a rule without an order"),
    ],
)
def test_a_fault_in_the_file_is_one_of_the_settings(tmp_path: Path, content: bytes | None, fault: str) -> None:
    path = tmp_path / "levels.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        orders_from(path)
    assert fault in str(caught.value)
