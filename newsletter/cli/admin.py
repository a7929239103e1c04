"""``newsletter admin``: the operator's password."""

from __future__ import annotations

import sys

import typer
from argon2 import PasswordHasher

from newsletter.errors import InputError

program = typer.Typer(no_args_is_help=True, help="The operator's pages.")

#: Characters. NIST SP 800-63B-4, section 3.1.1.2, asks for 15 where a password is all there is.
SHORTEST_PASSWORD = 15


@program.callback()
def group() -> None:
    """Keep the verb in its group, alone as it is."""


@program.command("hash")
def make_hash() -> None:
    """Ask for a password and print its hash, for NEWSLETTER_ADMIN__PASSWORD_HASH.

    Where standard input is no terminal, the password is its first line.
    """
    password = _asked() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if len(password) < SHORTEST_PASSWORD:
        raise InputError(f"expected a password of at least {SHORTEST_PASSWORD} characters")
    typer.echo(PasswordHasher().hash(password))


def _asked() -> str:
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
