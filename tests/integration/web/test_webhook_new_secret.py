"""A secret that joins while the service runs: it is asked for when it is needed, and only then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.posting import assert_nothing_stored, post
from tests.support.pushes import SAMPLE, SECRET, body_of
from tests.support.running import running

PING = body_of({"zen": "Speak like a human."})


class Joining:
    """Secrets to which others join when they are looked up."""

    def __init__(self, *coming: str) -> None:
        self.secrets = [SECRET]
        self.coming = coming
        self.asked: list[Sequence[str]] = []

    async def renewed(self, tried: Sequence[str]) -> bool:
        self.asked.append(tried)
        self.secrets += self.coming
        return bool(self.coming)


async def test_the_first_delivery_of_a_new_secret_is_taken(tmp_path: Path) -> None:
    joining = Joining("the secret of a new App")
    async with running(tmp_path, secrets=joining.secrets, renewed=joining.renewed) as service:
        assert (await post(service, PING, event="ping", secret="the secret of a new App"))[0] == 200
        assert (await post(service, SAMPLE.pushes[0].body, secret="the secret of a new App"))[0] == 202
    assert joining.asked == [(SECRET,)]


async def test_nobody_is_asked_for_a_delivery_that_a_known_secret_signed(tmp_path: Path) -> None:
    joining = Joining()
    async with running(tmp_path, secrets=joining.secrets, renewed=joining.renewed) as service:
        assert (await post(service, SAMPLE.pushes[0].body))[0] == 202
    assert joining.asked == []


async def test_a_secret_that_joins_lets_nobody_else_in(tmp_path: Path) -> None:
    for joining in (Joining(), Joining("the secret of a new App")):
        async with running(tmp_path, secrets=joining.secrets, renewed=joining.renewed) as service:
            status, answer = await post(service, PING, event="ping", secret="a guess")
            assert status == 401
            assert "signature does not match" in answer["error"]
            assert_nothing_stored(service)
        assert joining.asked == [(SECRET,)]
