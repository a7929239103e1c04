"""What people say about a change: its message, its pull request's labels, and news fragments beside the code. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.analysis.harm import advisory
from newsletter.analysis.message import breaking_footer, message_reasons
from newsletter.analysis.paths import Role, role_of
from newsletter.analysis.prose import excerpt, has_address, plain
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.title import Title

#: Labels without what groups them (``kind/bug``, ``type: bug``).
_LABELS = {
    "breaking": Signal.BREAKING,
    "breaking change": Signal.BREAKING,
    "backwards incompatible": Signal.BREAKING,
    "backward incompatible": Signal.BREAKING,
    "semver major": Signal.BREAKING,
    "bc break": Signal.BREAKING,
    "security": Signal.SECURITY,
    "vulnerability": Signal.SECURITY,
    "regression": Signal.REGRESSION,
    "deprecation": Signal.DEPRECATION,
    "bug": Signal.FIX,
    "bugfix": Signal.FIX,
}
_LABEL_PREFIXES = frozenset({"kind", "type", "category", "area", "impact", "pr"})
_DECLARED_SIGNAL = {
    Kind.FEATURE: Signal.FEATURE,
    Kind.FIX: Signal.FIX,
    Kind.PERFORMANCE: Signal.PERFORMANCE,
    Kind.REFACTOR: Signal.REFACTOR,
}

#: News fragments of towncrier: ``changes/123.removal.rst``.
_TOWNCRIER = re.compile(
    r"/[^/]*\.(feature|bugfix|breaking|removal|deprecation|security|doc|misc|packaging|contrib)(?:\.\d+)?(?:\.\w+)?$"
)
_NEWS_KIND = {
    "feature": Kind.FEATURE,
    "bugfix": Kind.FIX,
    "doc": Kind.DOCS,
    "packaging": Kind.BUILD,
    "contrib": Kind.CHORE,
    "misc": Kind.CHORE,
    "security": Kind.SECURITY,
}
_NEWS_SIGNAL = {"breaking": Signal.BREAKING, "removal": Signal.REMOVAL, "deprecation": Signal.DEPRECATION}
#: Changesets: ``.changeset/funny-name.md`` begins with ``"package": major``.
_CHANGESET_MAJOR = re.compile(r"^\+[\"'][@\w./-]{1,100}[\"']: major\s*$", re.MULTILINE)

_VERSION = re.compile(r"\bv?(\d{1,6})(?:\.(\d{1,6}))?")
_FROM_TO = re.compile(r"\bfrom (\S{1,40}) to (\S{1,40})", re.IGNORECASE)


def told_reasons(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what the message says, and the news fragments beside the code."""
    yield from message_reasons(title, subject.message)
    yield from _described(subject)
    signal = _DECLARED_SIGNAL.get(title.declared) if title.declared else None
    news = [match[1] for file in subject.files if (match := _TOWNCRIER.search(file.path[:1000]))]
    for name in news:
        if name in _NEWS_SIGNAL:
            yield Reason(signal=_NEWS_SIGNAL[name], detail=excerpt(title.text))
        elif signal is None:
            signal = _DECLARED_SIGNAL.get(_NEWS_KIND[name])
    if any("changeset" in file.path and _CHANGESET_MAJOR.search(file.patch or "") for file in subject.files[:300]):
        yield Reason(signal=Signal.BREAKING, detail=excerpt(title.text))
    if signal:
        yield Reason(signal=signal, detail=excerpt(title.text))


def _described(subject: Subject) -> Iterator[Reason]:
    """Yield what the pull request's description says that breaks, in the words of its footer or chapter."""
    footer = breaking_footer(subject.pull_request.body) if subject.pull_request else None
    if footer is not None:
        yield Reason(signal=Signal.BREAKING, detail="" if has_address(footer) else excerpt(footer))


def labelled_reasons(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what the labels of the pull request say: the maintainers' own judgement, in the usual words for it."""
    for label in subject.pull_request.labels if subject.pull_request else ():
        words = [word for word in re.split(r"[^a-z]+", label.lower()) if word not in _LABEL_PREFIXES]
        signal = _LABELS.get(" ".join(filter(None, words)))
        # A title that tells what it is knows better: a feature that also mends something is no bigger news.
        if signal is not None and not (signal is Signal.FIX and title.declared is not None):
            yield Reason(signal=signal, detail=excerpt(label))


def is_dependency_bump(subject: Subject, title: Title) -> bool:
    """Whether a change only moves versions of other projects. Its message then quotes their release notes."""
    return title.declared is Kind.DEPENDENCIES and all(role_of(file.path) is not Role.SOURCE for file in subject.files)


def dependency_reasons(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what a bump of dependencies means: a hole that is closed, a major version, or routine."""
    labels = {reason.signal for reason in labelled_reasons(subject, title)}
    if identifier := advisory(subject.title):
        yield Reason(signal=Signal.VULNERABLE_DEPENDENCY, detail=identifier)
    elif Signal.SECURITY in labels or re.search(r"\b(?:security|vulnerabilit(?:y|ies))\b", title.text, re.IGNORECASE):
        yield Reason(signal=Signal.VULNERABLE_DEPENDENCY, detail=excerpt(title.text))
    else:
        yield Reason(signal=Signal.DEPENDENCY, detail=excerpt(title.text))
        if _is_major(title.text):
            yield Reason(signal=Signal.MAJOR_DEPENDENCY, detail=excerpt(title.text))
    yield from (reason for reason in message_reasons(title, subject.title) if reason.signal is Signal.BREAKING)


def _is_major(text: str) -> bool:
    """Whether a title says "from 1.2 to 2.0": a higher first number (SemVer 2.0.0, item 8)."""
    match = _FROM_TO.search(plain(text[:500]))
    old, new = (_VERSION.search(part) for part in match.groups()) if match else (None, None)
    if not old or not new or int(new[1]) <= int(old[1]):
        return False
    # Versions that are years or days grow without meaning anything by it.
    return int(new[1]) < 1000
