"""``newsletter serve``: web, schedule and jobs in one process."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.app import serve as run_service
from newsletter.cli.session import run, service_for, stop_on_signals
from newsletter.logs import get_logger
from newsletter.settings import SERVING, Settings

log = get_logger("serve")


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("serve")(serve)


def serve(
    context: typer.Context,
    jobs: Annotated[bool, typer.Option("--jobs/--no-jobs", help="Run the schedule and the jobs as well.")] = True,
) -> None:
    """Answer webhooks and pages, close each day at its time, and send the digests."""

    async def work() -> None:
        async with service_for(context, required=SERVING, migrate=True) as service:
            stop_on_signals(service)
            warn_of(service.settings)
            await run_service(
                service, with_jobs=jobs, ready=lambda url: log.info("listening", action="serve.ready", url=url)
            )
            log.info("stopped", action="serve.stopped")

    run(work())


def warn_of(settings: Settings) -> None:
    """Say which settings will surprise: what is missing for mails to leave, and what has no effect yet."""
    if settings.smtp.host is None:
        log.warning("no mail server is set, so deliveries wait (NEWSLETTER_SMTP__HOST)", action="serve.no_smtp")
    if settings.base_url.startswith("http://") and settings.listen.host not in {"127.0.0.1", "::1", "localhost"}:
        log.warning("links in mails are not https (NEWSLETTER_BASE_URL)", action="serve.plain_links")
    if settings.github.webhook_secrets is None:
        log.warning(
            "no webhook secret is set, so only deliveries of an App made at /admin/app are taken "
            "(NEWSLETTER_GITHUB__WEBHOOK_SECRETS)",
            action="serve.no_webhook_secret",
        )
    without_effect = {
        "MAIL__DKIM_DOMAIN": settings.mail.dkim_domain,
        "MAIL__DKIM_SELECTOR": settings.mail.dkim_selector,
        "MAIL__DKIM_KEY_FILE": settings.mail.dkim_key_file,
    }
    for name, value in without_effect.items():
        if value is not None:
            log.warning(
                "this setting has no effect in this version", action="serve.no_effect", setting=f"NEWSLETTER_{name}"
            )
