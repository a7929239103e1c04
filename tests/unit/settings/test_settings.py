"""The settings: what there is, what is refused, and that no secret is ever shown."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from newsletter.errors import SettingsError
from newsletter.settings import SERVING, Listen, Sender, Settings, Tls, load_settings, setting_names
from newsletter.settings.values import is_loopback

KEY = "k" * 32

#: The table of the reference: every name with its default.
DEFAULTS: dict[str, Any] = {
    "BASE_URL": "http://127.0.0.1:8080",
    "LISTEN": Listen("127.0.0.1", 8080),
    "DATABASE_URL": "sqlite:///data/newsletter.db",
    "SECRET_KEY": None,
    "TITLE": "Repository digest",
    "LANGUAGE": "en",
    "TIMEZONE": "UTC",
    "SEND_AT": time(8, 0),
    "GITHUB__WEBHOOK_SECRETS": None,
    "GITHUB__API_URL": "https://api.github.com",
    "GITHUB__TOKEN": None,
    "GITHUB__APP_ID": None,
    "GITHUB__PRIVATE_KEY_FILE": None,
    "LLM__BASE_URL": None,
    "LLM__API_KEY": None,
    "LLM__MODEL": None,
    "LLM__CONCURRENCY": 8,
    "LLM__TIMEOUT_SECONDS": 120,
    "LLM__DAILY_TOKENS": None,
    "SMTP__HOST": None,
    "SMTP__PORT": 587,
    "SMTP__USERNAME": None,
    "SMTP__PASSWORD": None,
    "SMTP__TLS": Tls.STARTTLS,
    "SMTP__CONNECTIONS": 8,
    "SMTP__PER_SECOND": None,
    "MAIL__FROM": None,
    "MAIL__REPLY_TO": None,
    "MAIL__BOUNCE_DOMAIN": None,
    "MAIL__POSTAL_ADDRESS": None,
    "MAIL__DKIM_DOMAIN": None,
    "MAIL__DKIM_SELECTOR": None,
    "MAIL__DKIM_KEY_FILE": None,
    "INBOUND__LISTEN": None,
    "INBOUND__DOMAIN": None,
    "ADMIN__PASSWORD_HASH": None,
}


def load(
    variables: Mapping[str, str] | None = None, *, required: tuple[str, ...] = (), config: Path | None = None
) -> Settings:
    environment = {f"NEWSLETTER_{name}": value for name, value in (variables or {}).items()}
    return load_settings(config, environment=environment, required=required)


def faults(variables: Mapping[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(variables)
    return {fault.name.removeprefix("NEWSLETTER_"): fault.expected for fault in caught.value.faults}


def toml(folder: Path, text: str) -> Path:
    path = folder / "newsletter.toml"
    path.write_text(text, encoding="utf-8")
    return path


def value_of(settings: Settings, name: str) -> Any:
    found: Any = settings
    for part in name.lower().split("__"):
        fields = type(found).model_fields
        found = getattr(found, next(key for key, field in fields.items() if (field.alias or key) == part))
    return found


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


def test_every_fault_is_reported_at_once_and_by_name() -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            {"SMTP__PORT": "x", "TIMEZONE": "y", "SMTP_HOST": "z", "GITHUB__WEBHOOK_SECRET": "s", "SECRET_KEY": "k"},
            required=SERVING,
        )
    assert [fault.name for fault in caught.value.faults] == [
        "NEWSLETTER_GITHUB__WEBHOOK_SECRET",
        "NEWSLETTER_GITHUB__WEBHOOK_SECRETS",
        "NEWSLETTER_MAIL__FROM",
        "NEWSLETTER_SECRET_KEY",
        "NEWSLETTER_SMTP_HOST",
        "NEWSLETTER_SMTP__PORT",
        "NEWSLETTER_TIMEZONE",
    ]
    text = str(caught.value)
    assert text.startswith("the settings have 7 faults:\n")
    assert all(fault.name in text for fault in caught.value.faults)


def test_a_single_fault_is_told_in_the_singular() -> None:
    with pytest.raises(SettingsError, match="the settings have 1 fault:"):
        load({"TIMEZONE": "y"})


@pytest.mark.parametrize("name", ["SMTP_PORT", "SMPT__HOST", "SMTP__", "TITEL", "SMTP__PORT__X", "smtp__port"])
def test_an_unknown_variable_is_named(name: str) -> None:
    assert faults({name: "1"}) == {name: "is no setting of this service; see docs/reference/settings.md"}


def test_variables_of_other_programs_are_left_alone() -> None:
    assert load_settings(environment={"PATH": "/bin", "SMTP__PORT": "x", "OTHER_NEWSLETTER_TITLE": "x"}) == load()


@pytest.mark.parametrize("name", SERVING)
def test_what_serving_needs_is_required_by_name(name: str) -> None:
    given = {"SECRET_KEY": KEY, "GITHUB__WEBHOOK_SECRETS": "s", "MAIL__FROM": "a@example.org"}
    load(given, required=SERVING)
    with pytest.raises(SettingsError) as caught:
        load(given | {name: ""}, required=SERVING)
    assert [(fault.name, fault.expected) for fault in caught.value.faults] == [(f"NEWSLETTER_{name}", "is required")]


@pytest.mark.parametrize(
    ("section", "given"),
    [
        pytest.param("LLM", {"LLM__BASE_URL": "http://localhost:1"}, id="a model server without a model"),
        pytest.param("LLM", {"LLM__MODEL": "m"}, id="a model without its server"),
        pytest.param("SMTP", {"SMTP__USERNAME": "u"}, id="a user without a password"),
        pytest.param("SMTP", {"SMTP__PASSWORD": "p"}, id="a password without a user"),
    ],
)
def test_what_belongs_together_is_asked_for_together(section: str, given: dict[str, str]) -> None:
    found = faults(given)
    assert list(found) == [section]
    assert "together" in found[section]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1", "[::1]"])
def test_mail_may_go_in_the_clear_to_this_machine(host: str) -> None:
    assert is_loopback(host)
    assert load({"SMTP__HOST": host, "SMTP__TLS": "none"}).smtp.tls is Tls.NONE


@pytest.mark.parametrize(
    "host", ["mail.example.org", "10.0.0.1", "::", "0.0.0.0", "localhost.example.org", "127.0.0.1.example.org"]
)
def test_mail_never_goes_in_the_clear_to_another_machine(host: str) -> None:
    assert "this machine only" in faults({"SMTP__HOST": host, "SMTP__TLS": "none"})["SMTP"]
    load({"SMTP__HOST": host, "SMTP__TLS": "starttls"})


@pytest.mark.parametrize(
    ("api", "web"),
    [
        pytest.param("https://api.github.com", "https://github.com", id="GitHub itself"),
        pytest.param("https://git.example.org/api/v3/", "https://git.example.org", id="GitHub Enterprise"),
        pytest.param("https://api.octocorp.ghe.com", "https://octocorp.ghe.com", id="GitHub with data residency"),
        pytest.param("http://127.0.0.1:9999", "https://github.com", id="a stand-in"),
    ],
)
def test_people_read_repositories_where_the_api_belongs(api: str, web: str) -> None:
    assert load({"GITHUB__API_URL": api}).github.web_url == web


def test_a_list_of_secrets_is_comma_separated() -> None:
    settings = load({"GITHUB__WEBHOOK_SECRETS": " new , old ,", "SECRET_KEY": f"{KEY},{'o' * 32}"})
    assert [secret.get_secret_value() for secret in settings.github.webhook_secrets or ()] == ["new", "old"]
    assert [secret.get_secret_value() for secret in settings.secret_key or ()] == [KEY, "o" * 32]


def test_a_model_is_asked_only_where_there_is_one() -> None:
    assert not load().llm.enabled
    assert load({"LLM__BASE_URL": "http://localhost:1/v1", "LLM__MODEL": "m"}).llm.enabled


def test_the_senders_name_and_domain_are_told_apart() -> None:
    sender = load({"MAIL__FROM": '"News, daily" <digest@news.example.org>'}).mail.from_
    assert sender is not None
    assert sender.domain == "news.example.org"
    assert str(sender.header()) == '"News, daily" <digest@news.example.org>'


def test_the_newsletters_zone_is_ready_for_use() -> None:
    assert load({"TIMEZONE": "Asia/Shanghai"}).zone.key == "Asia/Shanghai"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    config = toml(tmp_path, 'title = "File"\nlanguage = "zh"\n[smtp]\nhost = "a.example"\nport = 25\n')
    settings = load({"TITLE": "Environment", "SMTP__PORT": "465"}, config=config)
    assert (settings.title, settings.language) == ("Environment", "zh")
    assert (settings.smtp.host, settings.smtp.port) == ("a.example", 465)


def test_a_file_may_hold_lists_and_times_of_its_own(tmp_path: Path) -> None:
    config = toml(tmp_path, 'send_at = 07:30:00\n[github]\nwebhook_secrets = ["new", "old"]\n')
    settings = load(config=config)
    assert settings.send_at == time(7, 30)
    assert len(settings.github.webhook_secrets or ()) == 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("send_at = 8\n", ["NEWSLETTER_SEND_AT"], id="a bare hour, which would be eight seconds"),
        pytest.param("listen = 8080\n", ["NEWSLETTER_LISTEN"], id="a bare port"),
        pytest.param("title = 3\n", ["NEWSLETTER_TITLE"], id="a number for a text"),
        pytest.param("smtp = 3\n", ["NEWSLETTER_SMTP"], id="a number for a section"),
        pytest.param('titel = "x"\n[smpt]\nport = 1\n', ["NEWSLETTER_SMPT", "NEWSLETTER_TITEL"], id="misspelt names"),
        pytest.param(
            "[github]\nwebhook_secrets = [1]\n", ["NEWSLETTER_GITHUB__WEBHOOK_SECRETS"], id="a number as secret"
        ),
        pytest.param(
            '[github]\nwebhook_secrets = [""]\n', ["NEWSLETTER_GITHUB__WEBHOOK_SECRETS"], id="an empty secret"
        ),
        pytest.param("[mail]\nfrom = 3\n", ["NEWSLETTER_MAIL__FROM"], id="a number for a sender"),
    ],
)
def test_a_files_faults_are_told_by_the_same_names(tmp_path: Path, text: str, names: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        load(config=toml(tmp_path, text))
    assert [fault.name for fault in caught.value.faults] == names


def test_a_variable_does_not_hide_that_the_file_has_no_such_section(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load({"SMTP__PORT": "25"}, config=toml(tmp_path, "smtp = 3\n"))
    assert [fault.name for fault in caught.value.faults] == ["NEWSLETTER_SMTP"]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"title = ", id="half a line"),
        pytest.param(b"title = '\xff'", id="not UTF-8"),
        pytest.param(b"x = " + b"1" * 5000, id="a number of 5,000 digits"),
        pytest.param(b"[smtp]\n[smtp]\n", id="a section given twice"),
    ],
)
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml: is not valid TOML"):
        load(config=path)


def test_a_given_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--config: cannot be read: No such file or directory"):
        load(config=tmp_path / "none.toml")


def secrets_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    return [
        name
        for name in setting_names(model, prefix)
        if any(word in name for word in ("SECRET", "TOKEN", "PASSWORD", "API_KEY")) and "DAILY" not in name
    ]


def test_secrets_are_never_shown() -> None:
    word = "hunter2-hunter2-hunter2-hunter2-hunter2"
    names = secrets_of(Settings)
    assert len(names) >= 6
    settings = load(dict.fromkeys(names, word) | {"SMTP__USERNAME": "u", "DATABASE_URL": f"postgresql://u:{word}@db/n"})
    for shown in (repr(settings), str(settings), repr(settings.github), repr(settings.smtp), repr(settings.llm)):
        assert word not in shown
    assert isinstance(settings.github.token, SecretStr)
    assert word not in settings.model_dump_json(exclude={"database_url"})


@settings(deadline=None)
@given(st.sampled_from(sorted(DEFAULTS)), st.from_regex(r"hunter2[ -~]{0,40}", fullmatch=True))
def test_no_fault_repeats_the_value_that_was_given(name: str, value: str) -> None:
    try:
        load({name: value})
    except SettingsError as error:
        fault = error
    else:
        return
    assert "hunter2" not in str(fault)
    assert fault.__cause__ is None


@pytest.mark.parametrize("start", ["postgresql://u:", "postgresql://", "postgres://u@", "sqlite:///:memory:", "x"])
@settings(deadline=None)
@given(rest=st.text(max_size=40))
def test_no_fault_of_a_database_repeats_a_password(start: str, rest: str) -> None:
    word = "hunter2"
    try:
        load({"DATABASE_URL": f"{start}{word}{rest}"})
    except SettingsError as error:
        fault = error
    else:
        return
    assert word not in str(fault)
    assert fault.__cause__ is None
    assert fault.__suppress_context__


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


def test_settings_can_be_handed_to_another_process() -> None:
    settings = load({"GITHUB__TOKEN": "t"})
    assert pickle.loads(pickle.dumps(settings)) == settings
