"""Templates tried out before anybody gets a mail from them: what only shows when they are filled in. Pure."""

from __future__ import annotations

import traceback
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from newsletter.analysis.record import Analysis, Aspect, Insight, Kind, Reason, Signal, Source
from newsletter.digest.assemble import assemble
from newsletter.digest.check import Allowed, faults_of
from newsletter.digest.fit import BUDGET_BYTES
from newsletter.digest.mjml import TemplateError
from newsletter.digest.record import Bond, Change, Digest, Edition, RecordedCommits, Rendering, Slots
from newsletter.languages import supported_languages
from subscribers import EVERY_REPOSITORY, Choice, Level, Preferences

_DAY = date(2026, 1, 20)
_SLOTS = Slots(unsubscribe_token="slot-trial", preferences_token="choices-trial", view_key="trial")  # noqa: S106 - no tokens
_GITHUB = "https://github.com"
#: Bytes: for everything, for some, and for almost nothing, so that a mail says what it left out.
BUDGETS = (BUDGET_BYTES, 16_000, 1)


class Render(Protocol):
    """Makes a mail; the budget of its HTML part is in bytes."""

    def __call__(self, edition: Edition, slots: Slots, *, budget: int) -> Rendering:
        """Return the mail of an edition."""
        ...


def try_out(render: Render, *, base_url: str, sources: frozenset[str], folder: Path) -> None:
    """Render a day that has everything there can be, in every language, and check the mails.

    :param sources: files of the templates.
    :param folder: that is tried out.
    :raises TemplateError: a template fails, or a mail from it could not be sent.
    """
    allowed = Allowed(base_url=base_url, github_url=_GITHUB)
    for language in supported_languages():
        edition = _edition(language)
        for budget in BUDGETS:
            try:
                faults = faults_of(render(edition, _SLOTS, budget=budget), edition, _SLOTS, allowed=allowed)
            except Exception as error:
                frames = traceback.extract_tb(error.__traceback__)
                place = next((frame for frame in reversed(frames) if frame.filename in sources), None)
                where = f"{place.filename}: " if place else ""
                raise TemplateError(f"{where}it cannot be filled in: {error}") from error
            if faults:
                raise TemplateError(f"{folder}: a mail from these templates could not be sent: {'; '.join(faults)}")


def _edition(language: str) -> Edition:
    changes = [
        _change(place, language, level, repository)
        for repository in ("owner/public", "owner/private")
        for place, level in enumerate(Level)
    ]
    merge = _change(9, language, Level.HIGH, "owner/public", bond=Bond.MERGE, members=tuple(changes[:2]))
    bumps = _change(8, language, Level.LOW, "owner/public", bond=Bond.DEPENDENCIES, members=tuple(changes[2:4]))
    recorded = tuple(
        RecordedCommits(
            day=_DAY - timedelta(days=days), repository_key="owner/public", private=False, level=level, number=3
        )
        for days in (0, 3)
        for level in Level
    )
    digest = Digest(day=_DAY, timezone="UTC", language=language, changes=(merge, bumps, *changes), recorded=recorded)
    chosen = [Choice(repository=name, threshold=Level.LOW) for name in (EVERY_REPOSITORY, "owner/private")]
    edition = assemble(digest, Preferences.of(language, chosen), title="Trial")
    if edition is None:
        raise ValueError("a trial needs something to say")
    return edition


def _change(
    number: int,
    language: str,
    level: Level,
    repository: str,
    *,
    bond: Bond | None = None,
    members: tuple[Change, ...] = (),
) -> Change:
    url = f"{_GITHUB}/{repository}"
    sha = f"{len(repository):02x}{number:038x}"[::-1]
    return Change(
        repository_key=repository,
        repository=repository,
        repository_url=url,
        private=repository.endswith("private"),
        sha=sha,
        title=f"Change {number} of `code` (#{number})",
        author="Ada",
        url=f"{url}/commit/{sha}",
        pull_request=number,
        pull_request_url=f"{url}/pull/{number}",
        reached_at=datetime(2026, 1, 20, 12, tzinfo=UTC),
        additions=3,
        deletions=1,
        analysis=_analysis(language, level),
        late=number % 2 == 1,
        compare_url=f"{url}/compare/a...b",
        bond=bond,
        members=members,
    )


def _analysis(language: str, level: Level) -> Analysis:
    return Analysis(
        language=language,
        level=level,
        kind=Kind.FEATURE,
        summary="It changes `code`.",
        areas=("area/one", "area/two"),
        reasons=(Reason(signal=Signal.FEATURE, detail="detail"),),
        scope="It is for everybody.",
        insight=(Insight(aspect=Aspect.ARCHITECTURE, text="It is built anew."),),
        risks=("It may break.",),
        advice=("Look at it.",),
        files_read=1,
        files_total=2,
        source=Source.RULES,
    )
