"""The dialogue with whoever brings mails, by SMTP and by LMTP, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from newsletter.errors import StoreUnavailable
from newsletter.inbound.segments import LONGEST_MAIL
from newsletter.inbound.server import MOST_CONNECTIONS, InboundServer
from newsletter.store.inbound_tables import inbound_mails
from tests.integration.inbound.conftest import DOMAIN, Incoming
from tests.support.returned import dsn

FIELDS = "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1"


class Client:
    """Speaks a line and hears the reply, by its code."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def at(cls, port: int) -> Client:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def hear(self) -> str:
        while True:
            line = (await self.reader.readline()).decode()
            if line[3:4] != "-":
                return line.rstrip()

    async def say(self, line: str) -> str:
        self.writer.write(line.encode() + b"\r\n")
        return await self.hear()

    async def envelope(self, *recipients: str, hello: str = "EHLO me") -> list[str]:
        await self.hear()
        assert (await self.say(hello)).startswith("250")
        assert (await self.say("MAIL FROM:<>")).startswith("250")
        return [await self.say(f"RCPT TO:<{recipient}>") for recipient in recipients]

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def stored(incoming: Incoming) -> list[bytes]:
    async with incoming.store.read() as connection:
        return list((await connection.execute(select(inbound_mails.c.body).order_by(inbound_mails.c.id))).scalars())


async def test_a_bounce_is_on_disk_when_it_is_answered_for(incoming: Incoming, port: int) -> None:
    client = await Client.at(port)
    assert await client.envelope(incoming.sender) == ["250 2.1.5 OK"]
    assert (await client.say("DATA")).startswith("354")
    body = dsn(FIELDS).replace(b"\n", b"\r\n") + b".a line with a dot\r\n"
    client.writer.write(body.replace(b"\r\n.", b"\r\n.."))
    assert await client.say(".") == "250 2.0.0 OK"
    assert await stored(incoming) == [body]
    await client.close()


async def test_lmtp_answers_for_each_recipient(incoming: Incoming, port: int) -> None:
    client = await Client.at(port)
    replies = await client.envelope(incoming.sender, f"nobody@{DOMAIN}", f"postmaster@{DOMAIN}", hello="LHLO me")
    assert [reply[:3] for reply in replies] == ["250", "550", "250"]
    await client.say("DATA")
    assert [await client.say("Subject: x\r\n\r\nhello\r\n."), await client.hear()] == ["250 2.0.0 OK"] * 2
    assert await client.say("NOOP") == "250 OK"
    assert len(await stored(incoming)) == 2
    await client.close()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"x" * 70 + b"\r\n", id="in lines"),
        pytest.param(b"x" * 72, id="in one line without an end"),
        pytest.param(b"\r\n" * 36, id="in empty lines"),
    ],
)
async def test_a_huge_mail_is_refused_and_the_next_one_taken(incoming: Incoming, port: int, line: bytes) -> None:
    client = await Client.at(port)
    await client.envelope(incoming.sender)
    await client.say("DATA")
    for _ in range(5):
        client.writer.write(line * (LONGEST_MAIL // 72))
        await client.writer.drain()
    assert await client.say("\r\n.") == "552 5.3.4 Message too big"
    assert await stored(incoming) == []
    assert (await client.say("MAIL FROM:<> SIZE=50000000")).startswith("552")
    await client.close()


async def test_a_dialogue_out_of_order_is_answered_and_harms_nothing(incoming: Incoming, port: int) -> None:
    client = await Client.at(port)
    await client.hear()
    lines = ("DATA", "RCPT TO:<a@b.c>", "\xff\xfe", "EHLO me", "DATA", "MAIL FROM:<", "RCPT TO:<>", "x" * 5000)
    codes = [(await client.say(line))[:3] for line in lines]
    assert codes == ["503", "503", "500", "250", "503", "553", "503", "500"]
    await client.close()
    assert await stored(incoming) == []


async def test_a_mail_that_cannot_be_stored_is_to_come_again(incoming: Incoming) -> None:
    class Away:
        def accepts(self, recipient: str) -> bool:
            return True

        async def take(self, recipients: Sequence[str], body: bytes) -> None:
            raise StoreUnavailable("the database is away")

    server = InboundServer(Away(), hostname="news.example")
    client = await Client.at(await server.start("127.0.0.1", 0))
    await client.envelope("a@b.example")
    await client.say("DATA")
    assert (await client.say("hello\r\n.")).startswith("451 4.3.0")
    await client.close()
    await server.stop()


async def test_whoever_comes_too_many_is_told_to_come_again(port: int) -> None:
    clients = [await Client.at(port) for _ in range(MOST_CONNECTIONS)]
    assert {(await client.hear())[:3] for client in clients} == {"220"}
    late = await Client.at(port)
    assert (await late.hear()).startswith("421")
    for client in (*clients, late):
        await client.close()


async def test_a_server_that_stops_leaves_nobody_waiting(incoming: Incoming) -> None:
    server = InboundServer(incoming.room, hostname="news.example")
    client = await Client.at(await server.start("127.0.0.1", 0))
    await client.envelope(incoming.sender)
    await server.stop()
    assert await client.reader.read() == b""
    await client.close()
