"""The settings: what there is, how a value is read, and which values are refused."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from newsletter.settings import Listen, Sender, Tls, setting_names
from tests.support.configured import DEFAULTS, KEY, faults, load, value_of


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items(), ids=DEFAULTS.keys())
def test_every_setting_of_the_reference_has_its_default(name: str, default: Any) -> None:
    assert value_of(load(), name) == default


def test_there_is_no_setting_beside_those_of_the_reference() -> None:
    assert set(setting_names()) >= set(DEFAULTS)


def test_settings_cannot_be_changed_after_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(load(), "title", "Other")  # noqa: B010 - the type checker knows it too


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        pytest.param("BASE_URL", "https://news.example.org/", "https://news.example.org", id="a slash at the end goes"),
        pytest.param(
            "GITHUB__API_URL", "https://example.org/news/", "https://example.org/news", id="a path may follow"
        ),
        pytest.param("LISTEN", "0.0.0.0:80", Listen("0.0.0.0", 80), id="an address to listen on"),
        pytest.param("LISTEN", "[::]:8080", Listen("::", 8080), id="an IPv6 address loses its brackets"),
        pytest.param("LISTEN", "localhost:0", Listen("localhost", 0), id="port 0 is free choice"),
        pytest.param("DATABASE_URL", "postgresql://n@db/n", "postgresql://n@db/n", id="PostgreSQL"),
        pytest.param("LANGUAGE", "zh", "zh", id="a language with a catalogue"),
        pytest.param("TIMEZONE", "Asia/Shanghai", "Asia/Shanghai", id="a zone of the IANA database"),
        pytest.param("SEND_AT", "23:30", time(23, 30), id="a time of day"),
        pytest.param("TITLE", "  Rocket news ", "Rocket news", id="a title without the spaces around it"),
        pytest.param("LLM__TIMEOUT_SECONDS", "2.5", 2.5, id="half seconds"),
        pytest.param("SMTP__PER_SECOND", "0.5", 0.5, id="one mail in two seconds"),
        pytest.param("SMTP__TLS", "implicit", Tls.IMPLICIT, id="TLS from the start"),
        pytest.param("MAIL__FROM", "a@example.org", Sender("", "a@example.org"), id="a sender without a name"),
        pytest.param("MAIL__FROM", "News <a@example.org>", Sender("News", "a@example.org"), id="a sender with a name"),
        pytest.param(
            "MAIL__FROM",
            '"News, daily" <a@example.org>',
            Sender("News, daily", "a@example.org"),
            id="a sender with a quoted name",
        ),
        pytest.param(
            "MAIL__FROM",
            "更新 <a@例え.jp>",
            Sender("更新", "a@xn--r8jz45g.jp"),
            id="a sender in an international domain",
        ),
        pytest.param("MAIL__REPLY_TO", "b@example.org", "b@example.org", id="where answers go"),
        pytest.param("MAIL__BOUNCE_DOMAIN", "bounce.example.org", "bounce.example.org", id="where bounces go"),
        pytest.param("INBOUND__LISTEN", "127.0.0.1:2525", Listen("127.0.0.1", 2525), id="where mail comes in"),
        pytest.param("LISTEN", " ", Listen("127.0.0.1", 8080), id="a blank variable counts as unset"),
    ],
)
def test_a_value_is_read_as_what_it_means(name: str, text: str, value: Any) -> None:
    assert value_of(load({name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("BASE_URL", "news.example.org", "http or https URL", id="a URL without a scheme"),
        pytest.param("BASE_URL", "ftp://example.org", "http or https URL", id="a URL of another scheme"),
        pytest.param("BASE_URL", "https://", "http or https URL", id="a URL without a host"),
        pytest.param("BASE_URL", "https://example.org/?a=b", "without ?", id="a URL with a query"),
        pytest.param("BASE_URL", "https://example.org/#a", "without ? or #", id="a URL with a fragment"),
        pytest.param("BASE_URL", "https://exam\nple.org", "http or https URL", id="a URL with a line break"),
        pytest.param("BASE_URL", "https://example.org:99999", "http or https URL", id="a URL with an impossible port"),
        pytest.param("LLM__BASE_URL", "https://[hunter2]", "http or https URL", id="a URL with broken brackets"),
        pytest.param("LISTEN", "8080", "HOST:PORT", id="a port alone"),
        pytest.param("LISTEN", ":8080", "HOST:PORT", id="no host"),
        pytest.param("LISTEN", "127.0.0.1:http", "HOST:PORT", id="a port by name"),
        pytest.param("LISTEN", "127.0.0.1:65536", "HOST:PORT", id="a port too high"),
        pytest.param("BASE_URL", "https://example.org/news", "without a path", id="a path, where no route is"),
        pytest.param("DATABASE_URL", "mysql://db/n", "postgresql://user@host/name", id="another database"),
        pytest.param("DATABASE_URL", "sqlite:///", "a file that stays", id="an SQLite database without a name"),
        pytest.param("DATABASE_URL", "sqlite:///:memory:", "a file that stays", id="an SQLite database in memory"),
        pytest.param("DATABASE_URL", "sqlite:///file:n.db?uri=true", "a file that stays", id="an SQLite URI"),
        pytest.param("DATABASE_URL", "sqlite:///n.db?timeout=x", "nothing behind", id="an SQLite option"),
        pytest.param("DATABASE_URL", "sqlite:///a\0b", "sqlite:///path/to/file.db", id="a path with a NUL"),
        pytest.param("DATABASE_URL", "postgresql://", "postgresql://user:password@", id="a server without a name"),
        pytest.param("DATABASE_URL", "postgresql://u@db", "postgresql://user:password@", id="no database"),
        pytest.param("DATABASE_URL", "postgresql://u:p@db:x/n", "postgresql://user:password@", id="a port by name"),
        pytest.param("DATABASE_URL", "postgresql://u:p@q@db/n", "write @ as %40", id="a password with an @"),
        pytest.param("DATABASE_URL", "postgresql://u:p@q:r@db/n", "write @ as %40", id="a password with @ and :"),
        pytest.param("DATABASE_URL", "postgresql://u@[db/n", "postgresql://user:password@", id="half a bracket"),
        pytest.param(
            "DATABASE_URL", "postgresql://u@db:99999/n", "postgresql://user:password@", id="a database's port"
        ),
        pytest.param(
            "DATABASE_URL", "postgresql://u@db/n?connect_timeout=x", "libpq", id="an option that is no number"
        ),
        pytest.param("DATABASE_URL", "postgresql://u@db/n?sslmod=x", "such as sslmode", id="an unknown option"),
        pytest.param("SECRET_KEY", "short", "at least 32 characters", id="a key too short"),
        pytest.param("SECRET_KEY", f"{KEY},short", "at least 32 characters", id="one key of two too short"),
        pytest.param("SECRET_KEY", ",", "at least 32 characters", id="a list of no keys"),
        pytest.param("GITHUB__WEBHOOK_SECRETS", " , ", "at least one secret", id="a list of no secrets"),
        pytest.param("TITLE", "Rocket\nBcc: all@example.org", "one line", id="a title with a line break"),
        pytest.param("LANGUAGE", "tlh", "one of: en, zh", id="a language without a catalogue"),
        pytest.param("TIMEZONE", "Mars/Olympus", "IANA time zone", id="a zone that is not there"),
        pytest.param("TIMEZONE", "/etc/passwd", "IANA time zone", id="a path for a zone"),
        pytest.param("TIMEZONE", "Europe", "IANA time zone", id="half a zone"),
        pytest.param("SEND_AT", "8 o'clock", "HH:MM", id="a time in words"),
        pytest.param("SEND_AT", "08:00+02:00", "without a zone", id="a time with a zone"),
        pytest.param("LLM__CONCURRENCY", "0", "above 0", id="no request at once"),
        pytest.param("LLM__CONCURRENCY", "many", "a whole number", id="a count in words"),
        pytest.param("LLM__TIMEOUT_SECONDS", "-1", "above 0", id="a negative time"),
        pytest.param("LLM__TIMEOUT_SECONDS", "soon", "a number", id="a time in words instead of seconds"),
        pytest.param("LLM__TIMEOUT_SECONDS", "inf", "a number", id="an endless time"),
        pytest.param("SMTP__PER_SECOND", "nan", "a number", id="a rate that is no number"),
        pytest.param("SMTP__PORT", "70000", "at most 65535", id="a mail port too high"),
        pytest.param("SMTP__CONNECTIONS", "0", "at least 1", id="no connection"),
        pytest.param("SMTP__TLS", "yes", "'implicit', 'starttls' or 'none'", id="TLS as yes or no"),
        pytest.param("SMTP__HOST", "mail\r\nexample", "one line", id="a host with a line break"),
        pytest.param("MAIL__FROM", "News", "a mail address", id="a name without an address"),
        pytest.param("MAIL__FROM", "News <a@example.org", "<address>", id="an angle that is not closed"),
        pytest.param("MAIL__FROM", "a@example.org\nBcc: b@example.org", "<address>", id="a sender with a line break"),
        pytest.param("MAIL__FROM", "grün@example.org", "a mail address", id="a sender few relays would take"),
        pytest.param("MAIL__REPLY_TO", "nobody", "a mail address", id="no address to answer to"),
        pytest.param("MAIL__BOUNCE_DOMAIN", "b@example.org", "a domain", id="an address where a domain belongs"),
        pytest.param("MAIL__BOUNCE_DOMAIN", "two words.org", "a domain", id="a domain with a space"),
        pytest.param("INBOUND__DOMAIN", "example..org", "a domain", id="a domain with a gap"),
        pytest.param("MAIL__DKIM_DOMAIN", "example", "a domain", id="half a domain"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_was_expected(name: str, text: str, expected: str) -> None:
    found = faults({name: text})
    assert list(found) == [name]
    assert expected in found[name]


def test_a_list_of_secrets_is_comma_separated() -> None:
    settings = load({"GITHUB__WEBHOOK_SECRETS": " new , old ,", "SECRET_KEY": f"{KEY},{'o' * 32}"})
    assert [secret.get_secret_value() for secret in settings.github.webhook_secrets or ()] == ["new", "old"]
    assert [secret.get_secret_value() for secret in settings.secret_key or ()] == [KEY, "o" * 32]


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("sqlite:////var/lib/newsletter/newsletter.db", id="an absolute path"),
        pytest.param("sqlite:///my data/更新.db", id="a path with a space and Chinese"),
        pytest.param("postgresql://u:p%40q%3Ar@db.example.org:5433/n?sslmode=verify-full", id="an escaped password"),
        pytest.param("postgresql://newsletter@/newsletter?host=/run/postgresql", id="a socket"),
        pytest.param("postgres://u@[::1]:5432/n?options=-c%20statement_timeout%3D60000", id="IPv6 and options"),
    ],
)
def test_a_database_is_named_by_its_url(url: str) -> None:
    assert load({"DATABASE_URL": url}).database_url == url
