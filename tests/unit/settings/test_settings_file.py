"""The file of settings, under the environment."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from newsletter.errors import SettingsError
from tests.support.configured import load, toml


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
