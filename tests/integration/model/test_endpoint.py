"""A server is asked in the manner it knows, as often as it allows, and left alone for as long as it wants."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from newsletter.analysis.analyst import ModelAway
from newsletter.analysis.endpoint import Endpoint
from newsletter.analysis.question import Question
from newsletter.analysis.record import Fallback, Source
from tests.support.model import Answer, StandInModel, answers, asking, endpoint_at, fails, hangs, hangs_up, says
from tests.support.model_answers import text_of
from tests.support.model_changes import SECURITY, a_change, a_file

QUESTION = Question(name="q", system="Answer in json.", user="x" * 290, schema={}, answer_tokens=100, usual_tokens=50)


class Clock:
    """A clock that only waiting moves, which takes no time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def picky(refuses: Any, *, message: str) -> Answer:
    """Answer 400 to requests that a server does not know."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        return await (fails(400, message=message) if refuses(body) else answers())(request)

    return answer


def form(body: Any) -> str:
    return str(body.get("response_format", {}).get("type"))


@pytest.mark.parametrize(
    ("known", "forms"),
    [
        pytest.param({"json_object", "None"}, ["json_schema", "json_object", "json_object"], id="json_object"),
        pytest.param({"None"}, ["json_schema", "json_object", "None", "None"], id="text alone"),
    ],
)
@pytest.mark.parametrize("message", ["response_format is not supported", "Bad Request"])
async def test_a_server_is_asked_less_strictly_and_that_is_remembered(
    known: set[str], forms: list[str], message: str
) -> None:
    async with (
        StandInModel(picky(lambda body: form(body) not in known, message=message)) as model,
        asking(model) as analyst,
    ):
        for number in range(2):
            found = await analyst.analyse(
                a_change("Fix CVE-2026-1234 in the pump", number=number), language="en", level=None
            )
            assert found.source is Source.MODEL
    assert [form(asked.body) for asked in model.asked] == forms
    assert "JSON schema" in text_of(model.asked[-1].body)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_a_server_has_the_ceiling_under_the_name_it_knows(name: str) -> None:
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    async with StandInModel(picky(lambda body: name not in body, message=words)) as model, asking(model) as analyst:
        for number in range(2):
            found = await analyst.analyse(
                a_change("Fix CVE-2026-1234 in the pump", number=number), language="en", level=None
            )
            assert found.source is Source.MODEL
    assert len(model.asked) == (2 if name == "max_tokens" else 3)
    assert name in model.asked[-1].body


async def test_a_server_that_refuses_every_manner_is_given_up() -> None:
    async with StandInModel(fails(400, message="response_format max_tokens")) as model, asking(model) as analyst:
        found = await analyst.analyse(SECURITY, language="en", level=None)
    assert found.fallback is Fallback.REJECTED
    assert len(model.asked) < 10


async def test_a_question_that_is_too_long_is_asked_with_half_of_the_patch_and_that_is_remembered() -> None:
    patch = "@@ -1 +1 @@\n" + "+value = old\n" * 1_000
    words = "This model's maximum context length is 8192 tokens."
    refuses = picky(lambda body: text_of(body).count("+value") > 950, message=words)
    async with StandInModel(refuses) as model, asking(model) as analyst:
        for number in range(2):
            subject = a_change("Fix CVE-2026-1234 in the pump", a_file("src/a.py", patch), number=number)
            found = await analyst.analyse(subject, language="en", level=None)
            assert found.source is Source.MODEL
    assert len(model.asked) == 3
    assert "more of this file not shown" in text_of(model.asked[-1].body)


async def test_a_question_that_is_always_too_long_is_given_up() -> None:
    async with StandInModel(fails(400, code="context_length_exceeded")) as model, asking(model) as analyst:
        found = await analyst.analyse(SECURITY, language="en", level=None)
        low = await analyst.analyse(a_change("Fix a typo", a_file("docs/a.md")), language="en", level=None)
    assert (found.fallback, low.fallback) == (Fallback.TOO_LONG, Fallback.TOO_LONG)
    assert len(model.asked) < 10


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(fails(401), Fallback.KEY, id="a wrong key"),
        pytest.param(fails(403), Fallback.KEY, id="a key without rights"),
        pytest.param(fails(402), Fallback.QUOTA, id="nothing left to spend"),
        pytest.param(fails(429, code="insufficient_quota"), Fallback.QUOTA, id="nothing left, as OpenAI says it"),
        pytest.param(fails(404, message="no such model"), Fallback.REJECTED, id="a model it does not have"),
    ],
)
async def test_what_only_an_operator_can_mend_is_not_asked_again_for_each_change(
    answer: Answer, reason: Fallback
) -> None:
    async with StandInModel(answer) as model, asking(model) as analyst:
        for number in range(3):
            found = await analyst.analyse(
                a_change("Fix CVE-2026-1234 in the pump", number=number), language="en", level=None
            )
            assert (found.source, found.fallback) == (Source.RULES, reason)
    assert len(model.asked) == 1


TRANSIENT = [
    pytest.param(fails(429), Fallback.RATE_LIMITED, 3, id="too many requests"),
    pytest.param(fails(429, retry_after="0"), Fallback.RATE_LIMITED, 3, id="too many, and again at once"),
    pytest.param(fails(500), Fallback.UNREACHABLE, 3, id="an error of its own"),
    pytest.param(fails(503, retry_after="0"), Fallback.UNREACHABLE, 3, id="an outage"),
    pytest.param(hangs, Fallback.TIMEOUT, 2, id="silence"),
    pytest.param(hangs_up, Fallback.UNREACHABLE, 3, id="a connection that breaks"),
]


@pytest.mark.parametrize(("answer", "reason", "requests"), TRANSIENT)
async def test_a_request_that_fails_is_made_again_and_then_the_model_is_away(
    answer: Answer, reason: Fallback, requests: int
) -> None:
    async with StandInModel(answer) as model, asking(model, timeout_seconds=0.1) as analyst:
        with pytest.raises(ModelAway) as caught:
            await analyst.analyse(SECURITY, language="en", level=None)
        assert (caught.value.fallback, caught.value.outage) == (reason, False)
        assert caught.value.after > 10
        assert len(model.asked) == requests
        # While it is away nobody asks it.
        with pytest.raises(ModelAway) as caught:
            await analyst.analyse(SECURITY, language="en", level=None)
        assert caught.value.outage
        assert len(model.asked) == requests


@pytest.mark.parametrize(("answer", "reason", "requests"), TRANSIENT)
async def test_a_model_that_answers_at_the_second_try_is_heard(answer: Answer, reason: Fallback, requests: int) -> None:
    # Only silence is met by the time-out; any other answer has all the time that a busy machine needs.
    patience = 2 if answer is hangs else 60
    async with StandInModel(answer, answers()) as model, asking(model, timeout_seconds=patience) as analyst:
        found = await analyst.analyse(SECURITY, language="en", level=None)
    assert found.source is Source.MODEL
    assert len(model.asked) == 2


async def test_a_model_that_is_not_there_is_away() -> None:
    async with StandInModel(answers()) as model:
        pass
    async with asking(model) as analyst:
        with pytest.raises(ModelAway) as caught:
            await analyst.analyse(SECURITY, language="en", level=None)
    assert caught.value.fallback is Fallback.UNREACHABLE


async def test_a_short_pause_that_the_server_asks_for_is_kept_by_all_without_holding_a_place(clock: Clock) -> None:
    async with StandInModel(fails(429, retry_after="7"), says("{}")) as model:
        endpoint = Endpoint(endpoint_at(model, concurrency=1), clock=clock, sleep=clock.wait)
        reply = await endpoint.ask(QUESTION, repository="acme/a")
        await endpoint.close()
    assert reply.text == "{}"
    assert clock.waited == [7.0]


async def test_a_long_pause_is_the_callers_to_wait_for(clock: Clock) -> None:
    async with StandInModel(fails(429, retry_after="3600"), says("{}")) as model:
        endpoint = Endpoint(endpoint_at(model), clock=clock, sleep=clock.wait)
        for later, left in ((0.0, 3600.0), (600.0, 3000.0)):
            clock.now += later
            with pytest.raises(ModelAway) as caught:
                await endpoint.ask(QUESTION, repository="acme/a")
            assert (caught.value.after, caught.value.outage) == (left, True)
            assert caught.value.fallback is Fallback.RATE_LIMITED
        assert len(model.asked) == 1
        clock.now += 3001
        assert (await endpoint.ask(QUESTION, repository="acme/a")).text == "{}"
        await endpoint.close()
    assert clock.waited == []


async def test_no_more_tokens_a_minute_are_asked_for_than_allowed(clock: Clock) -> None:
    async with StandInModel(says("{}", usage={"prompt_tokens": 100, "completion_tokens": 50})) as model:
        endpoint = Endpoint(endpoint_at(model, tokens_per_minute=600), clock=clock, sleep=clock.wait)
        for _ in range(8):
            await endpoint.ask(QUESTION, repository="acme/a")
        await endpoint.close()
    # Eight times 150 tokens are 1,200: a minute's worth at once, and another in a minute.
    assert 50 <= sum(clock.waited) <= 70


async def test_a_wait_for_tokens_that_is_too_long_is_the_callers(clock: Clock) -> None:
    async with StandInModel(says("{}", usage={"prompt_tokens": 6000, "completion_tokens": 0})) as model:
        endpoint = Endpoint(endpoint_at(model, tokens_per_minute=600), clock=clock, sleep=clock.wait)
        await endpoint.ask(QUESTION, repository="acme/a")
        with pytest.raises(ModelAway) as caught:
            await endpoint.ask(QUESTION, repository="acme/a")
        await endpoint.close()
    assert caught.value.after > 500
