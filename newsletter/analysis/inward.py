"""Whether a change reaches users at all, by its files: tests, CI, documentation, generated and moved ones. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.analysis.message import message_reasons
from newsletter.analysis.paths import FOR_DEVELOPERS, FOR_READING, MACHINE_MADE, SHIPPED, Role, role_of
from newsletter.analysis.prose import excerpt
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.releases import reverted
from newsletter.analysis.title import Title

#: New lines of prose in one change from which documentation is worth a reader's time. Ours.
GUIDE_LINES = 40

#: Papers of the house, which tell nobody how to use it.
_HOUSE = re.compile(
    r"(?:^|/)(?:code[_-]of[_-]conduct|contributing|licen[sc]e|copying|notice|security|governance|maintainers|agents"
    r"|claude)"
    r"(?:\.\w+)?$|^\.",
    re.IGNORECASE,
)

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
        Signal.RENAMES_ONLY,
    }
)


def roles_of(subject: Subject) -> set[Role]:
    """Return what the files of a change are for."""
    return {role_of(file.path) for file in subject.files}


def product_lines(subject: Subject) -> int:
    """Return how many lines of source and migrations changed."""
    counted = {Role.SOURCE, Role.MIGRATION}
    return sum(file.additions + file.deletions for file in subject.files if role_of(file.path) in counted)


def guide_lines(subject: Subject) -> int:
    """Return how many lines of documentation came in, less those that went out; moved text is no news."""
    pages = [file for file in subject.files if role_of(file.path) is Role.DOCS and not _HOUSE.search(file.path)]
    return sum(file.additions - file.deletions for file in pages)


def is_for_developers(subject: Subject) -> bool:
    """Whether hardly anything changed but tests, CI and tooling: at least two lines of these for one that users get."""
    product = sum(file.additions + file.deletions for file in subject.files if role_of(file.path) in SHIPPED)
    inward = sum(file.additions + file.deletions for file in subject.files if role_of(file.path) in FOR_DEVELOPERS)
    return product * 2 <= inward


def inward_reasons(subject: Subject, title: Title) -> Iterator[Reason]:
    """Yield the one reason why a change reaches no user, if there is one."""
    roles = roles_of(subject)
    if not roles:
        return
    signal = _by_roles(roles, subject)
    if signal is not None:
        yield Reason(signal=signal, detail=excerpt(subject.files[0].path))
    elif all(file.status == "renamed" and not file.additions + file.deletions for file in subject.files):
        yield Reason(signal=Signal.RENAMES_ONLY, detail=excerpt(subject.files[0].path))
    elif title.declared is Kind.STYLE and not any(message_reasons(title, subject.message)):
        yield Reason(signal=Signal.STYLE_ONLY, detail=excerpt(title.text))


def _by_roles(roles: set[Role], subject: Subject) -> Signal | None:
    if roles <= FOR_READING | {Role.TEST} and roles & FOR_READING:
        is_guide = guide_lines(subject) >= GUIDE_LINES and Role.DOCS in roles
        return None if is_guide and reverted(subject.title, subject.body) is None else Signal.DOCS_ONLY
    if Role.BUILD in roles and roles <= FOR_DEVELOPERS | MACHINE_MADE | FOR_READING | {Role.BUILD}:
        # A tool of the developers often also has a line in the package's manifest.
        return Signal.DEVELOPMENT_ONLY if roles & FOR_DEVELOPERS and is_for_developers(subject) else None
    for allowed, signal in (
        ({Role.CI}, Signal.CI_ONLY),
        ({Role.TEST, Role.SNAPSHOT}, Signal.TESTS_ONLY),
        ({Role.TRANSLATION}, Signal.TRANSLATION_ONLY),
        (MACHINE_MADE, Signal.GENERATED_ONLY),
        (FOR_DEVELOPERS | MACHINE_MADE | FOR_READING, Signal.DEVELOPMENT_ONLY),
    ):
        if roles <= allowed:
            return signal
    return None
