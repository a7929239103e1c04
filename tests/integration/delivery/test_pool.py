"""The pool: as many connections as were allowed, used again, replaced in time, at the pace that was set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from newsletter.delivery import pool as pool_module
from newsletter.delivery.pool import Pool, ServerRefused
from newsletter.delivery.record import DeliveryStatus
from newsletter.delivery.smtp import Envelope
from tests.support.relays import PATIENT, relay_to
from tests.support.smtp_server import DROP, SILENCE, Answer, ScriptedServer, Step, says, says_and_closes

ADA = Envelope(sender="bounce+7-x@news.example", recipient="ada@reader.example")
MESSAGE = b"Subject: Tides\r\n\r\nHigh water at noon.\r\n"


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


@pytest.fixture
async def pool(server: ScriptedServer) -> AsyncIterator[Pool]:
    pool = Pool(relay_to(server), size=3, timeouts=PATIENT)
    yield pool
    await pool.close()


async def agree() -> bool:
    return True


async def send(pool: Pool) -> DeliveryStatus:
    async with pool.connection() as connection:
        outcome = await connection.send(ADA, MESSAGE, claim=agree)
    assert outcome is not None
    return outcome.status


async def test_a_connection_is_used_for_one_message_after_the_other(server: ScriptedServer, pool: Pool) -> None:
    for _ in range(10):
        assert await send(pool) is DeliveryStatus.SENT
    assert (server.connections, len(server.messages)) == (1, 10)


async def test_there_are_never_more_connections_than_allowed(server: ScriptedServer, pool: Pool) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(30):
            group.create_task(send(pool))
    assert len(server.messages) == 30
    assert server.most_open <= server.connections <= 3


async def test_whoever_comes_when_all_are_lent_waits_for_one(server: ScriptedServer, pool: Pool) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(pool.connection())
        waiting = asyncio.create_task(send(pool))
        await asyncio.sleep(0)
        assert not waiting.done()
    assert await waiting is DeliveryStatus.SENT
    assert server.connections == 3


async def test_closing_says_good_bye_on_every_connection(server: ScriptedServer, pool: Pool) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await stack.enter_async_context(pool.connection())
    await pool.close()
    assert server.verbs().count("QUIT") == 3
    assert await send(pool) is DeliveryStatus.SENT
    assert server.connections == 4


async def test_a_connection_is_replaced_before_the_server_tires_of_it(
    server: ScriptedServer, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_module, "MESSAGES_PER_CONNECTION", 2)
    for _ in range(5):
        assert await send(pool) is DeliveryStatus.SENT
    assert server.connections == 3
    assert server.verbs().count("QUIT") == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(says("421 4.3.2 bye"), id="421"),
        pytest.param(DROP, id="lost"),
    ],
)
async def test_a_connection_that_broke_is_replaced(server: ScriptedServer, pool: Pool, answer: Answer) -> None:
    server.script = {Step.RCPT: [says("250 ok"), answer]}
    assert await send(pool) is DeliveryStatus.SENT
    assert await send(pool) is DeliveryStatus.DEFERRED
    assert await send(pool) is DeliveryStatus.SENT
    assert server.connections == 2


async def test_a_connection_is_kept_after_a_refused_recipient(server: ScriptedServer, pool: Pool) -> None:
    server.script = {Step.RCPT: [says("550 5.1.1 no such user")]}
    assert await send(pool) is DeliveryStatus.FAILED
    assert await send(pool) is DeliveryStatus.SENT
    assert server.connections == 1


async def test_a_cancelled_message_never_leaves_its_reply_to_the_next_one(server: ScriptedServer, pool: Pool) -> None:
    server.script = {Step.MESSAGE: [SILENCE]}
    sending = asyncio.create_task(send(pool))
    await server.silent.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert await send(pool) is DeliveryStatus.SENT
    assert server.connections == 2


async def test_a_failed_claim_never_leaves_its_transaction_to_the_next_one(server: ScriptedServer, pool: Pool) -> None:
    async def claim() -> bool:
        raise LookupError("no row")

    with pytest.raises(LookupError):
        async with pool.connection() as connection:
            await connection.send(ADA, MESSAGE, claim=claim)
    assert await send(pool) is DeliveryStatus.SENT


async def test_a_server_that_lets_nobody_in_is_named_and_its_place_is_free_again(
    server: ScriptedServer, pool: Pool
) -> None:
    server.script = {Step.GREETING: [says_and_closes("554 5.7.1 go away")] * 4}
    for _ in range(4):
        with pytest.raises(ServerRefused, match=r"554 5\.7\.1 go away") as caught:
            await send(pool)
        assert caught.value.outcome.sender_fault
    assert await send(pool) is DeliveryStatus.SENT


@pytest.mark.parametrize("room", [1, 2, 5])
async def test_a_server_with_room_for_fewer_connections_is_sent_everything_over_those(
    server: ScriptedServer, room: int
) -> None:
    server.room = room
    pool = Pool(relay_to(server), size=8, timeouts=PATIENT)
    async with asyncio.TaskGroup() as group:
        sent = [group.create_task(send(pool)) for _ in range(40)]
    assert {task.result() for task in sent} == {DeliveryStatus.SENT}
    # Whoever was turned away once does not knock again.
    assert server.turned_away <= 8 - room
    await pool.close()


async def test_a_pool_that_was_made_smaller_has_its_size_again_in_the_next_run(server: ScriptedServer) -> None:
    server.room = 1
    pool = Pool(relay_to(server), size=3, timeouts=PATIENT)
    for room in (1, 3):
        server.room = room
        async with asyncio.TaskGroup() as group:
            for _ in range(9):
                group.create_task(send(pool))
        lent = 0
        async with AsyncExitStack() as stack:
            for _ in range(room):
                await stack.enter_async_context(pool.connection())
                lent += 1
        assert lent == room
        await pool.close()
        await all_gone(server)


async def all_gone(server: ScriptedServer) -> None:
    while server.open_now:
        server.ended.clear()
        await asyncio.wait_for(server.ended.wait(), PATIENT.connect)


async def test_a_server_that_lets_nobody_in_any_more_is_named_although_it_did_before(
    server: ScriptedServer, pool: Pool
) -> None:
    server.script = {Step.MAIL: [DROP]}
    assert await send(pool) is DeliveryStatus.DEFERRED
    server.script = {Step.GREETING: [says_and_closes("421 4.3.2 bye")] * 3}
    refused = await asyncio.gather(*(send(pool) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in refused] == [ServerRefused] * 3
    assert server.connections == 4


async def test_whoever_gives_up_waiting_takes_no_place_with_them(server: ScriptedServer) -> None:
    pool = Pool(relay_to(server), size=1, timeouts=PATIENT)
    async with pool.connection():
        waiting = asyncio.create_task(send(pool))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    assert await send(pool) is DeliveryStatus.SENT
    await pool.close()


async def test_the_pace_is_kept_over_all_connections(server: ScriptedServer) -> None:
    pool = Pool(relay_to(server), size=8, per_second=200)
    loop = asyncio.get_running_loop()
    began = loop.time()
    turns: list[float] = []

    async def work() -> None:
        for _ in range(5):
            await pool.wait_for_turn()
            turns.append(loop.time() - began)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(work())
    # The first goes at once, the twentieth after nineteen intervals; never is one before its time.
    resolution = 0.002
    assert all(turn >= number / 200 - resolution for number, turn in enumerate(sorted(turns)))
    assert len(turns) == 20


async def test_an_idle_pool_saves_nothing_up(server: ScriptedServer) -> None:
    pool = Pool(relay_to(server), size=8, per_second=100)
    loop = asyncio.get_running_loop()
    idle_until = loop.time() + 0.05
    await pool.wait_for_turn()
    while loop.time() < idle_until:
        await asyncio.sleep(0)
    began = loop.time()
    for _ in range(3):
        await pool.wait_for_turn()
    assert loop.time() - began >= 0.018


async def test_without_a_pace_nobody_waits(pool: Pool) -> None:
    waiting = pool.wait_for_turn()
    with pytest.raises(StopIteration):
        waiting.send(None)
