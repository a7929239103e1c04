"""``newsletter repositories``: which repositories are followed."""

from __future__ import annotations

from typing import Annotated

import typer

from newsletter.cli.session import print_list, run, service_for
from newsletter.errors import InputError, NewsletterError
from newsletter.github.client import GitHubClient, GitHubError, NotOnGitHub
from newsletter.github.payload import is_full_name
from newsletter.github.record import Repository
from newsletter.store import repositories

program = typer.Typer(no_args_is_help=True, help="Which repositories are followed.")


@program.command()
def add(
    context: typer.Context,
    full_name: Annotated[str, typer.Argument(metavar="OWNER/NAME")],
    check: Annotated[
        bool, typer.Option("--check/--no-check", help="Ask GitHub about the repository; else its first push tells.")
    ] = True,
) -> None:
    """Follow a repository: from now on its pushes are taken."""
    if not is_full_name(full_name):
        raise InputError(f"expected OWNER/NAME, for example python/cpython; got {full_name!r}")

    async def work() -> tuple[repositories.FollowedRepository, bool]:
        async with service_for(context) as service:
            known = await _ask(service.github, full_name) if check else None
            async with service.store.write() as transaction:
                return await repositories.add(transaction.connection, full_name, known=known, now=service.clock())

    repository, new = run(work())
    kind = "private" if repository.private else "public"
    if repository.github_id is None:
        kind = "treated as private until its first push says otherwise"
    typer.echo(f"{'Following' if new else 'Already following'} {repository.full_name} ({kind}).")


async def _ask(github: GitHubClient, full_name: str) -> Repository | None:
    try:
        return await github.repository(full_name)
    except NotOnGitHub as error:
        raise NewsletterError(
            f"GitHub knows no repository {full_name}, or not for this token (NEWSLETTER_GITHUB__TOKEN); "
            "to follow it all the same: --no-check"
        ) from error
    except GitHubError as error:
        typer.echo(f"GitHub could not be asked ({error}); the first push will complete what is known.", err=True)
        return None


@program.command("list")
def listing(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """Show the repositories that are followed."""

    async def work() -> tuple[repositories.FollowedRepository, ...]:
        async with service_for(context) as service, service.store.read() as connection:
            return await repositories.everything(connection)

    rows = [
        {
            "repository": repository.full_name,
            "private": repository.private,
            "default_branch": repository.default_branch,
            "added": repository.added_at.isoformat(timespec="seconds"),
        }
        for repository in run(work())
    ]
    print_list(rows, as_json=as_json, empty="No repository is followed yet: newsletter repositories add OWNER/NAME")
