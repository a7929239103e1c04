"""Public names in patches: which definitions and exports went, and whose parameters changed. Pure.

A name is public by the habits of its language: Python and Elixir ``def``, JavaScript ``export``, Go's capitals, Rust's
``pub``, ``public`` of Java, C# and PHP, Kotlin and Swift without ``private``, C and C++ in a header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from newsletter.analysis.diffs import Diff
from newsletter.analysis.paths import Role

_C_FAMILY = (
    r"(?:(?!(?:private|internal|fileprivate|protected|override|return|else|new|throw|case|await|using|import)\b)"
    r"[\w<>\[\],.?:*&@]{1,60} ){0,6}"
)
_PATTERNS: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (frozenset(suffixes.split()), re.compile(pattern))
    for suffixes, pattern in (
        (".py .pyi .pyx", r" {0,4}(?:async )?(?:def|class) ([A-Za-z]\w{1,60})(\(.*)?"),
        (
            ".js .jsx .mjs .cjs .ts .tsx .mts .cts .vue .svelte",
            r"(?:export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|const|let|var"
            r"|interface|type"
            r"|enum|namespace) |(?:module\.)?exports\.|[A-Za-z]\w{1,40}\.prototype\.)([A-Za-z]\w{1,60})(.*)?",
        ),
        (".go", r"(?:func (?:\([^()]{1,80}\) )?|type |const |var )([A-Z]\w{1,60})(.*)?"),
        (
            ".rs",
            r"\s{0,8}pub (?:async |unsafe |const |extern \"C\" ){0,3}(?:fn|struct|enum|trait|type|const|static|mod"
            r"|macro) "
            r"([A-Za-z]\w{1,60})(.*)?",
        ),
        (".java .cs .vb .scala .groovy", rf"\s{{0,12}}public {_C_FAMILY}([A-Za-z]\w{{1,60}})\b(\s?[({{;=:].*|)$"),
        (
            ".kt .kts .swift .dart",
            r"\s{0,4}(?:@\w+ )?(?:public |open |abstract |final |sealed |data |suspend |static |inline |operator "
            r"|indirect "
            r"){0,4}(?:fun|func|class|struct|enum|interface|protocol|object|val|var|let|typealias) (?:<[^<>]{1,60}> )?"
            r"(?:\w{1,40}\.)?([A-Za-z]\w{1,60})(.*)?",
        ),
        (
            ".php",
            r"\s{0,8}(?:(?:abstract |final |static |public ){0,3}function |(?:abstract |final )?(?:class|interface"
            r"|trait"
            r"|enum) |public const )([A-Za-z]\w{1,60})(.*)?",
        ),
        (".rb .rake", r"\s{0,6}(?:def (?:self\.)?|class |module )([A-Za-z]\w{1,60}[?!]?)(.*)?"),
        (".ex .exs", r"\s{0,4}(?:def|defmacro|defmodule|defdelegate|@callback) ([A-Za-z][\w.]{1,60}[?!]?)(.*)?"),
        (
            ".h .hpp .hh .hxx",
            r"\s{0,4}(?!(?:return|else|delete|throw|case|if|for|while|switch|goto|friend|using namespace)\b)"
            r"(?:#\s?define |(?:class|struct|enum(?: class)?|using) (?=\w+\s?(?:[;{:=]|$))"
            r"|[A-Za-z_][\w:<>,*& ]{1,80}?[ *&](?=\w{3,60}\s?\())([A-Za-z]\w{2,60})(.*)",
        ),
    )
)
_PATTERN_OF = {suffix: pattern for suffixes, pattern in _PATTERNS for suffix in suffixes}
#: Below these nobody outside looks for a name.
_INSIDE = re.compile(
    r"(?:^|/)(?:_(?!_)[^/]*|\.[^/]*|internals?|private|detail|impl|examples?|samples?|demo|scripts?|tools)(?:/|$)"
)
#: Where a package says what it offers.
_ENTRY = re.compile(
    r"^(?:packages/[^/]+/)?(?:[^/]+/){0,2}(?:__init__\.pyi?|(?:index|mod|main|public[-_]api)\.[cm]?[jt]sx?|lib\.rs)$"
)
_EXPORTED = re.compile(r"[A-Za-z]\w{2,60}")
#: Of an import in a package's ``__init__`` others import on; JavaScript and Rust say it outright.
_EXPORT_LINES = {
    ".py": re.compile(r"\s*(?:from \S+ import |import |[\"']\w+[\"'],?$|\w+(?: as \w+)?,$|__all__)"),
    ".pyi": re.compile(r"\s*(?:from \S+ import |\w+(?: as \w+)?,$)"),
    ".rs": re.compile(r"\s*pub (?:use|mod) "),
}
_EXPORT_LINE = re.compile(r"\s*(?:export |\w+(?: as \w+)?,$)")
_NOT_EXPORTED = frozenset(
    {"from", "import", "export", "default", "type", "pub", "use", "mod", "crate", "self", "super", "const"}
)
_PRIVATE_NAME = re.compile(r"_|test|Test|main$|__")
_MAX_PARAMETERS = 30


@dataclass(frozen=True, kw_only=True)
class Names:
    """Public names of a change, each once, in the order of the files."""

    added: tuple[str, ...] = ()
    #: Defined in removed lines, and in no added one.
    removed: tuple[str, ...] = ()
    #: No longer offered by the package's entry.
    unexported: tuple[str, ...] = ()
    #: Definitions whose callers have to change: a parameter went, moved, or became necessary.
    incompatible: tuple[str, ...] = ()


def read_names(diffs: Iterable[Diff]) -> Names:
    """Compare the public names in the removed lines of a change with those in its added ones."""
    product = [diff for diff in diffs if diff.role is Role.SOURCE]
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    offered: set[str] = set()
    for diff in product:
        if not _INSIDE.search(diff.path.lower()):
            _collect(diff, diff.removed, into=before)
        _collect(diff, diff.added, into=after)
        if _ENTRY.search(diff.path):
            offered.update(word for line in diff.added for word in _EXPORTED.findall(line))
    entries = [diff for diff in product if _ENTRY.search(diff.path) and not _INSIDE.search(diff.path.lower())]
    gone = dict.fromkeys(name for diff in entries for name in _exports(diff) if name not in offered)
    return Names(
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        unexported=tuple(gone),
        incompatible=tuple(_incompatible(before, after)),
    )


def _collect(diff: Diff, lines: Iterable[str], *, into: dict[str, list[str]]) -> None:
    pattern = _PATTERN_OF.get(diff.suffix)
    if pattern is None:
        return
    for line in lines:
        match = pattern.match(line)
        if match and not _PRIVATE_NAME.match(match[1]):
            into.setdefault(match[1], []).append(match[2] or "")


def _exports(diff: Diff) -> Iterator[str]:
    """Yield the names that the removed lines of an entry offered."""
    exporting = _EXPORT_LINES.get(diff.suffix, _EXPORT_LINE)
    for line in diff.removed:
        if exporting.match(line):
            # What stands after "from" names the place, not the thing.
            told = re.sub(r"\bfrom [\"']?[\w./@-]+[\"']?|#.*|//.*", "", line)
            yield from (word for word in _EXPORTED.findall(told) if word not in _NOT_EXPORTED)


def _incompatible(before: dict[str, list[str]], after: dict[str, list[str]]) -> Iterator[str]:
    """Yield the names that were defined once before and once after, with parameters that do not fit the old calls."""
    for name, old in before.items():
        new = after.get(name, [])
        if len(old) == len(new) == 1 and old != new:
            was, now = _parameters(old[0]), _parameters(new[0])
            if was is not None and now is not None and not _fits(was, now):
                yield name


def _parameters(rest: str) -> list[str] | None:
    """Return the parameters between the first brackets; None where they do not close on the line."""
    start = rest.find("(")
    if start != 0 and rest[:start].strip(" <>"):
        return None
    depth, current, found = 0, "", []
    for character in rest[start:]:
        depth += (character in "([{<") - (character in ")]}>")
        if depth <= 0:
            found.append(current)
            return [part.strip() for part in found if part.strip()][:_MAX_PARAMETERS]
        if character == "," and depth == 1:
            found.append(current)
            current = ""
        elif not (character == "(" and depth == 1):
            current += character
    return None


def _fits(was: list[str], now: list[str]) -> bool:
    """Whether calls with the old parameters still work: the old ones first, and defaults for what was added."""
    if [_name(part) for part in now[: len(was)]] != [_name(part) for part in was]:
        return False
    return all(re.search(r"[=?*]|\.\.\.", part) for part in now[len(was) :])


def _name(parameter: str) -> str:
    """Return a parameter without type and default, for comparing: of ``x: int = 1`` and ``int x = 1`` the ``x``."""
    told = parameter.partition("=")[0].partition(":")[0].strip(" ?")
    return told.rpartition(" ")[2].lstrip("*&$@") or parameter
