"""Days of published analyses, Chinese and long, where they lie beside the checkout; no part of the project."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from newsletter.analysis.record import Analysis, Aspect, Insight, Kind, Reason, Signal, Source
from newsletter.analysis.texts import items, sentences
from newsletter.digest.record import Change
from subscribers import Level
from tests.support.corpus import CORPUS

FOLDER = CORPUS / "analyses"
WEB = "https://github.com"
_BULLET = re.compile(r"^\s*(?:[-*]|\d+\.)\s*")
#: As our own model's texts are bounded.
_LONGEST, _LONGEST_SCOPE, _LONGEST_ITEM, _MOST_ITEMS = 400, 220, 300, 3
_BEIJING = timezone(timedelta(hours=8))


def analysed_days() -> dict[date, list[dict[str, Any]]]:
    """Return the commits of each day as they were published."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json")))
    return {date.fromisoformat(day["day"]): day["commits"] for day in found}


def changes_of_day(commits: list[dict[str, Any]], repository: str) -> tuple[Change, ...]:
    """Return a day's changes under the name of a repository."""
    return tuple(_change(commit, repository) for commit in reversed(commits))


def _change(commit: dict[str, Any], repository: str) -> Change:
    url = f"{WEB}/{repository}"
    sha = commit["url"].rpartition("/")[2]
    number = re.search(r"\(#(\d+)\)$", commit["title"])
    return Change(
        repository_key=repository,
        repository=repository,
        repository_url=url,
        private=False,
        sha=sha,
        title=commit["title"],
        author=commit["author"],
        url=f"{url}/commit/{sha}",
        pull_request=int(number[1]) if number else None,
        pull_request_url=f"{url}/pull/{number[1]}" if number else None,
        reached_at=datetime.fromisoformat(commit["time"]).replace(tzinfo=_BEIJING).astimezone(UTC),
        additions=12,
        deletions=3,
        analysis=_analysis(commit),
    )


def _analysis(commit: dict[str, Any]) -> Analysis:
    fields = {name: text or "" for name, text in (commit.get("fields") or {}).items()}
    level = Level(commit["level"])
    told = _lines(fields.get("insight", ""))
    insight = [
        Insight(aspect=aspect, text=text)
        for place, aspect in enumerate(Aspect)
        if (text := sentences("".join(told[place::4]), most=_LONGEST))
    ]
    return Analysis(
        language="zh",
        level=level,
        kind=Kind.FEATURE,
        summary=sentences("".join(_lines(fields.get("summary", ""))), most=_LONGEST),
        scope=sentences("".join(_lines(fields.get("scope", ""))), most=_LONGEST_SCOPE),
        areas=tuple(dict.fromkeys(re.findall(r"`([\w./-]+/[\w./-]+)`", fields.get("scope", ""))))[:5],
        reasons=(Reason(signal=Signal.FEATURE), Reason(signal=Signal.MODEL)),
        insight=tuple(insight) if level is Level.HIGH else (),
        risks=items(_lines(fields.get("risks", "")), most=_MOST_ITEMS, longest=_LONGEST_ITEM),
        advice=items(_lines(fields.get("advice", "")), most=_MOST_ITEMS, longest=_LONGEST_ITEM),
        files_read=5,
        files_total=9,
        source=Source.MODEL,
        model="a-model",
    )


def _lines(markdown: str) -> list[str]:
    """Return the lines of a list as sentences."""
    lines = (_BULLET.sub("", line).strip() for line in markdown.splitlines() if line.strip())
    return [line if line.endswith(("。", "；", ".")) else f"{line}。" for line in lines]
