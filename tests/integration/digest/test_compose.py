"""A closed day becomes one mail a cohort and one row a reader: who gets what, and who gets nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.analysis.record import Source
from newsletter.delivery.record import DeliveryStatus, OpenMail, SkipReason
from newsletter.pipeline.port import Kind
from newsletter.store import analyses
from newsletter.store.repositories import FollowedRepository
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status
from tests.support.letters import anonymous
from tests.support.newsroom import Newsroom
from tests.support.records import DAY, add_reader, analysis_of, follow, preferences_of

END = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
HIGH, MEDIUM, LOW = Level.HIGH, Level.MEDIUM, Level.LOW
ADA, BOB, EVE = "ada@reader.example", "bob@reader.example", "eve@reader.example"


def read_in(mail: OpenMail) -> list[int]:
    """Return the numbers of the commits that a mail links to, each once; both parts have the same."""
    html, text = (
        sorted({int(found, 16) for found in re.findall(r"/commit/([0-9a-f]{40})", part)})
        for part in (mail.html, mail.text)
    )
    assert html == text
    return html


@pytest.fixture
async def tide(newsroom: Newsroom) -> FollowedRepository:
    """A repository that had a high change (1), two medium ones (2, 3) and a low one (4) on DAY."""
    tide = await follow(newsroom.store)
    for number, level in enumerate((HIGH, MEDIUM, MEDIUM, LOW), start=1):
        await newsroom.analysed(tide, number, END - HOUR, analysis_of(level=level))
    return tide


async def composed(newsroom: Newsroom) -> None:
    await newsroom.close(DAY)
    await newsroom.compose(DAY)


async def test_readers_with_equal_preferences_share_a_rendering(newsroom: Newsroom, tide: FollowedRepository) -> None:
    for name, level in {"ada": LOW, "bob": LOW, "eve": HIGH}.items():
        await newsroom.reader(name, preferences_of(threshold=level))
    await composed(newsroom)
    ledger = await newsroom.ledger()
    assert ledger.keys() == {ADA, BOB, EVE}
    assert ledger[ADA].rendering_id == ledger[BOB].rendering_id != ledger[EVE].rendering_id
    assert await newsroom.count("renderings") == 2
    assert len({delivery.message_id for delivery in ledger.values()}) == 3
    assert all(re.fullmatch(r"<20260301\.[0-9a-f]{32}@news\.example>", str(d.message_id)) for d in ledger.values())


@pytest.mark.parametrize(
    ("threshold", "numbers"),
    [pytest.param(HIGH, [1], id="high"), pytest.param(MEDIUM, [1, 2, 3], id="medium"), pytest.param(LOW, [1, 2, 3, 4])],
)
async def test_a_reader_gets_exactly_the_changes_at_or_above_the_threshold(
    newsroom: Newsroom, tide: FollowedRepository, threshold: Level, numbers: list[int]
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=threshold))
    await composed(newsroom)
    assert read_in(await newsroom.mail_to(ADA)) == numbers


async def test_a_reader_for_whom_there_is_nothing_gets_no_mail_and_a_row_that_says_so(newsroom: Newsroom) -> None:
    tide = await follow(newsroom.store)
    await newsroom.analysed(tide, 1, END - HOUR, analysis_of(level=MEDIUM))
    await newsroom.reader("ada", preferences_of(threshold=HIGH))
    await newsroom.reader("bob", preferences_of(threshold=MEDIUM))
    await composed(newsroom)
    ledger = await newsroom.ledger()
    skipped = ledger[ADA]
    assert (skipped.status, skipped.skip_reason) == (DeliveryStatus.SKIPPED, SkipReason.NOTHING_TO_SAY)
    assert (skipped.rendering_id, skipped.message_id, skipped.next_attempt_at) == (None, None, None)
    assert ledger[BOB].status is DeliveryStatus.QUEUED
    assert await newsroom.count("renderings") == 1


async def test_an_empty_day_gives_nobody_a_mail(newsroom: Newsroom) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.reader("bob", preferences_of("zh", threshold=HIGH))
    await composed(newsroom)
    assert set((await newsroom.statuses()).values()) == {DeliveryStatus.SKIPPED}
    assert await newsroom.count("renderings") == 0


async def test_a_day_without_readers_is_composed_all_the_same(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await composed(newsroom)
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.compose(DAY)
    assert await newsroom.ledger() == {}


async def test_composing_twice_changes_nothing(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await composed(newsroom)
    before, mail = await newsroom.ledger(), await newsroom.mail_to(ADA)
    newsroom.clock.advance(HOUR)
    await newsroom.compose(DAY)
    assert (await newsroom.ledger(), await newsroom.mail_to(ADA)) == (before, mail)
    assert len(await newsroom.queued(Kind.DELIVER)) == 1


@pytest.mark.parametrize("status", [Status.PENDING, Status.UNSUBSCRIBED, Status.SUPPRESSED])
async def test_only_active_readers_are_in_the_ledger(
    newsroom: Newsroom, tide: FollowedRepository, status: Status
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await add_reader(newsroom.store, BOB, preferences_of(threshold=LOW), status=status)
    await add_reader(newsroom.store, EVE, preferences_of(threshold=HIGH), status=status)
    await composed(newsroom)
    assert (await newsroom.ledger()).keys() == {ADA}
    assert await newsroom.count("renderings") == 1


async def test_who_leaves_between_closing_and_composing_is_not_in_the_ledger(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    leaving = await newsroom.reader("bob", preferences_of(threshold=LOW))
    last_of_a_cohort = await newsroom.reader("eve", preferences_of(threshold=HIGH))
    await newsroom.close(DAY)
    await newsroom.leave(leaving)
    await newsroom.leave(last_of_a_cohort)
    await newsroom.compose(DAY)
    assert (await newsroom.ledger()).keys() == {ADA}
    assert await newsroom.count("renderings") == 1


async def test_a_digest_keeps_what_it_froze_whatever_comes_before_it_is_composed(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.close(DAY)
    await newsroom.analysed(tide, 5, END - HOUR)
    await newsroom.compose(DAY)
    assert read_in(await newsroom.mail_to(ADA)) == [1, 2, 3, 4]


@pytest.fixture
async def ebb(newsroom: Newsroom) -> FollowedRepository:
    """A second repository with a high (11) and a low change (12) on DAY."""
    ebb = await follow(newsroom.store, "acme/ebb", github_id=101)
    for number, level in ((11, HIGH), (12, LOW)):
        await newsroom.analysed(ebb, number, END - HOUR, analysis_of(level=level))
    return ebb


async def test_a_reader_gets_the_repositories_they_chose_each_at_its_own_threshold(
    newsroom: Newsroom, tide: FollowedRepository, ebb: FollowedRepository
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW, repository=ebb.key))
    both = [Choice(repository=tide.key, threshold=MEDIUM), Choice(repository=ebb.key, threshold=HIGH)]
    await newsroom.reader("bob", Preferences.of("en", both))
    rest = [Choice(repository=EVERY_REPOSITORY, threshold=LOW), Choice(repository=tide.key, threshold=HIGH)]
    await newsroom.reader("eve", Preferences.of("en", rest))
    await composed(newsroom)
    assert read_in(await newsroom.mail_to(ADA)) == [11, 12]
    assert read_in(await newsroom.mail_to(BOB)) == [1, 2, 3, 11]
    assert read_in(await newsroom.mail_to(EVE)) == [1, 11, 12]
    assert "acme/tide" not in (await newsroom.mail_to(ADA)).html


async def test_a_private_repository_is_read_only_by_those_who_named_it(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    vault = await follow(newsroom.store, "acme/vault", github_id=102, private=True)
    await newsroom.analysed(vault, 21, END - HOUR, analysis_of(level=HIGH))
    await newsroom.reader("ada", preferences_of(threshold=HIGH))
    await newsroom.reader("bob", preferences_of(threshold=HIGH, repository=vault.key))
    await composed(newsroom)
    mail = await newsroom.mail_to(ADA)
    assert read_in(mail) == [1]
    assert "vault" not in mail.html + mail.text + mail.subject
    assert read_in(await newsroom.mail_to(BOB)) == [21]


async def test_every_reader_reads_in_their_own_language(newsroom: Newsroom) -> None:
    tide = await follow(newsroom.store)
    texts = analysis_of(level=HIGH), analysis_of(level=HIGH, language="zh", summary="闸门降低了。")
    await newsroom.analysed(tide, 1, END - HOUR, *texts)
    await newsroom.reader("ada", preferences_of("en"))
    await newsroom.reader("bob", preferences_of("zh"))
    await newsroom.reader("eve", preferences_of("tlh"))
    await composed(newsroom)
    english, chinese, klingon = [await newsroom.mail_to(address) for address in (ADA, BOB, EVE)]
    assert 'lang="en"' in english.html
    assert "The gate is lower." in english.text
    assert "闸门" not in english.html + english.text
    assert 'lang="zh-Hans"' in chinese.html
    assert "闸门降低了。" in chinese.text
    assert "The gate is lower." not in chinese.html + chinese.text
    # What there is no catalogue for is written in the newsletter's own language.
    assert (anonymous(klingon.text), klingon.subject) == (
        anonymous(english.text),
        english.subject,
    )


async def test_the_rules_write_once_what_has_no_analysis_in_a_language_and_keep_its_level(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.reader("ada", preferences_of("zh", threshold=HIGH))
    await newsroom.reader("bob", preferences_of("zh", threshold=MEDIUM))
    await composed(newsroom)
    assert read_in(await newsroom.mail_to(ADA)) == [1]
    assert read_in(await newsroom.mail_to(BOB)) == [1, 2, 3]
    digest_id = (await newsroom.ledger())[ADA].digest_id
    async with newsroom.store.read() as connection:
        written = await analyses.of_digest(connection, digest_id, language="zh")
    assert [text.level for _, text in sorted(written.items())] == [HIGH, MEDIUM, MEDIUM, LOW]
    assert {text.source for text in written.values()} == {Source.RULES}


async def test_each_rendering_has_a_slot_of_its_own_that_nobody_can_guess(
    newsroom: Newsroom, tide: FollowedRepository
) -> None:
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.reader("bob", preferences_of(threshold=HIGH))
    await composed(newsroom)
    mails = [await newsroom.mail_to(address) for address in (ADA, BOB)]
    words = [word for mail in mails for word in (mail.unsubscribe_slot, mail.preferences_slot)]
    assert len(set(words)) == 4
    for mail in mails:
        for path, slot in (("unsubscribe", mail.unsubscribe_slot), ("preferences", mail.preferences_slot)):
            assert slot is not None
            assert len(slot) >= 32
            assert f"/{path}/{slot}\n" in mail.text
            assert f'/{path}/{slot}"' in mail.html
            assert slot not in mail.subject


async def test_a_change_that_came_late_says_so(newsroom: Newsroom, tide: FollowedRepository) -> None:
    await newsroom.close(DAY)
    await newsroom.analysed(tide, 5, END - HOUR)
    await newsroom.analysed(tide, 6, END + HOUR)
    newsroom.clock.advance(timedelta(days=1))
    await newsroom.reader("ada", preferences_of(threshold=LOW))
    await newsroom.close(DAY + timedelta(days=1))
    await newsroom.compose(DAY + timedelta(days=1))
    mail = await newsroom.mail_to(ADA)
    assert read_in(mail) == [5, 6]
    assert mail.text.count("late arrival") == mail.html.count("late arrival") == 1
