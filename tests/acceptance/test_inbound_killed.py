"""kill -9 right after a mail was answered for, and mails too big for anybody: the service as a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest

import subscribers
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade
from subscribers import Purpose, Status, Tokens
from tests.support.ports import free_port
from tests.support.process import ServiceProcess
from tests.support.records import add_reader
from tests.support.returned import mail
from tests.support.waiting import eventually

KEY = "k" * 40
FROM = "digest@newsletter.example"
MEGABYTES = 50
COMPLAINT = (
    "--f\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n\n"
    "--f\nContent-Type: message/rfc822\n\nhttps://news.example/unsubscribe/{}\n--f--"
)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = Store(f"sqlite:///{tmp_path}/newsletter.db")
    await upgrade(store)
    yield store
    await store.close()


@pytest.fixture
async def service(store: Store, port: int, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    environment = {
        "NEWSLETTER_DATABASE_URL": f"sqlite:///{tmp_path}/newsletter.db",
        "NEWSLETTER_LISTEN": "127.0.0.1:0",
        "NEWSLETTER_SECRET_KEY": KEY,
        "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": "a webhook secret",
        "NEWSLETTER_MAIL__FROM": FROM,
        "NEWSLETTER_INBOUND__LISTEN": f"127.0.0.1:{port}",
    }
    process = ServiceProcess(environment, tmp_path)
    await process.start()
    yield process
    await process.terminate()


def peak_of(service: ServiceProcess) -> int:
    """Return the most memory that the process has held, kilobytes."""
    assert service._process is not None
    status = Path(f"/proc/{service._process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


async def test_a_mail_that_was_answered_for_outlives_a_kill(service: ServiceProcess, store: Store, port: int) -> None:
    reader = await add_reader(store, "angry@example.org")
    token = Tokens([KEY]).make(Purpose.UNSUBSCRIBE, reader.id)
    body = mail("complaint", COMPLAINT.format(token), type_="multipart/report; boundary=f", sender="fbl@isp.example")
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as client:
        await client.sendmail("fbl@isp.example", [FROM], body.replace(b"\n", b"\r\n"))
        service.kill()
    await service.ended()
    await service.start()

    async def is_suppressed() -> bool:
        async with store.read() as connection:
            found = await subscribers.by_id(connection, reader.id)
        return found is not None and found.status is Status.SUPPRESSED

    await eventually(is_suppressed)
    assert "angry@example.org" not in str(service.log)


async def test_fifty_megabytes_are_refused_with_hardly_any_memory(service: ServiceProcess, port: int) -> None:
    before = peak_of(service)
    line = b"x" * 70 + b"\r\n"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=60) as client:
        await client.mail("somebody@example.org")
        await client.rcpt(FROM)
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await client.data(line * (MEGABYTES * 1_000_000 // len(line)))
    assert refused.value.code == 552
    assert peak_of(service) - before < 64 * 1024
