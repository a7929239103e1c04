"""Places are given in order, the urgent first, and none is lost with whoever stops waiting."""

from __future__ import annotations

import asyncio

from newsletter.analysis.places import Places


async def test_the_urgent_go_before_the_others_and_equals_in_their_order() -> None:
    places, gate = Places(1), asyncio.Event()
    order: list[str] = []

    async def take(name: str, *, urgent: bool) -> None:
        async with places.one(urgent=urgent):
            order.append(name)
            await gate.wait()

    tasks = [asyncio.create_task(take(name, urgent=name.startswith("u"))) for name in ("a", "b", "u1", "c", "u2")]
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "u1", "u2", "b", "c"]


async def test_no_more_are_inside_than_there_are_places() -> None:
    places, inside, most = Places(3), 0, 0

    async def take(urgent: bool) -> None:
        nonlocal inside, most
        async with places.one(urgent=urgent):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(take(bool(number % 3)) for number in range(30)))
    assert (inside, most) == (0, 3)


async def test_whoever_stops_waiting_costs_nobody_a_place() -> None:
    places, gate = Places(1), asyncio.Event()

    async def take() -> None:
        async with places.one(urgent=False):
            await gate.wait()

    first, second, third = (asyncio.create_task(take()) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    await asyncio.sleep(0)
    # The third was handed the place at the moment in which it is told to stop as well.
    third.cancel()
    await asyncio.gather(first, second, third, return_exceptions=True)
    gate.set()
    last = asyncio.create_task(take())
    await asyncio.wait([last], timeout=30)
    assert last.done()
