"""A mail that is not fit is not queued: the others go out, the operator hears of it, and mended it goes out as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address

import pytest
from structlog.testing import capture_logs

from newsletter.delivery.record import DeliveryStatus
from newsletter.digest.record import Edition, Rendering, Slots
from newsletter.digest.render import Renderer
from newsletter.metrics import REGISTRY
from newsletter.pipeline.compose import compose, preview
from newsletter.pipeline.operator import Operator
from newsletter.pipeline.port import Kind
from newsletter.pipeline.unfit import MAIL, HeldBack, UnfitMail
from newsletter.resources import templates_directory
from newsletter.store import alarms, digests
from subscribers import Level
from tests.support.newsroom import BASE_URL, Newsroom
from tests.support.records import DAY, analysis_of, follow, preferences_of
from tests.support.relays import relay_to
from tests.support.smtp_server import ScriptedServer

MORNING = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ADA, BOB = "ada@reader.example", "bob@reader.example"


class BrokenInChinese(Renderer):
    """The real renderer, but for a picture in Chinese mails, as long as nobody mends it."""

    def __init__(self) -> None:
        super().__init__(templates_directory(), base_url=BASE_URL, postal_address=None)
        self.fault: str = '<img src="https://evil.example/track.png">'

    def render(self, edition: Edition, slots: Slots) -> Rendering:
        mail = super().render(edition, slots)
        if edition.language != "zh":
            return mail
        return replace(mail, html=mail.html.replace("<h1>", f"<h1>{self.fault}"))


@dataclass
class Desk:
    """A newsroom with a closed day, readers of two cohorts, and an operator with a mailbox."""

    newsroom: Newsroom
    server: ScriptedServer
    digest_id: int
    renderer: BrokenInChinese = field(default_factory=BrokenInChinese)

    async def compose(self, *, hours: int = 0) -> None:
        operator = Operator(
            address="operator@news.example", relay=relay_to(self.server), sender=Address("", "digest", "news.example")
        )
        newsroom = self.newsroom
        await compose(
            self.digest_id,
            store=newsroom.store,
            jobs=newsroom.jobs,
            imprint=replace(newsroom.imprint, renderer=self.renderer),
            operator=operator,
            now=newsroom.clock() + timedelta(hours=hours),
        )


@pytest.fixture
async def desk(newsroom: Newsroom) -> AsyncIterator[Desk]:
    tide = await follow(newsroom.store)
    await newsroom.analysed(tide, 1, MORNING, analysis_of(level=Level.HIGH))
    await newsroom.reader("ada", preferences_of("en"))
    await newsroom.reader("bob", preferences_of("zh"))
    await newsroom.close(DAY)
    async with newsroom.store.read() as connection:
        digest = await digests.by_day(connection, DAY)
    assert digest is not None
    async with ScriptedServer() as server:
        yield Desk(newsroom=newsroom, server=server, digest_id=digest.id)


async def test_the_others_go_out_the_operator_hears_of_it_and_nothing_is_lost(desk: Desk) -> None:
    newsroom = desk.newsroom
    with capture_logs() as lines:
        for hours in (0, 1):
            with pytest.raises(HeldBack, match=r"1 mail of 2026-03-01 held back, .*<img> has no place in a mail"):
                await desk.compose(hours=hours)
    assert await newsroom.statuses() == {ADA: DeliveryStatus.QUEUED}
    assert str(desk.digest_id) in await newsroom.queued(Kind.DELIVER)
    assert REGISTRY.get_sample_value("newsletter_mails_unfit") == 1
    assert [line["action"] for line in lines].count("digest.held_back") == 2
    assert "evil.example" not in str(lines)
    (mail,) = desk.server.messages
    assert "Mails of 2026-03-01 are held back" in mail.raw.decode()
    assert "<img> has no place in a mail" in mail.raw.decode()
    async with newsroom.store.read() as connection:
        assert list(await alarms.lasting(connection)) == [MAIL]
        assert desk.digest_id in await digests.uncomposed(connection)

    desk.renderer.fault = ""
    await desk.compose(hours=2)
    assert await newsroom.statuses() == {ADA: DeliveryStatus.QUEUED, BOB: DeliveryStatus.QUEUED}
    assert await newsroom.count("renderings") == 2
    assert REGISTRY.get_sample_value("newsletter_mails_unfit") == 0
    async with newsroom.store.read() as connection:
        assert await alarms.lasting(connection) == {}
        assert desk.digest_id not in await digests.uncomposed(connection)
    assert len(desk.server.messages) == 1


async def test_a_preview_says_what_is_wrong_and_has_the_mail(desk: Desk) -> None:
    newsroom = desk.newsroom
    with pytest.raises(UnfitMail) as unfit:
        await preview(
            DAY,
            preferences_of("zh"),
            store=newsroom.store,
            imprint=replace(newsroom.imprint, renderer=desk.renderer),
            now=newsroom.clock(),
        )
    assert unfit.value.rendering is not None
    assert "track.png" in unfit.value.rendering.html
