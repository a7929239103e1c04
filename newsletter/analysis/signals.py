"""Finds the signals of a change in its message, its list of files and its patches. Pure.

The parts stand by question: the title in :mod:`title`, the words of the message in :mod:`message`, the paths in
:mod:`paths`, the lines of the patches in :mod:`patches`. Here they are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from newsletter.analysis.message import MAX_MESSAGE_CHARACTERS, advisory, breaking_footer, message_reasons, reverted
from newsletter.analysis.patches import Patches, read_patches
from newsletter.analysis.paths import FOR_DEVELOPERS, FOR_READING, MACHINE_MADE, SHIPPED, Role, role_of
from newsletter.analysis.prose import excerpt, has_address
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.title import Title, read_title

#: Changed lines of shipped source from which a change is large. Ours.
LARGE_LINES = 300
#: New lines of prose in one change from which documentation is worth a reader's time. Ours.
GUIDE_LINES = 40


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything the rules saw in a change."""

    reasons: tuple[Reason, ...]
    #: The kind the title declares, or the files show; None where neither does.
    declared: Kind | None = None

    @property
    def signals(self) -> frozenset[Signal]:
        """The signals alone."""
        return frozenset(reason.signal for reason in self.reasons)


#: Signals of changes that never reach a user.
INWARD = frozenset(
    {
        Signal.DOCS_ONLY,
        Signal.TESTS_ONLY,
        Signal.CI_ONLY,
        Signal.GENERATED_ONLY,
        Signal.STYLE_ONLY,
        Signal.TRANSLATION_ONLY,
        Signal.DEVELOPMENT_ONLY,
    }
)

