"""The verbs that show who is mailed no more, and undo it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import subscribers
from newsletter.app import open_service
from newsletter.settings import load_settings
from subscribers import Evidence, Setback, Way
from tests.support.command_line import CommandLine

ADDRESS = "gone@example.org"


def complain(environment: dict[str, str]) -> None:
    async def work() -> None:
        async with open_service(load_settings(environment=environment)) as service, service.store.write() as write:
            reader = await subscribers.by_address(write.connection, subscribers.parse_address(ADDRESS))
            assert reader is not None
            at = service.clock() - timedelta(minutes=1)
            evidence = Evidence(setback=Setback.COMPLAINT, way=Way.MAIL, at=at)
            await subscribers.note(write.connection, reader.id, evidence, source="mail 1")

    asyncio.run(work())


def test_an_operator_sees_who_is_suppressed_and_why_and_undoes_it(
    newsletter: CommandLine, environment: dict[str, str]
) -> None:
    assert newsletter("subscribers", "add", ADDRESS, "--confirmed").code == 0
    assert newsletter("subscribers", "suppressed", "lift", ADDRESS).code == 1
    complain(environment)
    (row,) = json.loads(newsletter("subscribers", "suppressed", "list", "--json").out)
    assert (row["address"], row["reason"], row["lifted"]) == (ADDRESS, "complaint", None)
    assert newsletter("subscribers", "suppressed", "lift", ADDRESS).code == 0
    assert json.loads(newsletter("subscribers", "suppressed", "list", "--json").out) == []
    (past,) = json.loads(newsletter("subscribers", "suppressed", "list", "--past", "--json").out)
    assert past["lifted"] is not None
    assert newsletter("subscribers", "suppressed", "lift", "nobody@example.org").code == 1
