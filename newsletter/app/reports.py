"""From settings to what commits the reports of closed days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from newsletter.pipeline.port import Job, Kind, Retries
from newsletter.pipeline.report import Shelf, report
from newsletter.settings import Settings

if TYPE_CHECKING:
    from newsletter.app.service import Service

#: About ten hours; what is left then is queued again, since its rows say so.
RETRIES = Retries(max_attempts=45, first=timedelta(seconds=5), longest=timedelta(minutes=15))


def shelf_from(settings: Settings) -> Shelf:
    """Return where the reports are put, if anywhere."""
    reports = settings.reports
    return Shelf(
        repository=reports.repository,
        branch=reports.branch,
        root=reports.folder,
        language=reports.language or settings.language,
        github_url=settings.github.web_url,
        with_model=settings.llm.enabled,
    )


def register_reports(service: Service) -> None:
    """Register what commits them."""
    shelf = shelf_from(service.settings)

    async def do_report(job: Job) -> None:
        await report(job, store=service.store, github=service.github, shelf=shelf, clock=service.clock)

    # Commits to one branch, one after the other.
    service.jobs.register(Kind.REPORT, do_report, concurrency=1, retries=RETRIES)