_MERGE = re.compile(
    r"Merge (?:pull request #\d+|branch|remote-tracking branch|tag|commit|(?:origin/)?\w+ into)\b", re.IGNORECASE
)
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
#: Labels without what groups them (``kind/bug``, ``type: bug``).
_LABELS = {
    "breaking": Signal.BREAKING,
    "breaking change": Signal.BREAKING,
    "backwards incompatible": Signal.BREAKING,
    "semver major": Signal.BREAKING,
    "security": Signal.SECURITY,
    "vulnerability": Signal.SECURITY,
    "regression": Signal.REGRESSION,
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
#: Kinds whose size says something; a fix of many lines is no bigger news than one of few.
_GROWING = frozenset({Kind.FEATURE, Kind.PERFORMANCE, Kind.REFACTOR, None})


def signals(subject: Subject) -> Observed:
    """Find what a change's message, files and patches show. Never raises, whatever the text."""
    if len(subject.parents) > 1 and "pull request" not in subject.title[:100].lower():
        return Observed(reasons=tuple(_merge_of_branches(subject)), declared=Kind.CHORE)
    title = _checked(read_title(_told_title(subject)), subject)
    inward = tuple(_inward(subject, title))
    reasons: list[Reason] = [*_shape(subject), *inward]
    undone = reverted(subject.title, subject.body)
    if undone is not None:
        reasons.append(Reason(signal=Signal.REVERT, detail=excerpt(undone)))
        if title.declared is not Kind.REVERT:
            # A revert in words of its own tells what it means.
            reasons.extend(message_reasons(title, subject.title))
    elif _is_dependency_bump(subject, title):
        reasons.extend(_dependency(subject, title))
    else:
        reasons.extend(_told(subject, title))
        reasons.extend(_labelled(subject, title))
    if undone is None and not inward:
        reasons.extend(_shown(subject, title))
    return Observed(reasons=_once(reasons), declared=title.declared or _kind_of_files(subject))


def _merge_of_branches(subject: Subject) -> Iterator[Reason]:
    """Yield what a merge says: its commits tell the rest, but for what its own message leaves no doubt about."""
    yield Reason(signal=Signal.MERGE, detail=excerpt(subject.title))
    if (footer := breaking_footer(subject.message)) is not None:
        yield Reason(signal=Signal.BREAKING, detail="" if has_address(footer) else excerpt(footer))
    if identifier := advisory(subject.message[:MAX_MESSAGE_CHARACTERS]):
        yield Reason(signal=Signal.SECURITY, detail=identifier)


def _told_title(subject: Subject) -> str:
    """Return the title that tells something: GitHub puts a pull request's own title below its merge line."""
    if len(subject.parents) > 1 and (below := subject.body.partition("\n")[0].strip()):
        return below
    return subject.title


def _checked(title: Title, subject: Subject) -> Title:
    """Drop what a title declares about tests or CI where mostly the product changed ("Add test utilities")."""
    if title.declared not in {Kind.TEST, Kind.CI}:
        return title
    product = sum(f.additions + f.deletions for f in subject.files if role_of(f.path) in SHIPPED)
    inward = sum(f.additions + f.deletions for f in subject.files if role_of(f.path) in FOR_DEVELOPERS)
    return replace(title, declared=None) if product > inward else title


def _shape(subject: Subject) -> Iterator[Reason]:
    if len(subject.parents) > 1:
        yield Reason(signal=Signal.MERGE)
    if not subject.title:
        yield Reason(signal=Signal.EMPTY)
    if not subject.detailed:
        yield Reason(signal=Signal.UNSEEN)


def _roles(subject: Subject) -> set[Role]:
    return {role_of(file.path) for file in subject.files}


def _inward(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield the one reason why a change reaches no user, if there is one."""
    roles = _roles(subject)
    if not roles:
        return
    where = excerpt(subject.files[0].path)
    if roles <= {Role.CI}:
        yield Reason(signal=Signal.CI_ONLY, detail=where)
    elif roles <= {Role.TEST, Role.SNAPSHOT}:
        yield Reason(signal=Signal.TESTS_ONLY, detail=where)
    elif roles <= {Role.TRANSLATION}:
        yield Reason(signal=Signal.TRANSLATION_ONLY, detail=where)
    elif roles <= MACHINE_MADE:
        yield Reason(signal=Signal.GENERATED_ONLY, detail=where)
    elif roles <= FOR_READING | {Role.TEST} and roles & FOR_READING:
        if not _guide_lines(subject) >= GUIDE_LINES or Role.DOCS not in roles or reverted(subject.title, subject.body):
            yield Reason(signal=Signal.DOCS_ONLY, detail=where)
    elif roles <= FOR_DEVELOPERS | MACHINE_MADE | FOR_READING:
        yield Reason(signal=Signal.DEVELOPMENT_ONLY, detail=where)
    elif title.declared is Kind.STYLE and not any(message_reasons(title, subject.message)):
        yield Reason(signal=Signal.STYLE_ONLY, detail=excerpt(title.text))


def _labelled(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what the labels of the pull request say: the maintainers' own judgement, in the usual words for it."""
    for label in subject.pull_request.labels if subject.pull_request else ():
        words = [word for word in re.split(r"[^a-z]+", label.lower()) if word not in _LABEL_PREFIXES]
        signal = _LABELS.get(" ".join(filter(None, words)))
        # A title that tells what it is knows better: a feature that also mends something is no bigger news.
        if signal is not None and not (signal is Signal.FIX and title.declared is not None):
            yield Reason(signal=signal, detail=excerpt(label))


def _guide_lines(subject: Subject) -> int:
    """Return how many lines of documentation came in, less those that went out; moved text is no news."""
    pages = [file for file in subject.files if role_of(file.path) is Role.DOCS]
    return sum(file.additions - file.deletions for file in pages)


def _is_dependency_bump(subject: Subject, title: Title) -> bool:
    """Whether a change only moves versions of other projects. Its message then quotes their release notes."""
    if title.declared is not Kind.DEPENDENCIES:
        return False
    return Role.SOURCE not in _roles(subject)


def _dependency(subject: Subject, title: Title) -> Iterator[Reason]:
    if identifier := advisory(subject.title):
        yield Reason(signal=Signal.VULNERABLE_DEPENDENCY, detail=identifier)
    elif re.search(r"\b(?:security|vulnerabilit(?:y|ies))\b", title.text, re.IGNORECASE):
        yield Reason(signal=Signal.VULNERABLE_DEPENDENCY, detail=excerpt(title.text))
    else:
        yield Reason(signal=Signal.DEPENDENCY, detail=excerpt(title.text))
    yield from (reason for reason in message_reasons(title, subject.title) if reason.signal is Signal.BREAKING)


def _told(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what the message says, and the news fragments beside the code."""
    yield from message_reasons(title, subject.message)
    signal = _DECLARED_SIGNAL.get(title.declared) if title.declared else None
    news = [match[1] for file in subject.files if (match := _TOWNCRIER.search(file.path[:1000]))]
    for name in news:
        if name in _NEWS_SIGNAL:
            yield Reason(signal=_NEWS_SIGNAL[name], detail=excerpt(title.text))
        elif signal is None:
            signal = _DECLARED_SIGNAL.get(_NEWS_KIND[name])
    if signal:
        yield Reason(signal=signal, detail=excerpt(title.text))


def _shown(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield what the files and patches of a change show that reaches users."""
    roles = _roles(subject)
    if _guide_lines(subject) >= GUIDE_LINES and (title.declared is Kind.DOCS or not roles & SHIPPED):
        yield Reason(
            signal=Signal.GUIDE, detail=excerpt(next(f.path for f in subject.files if role_of(f.path) is Role.DOCS))
        )
    lines = sum(f.additions + f.deletions for f in subject.files if role_of(f.path) in {Role.SOURCE, Role.MIGRATION})
    if lines >= LARGE_LINES and title.declared in _GROWING:
        yield Reason(signal=Signal.LARGE, detail=f"+{subject.additions} -{subject.deletions}")
    elif title.declared is None and (roles >= {Role.SOURCE, Role.TEST} or Role.MIGRATION in roles):
        yield Reason(signal=Signal.BEHAVIOUR)
    if subject.files and roles <= {Role.STYLESHEET, Role.ASSET, Role.CHANGELOG}:
        yield Reason(signal=Signal.APPEARANCE, detail=excerpt(subject.files[0].path))
    if subject.detailed:
        yield from _patched(read_patches(subject.files), subject)


def _patched(patches: Patches, subject: Subject) -> Iterator[Reason]:
    if patches.only_layout or patches.only_comments:
        yield Reason(signal=Signal.STYLE_ONLY)
        return
    for name in (*patches.removed_options, *patches.removed_documented):
        yield Reason(signal=Signal.REMOVAL, detail=excerpt(name))
    for name in (*patches.added_options, *patches.added_settings):
        yield Reason(signal=Signal.CONFIGURATION, detail=excerpt(name))
    for line in patches.deprecations[:1]:
        yield Reason(signal=Signal.DEPRECATION, detail=excerpt(line))
    if patches.minimum_version:
        yield Reason(signal=Signal.MINIMUM_VERSION, detail=excerpt(patches.minimum_version))
    for line in patches.drops[:1]:
        yield Reason(signal=Signal.MIGRATION, detail=excerpt(line))
    added = [file.path for file in subject.files if role_of(file.path) is Role.MIGRATION and file.status == "added"]
    for path in added[:1]:
        yield Reason(signal=Signal.MIGRATION, detail=excerpt(path.rpartition("/")[2]))


def _kind_of_files(subject: Subject) -> Kind | None:
    """Return the kind that the files alone show."""
    roles = _roles(subject)
    if roles and roles <= {Role.BUILD, Role.LOCK, Role.CI, Role.TOOLING}:
        return Kind.BUILD
    return None


def _once(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Keep the first reason of every signal, but up to three of removals and settings: there the detail matters."""
    kept: list[Reason] = []
    for reason in dict.fromkeys(reasons):
        several = 3 if reason.signal in {Signal.REMOVAL, Signal.CONFIGURATION} else 1
        if sum(other.signal is reason.signal for other in kept) < several:
            kept.append(reason)
    return tuple(kept)
