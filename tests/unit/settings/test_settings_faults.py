"""Every fault of the settings is named, and what belongs together is asked for together."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import SERVING, Tls, load_settings
from newsletter.settings.values import is_loopback
from tests.support.app_keys import pem
from tests.support.configured import KEY, faults, load

HASH = "$argon2id$v=19$m=65536,t=3,p=4$MIIRqgvgQbgj220jfp0MPA$YfwJSVjtjSU0zzV/P3S9nnQ/USre2wvJMjfCIjrTQbg"


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


def test_the_operators_pages_stand_in_for_a_webhook_secret() -> None:
    given = {"SECRET_KEY": KEY, "MAIL__FROM": "a@example.org", "ADMIN__PASSWORD_HASH": HASH}
    assert load(given, required=SERVING).github.webhook_secrets is None


def test_the_secret_of_an_app_of_the_settings_is_in_the_settings(tmp_path: Path) -> None:
    """No page makes another one then, so nobody else could know what signs its deliveries."""
    (tmp_path / "app.pem").write_text(pem(), encoding="ascii")
    given = {
        "SECRET_KEY": KEY,
        "MAIL__FROM": "a@example.org",
        "ADMIN__PASSWORD_HASH": HASH,
        "GITHUB__APP_ID": "1",
        "GITHUB__PRIVATE_KEY_FILE": str(tmp_path / "app.pem"),
    }
    with pytest.raises(SettingsError) as caught:
        load(given, required=SERVING)
    assert [fault.name for fault in caught.value.faults] == ["NEWSLETTER_GITHUB__WEBHOOK_SECRETS"]
    load(given | {"GITHUB__WEBHOOK_SECRETS": "s"}, required=SERVING)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("correct horse battery staple", id="the password itself"),
        pytest.param("$2b$12$" + "a" * 53, id="a hash of bcrypt"),
        pytest.param(HASH.removeprefix("$"), id="without its first character"),
        pytest.param(HASH.rpartition("$")[0], id="without its digest"),
        pytest.param(HASH.replace("m=65536", "m=4"), id="with less memory than there may be"),
        pytest.param(HASH.replace("t=3", "t=0"), id="without any time"),
        pytest.param(HASH.replace("p=4", "p=\u0664"), id="with digits of another script"),
        pytest.param(HASH + "!", id="with a character that is no base64"),
        pytest.param(HASH.replace("argon2id", "argon2x"), id="of no kind there is"),
    ],
)
def test_what_is_no_argon2_hash_is_told_by_name(value: str) -> None:
    assert faults({"ADMIN__PASSWORD_HASH": value}) == {
        "ADMIN__PASSWORD_HASH": "expected an argon2 hash such as `newsletter admin hash` prints"
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(HASH, id="argon2id"),
        pytest.param(HASH.replace("argon2id", "argon2i"), id="argon2i"),
        pytest.param(HASH.replace("v=19$", ""), id="of the version before"),
    ],
)
def test_every_kind_of_argon2_is_taken(value: str) -> None:
    found = load({"ADMIN__PASSWORD_HASH": value}).admin.password_hash
    assert found is not None
    assert found.get_secret_value() == value


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


def test_settings_can_be_handed_to_another_process() -> None:
    settings = load({"GITHUB__TOKEN": "t"})
    assert pickle.loads(pickle.dumps(settings)) == settings
