"""What all patches of a change show together: names, options, versions, migrations, deprecations, layout. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from newsletter.analysis.diffs import Diff, lines_with, read_diffs
from newsletter.analysis.manifests import own_version, raised_minimum
from newsletter.analysis.names import Names, read_names
from newsletter.analysis.paths import MACHINE_MADE, Role, role_of
from newsletter.analysis.prose import plain
from newsletter.analysis.surface import Surface, read_surface
from newsletter.github.record import FileChange

_WORD = re.compile(r"[A-Za-z][\w-]{2,60}")
_DEPRECATION = re.compile(
    r"DeprecationWarning|^\s*(?:\* )?@deprecated\b|\.\. deprecated::|@Deprecated\b|#\[deprecated|\bDeprecated: "
    r"|warn_deprecated\(|\[Obsolete\b|\[\[deprecated|trigger_deprecation\(|E_USER_DEPRECATED|ActiveSupport::Deprecation"
    r"|@available\(\*, deprecated"
)
_OF_DEPRECATIONS = ("eprecat", "bsolete", "DEPRECAT")
_SILENCED = re.compile(r"filterwarnings|simplefilter|pytest|ignore|except |assert|catch_warnings", re.IGNORECASE)
#: Statements that take something away from a schema: SQL, Django, Rails, Alembic, Ecto, Laravel, EF Core, Knex.
_DROP = re.compile(
    r"\b(?:drop (?:table|column|function|type|index|view|constraint)|alter table .{1,80} rename|(?:drop"
    r"|rename)_(?:table|column)"
    r"|remove_(?:column|field|reference)|RemoveField|RenameField|DeleteModel|RenameModel|Drop(?:Table|Column)"
    r"|Rename(?:Table|Column)"
    r"|drop(?:Column|Table|IfExists)\(|rename(?:Column|Table)\(|remove :\w+)\b",
    re.IGNORECASE,
)
#: The way back of a migration takes away what it brought.
_WAY_BACK = re.compile(
    r"\bdef down(?:grade)?\b|\bfunction down\b|void Down\(|-- \+goose Down|exports\.down|-- migrate:down"
)
#: A line of a changelog that announces a break: Keep a Changelog's "Removed", and what others write.
_ANNOUNCED = re.compile(
    r"\W{0,6}(?:breaking(?: changes?)?:?|backwards?[- ]incompatible:?|remov(?:e[sd]?|al of)|drop(?:s|ped)?"
    r"|(?:hard |soft )?deprecat(?:e[sd]?|ing)|renamed?) (?!changes?\b)\S.{3,}",
    re.IGNORECASE,
)
_MAX_ANNOUNCEMENTS = 12
_COMMENT = re.compile(
    r"\s*(?:#(?!\[|!|\s*(?:include|define|undef|if|el|end|pragma|error|import))|//|/\*|\*(?:\s|/|$)|--\s|<!--|;)|\s*$"
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
#: Languages in which the depth of a line is part of its meaning.
_INDENTED = (".py", ".pyi", ".pyx", ".yml", ".yaml", ".coffee", ".sass", ".pug", ".haml", ".rst", ".mk", ".nim", ".fs")


@dataclass(frozen=True, kw_only=True)
class Patches:
    """What all patches of a change show together. Texts are plain, in the order of the files."""

    names: Names = field(default_factory=Names)
    surface: Surface = field(default_factory=Surface)
    #: Removed names that were documented, and are in the documentation no more.
    removed_documented: tuple[str, ...] = ()
    #: Lines that announce a deprecation.
    deprecations: tuple[str, ...] = ()
    #: Lines of a changelog that announce a removal or a break.
    announcements: tuple[str, ...] = ()
    #: New statements that drop tables, columns and the like in migrations.
    drops: tuple[str, ...] = ()
    #: The platform whose oldest version was raised.
    minimum_version: str = ""
    #: The project's own new version.
    own_version: str = ""
    #: Only white space, quotes or line breaks changed.
    only_layout: bool = False
    #: Only comments changed.
    only_comments: bool = False


def read_patches(files: Iterable[FileChange]) -> Patches:
    """Read the patches of all files that people write; files without a patch are passed over."""
    listed = list(files)
    diffs = list(read_diffs(listed))
    docs = [diff for diff in diffs if diff.role is Role.DOCS]
    names = read_names(diffs)
    forgotten = _words(docs, added=False) - _words(docs, added=True) if names.removed else set()
    written = sum(role_of(file.path) not in MACHINE_MADE for file in listed)
    complete = bool(diffs) and len(diffs) == written and all(diff.whole for diff in diffs)
    return Patches(
        names=names,
        surface=read_surface(diffs),
        removed_documented=tuple(name for name in names.removed if name in forgotten and _is_telling(name)),
        deprecations=tuple(_deprecations(diffs)),
        announcements=tuple(_announcements(diffs)),
        drops=tuple(_drops(diffs)),
        minimum_version=raised_minimum(diffs),
        own_version=own_version(diffs),
        only_layout=complete and all(_same_but_layout(diff) for diff in diffs),
        only_comments=complete and all(_only_comments(diff) for diff in diffs),
    )


def _words(diffs: Iterable[Diff], *, added: bool) -> set[str]:
    return {word for diff in diffs for line in (diff.added if added else diff.removed) for word in _WORD.findall(line)}


def _is_telling(name: str) -> bool:
    """Whether a name is none that prose has by chance, like ``set`` or ``client``."""
    return "_" in name or name[1:] != name[1:].lower() or len(name) > 5


def _deprecations(diffs: Iterable[Diff]) -> Iterator[str]:
    for diff in diffs:
        if diff.role is not Role.SOURCE:
            continue
        if any("deprecat" in line.lower() for line in lines_with(diff.removed, _OF_DEPRECATIONS)):
            continue  # moved or reworded, not announced
        for line in lines_with(diff.added, _OF_DEPRECATIONS):
            if _DEPRECATION.search(line) and not _SILENCED.search(line):
                yield plain(line)


def _announcements(diffs: Iterable[Diff]) -> Iterator[str]:
    """Yield what a changelog says that goes; long additions tell of many changes, and not of this one."""
    for diff in diffs:
        if (
            diff.role is Role.CHANGELOG
            and len(diff.added) <= _MAX_ANNOUNCEMENTS
            and len(diff.removed) <= len(diff.added)
        ):
            yield from (plain(match[0]).lstrip("-*• []") for match in map(_ANNOUNCED.match, diff.added) if match)


def _drops(diffs: Iterable[Diff]) -> Iterator[str]:
    for diff in diffs:
        if diff.role is not Role.MIGRATION:
            continue
        for line in diff.added:
            if _WAY_BACK.search(line):
                break
            if _DROP.search(line) and "if exists" not in line.lower():
                yield plain(line)


def _same_but_layout(diff: Diff) -> bool:
    is_indented = diff.path.endswith(_INDENTED) and len(diff.added) == len(diff.removed)
    added = [_bare(line, indent=is_indented) for line in diff.added]
    removed = [_bare(line, indent=is_indented) for line in diff.removed]
    if not is_indented:
        added, removed = ["".join(added)], ["".join(removed)]
    if len(diff.added) != len(diff.removed):
        # Broken over more lines, a call also gets a last comma.
        added, removed = [added[0].replace(",", "")], [removed[0].replace(",", "")]
    return added == removed and _texts(diff.added) == _texts(diff.removed)


def _texts(lines: Iterable[str]) -> list[str]:
    """Return the quoted texts of lines without their quotes: white space inside them has a meaning."""
    return [text[1:-1] for line in lines for text in _QUOTED.findall(line)]


def _bare(line: str, *, indent: bool = False) -> str:
    depth = line[: len(line) - len(line.lstrip())] if indent else ""
    return depth + "".join(line.split()).replace("'", '"')


def _only_comments(diff: Diff) -> bool:
    if diff.role in {Role.DOCS, Role.CHANGELOG, Role.STYLESHEET, Role.TRANSLATION}:
        return False
    return all(_COMMENT.match(line) for line in (*diff.added, *diff.removed))
