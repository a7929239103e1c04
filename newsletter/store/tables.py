"""The tables of the service. Readers' tables join the same metadata from ``subscribers``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from newsletter.analysis.record import Fallback, Kind, Source
from newsletter.store.app_tables import hook_logs, installations, missed_hooks
from newsletter.store.digest_tables import deliveries, digest_items, digests, renderings
from newsletter.store.inbound_tables import inbound_mails
from newsletter.store.model_tables import alarms, digest_summaries, model_usage
from newsletter.store.report_tables import reported_days, reports
from newsletter.store.search_tables import former_names, search_texts
from newsletter.store.states import DetailState, Stopped
from subscribers import Level, UtcDateTime, metadata, word

# Whoever has this module has every table.
__all__ = [
    "alarms",
    "deliveries",
    "digest_items",
    "digest_summaries",
    "digests",
    "former_names",
    "hook_logs",
    "inbound_mails",
    "installations",
    "missed_hooks",
    "model_usage",
    "renderings",
    "reported_days",
    "reports",
    "search_texts",
]

repositories = Table(
    "repositories",
    metadata,
    Column("id", Integer, primary_key=True),
    # GitHub's own id: the identity. Unknown until GitHub or the first push tells it.
    Column("github_id", BigInteger, unique=True),
    Column("full_name", Text, nullable=False),
    # GitHub compares names without case.
    Column("name_key", Text, nullable=False, unique=True),
    Column("default_branch", Text),
    Column("private", Boolean, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    # Names or patterns of the branches that count; empty = the default branch.
    Column("branch_patterns", JSON(none_as_null=True)),
    # How often GitHub is asked, for want of a webhook; empty = hourly, as a safety net.
    Column("poll_seconds", Integer),
    # Up to when its branches are known to be complete.
    Column("reconciled_at", UtcDateTime),
    # Why GitHub would not tell of it the last time it was asked; empty = it did.
    Column("problem", Text),
    # When an operator asked for it; empty = it only came through an installation.
    Column("by_hand_at", UtcDateTime),
    # Of the GitHub App: through which it is read at present. No foreign key: SQLite adds none to a table that is there.
    Column("installation_id", BigInteger, index=True),
    # Why it is not followed any more; empty = it is.
    Column("stopped", word(Stopped)),
    # Readers' choices hold the id: it must never become another repository's.
    sqlite_autoincrement=True,
)

branches = Table(
    "branches",
    metadata,
    Column("repository_id", ForeignKey("repositories.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    # The commit up to which everything that reached the branch is stored, and when that one reached it.
    Column("head", Text, nullable=False),
    Column("head_at", UtcDateTime, nullable=False),
)

pushes = Table(
    "pushes",
    metadata,
    Column("id", Integer, primary_key=True),
    # X-GitHub-Delivery.
    Column("hook_id", Text, nullable=False, unique=True),
    Column("repository_id", ForeignKey("repositories.id"), nullable=False, index=True),
    # When it reached the branch: repository.pushed_at, or its arrival where the payload does not say.
    Column("reached_at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # When its commits were stored; empty = still to do.
    Column("expanded_at", UtcDateTime),
    Index(None, "expanded_at", "reached_at"),
)

commits = Table(
    "commits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("repository_id", ForeignKey("repositories.id"), nullable=False),
    Column("push_id", ForeignKey("pushes.id"), nullable=False),
    # Place within its push: the order in which commits reached the branch.
    Column("position", Integer, nullable=False),
    Column("sha", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("author_login", Text),
    Column("committed_at", UtcDateTime, nullable=False),
    Column("reached_at", UtcDateTime, nullable=False),
    # {"added": [...], "removed": [...], "modified": [...]} as pushed.
    Column("paths", JSON, nullable=False),
    Column("detail_state", word(DetailState), nullable=False),
    # Lines over all files; empty until fetched.
    Column("additions", Integer),
    Column("deletions", Integer),
    # Frozen by the first analysis.
    Column("level", word(Level)),
    # The same for the same patch and message under another name; empty where not all of the patch is known.
    Column("patch_id", Text),
    UniqueConstraint("repository_id", "sha"),
    Index(None, "repository_id", "patch_id"),
    Index(None, "reached_at"),
    Index(None, "push_id"),
    # What is left to analyse is asked for again and again, and is a handful among all commits there ever were.
    Index(
        "ix_commits_unanalysed",
        "reached_at",
        sqlite_where=text("level IS NULL"),
        postgresql_where=text("level IS NULL"),
    ),
)

commit_details = Table(
    "commit_details",
    metadata,
    Column("commit_id", ForeignKey("commits.id", ondelete="CASCADE"), primary_key=True),
    # What the REST API added: parents and files with their patches.
    Column("parents", JSON, nullable=False),
    Column("files", JSON, nullable=False),
    Column("complete", Boolean, nullable=False),
    Column("fetched_at", UtcDateTime, nullable=False),
)

pull_requests = Table(
    "pull_requests",
    metadata,
    Column("repository_id", ForeignKey("repositories.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    # As its author described it when it was first asked for.
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("labels", JSON, nullable=False),
    Column("author_login", Text),
    Column("fetched_at", UtcDateTime, nullable=False),
)

analyses = Table(
    "analyses",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("commit_id", ForeignKey("commits.id", ondelete="CASCADE"), nullable=False),
    Column("language", Text, nullable=False),
    # Of the prompt and the rules; a better version writes a second row.
    Column("version", Integer, nullable=False),
    Column("level", word(Level), nullable=False),
    Column("kind", word(Kind), nullable=False),
    Column("summary", Text, nullable=False),
    Column("areas", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    # Who is concerned, and [aspect, text] each; empty = from before a model was asked for them.
    Column("scope", Text),
    Column("insight", JSON(none_as_null=True)),
    Column("risks", JSON, nullable=False),
    Column("advice", JSON, nullable=False),
    Column("files_read", Integer, nullable=False),
    Column("files_total", Integer, nullable=False),
    Column("source", word(Source), nullable=False),
    Column("model", Text),
    Column("fallback", word(Fallback)),
    Column("created_at", UtcDateTime, nullable=False, index=True),
    # How often a model was asked again what the rules wrote in its place.
    Column("retries", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("commit_id", "language", "version"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Given up after the last attempt; kept to be seen.
    Column("failed_at", UtcDateTime),
    Column("error", Text),
    Index(None, "failed_at", "kind", "run_at"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", Text, primary_key=True),
    # What next_at was computed from, so that a changed setting is noticed.
    Column("rule", Text, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
)

github_app = Table(
    "github_app",
    metadata,
    # There is one App at most.
    Column("id", Integer, primary_key=True, autoincrement=False),
    # GitHub's own.
    Column("app_id", BigInteger, nullable=False),
    Column("slug", Text, nullable=False),
    Column("html_url", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    # The private key and the webhook's secret, sealed with a key made from SECRET_KEY.
    Column("sealed", Text, nullable=False),
    Column("connected_at", UtcDateTime, nullable=False),
    CheckConstraint("id = 1", name="only_one"),
)

spent_tokens = Table(
    "spent_tokens",
    metadata,
    # Of what may be used once only, or no more: the sessions that were ended, the requests that were answered.
    Column("id", Text, primary_key=True),
    # It would not be taken after this anyway.
    Column("expires_at", UtcDateTime, nullable=False),
)
