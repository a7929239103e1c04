"""kill -9 at any point between the 202 and the last mail, then start again: nothing is lost, nobody gets two."""

from __future__ import annotations

import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import subscribers
from newsletter.delivery.record import DeliveryStatus
from newsletter.demo.github import StandInGitHub
from newsletter.demo.mailbox import StandInMailbox
from newsletter.demo.sample import SampleDay, sample_day
from newsletter.github.record import Repository
from newsletter.github.replay import StoredDelivery, post_delivery
from newsletter.jobs.embedded import EmbeddedJobs
from newsletter.pipeline.port import Kind
from newsletter.store import deliveries, digests, repositories
from newsletter.store.engine import Store
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences, Status
from tests.support.process import ServiceProcess
from tests.support.waiting import until

DAY = date(2026, 3, 2)
SECRET = "a webhook secret"
READERS = 12


@dataclass
class World:
    """Everything around the process that is killed."""

    process: ServiceProcess
    github: StandInGitHub
    mailbox: StandInMailbox
    store: Store
    sample: SampleDay
    accepted: set[str] = field(default_factory=set)
    kills: int = 0

    async def revive(self) -> None:
        """Start the service again if it was killed."""
        if not self.process.alive:
            await self.process.ended()
            self.kills += 1
            await self.process.start()

    async def post_all(self, *, kill_after: int | None = None) -> None:
        """Post every push until it is accepted, as an operator does by redelivering what failed."""
        async with aiohttp.ClientSession() as session:
            while missing := [push for push in self.sample.pushes if push.hook_id not in self.accepted]:
                await self.revive()
                for push in missing:
                    delivery = StoredDelivery(body=push.body, event="push", hook_id=push.hook_id)
                    try:
                        url = f"{self.process.url}/webhooks/github"
                        status, _ = await post_delivery(session, url, delivery, secret=SECRET)
                    except aiohttp.ClientError:
                        break
                    assert status in {200, 202}
                    self.accepted.add(push.hook_id)
                    if kill_after is not None and len(self.accepted) == kill_after:
                        kill_after = None
                        self.process.kill()
                        await self.process.ended()

    async def close_day(self) -> None:
        """Queue the closing as the timer does."""
        jobs = EmbeddedJobs(self.store, clock=lambda: datetime.now(UTC))
        async with self.store.write() as transaction:
            await jobs.put(transaction, Kind.CLOSE, DAY.isoformat())

    async def finish(self) -> dict[DeliveryStatus, int]:
        """Keep the service alive until every delivery has ended; returns how they ended."""
        ended = {DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN, DeliveryStatus.SKIPPED, DeliveryStatus.FAILED}

        async def look() -> dict[DeliveryStatus, int] | None:
            await self.revive()
            async with self.store.read() as connection:
                digest = await digests.by_day(connection, DAY)
                counts = await deliveries.counts(connection, digest.id) if digest else {}
            return counts if digest is not None and digest.composed and counts.keys() <= ended else None

        return await until(look)


@pytest.fixture
async def world(tmp_path: Path, sqlite_url: str) -> AsyncIterator[World]:
    async with a_world(sqlite_url, tmp_path) as world:
        yield world


@pytest.fixture
async def world_on_postgresql(tmp_path: Path, postgresql_url: str) -> AsyncIterator[World]:
    async with a_world(postgresql_url, tmp_path) as world:
        yield world


@asynccontextmanager
async def a_world(database_url: str, folder: Path) -> AsyncIterator[World]:
    sample = sample_day(DAY)
    store = Store(database_url)
    async with (
        StandInGitHub(
            repositories={repository.full_name: repository.rest for repository in sample.repositories},
            commits=sample.commits,
        ) as github,
        StandInMailbox() as mailbox,
    ):
        process = ServiceProcess(environment(database_url, github, mailbox), folder)
        await prepare(store, sample)
        await process.start()
        yield World(process=process, github=github, mailbox=mailbox, store=store, sample=sample)
        process.kill_at = None
        process.kill()
        await process.ended()
    await store.close()


