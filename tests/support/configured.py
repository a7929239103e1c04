"""Settings as the reference lists them, loaded from the variables of a test."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import SettingsError
from newsletter.settings import Listen, Settings, Tls, load_settings

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
    """Load settings from variables, named without their prefix."""
    environment = {f"NEWSLETTER_{name}": value for name, value in (variables or {}).items()}
    return load_settings(config, environment=environment, required=required)


def faults(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the faults of variables: what was expected by the name."""
    with pytest.raises(SettingsError) as caught:
        load(variables)
    return {fault.name.removeprefix("NEWSLETTER_"): fault.expected for fault in caught.value.faults}


def toml(folder: Path, text: str) -> Path:
    """Write a file of settings."""
    path = folder / "newsletter.toml"
    path.write_text(text, encoding="utf-8")
    return path


def value_of(settings: Settings, name: str) -> Any:
    """Return a setting by the name of its variable."""
    found: Any = settings
    for part in name.lower().split("__"):
        fields = type(found).model_fields
        found = getattr(found, next(key for key, field in fields.items() if (field.alias or key) == part))
    return found
