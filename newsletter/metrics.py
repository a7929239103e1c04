"""Counters of the service, as ``GET /metrics`` shows them to Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

REGISTRY = CollectorRegistry()

webhooks = Counter("newsletter_webhooks", "Webhook deliveries answered, by result", ["result"], registry=REGISTRY)
github_faults = Counter(
    "newsletter_github_faults", "Requests to the GitHub API that failed, by fault", ["fault"], registry=REGISTRY
)
github_paused = Gauge("newsletter_github_paused", "1 while GitHub wants a pause of its API", registry=REGISTRY)
caught_up = Counter(
    "newsletter_caught_up_commits", "Commits that came by asking GitHub and not by webhook", registry=REGISTRY
)
redeliveries = Counter(
    "newsletter_redeliveries",
    "Events that GitHub was asked to deliver to the App's webhook again, by result",
    ["result"],
    registry=REGISTRY,
)
analyses = Counter("newsletter_analyses", "Analyses written, by source", ["source"], registry=REGISTRY)
fallbacks = Counter(
    "newsletter_analysis_fallbacks",
    "Analyses the rules wrote in a model's place, by reason",
    ["reason"],
    registry=REGISTRY,
)
mended = Counter(
    "newsletter_analyses_mended",
    "Analyses that a model wrote in the place of the rules' ones, later",
    registry=REGISTRY,
)
model_failing = Gauge(
    "newsletter_model_failing", "1 while more than a fifth of the last hour's analyses fail", registry=REGISTRY
)
repairs = Counter(
    "newsletter_analysis_repairs",
    "Answers of the model that could not be used and were asked for again, by reason",
    ["reason"],
    registry=REGISTRY,
)
tokens = Counter("newsletter_model_tokens", "Tokens the model counted, by direction", ["direction"], registry=REGISTRY)
deliveries = Counter("newsletter_deliveries", "Delivery attempts that ended, by status", ["status"], registry=REGISTRY)
inbound_mails = Counter(
    "newsletter_inbound_mails", "Mails that came in and were handled, by what they were", ["kind"], registry=REGISTRY
)
mails_unfit = Gauge(
    "newsletter_mails_unfit", "Mails of the digest composed last that are held back by the check", registry=REGISTRY
)
jobs = Counter("newsletter_jobs", "Jobs run, by kind and result", ["kind", "result"], registry=REGISTRY)


def exposition() -> bytes:
    """Return all metrics in Prometheus' text format."""
    return generate_latest(REGISTRY)
