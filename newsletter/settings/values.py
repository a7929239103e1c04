"""Values of settings: how each sort is read from text, and what is said where it cannot be used."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from datetime import time
from email.headerregistry import Address
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
from argon2 import extract_parameters
from email_validator import EmailNotValidError, validate_email
from psycopg.conninfo import make_conninfo
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from newsletter.languages import supported_languages

MINIMUM_SECRET_LENGTH = 32
_POSTGRESQL_URL = (
    "expected postgresql://user:password@host:port/name; "
    "in the password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25"
)
_NOT_IN_A_HOST = set("@?#/[] ")


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


def _root_url(value: str) -> str:
    url = _web_url(value)
    if urlsplit(url).path:
        raise ValueError("expected a URL without a path, such as https://news.example.org: the routes are at its root")
    return url


def _database_url(value: str) -> str:
    # Whatever is wrong, the value may hold a password, and the libraries quote what they cannot read.
    if not value.startswith(("sqlite:///", "postgresql://", "postgres://")) or not value.isprintable():
        raise ValueError("expected sqlite:///path/to/file.db or postgresql://user@host/name")
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError(_POSTGRESQL_URL) from None
    if value.startswith("sqlite:"):
        if not url.database or url.database.startswith((":memory:", "file:")) or url.query:
            raise ValueError("expected sqlite:///path/to/file.db: a file that stays, and nothing behind its name")
        return value
    port_fits = url.port is None or 0 < url.port < 65536
    if not url.database or "/" in url.database or _NOT_IN_A_HOST & set(url.host or "") or not port_fits:
        raise ValueError(_POSTGRESQL_URL)
    try:
        # Only the driver reads this one as a number, and says so where nobody expects it.
        int(str(url.query.get("connect_timeout", 0)))
        make_conninfo("", **{name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()})
    except (psycopg.Error, ValueError):
        raise ValueError("expected behind the ? nothing but libpq's connection options, such as sslmode") from None
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


def _password_hash(value: SecretStr) -> SecretStr:
    if not _is_argon2(value.get_secret_value()):
        raise ValueError("expected an argon2 hash such as `newsletter admin hash` prints")
    return value


def _is_argon2(text: str) -> bool:
    """Whether a text is a hash that the library can be asked about; trying it would cost its full time here."""
    try:
        parameters = extract_parameters(text)
        salt, digest = (base64.b64decode(part + "=" * (-len(part) % 4), validate=True) for part in text.split("$")[-2:])
    except (ValueError, binascii.Error):
        return False
    # The bounds of the algorithm: RFC 9106, section 3.1.
    enough = len(salt) >= 8 and len(digest) >= 4 and parameters.time_cost >= 1 and parameters.parallelism >= 1
    return text.isascii() and enough and parameters.memory_cost >= 8 * parameters.parallelism


def _one_line(value: str) -> str:
    if not value.strip() or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise ValueError("expected one line of text")
    return value.strip()


Url = Annotated[str, AfterValidator(_web_url)]
RootUrl = Annotated[str, AfterValidator(_root_url)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url), Field(repr=False)]
ListenAddress = Annotated[Listen, BeforeValidator(_listen)]
Keys = Annotated[list[SecretStr], BeforeValidator(_split), AfterValidator(_long_enough)]
Secrets = Annotated[list[SecretStr], BeforeValidator(_split), AfterValidator(_not_empty)]
PasswordHash = Annotated[SecretStr, AfterValidator(_password_hash)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Zone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Line = Annotated[str, AfterValidator(_one_line)]
MailAddress = Annotated[str, AfterValidator(_address)]
MailSender = Annotated[Sender, BeforeValidator(_sender)]
Domain = Annotated[str, AfterValidator(_domain)]
AppId = Annotated[int, Field(gt=0, lt=2**63)]
Positive = Annotated[int, Field(gt=0)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
