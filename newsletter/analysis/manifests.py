"""What the manifests of packages say in patches: the project's own version, and the oldest platform it runs on. Pure.

By file: Python (pyproject.toml, setup.py, setup.cfg), npm, Go, Cargo, .NET, Composer, RubyGems, Gradle, Maven, CMake,
Mix, Swift, Dart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import zip_longest

from newsletter.analysis.diffs import Diff, lines_with
from newsletter.analysis.paths import Role
from newsletter.analysis.prose import plain

_NUMBER = r"[^\"',#<>\d]{0,3}(\d{1,6}(?:\.\d{1,6}){0,3})"
#: The line that says the oldest platform, by the end of the file's name; what stands in brackets is compared.
_MINIMUMS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("pyproject.toml", re.compile(rf"\s*(?:requires-python|python)\s*=\s*[\"']\s?[~^>=]{{0,2}}\s?{_NUMBER}")),
    ("setup.py", re.compile(rf"\s*python_requires\s*=\s*[\"']\s?[~^>=]{{0,2}}\s?{_NUMBER}")),
    ("setup.cfg", re.compile(rf"\s*python_requires\s*=\s*[~^>=]{{0,2}}\s?{_NUMBER}")),
    (
        "package.json",
        re.compile(rf"\s*\"(?:node|npm|vscode|electron|typescript-peer)\":\s*\"\s?[~^>=]{{0,2}}\s?v?{_NUMBER}"),
    ),
    ("go.mod", re.compile(r"go (\d[\w.]{0,15})")),
    ("cargo.toml", re.compile(rf"\s*(?:rust-version|edition)\s*=\s*[\"']{_NUMBER}")),
    ("composer.json", re.compile(rf"\s*\"(?:php|ext-[a-z]+)\":\s*\"\s?[~^>=]{{0,2}}\s?{_NUMBER}")),
    (".gemspec", re.compile(rf"\s*\w+\.required_ruby_version\s*=\s*\D{{0,40}}{_NUMBER}")),
    ("mix.exs", re.compile(rf"\s*elixir:\s*\"[~>= ]{{0,3}}{_NUMBER}")),
    (".csproj", re.compile(r"\s*<TargetFrameworks?>(?:net(?:standard|coreapp)?)?(\d[\w.]{0,15})")),
    (".props", re.compile(r"\s*<TargetFrameworks?>(?:net(?:standard|coreapp)?)?(\d[\w.]{0,15})")),
    (
        ".gradle",
        re.compile(
            r"\s*(?:sourceCompatibility|targetCompatibility|minSdk(?:Version)?|jvmTarget)\b\D{0,40}(\d[\d._]{0,8})"
        ),
    ),
    (
        ".kts",
        re.compile(
            r"\s*(?:sourceCompatibility|targetCompatibility|minSdk(?:Version)?|jvmTarget"
            r"|jvmToolchain)\b\D{0,40}(\d[\d._]{0,8})"
        ),
    ),
    ("pom.xml", re.compile(r"\s*<(?:maven\.compiler\.(?:source|release|target)|java\.version)>(\d[\d.]{0,8})<")),
    (
        "cmakelists.txt",
        re.compile(
            r"\s*(?:cmake_minimum_required\s*\(\s*VERSION|set\s*\(\s*CMAKE_CXX_STANDARD)\s+(\d{1,4}(?:\.\d{1,4}){0,2})",
            re.IGNORECASE,
        ),
    ),
    ("package.swift", re.compile(r"\s*(?://\s?swift-tools-version:\s?|\.(?:iOS|macOS|tvOS)\(\.v)(\d[\d._]{0,8})")),
    ("pubspec.yaml", re.compile(rf"\s*(?:sdk|flutter):\s*[\"']?[~^>= ]{{0,3}}{_NUMBER}")),
)
#: A classifier of an old Python that goes says the same (packaging.python.org, "Trove classifiers").
_CLASSIFIER = re.compile(r"\s*[\"']?Programming Language :: Python :: (\d\.\d{1,2})")
_NAMED = {
    "pyproject.toml": "Python",
    "setup.py": "Python",
    "setup.cfg": "Python",
    "package.json": "Node.js",
    "go.mod": "Go",
    "cargo.toml": "Rust",
    "composer.json": "PHP",
    ".gemspec": "Ruby",
    "mix.exs": "Elixir",
    ".csproj": ".NET",
    ".props": ".NET",
    "pom.xml": "Java",
    ".gradle": "Java or Android",
    ".kts": "Java or Android",
    "cmakelists.txt": "CMake",
    "package.swift": "Swift",
    "pubspec.yaml": "Dart",
}

#: The project's own version, where it is written down.
_OWN_VERSION = re.compile(
    r"^(?:\s{0,8}\"version\":\s*\"|version\s*[=:]\s*[\"']?|\s{0,8}@?version:?\s*[=:]?\s*[\"']"
    r"|\s*__version__(?:: str)?\s*=\s*[\"']"
    r"|\s*(?:(?:public |static |final |private |export |pub )*(?:const|String|let|var"
    r"|val) )?(?:[\w.]*_)?VERSION\b[ :&\w]{0,12}=\s*[\"']"
    r"|\s*(?:const |var )?[vV]ersion\s*(?:string )?(?::=|=)\s*[\"']|\s*\w+\.version\s*=\s*[\"']"
    r"|\s*<Version(?:Prefix)?>|\s{0,4}<version>)"
    r"v?(\d{1,5}(?:\.\d{1,6}){1,3}[\w.+-]{0,30})",
)
_OF_VERSIONS = ("ersion", "VERSION")
_DEVELOPMENT = re.compile(r"dev|snapshot|nightly|unreleased|-pre$|9999", re.IGNORECASE)
_VERSIONED = re.compile(
    r"(?:^|/)(?:[\w.-]*version[\w.-]*|__init__\.py|__about__\.py|setup\.(?:py|cfg)|pyproject\.toml|package\.json"
    r"|cargo\.toml|mix\.exs"
    r"|composer\.json|pubspec\.yaml|chart\.yaml|manifest\.json|pom\.xml|build\.gradle(?:\.kts)?|gradle\.properties"
    r"|build\.sbt"
    r"|[\w.-]+\.(?:csproj|props|gemspec|podspec)|cmakelists\.txt|info\.plist|[\w-]+\.(?:go|js|rb|py))$",
    re.IGNORECASE,
)


def raised_minimum(diffs: Iterable[Diff]) -> str:
    """Return the platform whose oldest version is higher than before, with the new one; empty where none is."""
    for diff in diffs:
        if diff.role not in {Role.BUILD, Role.SOURCE}:
            continue
        for end, pattern in _MINIMUMS:
            if diff.name.endswith(end) and (raised := _raised(pattern, diff)):
                return f"{_NAMED.get(end, '')} {raised}".strip()
        if gone := _classifiers_gone(diff):
            return f"Python newer than {gone}"
    return ""


def own_version(diffs: Iterable[Diff]) -> str:
    """Return the project's own new version where a released one replaces an older; empty where none does."""
    for diff in diffs:
        if not _VERSIONED.search(diff.path[:1000]):
            continue
        before = {match[1] for match in map(_OWN_VERSION.match, lines_with(diff.removed, _OF_VERSIONS)) if match}
        after = [match[1] for match in map(_OWN_VERSION.match, lines_with(diff.added, _OF_VERSIONS)) if match]
        # A manifest of many versions is one of dependencies.
        if before and after and len(before) == 1 and after[0] not in before and not _DEVELOPMENT.search(after[0]):
            return plain(after[0])
    return ""


def _raised(pattern: re.Pattern[str], diff: Diff) -> str:
    before = [match[1] for match in map(pattern.match, diff.removed) if match]
    after = [match[1] for match in map(pattern.match, diff.added) if match]
    if not before or not after or not _is_older(before[0], after[0]):
        return ""
    return plain(after[0])


def _classifiers_gone(diff: Diff) -> str:
    if diff.name not in {"setup.py", "setup.cfg", "pyproject.toml"}:
        return ""
    before = {match[1] for match in map(_CLASSIFIER.match, diff.removed) if match}
    after = {match[1] for match in map(_CLASSIFIER.match, diff.added) if match}
    gone = sorted(before - after, key=_numbers)
    return gone[-1] if gone else ""


def _is_older(one: str, other: str) -> bool:
    for left, right in zip_longest(_numbers(one), _numbers(other), fillvalue=0):
        if left != right:
            return left < right
    return False


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d{1,9}", version)]
