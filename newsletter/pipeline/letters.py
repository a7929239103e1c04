"""What a delivery sends: its cohort's stored mail, made out to its reader."""

from __future__ import annotations

from newsletter.delivery.message import Letterhead, Particulars, message_bytes
from newsletter.delivery.record import Delivery, OpenMail
from newsletter.delivery.sign import envelope_sender
from newsletter.delivery.smtp import Envelope
from newsletter.digest.record import Cadence
from newsletter.store import digests
from newsletter.store.engine import Store
from subscribers import Purpose, Subscriber, Tokens


class Letters:
    """Writes the messages of one digest.

    :param key: signs envelope senders.
    :param campaign: which digest it is.
    """

    def __init__(
        self,
        *,
        store: Store,
        letterhead: Letterhead,
        tokens: Tokens,
        key: str,
        campaign: str,
        cadence: Cadence = Cadence.DAILY,
    ) -> None:
        self._store = store
        self._letterhead = letterhead
        self._tokens = tokens
        self._key = key
        self._campaign = campaign
        self._cadence = cadence
        self._mails: dict[int, OpenMail] = {}

    async def mail(self, delivery: Delivery) -> OpenMail:
        """Return a cohort's mail; each is loaded once.

        :raises LookupError: there is none.
        """
        if delivery.rendering_id is None:
            raise LookupError(f"delivery {delivery.id} has no rendering")
        if delivery.rendering_id not in self._mails:
            async with self._store.read() as connection:
                mail = await digests.open_mail(connection, delivery.rendering_id)
            if mail is None:
                raise LookupError(f"rendering {delivery.rendering_id} vanished")
            self._mails[delivery.rendering_id] = mail
        return self._mails[delivery.rendering_id]

    def message(self, delivery: Delivery, reader: Subscriber, mail: OpenMail) -> bytes:
        """Return the message to a reader, the same on every attempt.

        :raises ValueError: it cannot be written.
        """
        return message_bytes(
            mail,
            self._letterhead,
            Particulars(
                recipient=reader.address,
                message_id=delivery.message_id or "",
                # What lies for hours before it leaves would look old on arrival.
                date=delivery.due_at or delivery.created_at,
                unsubscribe_token=self._tokens.make(Purpose.UNSUBSCRIBE, reader.id),
                preferences_token=self._tokens.make(Purpose.PREFERENCES, reader.id),
                campaign=self._campaign,
                cadence=self._cadence,
            ),
        )

    def envelope(self, delivery: Delivery, reader: Subscriber) -> Envelope:
        """Return who it is from and to, as SMTP has it."""
        letterhead = self._letterhead
        sender = letterhead.sender.addr_spec
        if letterhead.bounce_domain is not None:
            sender = envelope_sender(delivery.id, domain=letterhead.bounce_domain, key=self._key)
        return Envelope(sender=sender, recipient=reader.address)
