"""A stand-in mail server: it really speaks SMTP, keeps what it receives, and refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

#: The SIZE that is offered (RFC 1870), in bytes.
LARGEST_MESSAGE = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Received:
    """One message as it arrived for one recipient."""

    #: Of MAIL FROM; empty for bounces.
    envelope_from: str
    #: Of RCPT TO.
    recipient: str
    #: With CRLF line ends, without the dots that SMTP adds.
    raw: bytes
    #: In UTC.
    at: datetime


class StandInMailbox:
    """A mail server as ``async with StandInMailbox() as mailbox``, at ``mailbox.host`` and ``mailbox.port``.

    Replies are whole SMTP replies ("550 5.1.1 no such user"), keyed by the exact address of the recipient. They may
    be changed at any time; a reply of 421 also closes the connection (RFC 5321 §3.8).

    :param port: 0 lets the system choose.
    :param starttls: offers STARTTLS with this context.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, starttls: ssl.SSLContext | None = None) -> None:
        self.host, self.port = host, port
        #: In order of arrival; one entry for each accepted recipient.
        self.messages: list[Received] = []
        #: Reply to MAIL FROM, for every sender; None accepts.
        self.sender_reply: str | None = None
        #: Replies to RCPT TO; an address without one is accepted, one whose reply begins with 2 too.
        self.replies: dict[str, str] = {}
        #: Refusals after the final dot. The message is then kept for none of its recipients.
        self.data_replies: dict[str, str] = {}
        #: Their messages are kept, and then the connection is cut before any reply: nobody can know the outcome.
        self.cut_after_data: set[str] = set()
        #: How often each address was named in RCPT TO.
        self.attempts: Counter[str] = Counter()
        #: Called with the command (RCPT, or DATA once the message is kept) and the address, before the reply.
        self.before_reply: Callable[[str, str], None] | None = None
        self._arrived = asyncio.Condition()
        self._starttls = starttls
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[Any] = WeakSet()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None:
            return
        self._server.close()
        sessions = list(self._sessions)
        for session in sessions:
            # Python 3.11's TLS transport has no protocol any more once it was closed twice, and fails.
            if session.transport is not None:
                with suppress(AttributeError):
                    session.transport.abort()
        # aiosmtpd runs each connection in a task of its own and cancels it when the connection is lost.
        tasks = [session._handler_coroutine for session in sessions if session._handler_coroutine is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def wait_for(
        self,
        count: int,
        timeout: timedelta = timedelta(seconds=10),  # noqa: ASYNC109 - a test wants one line
    ) -> list[Received]:
        """Wait until ``count`` messages have arrived since the start, and return all that are there.

        :raises TimeoutError: fewer came in time.
        """
        async with asyncio.timeout(timeout.total_seconds()), self._arrived:
            await self._arrived.wait_for(lambda: len(self.messages) >= count)
            return list(self.messages)

    def _session(self) -> Any:
        session = SMTP(
            _Replies(self),
            data_size_limit=LARGEST_MESSAGE,
            enable_SMTPUTF8=True,
            decode_data=False,
            hostname="mailbox.example",
            ident="demo mailbox",
            tls_context=self._starttls,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    def _notice(self, command: str, address: str) -> None:
        if self.before_reply is not None:
            self.before_reply(command, address)

    async def _keep(self, envelope: Envelope) -> None:
        sender = envelope.mail_from or ""
        now = datetime.now(UTC)
        async with self._arrived:
            self.messages += [
                Received(
                    envelope_from="" if sender == "<>" else sender,
                    recipient=recipient,
                    raw=envelope.original_content or b"",
                    at=now,
                )
                for recipient in envelope.rcpt_tos
            ]
            self._arrived.notify_all()


class _Replies:
    """The hooks that aiosmtpd calls, by name, for each command of one connection."""

    def __init__(self, mailbox: StandInMailbox) -> None:
        self._mailbox = mailbox

    async def handle_MAIL(self, server: Any, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        reply = self._mailbox.sender_reply or "250 2.1.0 OK"
        if reply.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return _said(server, reply)

    async def handle_RCPT(self, server: Any, _: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        self._mailbox.attempts[address] += 1
        self._mailbox._notice("RCPT", address)
        reply = self._mailbox.replies.get(address, "250 2.1.5 OK")
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(options)
        return _said(server, reply)

    async def handle_DATA(self, server: Any, _: Session, envelope: Envelope) -> str:
        # One transaction has one reply (RFC 5321 §4.2): the first refusal speaks for all recipients.
        refusals = [
            self._mailbox.data_replies[name] for name in envelope.rcpt_tos if name in self._mailbox.data_replies
        ]
        if refusals:
            return _said(server, refusals[0])
        await self._mailbox._keep(envelope)
        for address in envelope.rcpt_tos:
            self._mailbox._notice("DATA", address)
        if not self._mailbox.cut_after_data.isdisjoint(envelope.rcpt_tos):
            server.transport.abort()
            # The lost connection cancels this task: there is no reply to give.
            await asyncio.Event().wait()
        return "250 2.0.0 OK"


def _said(server: Any, reply: str) -> str:
    if reply.startswith("421"):
        # aiosmtpd writes the reply without giving way, so it is under way before the connection closes.
        asyncio.get_running_loop().call_soon(server.transport.close)
    return reply
