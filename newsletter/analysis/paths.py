"""What a path is, and which areas of a project a change touches. Pure.

The patterns of generated and vendored files follow GitHub's own list (github-linguist, ``vendor.yml`` and
``generated.rb``); the other ones are the habits of well-known build tools.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from newsletter.analysis.prose import plain
from newsletter.github.record import FileChange


class Role(StrEnum):
    """What a file is for, from its path alone."""

    LOCK = "lock"
    VENDORED = "vendored"
    MINIFIED = "minified"
    SNAPSHOT = "snapshot"
    GENERATED = "generated"
    CI = "ci"
    TEST = "test"
    TRANSLATION = "translation"
    CHANGELOG = "changelog"
    DOCS = "docs"
    MIGRATION = "migration"
    TOOLING = "tooling"
    BUILD = "build"
    CONFIGURATION = "configuration"
    EXAMPLE = "example"
    ASSET = "asset"
    STYLESHEET = "stylesheet"
    SOURCE = "source"


#: Made by a program: nobody reads the change itself.
MACHINE_MADE = frozenset({Role.LOCK, Role.VENDORED, Role.MINIFIED, Role.SNAPSHOT, Role.GENERATED})
#: Seen by those who work on the project, never by those who use it.
FOR_DEVELOPERS = frozenset({Role.CI, Role.TEST, Role.TOOLING, Role.SNAPSHOT})
#: Prose for people.
FOR_READING = frozenset({Role.DOCS, Role.CHANGELOG, Role.EXAMPLE, Role.ASSET})
#: What a user of the project runs, installs or configures.
SHIPPED = frozenset({Role.SOURCE, Role.STYLESHEET, Role.MIGRATION, Role.CONFIGURATION, Role.BUILD})

_MAX_PATH_CHARACTERS = 1000
_MAX_AREAS = 5
_MAX_AREA_CHARACTERS = 60
_MAX_AREA_PARTS = 3
#: One file never outweighs all the others by its lines alone.
_MAX_LINES_COUNTED = 300

#: First match wins; the patterns are searched in the lower-cased path.
_RULES: tuple[tuple[Role, re.Pattern[str]], ...] = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (
            Role.LOCK,
            r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|go\.sum"
            r"|mix\.lock"
            r"|cargo\.lock|poetry\.lock|pdm\.lock|uv\.lock|pipfile\.lock|gemfile\.lock|composer\.lock|flake\.lock"
            r"|pubspec\.lock|podfile\.lock|package\.resolved|packages\.lock\.json|gradle\.lockfile|deno\.lock"
            r"|verification-metadata\.xml|[^/]*constraints[^/]*\.txt)$",
        ),
        (
            Role.VENDORED,
            r"(?:^|/)(?:vendor(?:ed)?|_vendor|node_modules|third[-_]?party|3rdparty|bower_components|pods)/",
        ),
        (Role.MINIFIED, r"[.-]min\.(?:js|css|mjs)$|\.(?:js|css)\.map$|\.bundle\.js$"),
        (Role.SNAPSHOT, r"\.snap$|(?:^|/)(?:__snapshots__|snapshots|cassettes)/"),
        (
            Role.GENERATED,
            r"\.pb\.(?:go|cc|h|ts|dart)$|_pb2(?:_grpc)?\.pyi?$|_pb\.(?:js|d\.ts)$|[._]generated\.\w+$|\.g\.(?:dart|cs)$"
            r"|\.designer\.cs$|_gen\.go$|zz_generated[^/]*$"
            r"|(?:^|/)(?:[a-z]+[_-])?(?:dist|generated|__generated__)/",
        ),
        (
            Role.CI,
            r"^\.(?:github|circleci|buildkite|gitlab|travis|ci|azure-pipelines|woodpecker|semaphore|teamcity)/"
            r"|(?:^|/)\.gitlab-ci[^/]*$|(?:^|/)(?:\.travis|\.cirrus|bitbucket-pipelines|cloudbuild)\.ya?ml$"
            r"|^azure-pipelines[^/]*$|^\.?appveyor\.ya?ml$|^jenkinsfile|^\.drone\.|^\.?codecov\.ya?ml$"
            r"|^tox\.ini$|^noxfile\.py$|^\.?renovate[^/]*\.json5?$|^\.coveragerc$|^ci/|(?:^|/)travis[-_][^/]+$",
        ),
        (
            Role.TEST,
            r"(?:^|/)(?:(?:[\w.-]*[_.-])?(?:tests?|testing|benchmarks?)|__tests__|specs?|e2e|[^/]*tests?_e2e|testdata"
            r"|(?:android|jvm|common|unit|integration|native|js|ui|functional)tests?|fixtures|bench(?:es)?"
            r"|fuzz(?:ing)?)/"
            r"|(?:^|/)(?:test_(?!utils?\.)[^/]+|[^/]+[_.-](?:test|tests|spec|e2e|bench)|tests?|conftest"
            r"|spec_helper)\.\w+$"
            r"|(?<!la)(?<!con)(?<!at)tests?\.(?:java|kt|kts|cs|php|swift|scala|groovy)$|spec\.(?:scala|groovy|js|ts)$"
            r"|^(?:pytest\.ini|(?:jest|vitest|karma|playwright|cypress)\.config\.\w+|phpunit\.xml|karma\.conf\.js)",
        ),
        (
            Role.TRANSLATION,
            r"(?:^|/)(?:locales?|i18n|l10n|intl|translations?|langs?|languages?|locali[sz]ations?)/.+"
            r"\.(?:json|po|pot|ya?ml|properties|ftl|xlf|xliff|strings|mo|arb|resx|php|ts)$"
            r"|\.(?:po|pot|ftl|xlf|xliff|arb)$|\.[a-z]{2}(?:-[a-z]{2,4})?\.resx$|\.lproj/"
            r"|/values-[a-z]{2}[^/]*/strings\.xml$",
        ),
        (
            Role.CHANGELOG,
            r"(?:^|/)(?:[\w]+[-_])?(?:changelog|changes|history|news|release[-_]?notes|contributors|authors|thanks"
            r"|backers|sponsors|credits)(?:[\w.-]*\.(?:md|rst|txt|adoc|html|markdown))?$"
            r"|(?:^|/)(?:changes|changelog\.d|newsfragments|changelogs?|\.changes?|\.changeset)/[^/]+$",
        ),
        (
            Role.DOCS,
            r"(?:^|/)(?:docs?|documentation|manual|man|wiki|guides?|website|book|adrs?|rfcs?)/"
            r"|\.(?:md|mdx|rst|adoc|ipynb|markdown|textile|rdoc|pod)$"
            r"|(?:^|/)(?:readme|contributing|licen[sc]e|copying|notice|code_of_conduct|security|upgrad(?:e|ing)"
            r"|install)"
            r"(?:\.txt)?$|(?:^|/)\.readthedocs\.ya?ml$|(?:^|/)mkdocs\.ya?ml$",
        ),
        (
            Role.MIGRATION,
            r"(?:^|/)(?:[a-z_]*migrations?|alembic|db/migrate)/|(?:^|/)(?:schema\.(?:sql|rb|prisma)|structure\.sql)$",
        ),
        (
            Role.TOOLING,
            r"(?:^|/)\.(?:pre-commit|editorconfig|git[a-z-]+|prettier|eslint|stylelint|flake8|pylintrc|mailmap|golangci"
            r"|rubocop|clang-(?:format|tidy)|swiftlint|php-cs-fixer|php_cs|credo|formatter|jshint|jscs|nycrc"
            r"|markdownlint"
            r"|typos|codespell|yamllint|hadolint|dockerignore|npmignore|nvmrc|tool-versions|python-version)[^/]*$"
            r"|(?:^|/)\.(?:devcontainer|vscode|idea|husky)/|^(?:makefile|justfile|taskfile[^/]*|codeowners|mypy\.ini"
            r"|\.?ruff\.toml|pyrightconfig\.json|rustfmt\.toml|clippy\.toml|deny\.toml|phpstan[^/]*|psalm\.xml"
            r"|biome\.json"
            r"|tslint\.json|eslint\.config\.\w+|lefthook\.yml|guardfile)$|^(?:scripts?|tools|hack)/"
            r"|(?:^|/)requirements[-_/](?:dev|test|lint|docs?|ci)[^/]*$|(?:^|/)dev[-_]requirements[^/]*$",
        ),
        (
            Role.BUILD,
            r"(?:^|/)(?:setup\.py|setup\.cfg|pyproject\.toml|package\.json|go\.(?:mod|work)|cargo\.toml|mix\.exs"
            r"|gemfile"
            r"|pom\.xml|(?:build|settings)\.gradle(?:\.kts)?|gradle\.properties|libs\.versions\.toml|build\.sbt"
            r"|rakefile"
            r"|cmakelists\.txt|meson\.build|configure\.(?:ac|in)|composer\.json|manifest\.in|procfile|package\.swift"
            r"|build\.(?:rs|zig)|pubspec\.yaml|(?:jsr|deno)\.jsonc?|makefile|[^/]*dockerfile[^/]*"
            r"|(?:docker-)?compose[^/]*\.ya?ml"
            r"|\.?goreleaser[^/]*|snapcraft\.yaml|requirements[^/]*\.txt|flake\.nix|default\.nix|build(?:\.bazel)?"
            r"|workspace"
            r"|webpack[^/]*\.js|vite\.config\.\w+|rollup[^/]*\.js|gruntfile\.js|gulpfile\.js|app\.json"
            r"|tsconfig[^/]*\.json)$"
            r"|\.(?:csproj|fsproj|vbproj|vcxproj|sln|props|targets|gemspec|podspec|cabal|cmake|nuspec|rockspec)$"
            r"|(?:^|/)requirements/[^/]+$|(?:^|/)(?:charts?|helm|k8s|kubernetes|deploy(?:ment)?|packaging|debian"
            r"|docker)/",
        ),
        (
            Role.CONFIGURATION,
            r"\.(?:sample|example|dist|template)$|(?:^|/)\.?(?:config|settings|conf)[^/]*\.(?:toml|ya?ml|ini|json"
            r"|exs|conf)$"
            r"|(?:^|/)\.env[^/]*$|(?:^|/)[\w-]+\.conf$|(?:^|/)appsettings[^/]*\.json$|(?:^"
            r"|/)application[^/]*\.(?:properties|ya?ml)$",
        ),
        (Role.EXAMPLE, r"(?:^|/)(?:examples?|samples?|demos?|tutorials?|[^/]+_demo)/"),
        (Role.ASSET, r"\.(?:png|jpe?g|gif|svg|ico|webp|woff2?|ttf|eot|mp4|pdf)$"),
        (Role.STYLESHEET, r"\.(?:css|scss|sass|less|styl)$"),
    )
)


@lru_cache(maxsize=20_000)
def role_of(path: str) -> Role:
    """Say what a file is for. Case does not matter; an unknown path is source."""
    lowered = path[:_MAX_PATH_CHARACTERS].replace("\\", "/").lower()
    return next((role for role, pattern in _RULES if pattern.search(lowered)), Role.SOURCE)


#: How much a line of such a file says about where the change really is; what is missing says nothing.
_AREA_WEIGHT = {
    Role.SOURCE: 1.0,
    Role.MIGRATION: 1.0,
    Role.CONFIGURATION: 0.8,
    Role.BUILD: 0.6,
    Role.STYLESHEET: 0.5,
    Role.CI: 0.3,
    Role.DOCS: 0.2,
    Role.TEST: 0.1,
}

#: Directories that only say "code is here".
_GENERIC = frozenset({"src", "lib", "python", "pkg", "packages", "source", "app", "apps", "crates"})
#: Named by the directory that makes them what they are, however deep the file lies below it.
_NAMED_BY_MARKER = re.compile(
    r"^(?:.*?/)?(?:tests?|__tests__|specs?|e2e|docs?|documentation|locales?|i18n|translations?|migrations?"
    r"|vendor|third_party|node_modules|\.github/workflows|\.github)(?=/)",
    re.IGNORECASE,
)


def areas(files: Sequence[FileChange]) -> tuple[str, ...]:
    """Return the affected areas, most important first: at most five directories or modules, as they are on disk."""
    modules: defaultdict[str, float] = defaultdict(float)
    directories: defaultdict[str, float] = defaultdict(float)
    # Changelogs, locks and the like are named only where nothing else changed.
    telling = [file for file in files if role_of(file.path) in _AREA_WEIGHT]
    for file in telling or files:
        role = role_of(file.path)
        lines = min(file.additions + file.deletions, _MAX_LINES_COUNTED)
        weight = _AREA_WEIGHT.get(role, 0.1) * (1 + lines)
        path = plain(file.path[:_MAX_PATH_CHARACTERS]).replace("`", "")
        modules[_module(path, role)] += weight
        directories[_directory(path, role)] += weight
    # Many modules of few directories read best as directories.
    chosen = directories if len(modules) > _MAX_AREAS else modules
    return tuple(sorted(filter(None, chosen), key=lambda name: (-chosen[name], name)))[:_MAX_AREAS]


def _module(path: str, role: Role) -> str:
    """Return the module a file is: its path without suffix, or the folder of tests, docs and the like."""
    folder = _NAMED_BY_MARKER.match(path)
    if folder:
        return _readable(folder[0])
    stem = re.sub(r"(?<=[^/.])\.\w{1,10}$", "", path) if role is Role.SOURCE else path
    return _readable(stem.removesuffix("/__init__").removesuffix("/index"))


def _directory(path: str, role: Role) -> str:
    """Return the directory of a file; a file at the top stands for itself."""
    folder = _NAMED_BY_MARKER.match(path)
    if folder:
        return _readable(folder[0])
    parent, slash, _ = path.rpartition("/")
    return _readable(parent) if slash else _module(path, role)


def _readable(path: str) -> str:
    """Shorten a path to at most three telling parts, from its end, and to 60 characters."""
    parts = [part for part in path.split("/") if part]
    while len(parts) > 1 and parts[0].lower() in _GENERIC:
        parts.pop(0)
    parts = parts[-_MAX_AREA_PARTS:]
    while len(parts) > 1 and len("/".join(parts)) > _MAX_AREA_CHARACTERS:
        parts.pop(0)
    name = "/".join(parts)
    return name if len(name) <= _MAX_AREA_CHARACTERS else ""