def environment(database_url: str, github: StandInGitHub, mailbox: StandInMailbox) -> dict[str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {
        "NEWSLETTER_LISTEN": f"127.0.0.1:{port}",
        "NEWSLETTER_BASE_URL": f"http://127.0.0.1:{port}",
        "NEWSLETTER_DATABASE_URL": database_url,
        "NEWSLETTER_SECRET_KEY": "k" * 40,
        "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
        "NEWSLETTER_GITHUB__API_URL": github.url,
        "NEWSLETTER_SMTP__HOST": mailbox.host,
        "NEWSLETTER_SMTP__PORT": str(mailbox.port),
        "NEWSLETTER_SMTP__TLS": "none",
        "NEWSLETTER_SMTP__CONNECTIONS": "2",
        "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
    }


async def prepare(store: Store, sample: SampleDay) -> None:
    now = datetime.now(UTC)
    async with store.write() as transaction:
        for repository in sample.repositories:
            known = Repository(
                github_id=repository.rest["id"],
                full_name=repository.full_name,
                default_branch=repository.default_branch,
                private=False,
            )
            await repositories.add(transaction.connection, repository.full_name, known=known, now=now)
        for number in range(READERS):
            level = list(Level)[number % 3]
            await subscribers.add(
                transaction.connection,
                subscribers.parse_address(f"reader{number}@reader.example"),
                Preferences.of("en", [Choice(repository=EVERY_REPOSITORY, threshold=level)]),
                status=Status.ACTIVE,
                now=now,
            )


async def assert_nothing_lost(world: World, counts: dict[DeliveryStatus, int], *, uncertain: int) -> None:
    """Every commit is in the digest, every reader has one mail, and only what a kill cut off is uncertain."""
    async with world.store.read() as connection:
        digest = await digests.by_day(connection, DAY)
        assert digest is not None
        items = await digests.items(connection, digest.id)
        ledger = await deliveries.listing(connection)
    assert {item.sha for item in items} == {sha for _, sha in world.sample.commits}
    assert len({line.delivery.subscriber_id for line in ledger}) == len(ledger) == READERS
    arrived = [message.recipient for message in world.mailbox.messages]
    assert len(arrived) == len(set(arrived)), "somebody got two mails"
    assert counts.get(DeliveryStatus.UNCERTAIN, 0) <= uncertain
    sent = {line.address for line in ledger if line.delivery.status is DeliveryStatus.SENT}
    parked = {line.address for line in ledger if line.delivery.status is DeliveryStatus.UNCERTAIN}
    assert sent <= set(arrived)
    assert len(sent | parked) == READERS
    for message in world.mailbox.messages:
        assert re.search(rb"^Message-ID: <[^>]+>\r$", message.raw, re.MULTILINE)


@pytest.mark.parametrize("pushes", [1, 4, 11], ids=lambda number: f"after push {number}")
async def test_a_kill_right_after_an_accepted_push_loses_nothing(world: World, pushes: int) -> None:
    await world.post_all(kill_after=pushes)
    await world.revive()
    await world.close_day()
    counts = await world.finish()
    assert world.kills == 1
    await assert_nothing_lost(world, counts, uncertain=0)


@pytest.mark.parametrize("request_number", [1, 5, 14], ids=lambda number: f"at request {number}")
async def test_a_kill_while_commits_are_fetched_loses_nothing(world: World, request_number: int) -> None:
    def kill(_: web.Request) -> None:
        if len(world.github.requests) == request_number:
            world.process.kill()

    world.github.faults = kill
    await world.post_all()
    await world.close_day()
    counts = await world.finish()
    assert world.kills == 1
    await assert_nothing_lost(world, counts, uncertain=0)


@pytest.mark.parametrize("action", ["push.expanded", "digest.closed", "digest.composed"])
async def test_a_kill_right_after_a_step_loses_nothing(world: World, action: str) -> None:
    world.process.kill_at = action
    await world.post_all()
    await world.close_day()
    counts = await world.finish()
    assert world.kills == 1
    await assert_nothing_lost(world, counts, uncertain=0)


@pytest.mark.parametrize(
    ("command", "number"),
    [("RCPT", 1), ("RCPT", 7), ("DATA", 1), ("DATA", 6), ("DATA", READERS)],
    ids=str,
)
async def test_a_kill_during_delivery_sends_nobody_two_mails(world: World, command: str, number: int) -> None:
    seen = 0

    def kill(said: str, _: str) -> None:
        nonlocal seen
        seen += said == command
        if said == command and seen == number:
            world.process.kill()

    world.mailbox.before_reply = kill
    await world.post_all()
    await world.close_day()
    counts = await world.finish()
    assert world.kills == 1
    # Two connections are open, so at most two messages can have been under way.
    await assert_nothing_lost(world, counts, uncertain=2)


@pytest.mark.parametrize(("command", "number"), [("RCPT", 3), ("DATA", 5)], ids=str)
async def test_a_kill_on_postgresql_is_survived_by_the_next_process(
    world_on_postgresql: World, command: str, number: int
) -> None:
    await test_a_kill_during_delivery_sends_nobody_two_mails(world_on_postgresql, command, number)


async def test_sigterm_ends_the_service_in_order_and_a_restart_goes_on(world: World) -> None:
    await world.post_all()
    assert await world.process.terminate() == 0
    await world.process.start()
    await world.close_day()
    counts = await world.finish()
    assert counts == {DeliveryStatus.SENT: READERS}
    await assert_nothing_lost(world, counts, uncertain=0)
