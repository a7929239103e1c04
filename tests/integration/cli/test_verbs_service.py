"""The verbs that run the service: what they need is named before anything starts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine


def test_serve_names_everything_that_is_missing_and_starts_nothing(
    newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("SECRET_KEY", "GITHUB__WEBHOOK_SECRETS", "MAIL__FROM"):
        monkeypatch.delenv(f"NEWSLETTER_{name}")
    newsletter.set("NEWSLETTER_SMPT__HOST", "typo")
    for verb in ("serve", "work"):
        ended = newsletter(verb)
        assert ended.code == 2
        for name in ("SECRET_KEY", "GITHUB__WEBHOOK_SECRETS", "MAIL__FROM", "SMPT__HOST"):
            assert f"NEWSLETTER_{name}" in ended.err
    assert not (tmp_path / "newsletter.db").exists()


def test_migrate_says_where_the_database_stands(newsletter: CommandLine) -> None:
    first = newsletter("migrate").out
    assert re.fullmatch(r"The database is at migration \d{4}\.\n", first)
    assert newsletter("migrate").out == first.replace(".", " already.")


def test_no_verb_shows_the_help(newsletter: CommandLine) -> None:
    assert "Usage" in newsletter("--help").out


def test_the_settings_file_can_be_named(newsletter: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("title = 3\n[smtp]\nports = 1\n", encoding="utf-8")
    ended = newsletter("--config", "other.toml", "repositories", "list")
    assert ended.code == 2
    assert "NEWSLETTER_TITLE" in ended.err
    assert "NEWSLETTER_SMTP__PORTS" in ended.err
