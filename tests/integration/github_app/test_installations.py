"""What the App may read is followed, from its present head on; what it may not read any more is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from newsletter.github.faults import NotOnGitHub
from newsletter.pipeline.follow import follow, introduce
from newsletter.pipeline.notices import Notices
from newsletter.pipeline.port import Job, Kind, NotYet, RetryAfter
from newsletter.pipeline.receive import Ignored, Intake, Receipt, Received
from newsletter.store import installations
from newsletter.store.states import InstallationState, Stopped
from tests.support.app_house import AppHouse
from tests.support.app_keys import present
from tests.support.clock import NOON
from tests.support.drawn_answers import sends
from tests.support.graph import Graph, push_of
from tests.support.records import github_repository, sha

APP = 11
TIDE, SONG = "acme/tide", "acme/song"


async def pushed(house: AppHouse, before: int, after: int, name: str = TIDE) -> Received:
    """Let a commit reach a repository, and tell of it."""
    commits = house.app.server.commits
    assert isinstance(commits, dict)
    push, body = push_of(Graph(name, commits=commits), before, after, [after], at=house.clock())
    house.app.server.history.move(name, "main", sha(after))
    return await Intake(store=house.store, jobs=house.newsroom.jobs).receive(push, body, now=house.clock())


async def by_hand(house: AppHouse, name: str) -> None:
    introduction = await introduce(name, branch_patterns=(), github=house.github)
    await follow(name, introduction=introduction, branch_patterns=None, poll=None, store=house.store, now=house.clock())


async def test_an_installation_is_followed_from_the_present_heads_on(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE, head=4), house.create(101, SONG, private=True, head=2))
    assert await house.told(APP) == [Received(receipt=Receipt.NOTED)]
    assert await house.followed() == {SONG: APP, TIDE: APP}
    assert (await house.head(TIDE), await house.head(SONG)) == (4, 2)
    song = await house.repository(SONG)
    assert (song.private, song.default_branch, song.by_hand_at) == (True, "main", None)
    assert await house.newsroom.count("commits") == 0
    assert (await pushed(house, 4, 5)).receipt is Receipt.STORED


async def test_the_same_event_twice_and_of_nobody_changes_nothing(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE))
    await house.told(APP, APP, 99)
    before = await house.repository(TIDE)
    await house.told(APP, 99)
    assert await house.repository(TIDE) == before
    async with house.store.read() as connection:
        assert [each.id for each in await installations.everything(connection)] == [APP]


@pytest.mark.parametrize("reason", [Stopped.REMOVED, Stopped.SUSPENDED, Stopped.UNINSTALLED])
async def test_what_is_taken_away_is_followed_no_longer_and_what_was_collected_stays(
    house: AppHouse, reason: Stopped
) -> None:
    installed = house.app.install(APP, house.create(100, TIDE), house.create(101, SONG))
    await house.told(APP)
    assert (await pushed(house, 1, 2)).receipt is Receipt.STORED
    match reason:
        case Stopped.REMOVED:
            installed.repositories = installed.repositories[1:]
        case Stopped.SUSPENDED:
            installed.suspended = True
        case _:
            del house.app.installations[APP]
    await house.told(APP)
    assert (await house.stopped())[TIDE] is reason
    assert (SONG in await house.followed()) == (reason is Stopped.REMOVED)
    ignored = await pushed(house, 2, 3)
    assert ignored == Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_ANY_MORE)
    asked = len(house.app.asked)
    tide = await house.repository(TIDE)
    await house.do(Job(kind=Kind.RECONCILE, key=tide.key, attempt=1, last=False, queued_at=NOON + timedelta(days=1)))
    assert len(house.app.asked) == asked
    # What was collected before reaches its digest.
    (hook_id,) = await house.newsroom.queued(Kind.EXPAND)
    await house.newsroom.expand(hook_id)
    house.clock.advance(timedelta(days=1))
    assert (await house.newsroom.close(NOON.date())).changes == 1


async def test_what_comes_again_begins_with_its_head_of_then(house: AppHouse) -> None:
    installed = house.app.install(APP, house.create(100, TIDE))
    await house.told(APP)
    installed.suspended = True
    await house.told(APP)
    house.app.server.history.move(TIDE, "main", sha(7))
    house.clock.advance(timedelta(days=9))
    installed.suspended = False
    await house.told(APP)
    assert await house.followed() == {TIDE: APP}
    assert await house.head(TIDE) == 7
    assert await house.newsroom.count("commits") == 0
    async with house.store.read() as connection:
        found = await installations.load(connection, APP)
    assert found is not None
    assert (found.state, found.account) == (InstallationState.ACTIVE, "acme")


async def test_what_comes_again_waits_for_its_pushes_to_be_read(house: AppHouse) -> None:
    installed = house.app.install(APP, house.create(100, TIDE), house.create(101, SONG))
    await house.told(APP)
    await pushed(house, 1, 2)
    tide, song = installed.repositories
    installed.repositories = [song]
    await house.told(APP)
    installed.repositories = [tide, song, house.create(102, "acme/new")]
    job = Job(kind=Kind.INSTALLATION, key=str(APP), attempt=1, last=False, queued_at=NOON)
    with pytest.raises(NotYet, match="still to be read"):
        await house.do(job)
    assert set(await house.followed()) == {SONG, "acme/new"}
    (hook_id,) = await house.newsroom.queued(Kind.EXPAND)
    await house.newsroom.expand(hook_id)
    await house.do(job)
    assert set(await house.followed()) == {SONG, TIDE, "acme/new"}
    assert await house.head(TIDE) is None


async def test_what_an_operator_added_stays_and_is_read_with_the_token_again(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE))
    await by_hand(house, TIDE)
    await house.told(APP)
    assert await house.followed() == {TIDE: APP}
    await pushed(house, 1, 2)
    del house.app.installations[APP]
    await house.told(APP)
    assert await house.followed() == {TIDE: None}
    house.app.asked.clear()
    house.app.server.history.move(TIDE, "main", sha(3))
    assert (await house.github.head(TIDE, "main")) == sha(3)
    assert {who for _, who in house.app.asked} == {"anonymous"}
    assert (await pushed(house, 2, 3)).receipt is Receipt.STORED


async def test_an_operator_who_adds_what_the_app_had_follows_it_from_its_present_head(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE))
    await house.told(APP)
    del house.app.installations[APP]
    await house.told(APP)
    house.app.server.history.move(TIDE, "main", sha(6))
    await by_hand(house, TIDE)
    assert (await house.stopped(), await house.head(TIDE)) == ({}, 6)
    assert (await house.repository(TIDE)).by_hand_at is not None


async def test_a_repository_that_was_deleted_is_followed_no_longer_whoever_asked_for_it(house: AppHouse) -> None:
    house.create(100, TIDE)
    await by_hand(house, TIDE)
    assert await house.notices.deleted(github_repository(100, TIDE)) == Received(receipt=Receipt.NOTED)
    assert await house.stopped() == {TIDE: Stopped.DELETED}
    unknown = await house.notices.deleted(github_repository(999, "a/b"))
    assert unknown == Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_FOLLOWED)


async def test_a_repository_goes_from_one_installation_to_another(house: AppHouse) -> None:
    first = house.app.install(APP, house.create(100, TIDE))
    house.app.install(22, account="lark")
    await house.told(APP, 22)
    house.app.installations[22].repositories = first.repositories
    first.repositories = []
    await house.told(22, APP)
    assert await house.followed() == {TIDE: 22}
    assert await house.head(TIDE) == 1


@pytest.mark.parametrize("uninstalled", [False, True])
async def test_what_reached_a_repository_while_it_was_transferred_is_not_lost(
    house: AppHouse, *, uninstalled: bool
) -> None:
    first = house.app.install(APP, house.create(100, TIDE), house.create(101, SONG))
    house.app.install(22, account="lark")
    await house.told(APP, 22)
    transferred = house.create(100, "lark/tide", head=3)
    house.app.installations[22].repositories = [transferred]
    house.app.moved = {TIDE: "lark/tide"}
    first.repositories = first.repositories[1:]
    if uninstalled:
        del house.app.installations[APP]
    # The account that gave it away is looked at first.
    await house.told(APP)
    assert (await house.followed())["lark/tide"] == 22
    assert await house.newsroom.count("commits") == 2
    assert await house.head("lark/tide") == 3
    await house.told(22, APP)
    assert ("lark/tide" in await house.followed(), SONG in await house.followed()) == (True, not uninstalled)


async def test_a_rename_of_which_no_event_told_is_learnt(house: AppHouse) -> None:
    installed = house.app.install(APP, house.create(100, TIDE))
    await house.told(APP)
    installed.repositories = [house.create(100, "acme/flood", private=True)]
    await house.told(APP)
    assert await house.followed() == {"acme/flood": APP}
    assert (await house.repository("acme/flood")).private


async def test_hundreds_of_repositories_are_followed_and_go_again(house: AppHouse) -> None:
    many: list[dict[str, Any]] = [
        {"id": number, "full_name": f"acme/r{number}", "default_branch": "main", "private": True}
        for number in range(1, 121)
    ]
    house.app.install(APP, *many)
    job = Job(kind=Kind.INSTALLATION, key=str(APP), attempt=1, last=False, queued_at=NOON)
    await house.do(job)
    assert len(await house.followed()) == 120
    assert len(await house.newsroom.queued(Kind.RECONCILE)) == 120
    house.app.installations[APP].repositories = many[:1]
    await house.do(job)
    assert await house.followed() == {"acme/r1": APP}
    assert len(await house.stopped()) == 119


async def test_what_only_seemed_to_be_missing_is_kept(house: AppHouse) -> None:
    tide, song = house.create(100, TIDE), house.create(101, SONG)
    installed = house.app.install(APP, tide, song)
    await house.told(APP)
    installed.repositories = [song]

    def comes_back(request: web.Request) -> None:
        if request.path == "/installation/repositories" and house.app.times("/installation/repositories") == 2:
            installed.repositories = [tide, song]

    house.app.faults = comes_back
    await house.told(APP)
    assert set(await house.followed()) == {TIDE, SONG}


async def test_installations_of_which_no_event_told_are_found_and_those_that_went_as_well(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE))
    house.app.install(22, house.create(200, "lark/song"), account="lark")
    everything = Job(kind=Kind.INSTALLATION, key="all", attempt=1, last=False, queued_at=NOON)
    await house.do(everything)
    await house.work()
    assert await house.followed() == {TIDE: APP, "lark/song": 22}
    del house.app.installations[22]
    await house.do(everything)
    await house.work()
    assert await house.stopped() == {"lark/song": Stopped.UNINSTALLED}


async def test_another_apps_installations_are_left_as_they_are(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE))
    await house.told(APP)
    house.app.app_id = 815
    async with house.store.write() as transaction:
        found = await house.github.app.id()
        assert found != 815
        await transaction.connection.exec_driver_sql("UPDATE installations SET app_id = 815")
    house.app.app_id = found or 0
    del house.app.installations[APP]
    await house.told(APP)
    assert await house.followed() == {TIDE: APP}


async def test_without_an_app_its_events_are_ignored_and_its_jobs_do_nothing(house: AppHouse) -> None:
    nobody = Notices(store=house.store, jobs=house.newsroom.jobs, credentials=present(None))
    assert await nobody.installation(APP) == Received(receipt=Receipt.IGNORED, reason=Ignored.NO_APP)
    assert await house.newsroom.queued(Kind.INSTALLATION) == []


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_while_github_does_not_answer_nothing_is_stopped(house: AppHouse, status: int) -> None:
    house.app.install(APP, house.create(100, TIDE))
    await house.told(APP)
    house.app.faults = sends({"message": "no"}, status)
    job = Job(kind=Kind.INSTALLATION, key=str(APP), attempt=1, last=False, queued_at=NOON)
    with pytest.raises(RetryAfter):
        await house.do(job)
    assert await house.followed() == {TIDE: APP}


async def test_a_private_repository_is_read_only_through_its_installation(house: AppHouse) -> None:
    house.app.install(APP, house.create(100, TIDE, private=True))
    with pytest.raises(NotOnGitHub):
        await house.github.repository(TIDE)
    await house.told(APP)
    assert (await house.github.repository(TIDE)).private
