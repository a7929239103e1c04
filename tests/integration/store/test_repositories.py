"""Repositories keep their identity through renames, transfers and reused names."""

from __future__ import annotations

from newsletter.store import repositories
from newsletter.store.engine import Store
from newsletter.store.repositories import FollowedRepository
from tests.support.clock import NOON
from tests.support.records import follow, github_repository


async def add_unasked(store: Store, full_name: str) -> tuple[FollowedRepository, bool]:
    async with store.write() as transaction:
        return await repositories.add(transaction.connection, full_name, known=None, now=NOON)


async def push(store: Store, github_id: int, full_name: str, *, private: bool = False) -> FollowedRepository | None:
    async with store.write() as transaction:
        return await repositories.recognise(
            transaction.connection, github_repository(github_id, full_name, private=private), asked=False
        )


async def by_name(store: Store, full_name: str) -> FollowedRepository | None:
    async with store.read() as connection:
        return await repositories.by_name(connection, full_name)


async def everything(store: Store) -> list[str]:
    async with store.read() as connection:
        return [repository.full_name for repository in await repositories.everything(connection)]


async def test_a_repository_that_github_knows_is_followed_as_github_names_it(store: Store) -> None:
    async with store.write() as transaction:
        repository, new = await repositories.add(
            transaction.connection, "ACME/tide", known=github_repository(7, "Acme/Tide"), now=NOON
        )
    assert new
    assert repository == FollowedRepository(
        id=repository.id,
        github_id=7,
        full_name="Acme/Tide",
        default_branch="main",
        private=False,
        added_at=NOON,
        by_hand_at=NOON,
    )
    assert repository.key == str(repository.id)
    async with store.read() as connection:
        assert await repositories.by_id(connection, repository.id) == repository
        assert await repositories.by_github_id(connection, 7) == repository
        assert await repositories.by_name(connection, "aCME/tIDE") == repository


async def test_what_nobody_could_ask_about_counts_as_private_until_a_push_says_otherwise(store: Store) -> None:
    added, _ = await add_unasked(store, "acme/tide")
    assert (added.private, added.github_id, added.default_branch) == (True, None, None)
    pushed = await push(store, 7, "Acme/tide")
    assert pushed is not None
    assert (pushed.id, pushed.private, pushed.github_id, pushed.full_name) == (added.id, False, 7, "Acme/tide")
    assert await by_name(store, "acme/tide") == pushed


async def test_following_twice_changes_nothing(store: Store) -> None:
    first = await follow(store, "acme/tide", github_id=7)
    again, new = await add_unasked(store, "ACME/Tide")
    assert (again, new) == (first, False)
    assert await follow(store, "acme/tide", github_id=7) == first
    assert await everything(store) == ["acme/tide"]


async def test_following_again_takes_over_what_github_says_now(store: Store) -> None:
    added, _ = await add_unasked(store, "acme/tide")
    known = await follow(store, "acme/tide", github_id=7)
    assert (known.id, known.github_id, known.private) == (added.id, 7, False)


async def test_following_by_an_old_name_finds_the_renamed_repository(store: Store) -> None:
    """GitHub answers a request for an old name with the repository as it is called now."""
    added, _ = await add_unasked(store, "acme/tide")
    async with store.write() as transaction:
        found, new = await repositories.add(
            transaction.connection, "acme/tide", known=github_repository(7, "acme/flood"), now=NOON
        )
    assert (found.id, found.full_name, new) == (added.id, "acme/flood", False)
    async with store.write() as transaction:
        again, new = await repositories.add(
            transaction.connection, "acme/tide", known=github_repository(7, "acme/flood"), now=NOON
        )
    assert (again, new) == (found, False)


async def test_a_push_of_a_repository_that_is_not_followed_is_recognised_as_nobodys(store: Store) -> None:
    await follow(store, "acme/tide", github_id=7)
    assert await push(store, 8, "acme/other") is None
    assert await everything(store) == ["acme/tide"]


