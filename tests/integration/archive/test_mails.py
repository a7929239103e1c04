"""A mail in the browser: as its cohort got it, for whoever has its address, and without anybody's own links."""

from __future__ import annotations

from newsletter.store.repositories import FollowedRepository
from tests.support.archive_house import BASE_URL, ArchiveHouse
from tests.support.markup import parsed
from tests.support.records import DAY, add_reader, analysis_of, follow, preferences_of

ADA = "ada@reader.example"


async def composed(house: ArchiveHouse, *, private: bool = False) -> tuple[FollowedRepository, str, str]:
    """Compose a day for one reader; returns the repository, their mail with its slots, and its address, if any."""
    tide = await follow(house.store, private=private)
    await add_reader(house.store, ADA, preferences_of(repository=str(tide.id)))
    await house.publish(tide, (1, analysis_of()))
    await house.newsroom.compose(DAY)
    html = (await house.newsroom.mail_to(ADA)).html
    views = [link for link in parsed(html).links() if link.startswith(f"{BASE_URL}/archive/mails/")]
    return tide, html, views[0].removeprefix(BASE_URL) if views else ""


async def test_it_is_the_mail_without_what_is_personal(house: ArchiveHouse) -> None:
    _, html, view = await composed(house)
    answer = await house.get(view)
    assert answer.status == 200
    shown, sent = answer.page, parsed(html)
    assert "The gate is lower." in shown.text
    personal = ("/unsubscribe/", "/preferences/")
    # The link to this very page stands beside them.
    assert [link for link in sent.links() if not any(word in link for word in (*personal, view))] == shown.links()
    assert any("/unsubscribe/" in link for link in sent.links())
    assert not any(word in answer.text for word in (*personal, "slot-", ADA))
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["X-Robots-Tag"] == "noindex"
    again = await house.get(view, If_None_Match=answer.headers["ETag"])
    assert (again.status, again.text) == (304, "")


async def test_whoever_does_not_know_the_key_finds_nothing(house: ArchiveHouse) -> None:
    _, _, view = await composed(house)
    for wrong in (
        view[:-1],
        f"{view}0",
        view.swapcase(),
        "/archive/mails/None",
        "/archive/mails/%00",
        "/archive/mails/",
    ):
        assert (await house.get(wrong)).status == 404


async def test_a_mail_of_a_private_repository_has_no_address(house: ArchiveHouse) -> None:
    _, html, view = await composed(house, private=True)
    assert "The gate is lower." in html
    assert view == ""
    assert (await house.get("/archive/mails/")).status == 404


async def test_a_repository_that_became_private_takes_its_mails_out_of_the_archive(house: ArchiveHouse) -> None:
    tide, _, view = await composed(house)
    await house.told(tide, "acme/harbour", private=True)
    assert (await house.get(view)).status == 404
    await house.told(tide, "acme/harbour")
    assert (await house.get(view)).status == 200
