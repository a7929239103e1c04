"""What can be set: the meaning, unit and default of each setting."""

from __future__ import annotations

import ipaddress
from datetime import time
from email.headerregistry import Address
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from newsletter.languages import supported_languages

MINIMUM_SECRET_LENGTH = 32


class Tls(StrEnum):
    """How a connection to the mail server is protected (RFC 8314)."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"


class Listen(NamedTuple):
    """An address to listen on; port 0 takes a free one."""

    host: str
    port: int


class Sender(NamedTuple):
    """The newsletter's own mail address, with the name that readers see."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """Part after the ``@``."""
        return self.address.rpartition("@")[2]

    def header(self) -> Address:
        """Return the address as a header value."""
        return Address(display_name=self.name, addr_spec=self.address)


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _web_url(value: str) -> str:
    expected = "expected an http or https URL such as https://news.example.org, without ? or #"
    try:
        parts = urlsplit(value)
        # Only looking at the port finds out that there cannot be such a one.
        _ = parts.port
    except ValueError:
        # Python's own words quote the host.
        raise ValueError(expected) from None
    visible = value.isprintable() and " " not in value
    if not visible or parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(expected)
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("expected sqlite:///path/to/file.db or postgresql://user@host/name")
    return value


def _listen(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("expected HOST:PORT, for example 127.0.0.1:8080 or [::]:8080")
    return Listen(host.strip("[]"), int(port))


def _time_of_day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            parsed = time.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a time of day as HH:MM, for example 08:00") from None
        if parsed.tzinfo is not None:
            raise ValueError("expected a time of day without a zone; the zone is TIMEZONE")
        return parsed
    # TOML has times of its own; a bare number would be taken for seconds since midnight.
    if not isinstance(value, time):
        raise ValueError("expected a time of day as HH:MM, for example 08:00")  # noqa: TRY004 - pydantic collects ValueError
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (LookupError, ValueError, OSError):
        raise ValueError("expected an IANA time zone such as UTC, Europe/Berlin or Asia/Shanghai") from None
    return value


def _language(value: str) -> str:
    if value not in supported_languages():
        raise ValueError(f"expected one of: {', '.join(supported_languages())}")
    return value


def _address(value: str) -> str:
    try:
        checked = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("expected a mail address such as digest@example.org") from None
    if checked.ascii_email is None:
        # It could be answered only by those whose own server knows SMTPUTF8 (RFC 6531).
        raise ValueError("expected a mail address with ASCII characters before the @")
    return checked.ascii_email


def _domain(value: str) -> str:
    try:
        return validate_email(f"x@{value}", check_deliverability=False, test_environment=True).ascii_domain
    except EmailNotValidError:
        raise ValueError("expected a domain such as news.example.org") from None


def _sender(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    name, angle, rest = value.rpartition("<")
    if any(ord(character) < 32 for character in value) or (angle and not rest.endswith(">")):
        raise ValueError('expected "Name" <address> or an address')
    return Sender(name.strip().strip('"').strip(), _address(rest.removesuffix(">").strip()))


def _long_enough(value: list[SecretStr]) -> list[SecretStr]:
    if not value or any(len(secret.get_secret_value()) < MINIMUM_SECRET_LENGTH for secret in value):
        raise ValueError(f"expected at least {MINIMUM_SECRET_LENGTH} characters (newest first while rotating)")
    return value


def _not_empty(value: list[SecretStr]) -> list[SecretStr]:
    if not value or not all(secret.get_secret_value() for secret in value):
        raise ValueError("expected at least one secret, comma-separated")
    return value


def _one_line(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("expected one line of text")
    return value.strip()


Url = Annotated[str, AfterValidator(_web_url)]
Line = Annotated[str, AfterValidator(_one_line)]
MailAddress = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]
Positive = Annotated[int, Field(gt=0)]


class _Section(BaseModel):
    # hide_input_in_errors: a fault must never print a value, which may be a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GitHubSettings(_Section):
    """``NEWSLETTER_GITHUB__…``."""

    #: Any one of them verifies a webhook; several while a secret is rotated.
    webhook_secrets: Annotated[list[SecretStr], BeforeValidator(_split), AfterValidator(_not_empty)] | None = None
    #: GitHub Enterprise: https://HOST/api/v3.
    api_url: Url = "https://api.github.com"
    token: SecretStr | None = None
    app_id: str | None = None
    private_key_file: Path | None = None

    @property
    def web_url(self) -> str:
        """Where people read the repositories, derived from the API's URL."""
        parts = urlsplit(self.api_url)
        if parts.path.rstrip("/") == "/api/v3":
            return f"{parts.scheme}://{parts.netloc}"
        return "https://github.com"


class ModelSettings(_Section):
    """``NEWSLETTER_LLM__…``: any OpenAI-compatible server; without it, the rules write the analyses."""

    base_url: Url | None = None
    api_key: SecretStr | None = None
    model: Line | None = None
    #: Requests under way at once.
    concurrency: Positive = 8
    #: For one request, in seconds.
    timeout_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120
    #: Input and output together, per UTC day; unset = no ceiling.
    daily_tokens: Positive | None = None

    @property
    def enabled(self) -> bool:
        """Whether a model is asked at all."""
        return self.base_url is not None

    @model_validator(mode="after")
    def _complete(self) -> ModelSettings:
        if (self.base_url is None) != (self.model is None):
            raise ValueError("expected BASE_URL and MODEL together")
        return self


class SmtpSettings(_Section):
    """``NEWSLETTER_SMTP__…``: the relay that takes the mails."""

    host: Line | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls = Tls.STARTTLS
    #: Open at once.
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    #: Mails a second over all connections; unset = as fast as the relay takes them.
    per_second: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _safe(self) -> SmtpSettings:
        if self.tls is Tls.NONE and self.host is not None and not is_loopback(self.host):
            raise ValueError("expected TLS implicit or starttls; none is for a relay on this machine only (RFC 8314)")
        if (self.username is None) != (self.password is None):
            raise ValueError("expected USERNAME and PASSWORD together")
        return self


class MailSettings(_Section):
    """``NEWSLETTER_MAIL__…``: what stands in the mails."""

    # "from" is a Python keyword, so the field has a name of its own.
    from_: Annotated[Sender, BeforeValidator(_sender)] | None = Field(default=None, alias="from")
    reply_to: MailAddress | None = None
    #: Domain of the envelope sender ``bounce+…@``; unset = bounces go to FROM.
    bounce_domain: Domain | None = None
    postal_address: Line | None = None
    dkim_domain: Domain | None = None
    dkim_selector: str | None = None
    dkim_key_file: Path | None = None


class InboundSettings(_Section):
    """``NEWSLETTER_INBOUND__…``: the listener for bounces and mailed commands."""

    listen: Annotated[Listen, BeforeValidator(_listen)] | None = None
    domain: Domain | None = None


class AdminSettings(_Section):
    """``NEWSLETTER_ADMIN__…``."""

    password_hash: SecretStr | None = None


class Settings(_Section):
    """Everything that can be set; see ``docs/reference/settings.md``."""

    #: Public URL of the service, the start of every link in a mail.
    base_url: Url = "http://127.0.0.1:8080"
    listen: Annotated[Listen, BeforeValidator(_listen)] = Listen("127.0.0.1", 8080)
    #: May hold a password, so it is never shown.
    database_url: Annotated[str, AfterValidator(_database_url), Field(repr=False)] = "sqlite:///data/newsletter.db"
    #: Signs the readers' links; newest first while rotating.
    secret_key: Annotated[list[SecretStr], BeforeValidator(_split), AfterValidator(_long_enough)] | None = None
    title: Line = "Repository digest"
    language: Annotated[str, AfterValidator(_language)] = "en"
    #: A day is a day in this zone.
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    #: Local time at which the day before is closed and mailed.
    send_at: Annotated[time, BeforeValidator(_time_of_day)] = time(8, 0)
    github: GitHubSettings = GitHubSettings()
    llm: ModelSettings = ModelSettings()
    smtp: SmtpSettings = SmtpSettings()
    mail: MailSettings = MailSettings()
    inbound: InboundSettings = InboundSettings()
    admin: AdminSettings = AdminSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.timezone)
