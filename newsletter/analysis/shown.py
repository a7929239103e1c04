"""What the files and patches of a change show that reaches users. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.analysis.inward import GUIDE_LINES, guide_lines, product_lines, roles_of
from newsletter.analysis.openings import is_housework
from newsletter.analysis.patches import Patches
from newsletter.analysis.paths import SHIPPED, Role, role_of
from newsletter.analysis.prose import excerpt
from newsletter.analysis.record import Kind, Reason, Signal, Subject
from newsletter.analysis.title import Title

#: Changed lines of shipped source from which a change is large. Ours.
LARGE_LINES = 300
#: … and from which it concerns how the whole is built. Ours.
SWEEPING_LINES = 2_500
#: Kinds whose size says something; a fix of many lines is no bigger news than one of few.
_GROWING = frozenset({Kind.FEATURE, None})
#: … and where it does from thousands of lines on.
_SWEPT = _GROWING | {Kind.PERFORMANCE, Kind.REFACTOR}
#: What GitHub closes an issue by (docs.github.com, "Linking a pull request to an issue"): somebody had asked for it.
_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? (?:\w[\w./-]{0,80})?#\d{1,9}\b", re.IGNORECASE)
_MOST_OF_BODY = 4_000


def shown_reasons(subject: Subject, title: Title, patches: Patches) -> Iterator[Reason]:
    """Yield what files, sizes and patches show."""
    roles = roles_of(subject)
    if guide_lines(subject) >= GUIDE_LINES and (title.declared is Kind.DOCS or not roles & SHIPPED):
        page = next(file.path for file in subject.files if role_of(file.path) is Role.DOCS)
        yield Reason(signal=Signal.GUIDE, detail=excerpt(page))
    if subject.files and roles <= {Role.STYLESHEET, Role.ASSET, Role.CHANGELOG}:
        yield Reason(signal=Signal.APPEARANCE, detail=excerpt(subject.files[0].path))
    if patches.only_layout or patches.only_comments:
        yield Reason(signal=Signal.STYLE_ONLY)
        return
    yield from _size(subject, title)
    yield from _surface(patches, title)
    yield from _api(patches)
    yield from _schema(subject, patches)


def _size(subject: Subject, title: Title) -> Iterator[Reason]:
    lines, roles = product_lines(subject), roles_of(subject)
    size = f"+{subject.additions} -{subject.deletions}"
    if lines >= SWEEPING_LINES and title.declared in _SWEPT:
        yield Reason(signal=Signal.SWEEPING, detail=size)
    if lines >= LARGE_LINES and title.declared in _GROWING:
        yield Reason(signal=Signal.LARGE, detail=size)
    elif title.declared is None and (
        roles >= {Role.SOURCE, Role.TEST}
        or Role.MIGRATION in roles
        or (roles & SHIPPED and _CLOSES.search(subject.message[:_MOST_OF_BODY]))
        # Where the lines are known, they are judged; of paths alone nothing follows.
        or (lines and Role.SOURCE in roles and not is_housework(title.text))
    ):
        yield Reason(signal=Signal.BEHAVIOUR)


def _surface(patches: Patches, title: Title) -> Iterator[Reason]:
    surface = patches.surface
    # Routes that go while others come, or while code is moved about, have moved.
    moved = surface.added_routes or title.declared is Kind.REFACTOR
    routes = () if moved else surface.removed_routes
    for name in (*surface.removed_options, *routes, *patches.removed_documented, *patches.names.unexported):
        yield Reason(signal=Signal.REMOVAL, detail=excerpt(name))
    for line in patches.announcements[:1]:
        yield Reason(signal=Signal.REMOVAL, detail=excerpt(line))
    for name in (*surface.added_options, *surface.added_settings, *surface.added_routes):
        yield Reason(signal=Signal.CONFIGURATION, detail=excerpt(name))
    for line in surface.changed_defaults[:1]:
        yield Reason(signal=Signal.DEFAULT, detail=excerpt(line))
    for line in patches.deprecations[:1]:
        yield Reason(signal=Signal.DEPRECATION, detail=excerpt(line))
    if patches.minimum_version:
        yield Reason(signal=Signal.MINIMUM_VERSION, detail=excerpt(patches.minimum_version))


def _api(patches: Patches) -> Iterator[Reason]:
    names = patches.names
    for name in (*names.removed, *names.incompatible)[:1]:
        yield Reason(signal=Signal.PUBLIC_API, detail=excerpt(name))


def _schema(subject: Subject, patches: Patches) -> Iterator[Reason]:
    for line in patches.drops[:1]:
        yield Reason(signal=Signal.DESTRUCTIVE, detail=excerpt(line))
    added = [file.path for file in subject.files if role_of(file.path) is Role.MIGRATION and file.status == "added"]
    for path in (*added, *patches.drops)[:1]:
        yield Reason(signal=Signal.MIGRATION, detail=excerpt(path.rpartition("/")[2]))
