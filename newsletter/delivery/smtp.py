"""One connection to the mail server: one recipient a transaction, and an outcome for everything that can happen.

aiosmtplib connects, protects and signs in. The dialogue is led from here, command by command, because its outcome
depends on how far it came: a connection lost before the message left is nothing, one lost afterwards is uncertain.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiosmtplib

from newsletter.delivery.outcome import lost_connection, outcome_of, reply_of
from newsletter.delivery.record import Outcome, Reply, Stage

_LEADING_DOT = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """What each wait may take, in seconds (RFC 5321 §4.5.3.2)."""

    #: For each step from connecting to signing in.
    connect: float = 30
    command: float = 300
    #: After the final dot: "a shorter time-out would typically result in delivery of multiple copies".
    message: float = 600
    #: For the answer to a good-bye, which nothing depends on.
    quit: float = 5


@dataclass(frozen=True, kw_only=True)
class Relay:
    """The server that takes our mails, and how to reach it."""

    host: str
    port: int
    username: str | None
    password: str | None
    #: TLS from the first byte (RFC 8314).
    implicit_tls: bool
    #: STARTTLS demanded, never just tried.
    starttls: bool
    #: What we call ourselves in EHLO.
    local_hostname: str


@dataclass(frozen=True, kw_only=True)
class Envelope:
    """Sender and recipient of a transaction (RFC 5321 §2.3.1)."""

    sender: str
    recipient: str


@dataclass
class _Dialogue:
    """How far a transaction has come."""

    stage: Stage = Stage.CONNECT


class Connection:
    """A connection that is used for one message after the other."""

    def __init__(self, relay: Relay, *, timeouts: Timeouts = Timeouts()) -> None:
        self._relay = relay
        self._timeouts = timeouts
        self._smtp: aiosmtplib.SMTP | None = None
        self._transactions = 0
        self._dialogue = _Dialogue()

    @property
    def went_stale(self) -> bool:
        """Whether the last transaction ended before its sender was taken, on a connection that had served before.

        Servers close a connection after some messages or some time, with 421 or without a word (RFC 5321 §3.8): that
        says nothing about us, and another connection may be tried at once.
        """
        return self._transactions > 1 and self._dialogue.stage is Stage.MAIL and not self.is_open

    @property
    def is_open(self) -> bool:
        """Whether another message can be sent over it."""
        return self._smtp is not None and self._smtp.is_connected

    async def open(self) -> Outcome | None:
        """Connect, protect, sign in. Returns None when ready, or what went wrong: always our fault, no reader's."""
        relay = self._relay
        smtp = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.implicit_tls,
            start_tls=relay.starttls,
            local_hostname=relay.local_hostname,
            timeout=self._timeouts.connect,
        )
        try:
            await smtp.connect()
            await smtp.ehlo()
        except aiosmtplib.SMTPResponseException as error:
            smtp.close()
            if error.code // 100 in {4, 5}:
                return outcome_of(Stage.CONNECT, reply_of(error.code, error.message))
            return lost_connection(Stage.CONNECT, f"{error.code} {error.message}")
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            smtp.close()
            return lost_connection(Stage.CONNECT, f"{type(error).__name__}: {error}")
        except BaseException:
            smtp.close()
            raise
        self._smtp = smtp
        return None

    async def send(self, envelope: Envelope, message: bytes, *, claim: Callable[[], Awaitable[bool]]) -> Outcome | None:
        """Send one message to one recipient.

        :param message: with CRLF line ends; dots are stuffed here (RFC 5321 §4.5.2).
        :param claim: asked when the server has taken the recipient and before anything of the message leaves; where it
            says False, the transaction is ended and nothing is sent.
        :returns: what it came to; None where the claim was refused.
        """
        dialogue = self._dialogue = _Dialogue()
        self._transactions += 1
        try:
            return await self._lead(dialogue, envelope, message, claim)
        except aiosmtplib.SMTPResponseException as error:
            return await self._refused(dialogue.stage, error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self.abandon()
            return lost_connection(dialogue.stage, f"{type(error).__name__}: {error}")
        except BaseException as error:
            # A dialogue that ends in its middle (cancelled, or the claim failed) is out of step: its next reply would
            # be taken for another message's.
            await self.abandon()
            if isinstance(error, ValueError) and dialogue.stage in {Stage.MAIL, Stage.RECIPIENT}:
                return outcome_of(dialogue.stage, Reply(code=501, text="5.1.3 The address cannot be named in SMTP"))
            raise

    async def _lead(
        self, dialogue: _Dialogue, envelope: Envelope, message: bytes, claim: Callable[[], Awaitable[bool]]
    ) -> Outcome | None:
        smtp = self._smtp
        if smtp is None:
            raise aiosmtplib.SMTPServerDisconnected("not connected")
        utf8 = not envelope.recipient.isascii()
        if utf8 and not smtp.supports_extension("SMTPUTF8"):
            # RFC 6531 §3.2: such an address cannot be named to this server at all.
            return outcome_of(Stage.RECIPIENT, Reply(code=553, text="5.6.7 The relay does not offer SMTPUTF8"))
        encoding, options = ("utf-8", ["SMTPUTF8"]) if utf8 else ("ascii", [])
        dialogue.stage = Stage.MAIL
        await smtp.mail(envelope.sender, options=options, encoding=encoding, timeout=self._timeouts.command)
        dialogue.stage = Stage.RECIPIENT
        await smtp.rcpt(envelope.recipient, encoding=encoding, timeout=self._timeouts.command)
        dialogue.stage = Stage.DATA
        if not await claim():
            await self._reset(smtp)
            return None
        go_ahead = await smtp.execute_command(b"DATA", timeout=self._timeouts.command)
        if go_ahead.code != 354:
            raise aiosmtplib.SMTPDataError(go_ahead.code, go_ahead.message)
        return await self._transfer(smtp, dialogue, message)

    async def _transfer(self, smtp: aiosmtplib.SMTP, dialogue: _Dialogue, message: bytes) -> Outcome:
        protocol = smtp.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("the connection was lost before the message left")
        ended = message if message.endswith(b"\r\n") else message + b"\r\n"
        # Writes all or, where the connection is closing already, nothing.
        protocol.write(_LEADING_DOT.sub(b"..", ended) + b".\r\n")
        dialogue.stage = Stage.MESSAGE
        response = await protocol.read_response(timeout=self._timeouts.message)
        reply = reply_of(response.code, response.message)
        if response.code // 100 not in {2, 4, 5}:
            await self.abandon()
            return lost_connection(Stage.MESSAGE, f"{response.code} {response.message}")
        if response.code == 421:
            await self.abandon()
        return outcome_of(Stage.MESSAGE, reply)

    async def _refused(self, stage: Stage, code: int, text: str) -> Outcome:
        smtp = self._smtp
        if code // 100 not in {4, 5}:
            # Not a reply of SMTP any more: whatever follows cannot be trusted.
            await self.abandon()
            return lost_connection(stage, f"{code} {text}")
        if code == 421 or smtp is None or not smtp.is_connected:
            await self.abandon()
        else:
            await self._reset(smtp)
        return outcome_of(stage, reply_of(code, text))

    async def _reset(self, smtp: aiosmtplib.SMTP) -> None:
        """End the transaction; where that fails, the connection is not used again."""
        try:
            await smtp.rset(timeout=self._timeouts.command)
        except (aiosmtplib.SMTPException, OSError):
            await self.abandon()

    async def close(self) -> None:
        """Say good-bye."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            if smtp.is_connected:
                await smtp.quit(timeout=self._timeouts.quit)
        except (aiosmtplib.SMTPException, OSError):
            smtp.close()

    async def abandon(self) -> None:
        """Drop the connection without a word, and what of a message is not yet on its way."""
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        if isinstance(smtp.transport, asyncio.WriteTransport):
            smtp.transport.abort()
        smtp.close()
