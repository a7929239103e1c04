"""What the patches of a change show: public names that came and went, options, migrations, deprecations. Pure.

Of all patches together 2,000,000 characters and 40,000 changed lines are read, of each line 400 characters: the time
is linear in what GitHub can send, and bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.analysis.paths import MACHINE_MADE, Role, role_of
from newsletter.analysis.prose import plain
from newsletter.github.record import FileChange

_MAX_CHARACTERS = 2_000_000
_MAX_LINES = 40_000
_MAX_LINE_CHARACTERS = 400

#: Definitions others can import: Python and Elixir ``def``, JavaScript ``export``, Go capitals, Rust ``pub``.
_DEFINITION = re.compile(
    r"(?: {0,4}(?:async )?(?:def|class) |export (?:default )?(?:async )?(?:function|class|const|interface|type|enum) "
    r"|func (?:\([^()]{1,80}\) )?(?=[A-Z])|type (?=[A-Z])|pub (?:async )?(?:fn|struct|enum"
    r"|trait) )([A-Za-z]\w{2,60})\b"
)
#: A command-line option where it is defined: argparse, click, typer, commander, pflag, clap.
_OPTION = re.compile(
    r"(?:add_argument|\boption|\bOption|\bflag|\bFlag|\.long|StringVar|BoolVar"
    r"|IntVar)\b.{0,80}?[\"'](--[a-z][a-z0-9-]{1,40})"
    r"|^\s*[\"'](?:-\w[\"'], [\"'])?(--[a-z][a-z0-9-]{1,40})[\"'],\s*$"
)
#: A setting read from the environment.
_ENVIRONMENT = re.compile(
    r"(?:environ(?:\.get)?[\[(]|getenv\(|process\.env\.|System\.get_env\(|env::var\()[\"']?([A-Z][A-Z0-9_]{3,60})"
)
_WORD = re.compile(r"[A-Za-z][\w-]{2,60}")
_DEPRECATION = re.compile(
    r"DeprecationWarning|^\s*@deprecated\b|\.\. deprecated::|@Deprecated\b|#\[deprecated|\bDeprecated: "
    r"|warn_deprecated\("
)
_SILENCED = re.compile(r"filterwarnings|simplefilter|pytest|ignore|except |assert|catch_warnings", re.IGNORECASE)
_DROP = re.compile(
    r"\b(?:drop (?:table|column|function|type|index|view)|drop_(?:table|column)|remove_(?:column|field)"
    r"|RemoveField|DeleteModel)\b",
    re.IGNORECASE,
)
_MINIMUM = re.compile(
    r"^\s*(?:requires-python|python_requires|\"node\"|\"php\"|rust-version|elixir)\s*[=:]\s*[\"']?([^\"',]{1,40})"
)
_COMMENT = re.compile(r"\s*(?:#(?!\[|!|include|define|if|end)|//|/\*|\*(?:\s|/|$)|--\s|<!--|;)|\s*$")
#: Languages in which the depth of a line is part of its meaning.
_INDENTED = (".py", ".pyi", ".pyx", ".yml", ".yaml", ".coffee", ".sass", ".pug", ".haml", ".rst", ".mk")


@dataclass(frozen=True, kw_only=True)
class Patches:
    """What all patches of a change show together. Names are plain text, in the order of the files."""

    added_names: tuple[str, ...] = ()
    #: Public names that are defined nowhere in the added lines.
    removed_names: tuple[str, ...] = ()
    #: Removed names that were documented, and are in the documentation no more.
    removed_documented: tuple[str, ...] = ()
    added_options: tuple[str, ...] = ()
    removed_options: tuple[str, ...] = ()
    added_settings: tuple[str, ...] = ()
    #: Lines that announce a deprecation.
    deprecations: tuple[str, ...] = ()
    #: New statements that drop tables, columns and the like in migrations.
    drops: tuple[str, ...] = ()
    #: New minimum version of the language or platform, as it is written.
    minimum_version: str = ""
    #: Only white space, quotes or line breaks changed.
    only_layout: bool = False
    #: Only comments changed.
    only_comments: bool = False


@dataclass(frozen=True, kw_only=True)
class _Diff:
    path: str
    role: Role
    added: Sequence[str]
    removed: Sequence[str]
    #: Whether all of the patch was read.
    whole: bool


def read_patches(files: Iterable[FileChange]) -> Patches:
    """Read the patches of all files that people write; files without a patch are passed over."""
    listed = list(files)
    diffs = list(_diffs(listed))
    product = [diff for diff in diffs if diff.role in {Role.SOURCE, Role.BUILD, Role.CONFIGURATION}]
    docs = [diff for diff in diffs if diff.role is Role.DOCS]
    added, removed = _lines(product, added=True), _lines(product, added=False)
    names, gone = _names(added), _names(removed)
    lost = tuple(name for name in gone if name not in names)
    forgotten = _words(_lines(docs, added=False)) - _words(_lines(docs, added=True))
    options, options_gone = _found(_OPTION, added), _found(_OPTION, removed)
    settings, settings_gone = _found(_ENVIRONMENT, added), _found(_ENVIRONMENT, removed)
    complete = bool(diffs) and len(diffs) == len(listed) and all(diff.whole for diff in diffs)
    return Patches(
        added_names=tuple(name for name in names if name not in gone),
        removed_names=lost,
        removed_documented=tuple(name for name in lost if name in forgotten),
        added_options=tuple(option for option in options if option not in options_gone),
        removed_options=tuple(option for option in options_gone if option not in options),
        added_settings=tuple(name for name in settings if name not in settings_gone),
        deprecations=tuple(_deprecations(product)),
        drops=tuple(_drops(diffs)),
        minimum_version=_minimum_version(added, removed),
        only_layout=complete and all(_same_but_layout(diff) for diff in diffs),
        only_comments=complete and all(_only_comments(diff) for diff in diffs),
    )


def _diffs(files: Iterable[FileChange]) -> Iterator[_Diff]:
    """Take patches apart until the budget is spent. Blank lines say nothing."""
    characters, lines = _MAX_CHARACTERS, _MAX_LINES
    for file in files:
        role = role_of(file.path)
        if not file.patch or role in MACHINE_MADE:
            continue
        text = file.patch[:characters]
        changed = [line for line in text.split("\n") if line[:1] in {"+", "-"} and line[1:].strip()]
        read = [line[:_MAX_LINE_CHARACTERS] for line in changed[:lines]]
        yield _Diff(
            path=file.path,
            role=role,
            added=[line[1:] for line in read if line[0] == "+"],
            removed=[line[1:] for line in read if line[0] == "-"],
            whole=len(text) == len(file.patch) and len(read) == len(changed),
        )
        characters -= len(text)
        lines -= len(read)


def _lines(diffs: Iterable[_Diff], *, added: bool) -> list[str]:
    return [line for diff in diffs for line in (diff.added if added else diff.removed)]


def _names(lines: Iterable[str]) -> dict[str, None]:
    """Return the public names defined in the lines, each once, in their order."""
    found = (match[1] for match in map(_DEFINITION.match, lines) if match)
    return dict.fromkeys(name for name in found if not name.startswith(("_", "test", "Test")))


def _found(pattern: re.Pattern[str], lines: Iterable[str]) -> dict[str, None]:
    matches = (match for line in lines for match in pattern.finditer(line))
    return dict.fromkeys(next(group for group in match.groups() if group) for match in matches)


def _words(lines: Iterable[str]) -> set[str]:
    return {word for line in lines for word in _WORD.findall(line)}


def _deprecations(diffs: Iterable[_Diff]) -> Iterator[str]:
    for diff in diffs:
        if any(_DEPRECATION.search(line) for line in diff.removed):
            continue  # moved or reworded, not announced
        for line in diff.added:
            if _DEPRECATION.search(line) and not _SILENCED.search(line):
                yield plain(line)


def _drops(diffs: Iterable[_Diff]) -> Iterator[str]:
    for diff in diffs:
        if diff.role is Role.MIGRATION:
            yield from (plain(line) for line in diff.added if _DROP.search(line) and "if exists" not in line.lower())


def _minimum_version(added: Iterable[str], removed: Iterable[str]) -> str:
    """Return the new minimum version where an old one was replaced."""
    before = {match[1].strip() for match in map(_MINIMUM.match, removed) if match}
    after = [match[1].strip() for match in map(_MINIMUM.match, added) if match]
    return plain(after[0]) if before and after and after[0] not in before else ""


def _same_but_layout(diff: _Diff) -> bool:
    if diff.path.endswith(_INDENTED) and len(diff.added) == len(diff.removed):
        return [_bare(line, indent=True) for line in diff.added] == [_bare(line, indent=True) for line in diff.removed]
    added, removed = "".join(map(_bare, diff.added)), "".join(map(_bare, diff.removed))
    if len(diff.added) != len(diff.removed):
        # Broken over more lines, a call also gets a last comma.
        added, removed = added.replace(",", ""), removed.replace(",", "")
    return added == removed


def _bare(line: str, *, indent: bool = False) -> str:
    depth = line[: len(line) - len(line.lstrip())] if indent else ""
    return depth + "".join(line.split()).replace("'", '"')


def _only_comments(diff: _Diff) -> bool:
    if diff.role in {Role.DOCS, Role.CHANGELOG, Role.STYLESHEET, Role.TRANSLATION}:
        return False
    return all(_COMMENT.match(line) for line in (*diff.added, *diff.removed))
