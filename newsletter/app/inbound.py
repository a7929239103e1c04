"""From settings to the server that takes mails in."""

from __future__ import annotations

from newsletter.app.postage import revealed
from newsletter.app.service import Service
from newsletter.inbound.server import InboundServer
from newsletter.pipeline.bounce import Mailroom


def mailroom_from(service: Service) -> Mailroom:
    """Return where mails are taken in: for the domains and the mailbox of the newsletter."""
    settings = service.settings
    domains = (settings.mail.bounce_domain, settings.inbound.domain)
    sender = settings.mail.from_
    return Mailroom(
        store=service.store,
        jobs=service.jobs,
        keys=revealed(settings.secret_key),
        domains=frozenset(domain.lower() for domain in domains if domain),
        mailboxes=frozenset({sender.address.lower()} if sender else ()),
        clock=service.clock,
    )


def inbound_server(service: Service) -> InboundServer | None:
    """Return the server, if one is wanted."""
    settings = service.settings
    if settings.inbound.listen is None:
        return None
    hostname = settings.inbound.domain or settings.mail.bounce_domain or "localhost"
    return InboundServer(mailroom_from(service), hostname=hostname)
