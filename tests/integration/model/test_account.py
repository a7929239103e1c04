"""Every request is accounted for, and none is made beyond the ceiling."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from newsletter.analysis.analyst import Usage
from newsletter.analysis.endpoint import Endpoint
from newsletter.analysis.faults import ModelFault
from newsletter.analysis.question import Question
from newsletter.analysis.record import Fallback, Source
from tests.support.model import USAGE, StandInModel, answers, asking, endpoint_at, says
from tests.support.model_changes import SECURITY, a_change, a_file

QUESTION = Question(name="q", system="Answer in json.", user="x" * 290, schema={}, answer_tokens=100, usual_tokens=50)


class Account:
    """A ledger that counts, and has a ceiling."""

    def __init__(self, ceiling: int = 10**9) -> None:
        self.usage: list[Usage] = []
        self.ceiling = ceiling

    async def allows(self, under_way: int) -> bool:
        spent = sum(usage.input_tokens + usage.output_tokens for usage in self.usage)
        return spent + under_way < self.ceiling

    async def charge(self, usage: Usage) -> None:
        self.usage.append(usage)


async def test_every_request_is_charged_to_its_repository_also_where_its_answer_cannot_be_used() -> None:
    account = Account()
    async with StandInModel(says("{"), answers()) as model, asking(model, ledger=account) as analyst:
        await analyst.analyse(SECURITY, language="en", level=None)
    assert (
        account.usage
        == [
            Usage(
                model="stand-in-7b",
                repository="acme/rocket",
                input_tokens=USAGE["prompt_tokens"],
                output_tokens=USAGE["completion_tokens"],
            )
        ]
        * 2
    )


@pytest.mark.parametrize(
    "usage",
    [
        pytest.param(None, id="none"),
        pytest.param({"prompt_tokens": 5}, id="half"),
        pytest.param({"prompt_tokens": "many", "completion_tokens": None}, id="in words"),
        pytest.param({"prompt_tokens": -1, "completion_tokens": 1}, id="below nothing"),
        pytest.param("much", id="as a text"),
    ],
)
async def test_a_cost_that_the_server_does_not_tell_is_estimated(usage: object) -> None:
    account = Account()
    async with StandInModel(says("{}", usage=usage)) as model:
        endpoint = Endpoint(endpoint_at(model), ledger=account)
        await endpoint.ask(QUESTION, repository="acme/a")
        await endpoint.close()
    (charged,) = account.usage
    assert 80 <= charged.input_tokens <= 120
    assert charged.output_tokens == QUESTION.usual_tokens


async def test_no_request_is_made_once_the_ceiling_is_reached() -> None:
    account = Account(ceiling=1000)
    async with StandInModel(answers()) as model, asking(model, ledger=account) as analyst:
        first = await analyst.analyse(SECURITY, language="en", level=None)
        low = await analyst.analyse(a_change("Fix a typo", a_file("docs/a.md")), language="en", level=None)
    assert (first.source, low.fallback) == (Source.MODEL, Fallback.BUDGET)
    assert len(model.asked) == 1


async def test_what_is_under_way_counts_towards_the_ceiling() -> None:
    account = Account(ceiling=200)
    two = asyncio.Event()

    async def waits(request: web.Request) -> web.StreamResponse:
        await two.wait()
        return await says("{}")(request)

    async with StandInModel(waits) as model:
        endpoint = Endpoint(endpoint_at(model), ledger=account)
        asked = [asyncio.create_task(endpoint.ask(QUESTION, repository="acme/a")) for _ in range(3)]
        done, waiting = await asyncio.wait(asked, return_when="FIRST_COMPLETED")
        two.set()
        await asyncio.gather(*waiting)
        await endpoint.close()
    assert [type(task.exception()) for task in done] == [ModelFault]
    assert len(model.asked) == 2
