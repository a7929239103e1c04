"""Finds the signals of a change in its message, its list of files and its patches. Pure.

The parts stand by question: the title in :mod:`title`, what people say in :mod:`told`, whether a user sees it at all in
:mod:`inward`, what files and patches show in :mod:`shown`. Here they are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from newsletter.analysis.harm import advisory
from newsletter.analysis.inward import INWARD, inward_reasons, is_for_developers, roles_of
from newsletter.analysis.message import MAX_MESSAGE_CHARACTERS, breaking_footer, message_reasons
from newsletter.analysis.patches import Patches, read_patches
from newsletter.analysis.paths import Role
from newsletter.analysis.prose import excerpt, has_address
from newsletter.analysis.record import Kind, Order, Reason, Signal, Subject
from newsletter.analysis.releases import released, reverted
from newsletter.analysis.shown import shown_reasons
from newsletter.analysis.title import Title, read_title
from newsletter.analysis.told import dependency_reasons, is_dependency_bump, labelled_reasons, told_reasons

__all__ = ["INWARD", "Observed", "signals"]

#: A title that only says where the change comes from; what it is stands below.
_CARRIED = re.compile(
    r"(?:(?:manual(?:ly)? )?back-?port(?:s|ed|ing)?|cherry[- ]?pick(?:s|ed|ing)?)\b.{0,40}?(?:pull request|\bPR\b"
    r"|#\d|commit|branch)",
    re.IGNORECASE,
)
_TRAILER = re.compile(r"[A-Z][\w-]{1,30}: \S|\(cherry picked|\* ")
#: Beside these, that behaviour changes is nothing new.
_SAYS_HOW = frozenset({Signal.FIX, Signal.FEATURE, Signal.PERFORMANCE})
#: Where the detail matters, so many of one signal are kept.
_SEVERAL = {Signal.REMOVAL: 3, Signal.CONFIGURATION: 3}


@dataclass(frozen=True, kw_only=True)
class Observed:
    """Everything the rules saw in a change."""

    reasons: tuple[Reason, ...]
    #: The kind the title declares, or the files show; None where neither does.
    declared: Kind | None = None
    #: What the operator ordered for it.
    order: Order | None = None

    @property
    def signals(self) -> frozenset[Signal]:
        """The signals alone."""
        return frozenset(reason.signal for reason in self.reasons)


def signals(subject: Subject) -> Observed:
    """Find what a change's message, files and patches show. Never raises, whatever the text."""
    seen = _seen(subject)
    if subject.order is None:
        return seen
    ordered = Reason(signal=Signal.OPERATOR, detail=excerpt(subject.order.text))
    return replace(seen, reasons=(ordered, *seen.reasons), order=subject.order)


def _seen(subject: Subject) -> Observed:
    if len(subject.parents) > 1 and "pull request" not in subject.title[:100].lower():
        return Observed(reasons=tuple(_merge_of_branches(subject)), declared=Kind.CHORE)
    title = _checked(read_title(_told_title(subject)), subject)
    patches = read_patches(subject.files) if subject.detailed else Patches()
    inward = tuple(inward_reasons(subject, title))
    reasons: list[Reason] = [*_shape(subject), *inward]
    undone = reverted(subject.title, subject.body)
    if undone is not None:
        reasons.append(Reason(signal=Signal.REVERT, detail=excerpt(undone)))
        if title.declared is not Kind.REVERT:
            # A revert in words of its own tells what it means.
            reasons.extend(message_reasons(title, subject.title))
    elif version := released(title, repository=subject.repository, version=patches.own_version):
        reasons.append(Reason(signal=Signal.RELEASE, detail=version))
        reasons.extend(told_reasons(subject, title))
    elif is_dependency_bump(subject, title):
        reasons.extend(dependency_reasons(subject, title))
    else:
        reasons.extend(told_reasons(subject, title))
        reasons.extend(labelled_reasons(subject, title))
    if undone is None and not inward:
        reasons.extend(shown_reasons(subject, title, patches))
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
    carried = len(subject.parents) > 1 or _CARRIED.match(subject.title[:200])
    below = subject.body.partition("\n")[0].strip() if carried else ""
    return below if below and not _TRAILER.match(below) else subject.title


def _checked(title: Title, subject: Subject) -> Title:
    """Drop what a title declares about tests or CI where mostly the product changed ("Add test utilities")."""
    if title.declared in {Kind.TEST, Kind.CI} and not title.explicit and not is_for_developers(subject):
        return replace(title, declared=None)
    return title


def _shape(subject: Subject) -> Iterator[Reason]:
    if len(subject.parents) > 1:
        yield Reason(signal=Signal.MERGE)
    if not subject.title:
        yield Reason(signal=Signal.EMPTY)
    if not subject.detailed:
        yield Reason(signal=Signal.UNSEEN)


def _kind_of_files(subject: Subject) -> Kind | None:
    """Return the kind that the files alone show."""
    roles = roles_of(subject)
    if roles and roles <= {Role.BUILD, Role.LOCK, Role.CI, Role.TOOLING}:
        return Kind.BUILD
    return None


def _once(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Keep the first reason of every signal, and a few more where the detail matters.

    That behaviour changes says nothing beside what says how.
    """
    kept: list[Reason] = []
    says_how = any(reason.signal in _SAYS_HOW for reason in reasons)
    for reason in dict.fromkeys(reasons):
        if says_how and reason.signal is Signal.BEHAVIOUR:
            continue
        if sum(other.signal is reason.signal for other in kept) < _SEVERAL.get(reason.signal, 1):
            kept.append(reason)
    return tuple(kept)
