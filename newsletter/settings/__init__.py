"""Typed settings: read once, checked all together."""

from newsletter.settings.load import SERVING, load_settings, setting_names
from newsletter.settings.model import (
    AdminSettings,
    GitHubSettings,
    InboundSettings,
    LevelSettings,
    MailSettings,
    ModelSettings,
    ReportSettings,
    Settings,
    SmtpSettings,
)
from newsletter.settings.values import Listen, Sender, Tls

__all__ = [
    "SERVING",
    "AdminSettings",
    "GitHubSettings",
    "InboundSettings",
    "LevelSettings",
    "Listen",
    "MailSettings",
    "ModelSettings",
    "ReportSettings",
    "Sender",
    "Settings",
    "SmtpSettings",
    "Tls",
    "load_settings",
    "setting_names",
]
