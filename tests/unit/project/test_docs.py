"""The docs say what the code does: every setting, verb, route and metric is in them, and their links lead somewhere."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import click
import pytest
import typer
from aiohttp import web

from newsletter.cli.program import program
from newsletter.metrics import REGISTRY
from newsletter.settings import SERVING, Settings, load_settings, setting_names
from newsletter.web.archive.routes import archive_routes
from newsletter.web.routes import admin_routes, create_web_app

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "docs" / "reference"
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def rows(page: str) -> dict[str, list[str]]:
    """Return the tables' rows by what their first cell has between backticks."""
    found = {}
    for line in (REFERENCE / page).read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if match := re.match(r"`([^`]+)`", cells[0]):
            found[match.group(1)] = cells
    return found


def leaf_verbs(command: object, path: tuple[str, ...] = ()) -> set[str]:
    subcommands = getattr(command, "commands", None)
    if subcommands is None:
        return {" ".join(path)}
    return {verb for name, inner in subcommands.items() for verb in leaf_verbs(inner, (*path, name))}


@pytest.mark.parametrize("name", list(setting_names()))
def test_a_setting_is_documented(name: str) -> None:
    assert name in rows("settings.md")


def test_no_setting_is_documented_that_does_not_exist() -> None:
    assert set(rows("settings.md")) <= set(setting_names())


def test_the_documented_defaults_are_the_real_ones() -> None:
    settings = load_settings(environment={})
    documented = {name: cells[1].strip("`") for name, cells in rows("settings.md").items()}
    for name in setting_names():
        value: object = settings
        for part in name.lower().split("__"):
            value = getattr(value, "from_" if part == "from" else part)
        if value is None:
            assert documented[name] == "–" or documented[name].startswith("required"), name
        elif name == "LISTEN":
            assert documented[name] == f"{settings.listen.host}:{settings.listen.port}"
        elif name == "SEND_AT":
            assert documented[name] == settings.send_at.isoformat("minutes")
        else:
            assert documented[name] == f"{getattr(value, 'value', value)}", name


def test_every_verb_is_documented_and_no_other() -> None:
    verbs = leaf_verbs(typer.main.get_command(program))
    documented = {re.match(r"[a-z ]+", name).group().strip() for name in rows("verbs.md")}  # type: ignore[union-attr]
    assert documented == verbs


@pytest.mark.parametrize("verb", sorted(leaf_verbs(typer.main.get_command(program))))
def test_a_verb_explains_itself(verb: str) -> None:
    command: object = typer.main.get_command(program)
    for name in verb.split():
        command = command.commands[name]  # type: ignore[attr-defined]
    assert getattr(command, "help", None)
    assert isinstance(command, click.Command) or hasattr(command, "params")


def called(page: Path) -> list[list[str]]:
    """Return the calls of the program in a page's console blocks, from the first option or verb on."""
    blocks = re.findall(r"^ *```console\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    starts = ("newsletter ", "docker exec newsletter newsletter ")
    return [
        shlex.split(line.removeprefix(start).replace("$day", "2026-01-20"), comments=True)
        for line in lines
        for start in starts
        if line.startswith(start)
    ]


@pytest.mark.parametrize(
    "words",
    [pytest.param(words, id=f"{page.name}: {' '.join(words)}") for page in PAGES for words in called(page)],
)
def test_a_call_that_the_docs_show_is_a_right_call(words: list[str]) -> None:
    command: object = typer.main.get_command(program)
    while subcommands := getattr(command, "commands", None):
        command = subcommands[words[0]]
        words = words[1:]
    # Reads the words as a call would, and runs nothing.
    command.make_context("newsletter", words)  # type: ignore[attr-defined]


def written(page: Path, name: str) -> list[str]:
    """Return what a page's shell commands write into files of a name, with a secret for each that the shell makes."""
    text = page.read_text(encoding="utf-8")
    files = re.findall(rf"^ *cat > \S*{re.escape(name)} <<END\n(.*?)^ *END$", text, re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(file).replace("$(openssl rand -hex 32)", "5" * 64) for file in files]


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs" / "how-to" / "run.md"], ids=lambda page: page.name)
def test_the_settings_file_that_the_docs_write_is_all_that_serving_needs(page: Path, tmp_path: Path) -> None:
    (file,) = written(page, "newsletter.toml")
    (tmp_path / "newsletter.toml").write_text(file, encoding="utf-8")
    settings = load_settings(tmp_path / "newsletter.toml", environment={}, required=SERVING)
    assert settings.smtp.host


def test_the_variables_that_the_docs_write_for_docker_are_all_that_serving_needs() -> None:
    (file,) = written(ROOT / "docs" / "how-to" / "run.md", "newsletter.env")
    # Docker takes each line as it stands.
    environment = dict(line.split("=", 1) for line in file.splitlines())
    settings = load_settings(environment=environment, required=SERVING)
    assert settings.mail.from_ is not None
    assert settings.mail.from_.name == "Our digest"


def test_every_route_is_documented_and_no_other(routes: set[str]) -> None:
    documented = {name for name in rows("routes.md") if re.match(r"(GET|POST) ", name)}
    assert documented == routes


def test_every_metric_is_documented() -> None:
    documented = set(rows("routes.md"))
    names = {f"{metric.name}_total" for metric in REGISTRY.collect() if metric.type == "counter"}
    assert names
    assert names <= documented


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), target


@pytest.fixture
def routes() -> set[str]:
    class Anything:
        def __getattr__(self, name: str) -> object:
            async def handler(_: web.Request) -> web.Response:
                return web.Response()

            return handler

    anything = Anything()
    app = create_web_app(
        webhook=anything,  # type: ignore[arg-type]
        readers=anything,  # type: ignore[arg-type]
        service=anything,  # type: ignore[arg-type]
        static=ROOT / "templates" / "web",
        archive=archive_routes(anything),  # type: ignore[arg-type]
        admin=admin_routes(gate=anything, entrance=anything, overview=anything, connect=anything),  # type: ignore[arg-type]
    )
    return {
        f"{route.method} {route.resource.canonical}"
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def test_the_settings_table_of_the_readme_has_the_real_names() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("## Settings") : text.index("## Where the docs are")]
    names = set(re.findall(r"`([A-Z][A-Z_]+)`", table)) - {"NEWSLETTER_", "UTC"}
    assert names
    assert names <= set(setting_names())
    assert isinstance(load_settings(environment={}), Settings)
