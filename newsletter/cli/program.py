"""The program: its verbs, its options before the verb, and its exit codes (0 done, 1 failed, 2 wrong call)."""

from __future__ import annotations

import errno
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from newsletter import logs
from newsletter.cli import (
    admin,
    deliveries,
    digests,
    export,
    inbound,
    migrate,
    replay,
    repositories,
    serve,
    suppressed,
    usage,
    work,
)
from newsletter.cli import demo as demo_verb
from newsletter.cli import evaluate as eval_verb
from newsletter.cli import subscribers as subscribers_verb
from newsletter.cli.session import Options
from newsletter.errors import InputError, NewsletterError, SettingsError
from subscribers import AddressError

program = typer.Typer(
    name="newsletter",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback of typer's own would print local variables, secrets among them.
    pretty_exceptions_enable=False,
    help="A self-hosted e-mail newsletter for GitHub repositories: one digest a day, at the importance each reader "
    "chose. Settings come from NEWSLETTER_… variables and newsletter.toml.",
)
for verb in (serve, work, migrate, demo_verb, replay, eval_verb, usage):
    verb.add_to(program)
program.add_typer(repositories.program, name="repositories")
subscribers_verb.program.add_typer(suppressed.program, name="suppressed")
program.add_typer(subscribers_verb.program, name="subscribers")
export.add_to(digests.program)
program.add_typer(digests.program, name="digests")
program.add_typer(deliveries.program, name="deliveries")
program.add_typer(admin.program, name="admin")
program.add_typer(inbound.program, name="inbound")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsletter {version('newsletter')}")
        raise typer.Exit


@program.callback()
def options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings file instead of ./newsletter.toml.", show_default=False)
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before the verb."""
    logs.configure(verbose=verbose)
    context.obj = Options(config=config)


def main() -> None:
    """Run the program and end the process with its exit code."""
    try:
        program()
    except (InputError, SettingsError, AddressError) as error:
        _complain(error)
        sys.exit(2)
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        _complain("the port is taken by another program; choose another one" if taken else error)
        sys.exit(1)
    except NewsletterError as error:
        _complain(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _complain(error: Exception | str) -> None:
    Console(stderr=True, highlight=False).print(f"newsletter: {error}", markup=False, soft_wrap=True)
