"""No secret of the settings is ever shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from newsletter.errors import SettingsError
from newsletter.settings import Settings, setting_names
from tests.support.configured import DEFAULTS, load


def secrets_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    return [
        name
        for name in setting_names(model, prefix)
        if any(word in name for word in ("SECRET", "TOKEN", "PASSWORD", "API_KEY")) and "TOKENS" not in name
    ]


def test_secrets_are_never_shown() -> None:
    word = "hunter2+hunter2+hunter2+hunter2+hunter2x"
    names = secrets_of(Settings)
    assert len(names) >= 6
    given = {"SMTP__USERNAME": "u", "DATABASE_URL": f"postgresql://u:{word}@db/n"}
    # Of this one the form is checked: its salt and its digest are in base64.
    given["ADMIN__PASSWORD_HASH"] = f"$argon2id$v=19$m=8,t=1,p=1${word}${word}"
    settings = load(dict.fromkeys(names, word) | given)
    for shown in (
        repr(settings),
        str(settings),
        repr(settings.github),
        repr(settings.smtp),
        repr(settings.llm),
        repr(settings.admin),
    ):
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
