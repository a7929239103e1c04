"""What can be set: the meaning, unit and default of each setting."""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from newsletter.settings.keys import PrivateKeyFile
from newsletter.settings.places import BranchName, FolderName, RepositoryName
from newsletter.settings.values import (
    AppId,
    DatabaseUrl,
    Domain,
    Keys,
    Language,
    Line,
    Listen,
    ListenAddress,
    MailAddress,
    MailSender,
    PasswordHash,
    Positive,
    PositiveNumber,
    RootUrl,
    Secrets,
    TimeOfDay,
    Tls,
    Url,
    Zone,
    is_loopback,
)


class _Section(BaseModel):
    # hide_input_in_errors: a fault must never print a value, which may be a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class GitHubSettings(_Section):
    """``NEWSLETTER_GITHUB__…``."""

    #: Any one of them verifies a webhook; several while a secret is rotated.
    webhook_secrets: Secrets | None = None
    #: GitHub Enterprise Server: https://HOST/api/v3; Enterprise Cloud with data residency: https://api.NAME.ghe.com.
    api_url: Url = "https://api.github.com"
    token: SecretStr | None = None
    #: Of a GitHub App, with whose installations' tokens their repositories are read.
    app_id: AppId | None = None
    private_key_file: PrivateKeyFile | None = None

    @model_validator(mode="after")
    def _complete(self) -> GitHubSettings:
        if (self.app_id is None) != (self.private_key_file is None):
            raise ValueError("expected APP_ID and PRIVATE_KEY_FILE together")
        return self

    @property
    def web_url(self) -> str:
        """Where people read the repositories, derived from the API's URL."""
        parts = urlsplit(self.api_url)
        if parts.path.rstrip("/") == "/api/v3":
            return f"{parts.scheme}://{parts.netloc}"
        # docs.github.com, "Network details for GHE.com": NAME.ghe.com has its API at api.NAME.ghe.com.
        if parts.netloc.startswith("api.") and parts.netloc.endswith(".ghe.com"):
            return f"https://{parts.netloc.removeprefix('api.')}"
        return "https://github.com"


class ModelSettings(_Section):
    """``NEWSLETTER_LLM__…``: any OpenAI-compatible server; without it, the rules write the analyses."""

    base_url: Url | None = None
    api_key: SecretStr | None = None
    model: Line | None = None
    #: Requests under way at once.
    concurrency: Positive = 8
    #: For one request, in seconds.
    timeout_seconds: PositiveNumber = 120
    #: Input and output together, per UTC day; unset = no ceiling.
    daily_tokens: Positive | None = None
    #: Input and output together; unset = no limit of ours.
    tokens_per_minute: Positive | None = None
    #: Of a million tokens, in whatever currency; unset = the cost is not known.
    price_input: PositiveNumber | None = None
    price_output: PositiveNumber | None = None

    @property
    def enabled(self) -> bool:
        """Whether a model is asked at all."""
        return self.base_url is not None

    @model_validator(mode="after")
    def _complete(self) -> ModelSettings:
        if (self.base_url is None) != (self.model is None):
            raise ValueError("expected BASE_URL and MODEL together")
        if (self.price_input is None) != (self.price_output is None):
            raise ValueError("expected PRICE_INPUT and PRICE_OUTPUT together")
        return self

    def cost(self, *, input_tokens: int, output_tokens: int) -> float | None:
        """Return what tokens cost; None where no price is set."""
        if self.price_input is None or self.price_output is None:
            return None
        return (input_tokens * self.price_input + output_tokens * self.price_output) / 1_000_000


class LevelSettings(_Section):
    """``NEWSLETTER_LEVELS__…``: how important a change is."""

    #: The operator's rules by repository, path and label (TOML); unset = none.
    file: Path | None = None


