"""A scripted mail server: real sockets, and every misbehaviour a real one has been seen with.

Without a script it is a plain server that takes everything. It offers no 8BITMIME, SIZE or SMTPUTF8 unless told to.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self


class Step(StrEnum):
    """What the server answers to."""

    GREETING = "greeting"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    #: The command.
    DATA = "DATA"
    #: The message with its final dot.
    MESSAGE = "message"
    RSET = "RSET"
    QUIT = "QUIT"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the server does at a step."""

    #: Without the line end; several lines as SMTP has them. None = says nothing.
    reply: str | None
    #: Closes the connection afterwards.
    closes: bool = False
    #: Says nothing more and reads nothing more until :attr:`ScriptedServer.resumed` is set.
    hangs: bool = False


DROP = Answer(reply=None, closes=True)
SILENCE = Answer(reply=None, hangs=True)


def says(reply: str) -> Answer:
    """Answer with a reply."""
    return Answer(reply=reply)


def says_and_closes(reply: str) -> Answer:
    """Answer and close the connection in the same breath."""
    return Answer(reply=reply, closes=True)


USUAL = {
    Step.GREETING: "220 scripted.example ESMTP",
    Step.STARTTLS: "220 2.0.0 go ahead",
    Step.AUTH: "235 2.7.0 welcome",
    Step.MAIL: "250 2.1.0 sender ok",
    Step.RCPT: "250 2.1.5 recipient ok",
    Step.DATA: "354 go ahead",
    Step.MESSAGE: "250 2.0.0 taken",
    Step.RSET: "250 2.0.0 forgotten",
    Step.QUIT: "221 2.0.0 bye",
}


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that came in whole, whatever was answered to it."""

    sender: str
    recipients: tuple[str, ...]
    #: Without the dots that SMTP adds.
    raw: bytes


class _Gone(Exception):
    """The script closed the connection."""


class ScriptedServer:
    """A mail server as ``async with ScriptedServer() as server``, at ``server.host`` and ``server.port``.

    :param extensions: offered in EHLO.
    :param implicit_tls: every connection begins with TLS.
    :param starttls: offers STARTTLS with this context.
    :param byte_by_byte: each byte of a reply is a packet of its own.
    """

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = (),
        implicit_tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        byte_by_byte: bool = False,
    ) -> None:
        self.host, self.port = "127.0.0.1", 0
        #: Answers to the next times a step is reached; the usual ones afterwards.
        self.script: dict[Step, list[Answer]] = {}
        #: Answers to RCPT by address, every time.
        self.recipients: dict[str, Answer] = {}
        #: Awaited before a step is answered.
        self.before: dict[Step, Callable[[], Awaitable[None]]] = {}
        #: Connections beyond so many are turned away with 421.
        self.room: int | None = None
        #: Sent without being asked after the next message's reply.
        self.afterwards: list[Answer] = []
        #: Every line that was not part of a message.
        self.commands: list[str] = []
        self.messages: list[Taken] = []
        self.connections = self.open_now = self.most_open = self.turned_away = 0
        #: Set when the script has fallen silent.
        self.silent = asyncio.Event()
        self.resumed = asyncio.Event()
        #: Set when a connection has ended.
        self.ended = asyncio.Event()
        self._extensions = extensions
        self._implicit_tls = implicit_tls
        self._starttls = starttls
        self._byte_by_byte = byte_by_byte
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: list[asyncio.WriteTransport] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0, ssl=self._implicit_tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for transport in self._transports:
            transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def verbs(self) -> list[str]:
        """Return the commands so far without their arguments."""
        return [command.partition(" ")[0] for command in self.commands]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # STARTTLS gives the writer another one; closing this one ends both.
        self._transports.append(writer.transport)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            # Only the end of the test cancels it.
            with suppress(_Gone, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                session = _Session(self, reader, writer)
                if self.room is not None and self.open_now > self.room:
                    self.turned_away += 1
                    await session.turn_away()
                await session.run()
        finally:
            self.open_now -= 1
            self.ended.set()
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._sender: str | None = None
        self._recipients: list[str] = []

    async def turn_away(self) -> None:
        await self._say(says_and_closes("421 4.7.0 too many concurrent connections"))

    async def run(self) -> None:
        await self._answer(Step.GREETING)
        while line := (await self._reader.readline()).decode():
            command = line.rstrip("\r\n")
            self._server.commands.append(command)
            await self._obey(command)

    async def _obey(self, command: str) -> None:
        verb, _, argument = command.partition(" ")
        handlers: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "STARTTLS": self._start_tls,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "QUIT": self._quit,
        }
        if verb in handlers:
            await handlers[verb](argument)
        else:
            # Authentication is one line for PLAIN and two for LOGIN; the second is no command.
            await self._answer(Step.AUTH)

    async def _ehlo(self, _: str) -> None:
        offered = [*self._server._extensions]
        if self._server._starttls is not None and self._writer.get_extra_info("sslcontext") is None:
            offered.append("STARTTLS")
        lines = ["scripted.example", *offered]
        usual = "\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"])
        await self._answer(Step.EHLO, usual)

    async def _start_tls(self, _: str) -> None:
        context = self._server._starttls
        if await self._answer(Step.STARTTLS) and context is not None:
            await self._writer.start_tls(context)

    async def _mail(self, argument: str) -> None:
        if self._sender is not None:
            # RFC 5321 §4.1.4: the client has lost its place.
            await self._say(says("503 5.5.1 nested MAIL command"))
            return
        if await self._answer(Step.MAIL):
            self._sender = _address(argument)

    async def _rcpt(self, argument: str) -> None:
        address = _address(argument)
        if await self._answer(Step.RCPT, own=self._server.recipients.get(address)):
            self._recipients.append(address)

    async def _data(self, _: str) -> None:
        if not await self._answer(Step.DATA):
            return
        lines: list[bytes] = []
        while (line := await self._reader.readuntil(b"\r\n")) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        self._server.messages.append(
            Taken(sender=self._sender or "", recipients=tuple(self._recipients), raw=b"".join(lines))
        )
        self._forget()
        await self._answer(Step.MESSAGE)
        if self._server.afterwards:
            await self._say(self._server.afterwards.pop(0))

    async def _rset(self, _: str) -> None:
        self._forget()
        await self._answer(Step.RSET)

    async def _quit(self, _: str) -> None:
        await self._answer(Step.QUIT)
        raise _Gone

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    async def _answer(self, step: Step, usual: str = "", own: Answer | None = None) -> bool:
        """Do what the script says; returns whether the client may go on."""
        if step in self._server.before:
            await self._server.before[step]()
        planned = self._server.script.get(step)
        answer = planned.pop(0) if planned else own or says(usual or USUAL[step])
        await self._say(answer)
        return answer.reply is not None and answer.reply[0] in "23"

    async def _say(self, answer: Answer) -> None:
        if answer.reply is not None:
            data = answer.reply.encode("utf-8", "surrogateescape") + b"\r\n"
            for piece in [bytes([byte]) for byte in data] if self._server._byte_by_byte else [data]:
                self._writer.write(piece)
                await self._writer.drain()
                await asyncio.sleep(0)
        if answer.hangs:
            self._server.silent.set()
            await self._server.resumed.wait()
        if answer.closes:
            raise _Gone


def _address(argument: str) -> str:
    return argument.partition("<")[2].partition(">")[0]
