"""From settings to what it takes to send."""

from __future__ import annotations

from pydantic import SecretStr

from newsletter.delivery.message import Letterhead
from newsletter.delivery.pool import Pool
from newsletter.delivery.retry import RetryPolicy
from newsletter.delivery.smtp import Relay
from newsletter.errors import Fault, SettingsError
from newsletter.pipeline.deliver import Postage
from newsletter.pipeline.operator import Operator
from newsletter.settings import Settings, SmtpSettings, Tls
from subscribers import Tokens


def revealed(secrets: list[SecretStr] | None) -> tuple[str, ...]:
    """Return the texts of secrets."""
    return tuple(secret.get_secret_value() for secret in secrets or ())


def postage_from(settings: Settings, tokens: Tokens) -> Postage:
    """Build the pool of connections and the letterhead.

    :raises SettingsError: there is no sender.
    """
    mail = settings.mail
    if mail.from_ is None:
        raise SettingsError((Fault(name="NEWSLETTER_MAIL__FROM", expected="is required"),))
    smtp = settings.smtp
    relay = _relay(smtp, local_hostname=mail.from_.domain)
    return Postage(
        pool=Pool(relay, size=smtp.connections, per_second=smtp.per_second) if relay else None,
        letterhead=Letterhead(
            sender=mail.from_.header(),
            title=settings.title,
            base_url=settings.base_url,
            reply_to=mail.reply_to,
            bounce_domain=mail.bounce_domain,
        ),
        tokens=tokens,
        key=revealed(settings.secret_key)[0],
        policy=RetryPolicy(),
    )


def operator_from(settings: Settings) -> Operator:
    """Return where the operator is written to, if they want to be and there is a mail server."""
    sender = settings.mail.from_
    if settings.admin.email is None or sender is None:
        return Operator()
    relay = _relay(settings.smtp, local_hostname=sender.domain)
    return Operator(address=settings.admin.email, relay=relay, sender=sender.header())


def _relay(smtp: SmtpSettings, *, local_hostname: str) -> Relay | None:
    if smtp.host is None:
        return None
    return Relay(
        host=smtp.host,
        port=smtp.port,
        username=smtp.username,
        password=smtp.password.get_secret_value() if smtp.password else None,
        implicit_tls=smtp.tls is Tls.IMPLICIT,
        starttls=smtp.tls is Tls.STARTTLS,
        local_hostname=local_hostname,
    )