async def test_a_rename_or_transfer_keeps_the_repository(store: Store) -> None:
    first = await follow(store, "acme/tide", github_id=7)
    for name in ("acme/flood", "harbour/flood"):
        moved = await push(store, 7, name)
        assert moved is not None
        assert (moved.id, moved.full_name) == (first.id, name)
    assert await by_name(store, "acme/tide") is None
    assert await everything(store) == ["harbour/flood"]


async def test_a_repository_that_becomes_private_is_private_at_once(store: Store) -> None:
    first = await follow(store, "acme/tide", github_id=7)
    hidden = await push(store, 7, "acme/tide", private=True)
    assert hidden is not None
    assert (hidden.id, hidden.private) == (first.id, True)


async def test_no_event_makes_a_repository_public(store: Store) -> None:
    """It may be one of hours ago that GitHub delivers again: only GitHub's answer of now is believed."""
    first = await follow(store, "acme/tide", github_id=7, private=True)
    told = await push(store, 7, "acme/flood", private=False)
    assert told is not None
    assert (told.id, told.full_name, told.private) == (first.id, "acme/flood", True)
    async with store.write() as transaction:
        answered = github_repository(7, "acme/flood", private=False)
        asked = await repositories.recognise(transaction.connection, answered, asked=True)
    assert asked is not None
    assert (asked.id, asked.private) == (first.id, False)
    assert await by_name(store, "acme/flood") == asked


async def test_a_push_that_says_nothing_new_changes_nothing(store: Store) -> None:
    first = await follow(store, "acme/tide", github_id=7)
    assert await push(store, 7, "acme/tide") == first
    assert await push(store, 7, "acme/tide") == first


async def test_a_stranger_under_a_known_name_is_not_taken_for_the_repository(store: Store) -> None:
    """Somebody deleted a repository and made another of the same name: nobody asked to follow that one."""
    first = await follow(store, "acme/tide", github_id=7)
    assert await push(store, 8, "acme/tide", private=True) is None
    assert await by_name(store, "acme/tide") == first


async def test_following_a_new_repository_under_a_reused_name_leaves_the_old_one_itself(store: Store) -> None:
    """The old one was renamed on GitHub and has not been pushed to since."""
    old = await follow(store, "acme/tide", github_id=7)
    async with store.write() as transaction:
        new, is_new = await repositories.add(
            transaction.connection, "acme/tide", known=github_repository(8, "acme/tide", private=True), now=NOON
        )
    assert is_new
    assert new.id != old.id
    assert await by_name(store, "acme/tide") == new
    renamed = await push(store, 7, "acme/flood")
    assert renamed is not None
    assert (renamed.id, renamed.private) == (old.id, False)
    assert await everything(store) == ["acme/flood", "acme/tide"]


async def test_whoever_has_a_name_now_keeps_it(store: Store) -> None:
    tide = await follow(store, "acme/tide", github_id=7)
    flood = await follow(store, "acme/flood", github_id=8)
    # On GitHub tide became ebb first, and then flood took its name; the first push we hear of is flood's.
    renamed = await push(store, 8, "acme/tide")
    assert renamed is not None
    assert renamed.id == flood.id
    assert await by_name(store, "acme/tide") == renamed
    ebb = await push(store, 7, "acme/ebb")
    assert ebb is not None
    assert ebb.id == tide.id
    assert await everything(store) == ["acme/ebb", "acme/tide"]


async def test_a_name_that_is_given_back_is_found_again(store: Store) -> None:
    tide = await follow(store, "acme/tide", github_id=7)
    await follow(store, "acme/flood", github_id=8)
    await push(store, 8, "acme/tide")
    await push(store, 8, "acme/flood")
    assert await push(store, 7, "acme/tide") == tide
    assert await by_name(store, "acme/tide") == tide


async def test_repositories_are_listed_by_name_whatever_their_case(store: Store) -> None:
    for number, name in enumerate(("b/B", "A/z", "a/Y")):
        await follow(store, name, github_id=number + 1)
    assert await everything(store) == ["a/Y", "A/z", "b/B"]


async def test_a_github_id_beyond_32_bits_is_kept(store: Store) -> None:
    assert (await follow(store, github_id=2**62)).github_id == 2**62
