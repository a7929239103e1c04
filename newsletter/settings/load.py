"""Read the settings from the environment and a file, and report every fault at once.

pydantic checks the values. Which variables there are is known from the model, so turning them into nested sections is
a dictionary look-up; pydantic-settings would not name misspelt variables and reads JSON where we promise plain text.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from newsletter.errors import Fault, SettingsError
from newsletter.settings.model import Settings

PREFIX = "NEWSLETTER_"
DEFAULT_FILE = Path("newsletter.toml")
#: What `serve` and `work` cannot do without.
SERVING = ("SECRET_KEY", "GITHUB__WEBHOOK_SECRETS", "MAIL__FROM")
#: What may be set in the place of one of them: the App that the operator's pages make brings a webhook secret along.
INSTEAD = {"GITHUB__WEBHOOK_SECRETS": "ADMIN__PASSWORD_HASH"}
#: With this it may not: the App of the settings wins, and brings none.
UNLESS = {"GITHUB__WEBHOOK_SECRETS": "GITHUB__APP_ID"}

_PLAIN_WORDS = {
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "float_parsing": "expected a number",
    "finite_number": "expected a number",
    "string_type": "expected text",
    "model_type": "expected a section with names of its own",
    "list_type": "expected a comma-separated list",
    "greater_than": "expected a number above {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
    "enum": "expected {expected}",
    "extra_forbidden": "is no setting of this service; see docs/reference/settings.md",
}


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Yield the name of every setting, for example ``SMTP__PORT``, in the order of the model."""
    for name, field in model.model_fields.items():
        public = prefix + (field.alias or name).upper()
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from setting_names(section, f"{public}__")
        else:
            yield public


def load_settings(
    config: Path | None = None, *, environment: Mapping[str, str] | None = None, required: tuple[str, ...] = ()
) -> Settings:
    """Read ``newsletter.toml`` (or the given file) and ``NEWSLETTER_…`` variables; the environment wins.

    :param config: a TOML file that must exist; None reads ``newsletter.toml`` in the working directory, if there.
    :param environment: instead of the process environment.
    :param required: names of settings that must be given for what is about to be done.
    :raises SettingsError: with every fault by name: unusable, missing and unknown ones together.
    """
    environment = os.environ if environment is None else environment
    values = _from_file(config)
    unknown = _read_environment(environment, into=values)
    missing = [Fault(name=PREFIX + name, expected="is required") for name in required if not _given(values, name)]
    faults = [*unknown, *missing]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(tuple(sorted({*faults, *_faults_of(error)}))) from None
    if faults:
        raise SettingsError(tuple(sorted(set(faults))))
    return settings


def _from_file(config: Path | None) -> dict[str, Any]:
    path = config or DEFAULT_FILE
    if config is None and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError((Fault(name="--config", expected=f"cannot be read: {error.strerror}"),)) from error
    except ValueError as error:
        # A TOML error names the line and column and quotes at most one character; the other ones are bytes that are
        # not UTF-8 and numbers of thousands of digits.
        raise SettingsError((Fault(name=str(path), expected=f"is not valid TOML: {error}"),)) from error


def _read_environment(environment: Mapping[str, str], *, into: dict[str, Any]) -> list[Fault]:
    """Put the variables into the nested values and return a fault for each unknown one."""
    known = {PREFIX + name: name.lower().split("__") for name in setting_names()}
    unknown = []
    for variable in sorted(environment):
        if not variable.startswith(PREFIX):
            continue
        if variable not in known:
            unknown.append(Fault(name=variable, expected=_PLAIN_WORDS["extra_forbidden"]))
        elif environment[variable].strip():
            *sections, last = known[variable]
            target = into
            for section in sections:
                target = target.setdefault(section, {})
                if not isinstance(target, dict):
                    # What the file has there is no section, and pydantic will say so.
                    break
            else:
                target[last] = environment[variable]
    return unknown


def _given(values: Mapping[str, Any], name: str) -> bool:
    if _is_set(values, name):
        return True
    return name in INSTEAD and _is_set(values, INSTEAD[name]) and not _is_set(values, UNLESS[name])


def _is_set(values: Mapping[str, Any], name: str) -> bool:
    return _value_at(values, name) not in (None, "")


def _value_at(values: Mapping[str, Any], name: str) -> Any:
    value: Any = values
    for part in name.lower().split("__"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _faults_of(error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False, include_input=False):
        # A list's own index is no setting; everything before it is.
        path = [str(part) for part in detail["loc"] if isinstance(part, str)]
        words = _PLAIN_WORDS.get(detail["type"])
        expected = words.format(**detail.get("ctx", {})) if words else detail["msg"].removeprefix("Value error, ")
        yield Fault(name=PREFIX + "__".join(path).upper(), expected=expected)
