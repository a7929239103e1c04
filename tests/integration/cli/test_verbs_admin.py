"""The verb that hashes the operator's password."""

from __future__ import annotations

import io

import pytest
from argon2 import PasswordHasher

from newsletter.settings import load_settings
from tests.support.command_line import CommandLine

PASSWORD = "correct horse battery staple"


@pytest.mark.parametrize("end", ["\n", "\r\n", "", "\nanother line\n"])
def test_what_it_prints_is_the_setting(newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + end))
    ended = newsletter("admin", "hash")
    assert ended.code == 0
    settings = load_settings(environment={"NEWSLETTER_ADMIN__PASSWORD_HASH": ended.out.strip()})
    assert settings.admin.password_hash is not None
    assert PasswordHasher().verify(settings.admin.password_hash.get_secret_value(), PASSWORD)
    assert PASSWORD not in ended.out + ended.err


def test_a_short_password_is_refused(newsletter: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    ended = newsletter("admin", "hash")
    assert ended.code == 2
    assert "at least 15 characters" in ended.err
    assert (ended.out, "hunter2" in ended.err) == ("", False)
