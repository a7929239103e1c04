"""Whoever operates the service, and how a letter reaches them."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address

from newsletter.delivery.notice import notice_bytes
from newsletter.delivery.record import DeliveryStatus
from newsletter.delivery.smtp import Connection, Envelope, Relay
from newsletter.logs import get_logger

log = get_logger("operator")

#: After the message left nobody knows more: it is not written a second time.
_GONE = frozenset({DeliveryStatus.SENT, DeliveryStatus.UNCERTAIN})


@dataclass(frozen=True, kw_only=True)
class Operator:
    """Where an operator is written to."""

    #: None = they are not.
    address: str | None = None
    relay: Relay | None = None
    sender: Address | None = None

    async def write(self, subject: str, text: str, *, claim: Callable[[], Awaitable[bool]], now: datetime) -> bool:
        """Write to the operator; False where the mail server would not take it.

        :param claim: asked once the server has taken the address; where it says False, somebody wrote already.
        """
        if self.address is None or self.relay is None or self.sender is None:
            return True
        digest = hashlib.sha256(f"{subject}\n{now.isoformat()}".encode()).hexdigest()[:32]
        message = notice_bytes(
            subject=subject,
            text=text,
            sender=self.sender,
            recipient=self.address,
            message_id=f"<operator.{digest}@{self.sender.domain}>",
            date=now,
        )
        connection = Connection(self.relay)
        outcome = await connection.open()
        if outcome is None:
            try:
                envelope = Envelope(sender=self.sender.addr_spec, recipient=self.address)
                outcome = await connection.send(envelope, message, claim=claim)
            finally:
                await connection.close()
        if outcome is None or outcome.status in _GONE:
            return True
        log.warning("the operator could not be written to", action="operator.refused", code=outcome.reply.code)
        return False
