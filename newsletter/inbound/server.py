"""The server that takes mails in: SMTP (RFC 5321) and LMTP (RFC 2033) on one port, behind a mail server of one's own.

aiosmtpd leads the dialogue. The message itself is read here: the library keeps every line as an object of its own, and
a line without an end as a whole, however long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from email.errors import HeaderParseError
from typing import Any, Protocol
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from newsletter.errors import StoreUnavailable
from newsletter.inbound.segments import LONGEST_MAIL
from newsletter.logs import get_logger

log = get_logger("inbound")
# It logs whom a mail is to, and tracebacks for what strangers send; what matters is logged here.
logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)

#: Open at once; with what each may hold, the bound of the memory this server can take.
MOST_CONNECTIONS = 10
#: Of one mail (RFC 5321 §4.5.3.1.8 wants a hundred).
MOST_RECIPIENTS = 100
#: For each command and each line of a message, seconds (RFC 5321 §4.5.3.2.7).
TIMEOUT = 300
_UNKNOWN = "550 5.1.1 No such mailbox here"
_TOO_BIG = "552 5.3.4 Message too big"
_AWAY = "451 4.3.0 Try again later"


class Room(Protocol):
    """Where mails are taken in."""

    def accepts(self, recipient: str) -> bool:
        """Whether there is such a mailbox."""
        ...

    def take(self, recipients: Sequence[str], body: bytes) -> Awaitable[None]:
        """Store a mail durably for all of its recipients.

        :raises StoreUnavailable: nothing was stored.
        """
        ...


class InboundServer:
    """The listener.

    :param limit: bytes of a mail; more is refused.
    """

    def __init__(self, room: Room, *, hostname: str, limit: int = LONGEST_MAIL, most: int = MOST_CONNECTIONS) -> None:
        self._room = room
        self._hostname = hostname
        self._limit = limit
        self._most = most
        self._sessions: WeakSet[_Dialogue] = WeakSet()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port.

        :raises OSError: the address cannot be listened on.
        """
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Take no more mails; what is not answered for will come again."""
        if self._server is None:
            return
        self._server.close()
        tasks = [session.abort() for session in list(self._sessions)]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        await self._server.wait_closed()
        # What was aborted is closed in the next turn of the loop.
        await asyncio.sleep(0)

    def _session(self) -> asyncio.Protocol:
        if sum(session.transport is not None for session in self._sessions) >= self._most:
            return _Busy()
        session = _Dialogue(
            _Hooks(self._room),
            room=self._room,
            limit=self._limit,
            enable_SMTPUTF8=True,
            hostname=self._hostname,
            ident="newsletter",
            timeout=TIMEOUT,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session


class _Busy(asyncio.Protocol):
    """Sends whoever comes too many away."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            transport.write(b"421 4.3.2 Too many connections, try again later\r\n")
        transport.close()


class _Hooks:
    """What aiosmtpd asks."""

    def __init__(self, room: Room) -> None:
        self._room = room

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if not self._room.accepts(address):
            return _UNKNOWN
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        # A refusal that passes: whatever it was, the mail is not lost.
        log.error("a dialogue failed", action="inbound.failed", error=type(error).__name__)
        return _AWAY


class _Dialogue(SMTP):
    """One connection."""

    def __init__(self, *arguments: Any, room: Room, limit: int, **named: Any) -> None:
        super().__init__(*arguments, data_size_limit=limit, **named)
        self._room = room
        self._limit = limit
        self._lmtp = False

    def abort(self) -> asyncio.Task[None] | None:
        """Drop the connection; returns the task that led it."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        task: asyncio.Task[None] | None = self._handler_coroutine
        return task

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read an address; aiosmtpd asks for None where it cannot be read, and raises on some itself."""
        try:
            return super()._getaddr(arg)
        except (IndexError, ValueError, HeaderParseError):
            return None, None

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:
        """Greet as LMTP does, which answers for each recipient."""
        self._lmtp = True
        await super().smtp_EHLO(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        """Take a message in."""
        if await self.check_helo_needed():
            return
        recipients = tuple(self.envelope.rcpt_tos) if self.envelope else ()
        if not recipients:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        body = await self._body()
        reply = _TOO_BIG if body is None else await self._stored(recipients, body)
        # What the library does itself after a message; it has no types.
        self._set_post_data_state()  # type: ignore[no-untyped-call]
        for _ in recipients if self._lmtp else recipients[:1]:
            await self.push(reply)

    async def _body(self) -> bytes | None:
        """Read to the lone dot (RFC 5321 §4.5.2); None where it is too much, all of which is read nevertheless."""
        body, too_big, at_start = bytearray(), False, True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as overrun:
                # A long line, piece by piece.
                line = await self._reader.read(overrun.consumed)
            self._reset_timeout()
            if at_start and line == b".\r\n":
                return None if too_big else bytes(body)
            kept = line[1:] if at_start and line.startswith(b".") else line
            at_start = line.endswith(b"\r\n")
            if too_big or len(body) + len(kept) > self._limit:
                too_big = True
                body.clear()
            else:
                body += kept

    async def _stored(self, recipients: tuple[str, ...], body: bytes) -> str:
        try:
            await self._room.take(recipients, body)
        except StoreUnavailable:
            return _AWAY
        return "250 2.0.0 OK"
