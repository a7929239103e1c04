"""``newsletter inbound``: what comes back by mail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from newsletter.inbound.classify import classify as classify_mail
from newsletter.inbound.segments import LONGEST_MAIL

program = typer.Typer(no_args_is_help=True, help="What comes back by mail: bounces, complaints, commands.")


@program.callback()
def group() -> None:
    """Keep the verbs below under a name of their own, however few there are."""


@program.command()
def classify(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", exists=True, readable=True, help="A stored mail, or a folder of them."),
    ],
) -> None:
    """Print what the service makes of stored mails: one JSON object a line."""
    for path in (found for given in files for found in _mails(given)):
        verdict = classify_mail(_opening(path))
        line = {
            "file": str(path),
            "kind": verdict.kind.value,
            "permanent": verdict.permanent,
            "recipients": list(verdict.recipients),
            "status": verdict.status,
            "command": verdict.command,
        }
        # ASCII: a mail may hold what no terminal can print.
        typer.echo(json.dumps(line))


def _mails(path: Path) -> Iterator[Path]:
    """Yield a file itself, or the files of a folder and of those in it, such as cur/ and new/ of a maildir."""
    if not path.is_dir():
        yield path
        return
    yield from sorted(entry for entry in path.rglob("*") if entry.is_file())


def _opening(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_MAIL)
    except OSError:
        # Nothing is known of it, which is a verdict as well.
        return b""
