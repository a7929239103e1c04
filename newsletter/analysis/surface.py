"""What operators and scripts use, in patches: options, settings of the environment, HTTP routes, defaults. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from newsletter.analysis.diffs import Diff, lines_with
from newsletter.analysis.paths import Role
from newsletter.analysis.prose import plain

#: A command-line option where it is defined: argparse, click, commander, yargs, clap, pflag, picocli, Symfony, .NET.
_OPTION = re.compile(
    r"(?:add_argument|\boption|\bOption|\bflag|\bFlag|\.long|@Parameter|names ?=|StringVar|BoolVar|IntVar"
    r"|DurationVar|opts\.on)\b"
    r".{0,80}?[\"'](?:-\w(?:, ?| ?\|)|\w\|)?(--[a-z][a-z0-9-]{1,40})"
    r"|^\s*[\"'](?:-\w[\"'], [\"'])?(--[a-z][a-z0-9-]{1,40})[\"'],\s*$"
    # Without the dashes: clap's long, Go's flag and pflag, Symfony's InputOption.
    r"|(?:\blong ?= ?|\.long\(|(?:flag|flags|fs|Flags\(\)|PersistentFlags\(\))\.(?:String|Bool|Int|Duration|Uint"
    r"|Float64)\w{0,8}\((?:&[\w.]{1,60}, )?"
    r"|new InputOption\()[\"']([a-z][a-z0-9-]{2,40})[\"']"
)
_ENVIRONMENT = re.compile(
    r"(?:environ(?:\.get)?[\[(]|[gG]etenv\(|LookupEnv\(|process\.env\.|import\.meta\.env\.|Deno\.env\.get\("
    r"|System\.get_env\("
    r"|System\.fetch_env!\(|env::var\(|ENV(?:\.fetch\(|\[)|GetEnvironmentVariable\(|env\()[\"']?([A-Z][A-Z0-9_]{3,60})"
)
_PATH = r"(/[\w/{}:<>.*?+$-]{1,80})"
#: HTTP routes where they are declared, by framework.
_ROUTE = re.compile(
    # Flask, FastAPI, Sanic; Express, Fastify, Hono, Koa; Gin, Echo, chi
    rf"(?:@?\b(?:app|router|api|bp|blueprint|server|route[rs]?|r|e|g|mux|group|http)\.(?:get|post|put|delete|patch"
    rf"|route|all|any|GET|POST"
    rf"|PUT|DELETE|PATCH|Get|Post|Put|Delete|Patch|Handle|HandleFunc|add_(?:get|post|put|delete"
    rf"|route))\((?:[\"'][A-Z]{{3,7}}[\"'], )?"
    # Spring, JAX-RS, ASP.NET, Symfony
    rf"|@(?:Get|Post|Put|Delete|Patch|Request)Mapping\((?:(?:value|path) ?= ?)?|@Path\(|\[(?:Http(?:Get|Post|Put"
    rf"|Delete|Patch)|Route)\("
    rf"|\.Map(?:Get|Post|Put|Delete)\(|#\[Route\(|@Route\("
    # Laravel; aiohttp's table; axum, actix
    rf"|Route::(?:get|post|put|delete|patch|any)\(|web\.(?:get|post|put|delete|patch)\(|\.route\(|#\[(?:get|post|put"
    rf"|delete|patch)\()"
    rf"[\"']{_PATH}[\"']"
    # Rails, Phoenix, Sinatra
    rf"|^\s*(?:get|post|put|patch|delete|live|resources) [\"']{_PATH}[\"']"
    # Django
    r"|^\s*(?:re_)?path\(r?[\"']\^?([\w/:<>-]{1,80})\$?[\"']"
)
#: A default where an option, a parameter or a setting is declared.
_DEFAULT = re.compile(
    r"(?:\bdefault(?:_value|Value)?[\"']?\s?(?:=(?![=>])|=>)|(?<=[\w\"',{(] )[\"']?default(?:_value"
    r"|Value)?[\"']?:)\s?[^,;)}|]{1,60}"
)


#: Without one of these no line matches.
_OF_OPTIONS = ("--", "long", "lag", "fs.", "InputOption")
_OF_SETTINGS = ("env", "ENV", "Env")
_OF_ROUTES = ("'/", '"/', "path(")
_OF_DEFAULTS = ("default",)


@dataclass(frozen=True, kw_only=True)
class Surface:
    """What operators and scripts meet, each once, in the order of the files."""

    added_options: tuple[str, ...] = ()
    removed_options: tuple[str, ...] = ()
    added_settings: tuple[str, ...] = ()
    removed_settings: tuple[str, ...] = ()
    added_routes: tuple[str, ...] = ()
    removed_routes: tuple[str, ...] = ()
    #: Lines that say a default, and said another before.
    changed_defaults: tuple[str, ...] = ()


def read_surface(diffs: Iterable[Diff]) -> Surface:
    """Compare what the removed lines of a change declare with what its added ones do."""
    product = [diff for diff in diffs if diff.role in {Role.SOURCE, Role.BUILD, Role.CONFIGURATION}]
    added = [diff.added for diff in product]
    removed = [diff.removed for diff in product]
    options, options_gone = _options(added), _options(removed)
    settings, settings_gone = _found(_ENVIRONMENT, added, _OF_SETTINGS), _found(_ENVIRONMENT, removed, _OF_SETTINGS)
    routes, routes_gone = _found(_ROUTE, added, _OF_ROUTES), _found(_ROUTE, removed, _OF_ROUTES)
    source = [diff for diff in product if diff.role is Role.SOURCE]
    return Surface(
        added_options=_without(options, options_gone),
        removed_options=_without(options_gone, options),
        added_settings=_without(settings, settings_gone),
        removed_settings=_without(settings_gone, settings),
        added_routes=_without(routes, routes_gone),
        removed_routes=_without(routes_gone, routes),
        changed_defaults=tuple(dict.fromkeys(line for diff in source for line in _defaults(diff))),
    )


def _without(names: dict[str, None], others: dict[str, None]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in others)


def _found(pattern: re.Pattern[str], blocks: Iterable[Sequence[str]], words: tuple[str, ...]) -> dict[str, None]:
    matches = (match for lines in blocks for line in lines_with(lines, words) for match in pattern.finditer(line))
    return dict.fromkeys(next(group for group in match.groups() if group) for match in matches)


def _options(blocks: Iterable[Sequence[str]]) -> dict[str, None]:
    return dict.fromkeys(f"--{name.removeprefix('--')}" for name in _found(_OPTION, blocks, _OF_OPTIONS))


def _defaults(diff: Diff) -> Iterator[str]:
    """Yield the added lines that are removed ones but for the default they say."""
    said = [line for line in lines_with(diff.removed, _OF_DEFAULTS) if _DEFAULT.search(line)]
    before = {_DEFAULT.sub("default", line, count=1).strip(): line for line in said}
    if not before:
        return
    for line in lines_with(diff.added, _OF_DEFAULTS):
        old = before.get(_DEFAULT.sub("default", line, count=1).strip()) if _DEFAULT.search(line) else None
        if old is not None and "".join(old.split()).replace("'", '"') != "".join(line.split()).replace("'", '"'):
            yield plain(line)