class SmtpSettings(_Section):
    """``NEWSLETTER_SMTP__…``: the relay that takes the mails."""

    host: Line | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    username: str | None = None
    password: SecretStr | None = None
    tls: Tls = Tls.STARTTLS
    #: Open at once.
    connections: Annotated[int, Field(ge=1, le=64)] = 8
    #: Mails a second over all connections; unset = as fast as the relay takes them.
    per_second: PositiveNumber | None = None

    @model_validator(mode="after")
    def _safe(self) -> SmtpSettings:
        if self.tls is Tls.NONE and self.host is not None and not is_loopback(self.host):
            raise ValueError("expected TLS implicit or starttls; none is for a relay on this machine only (RFC 8314)")
        if (self.username is None) != (self.password is None):
            raise ValueError("expected USERNAME and PASSWORD together")
        return self


class MailSettings(_Section):
    """``NEWSLETTER_MAIL__…``: what stands in the mails."""

    # "from" is a Python keyword, so the field has a name of its own.
    from_: MailSender | None = Field(default=None, alias="from")
    reply_to: MailAddress | None = None
    #: Domain of the envelope sender ``bounce+…@``; unset = bounces go to FROM.
    bounce_domain: Domain | None = None
    postal_address: Line | None = None
    dkim_domain: Domain | None = None
    dkim_selector: str | None = None
    dkim_key_file: Path | None = None


class InboundSettings(_Section):
    """``NEWSLETTER_INBOUND__…``: the listener for bounces and mailed commands."""

    listen: ListenAddress | None = None
    domain: Domain | None = None


class AdminSettings(_Section):
    """``NEWSLETTER_ADMIN__…``: the operator's pages."""

    #: Of the one password there is; unset = there are no such pages.
    password_hash: PasswordHash | None = None
    #: Where the operator is written to when something lasts that only they can mend; unset = no such mail.
    email: MailAddress | None = None


class ReportSettings(_Section):
    """``NEWSLETTER_REPORTS__…``: each closed day as Markdown, committed to a repository."""

    #: ``owner/name``; unset = nothing is committed.
    repository: RepositoryName | None = None
    #: Unset = the repository's default branch.
    branch: BranchName | None = None
    #: Unset = the newsletter's.
    language: Language | None = None
    folder: FolderName = "reports"

    @property
    def enabled(self) -> bool:
        """Whether anything is committed at all."""
        return self.repository is not None

    @property
    def languages(self) -> tuple[str, ...]:
        """What changes are analysed in for the reports' sake, besides the newsletter's own language."""
        return () if self.repository is None or self.language is None else (self.language,)


class Settings(_Section):
    """Everything that can be set; see ``docs/reference/settings.md``."""

    #: Public URL of the service, the start of every link in a mail.
    base_url: RootUrl = "http://127.0.0.1:8080"
    listen: ListenAddress = Listen("127.0.0.1", 8080)
    #: May hold a password, so it is never shown.
    database_url: DatabaseUrl = "sqlite:///data/newsletter.db"
    #: Signs the readers' links; newest first while rotating.
    secret_key: Keys | None = None
    title: Line = "Repository digest"
    language: Language = "en"
    #: A day is a day in this zone.
    timezone: Zone = "UTC"
    #: Local time at which the day before is closed and mailed.
    send_at: TimeOfDay = time(8, 0)
    #: A folder that is laid out like ours (``digest/``), whose templates take the places of ours; unset = ours.
    templates_dir: Path | None = None
    github: GitHubSettings = GitHubSettings()
    llm: ModelSettings = ModelSettings()
    levels: LevelSettings = LevelSettings()
    smtp: SmtpSettings = SmtpSettings()
    mail: MailSettings = MailSettings()
    inbound: InboundSettings = InboundSettings()
    admin: AdminSettings = AdminSettings()
    reports: ReportSettings = ReportSettings()

    @property
    def zone(self) -> ZoneInfo:
        """The newsletter's time zone."""
        return ZoneInfo(self.timezone)
