"""What GitHub says of repositories and commits, asked for with the authorisation that each repository came with.

Names and shas are checked before they become part of a URL. Only repositories and the heads of branches are asked for
under their ETag: they are small, and asked for again and again, and an answer "304 Not Modified" is not counted
against the limit.

https://docs.github.com/en/rest/commits/commits
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from newsletter.github import answers
from newsletter.github.app import GitHubApp
from newsletter.github.bounded import LARGEST_ANSWER
from newsletter.github.channel import PAUSES, Channel, Server
from newsletter.github.credentials import AppCredentials, PresentCredentials
from newsletter.github.faults import GitHubUnavailable, NotOnGitHub
from newsletter.github.files import RepositoryFiles
from newsletter.github.grants import FixedToken
from newsletter.github.limit import Outage
from newsletter.github.payload import is_sha, repository_path
from newsletter.github.reading import entries, read
from newsletter.github.record import CommitDetail, Comparison, ListedCommit, Movement, PullRequest, Repository

TIMEOUT = aiohttp.ClientTimeout(total=60, connect=10, sock_read=30)

#: Files of a commit come so many a page.
FILES_PER_PAGE = 300
#: Everything else that is listed comes at most so many a page.
PER_PAGE = 100
#: Longer comparisons are cut off: about ten thousand commits.
MOST_PAGES = 100

#: The installation through which a repository is read, by its name; None = there is none.
InstallationOf = Callable[[str], Awaitable[int | None]]


async def _no_app() -> AppCredentials | None:
    return None


async def _by_token(_: str) -> int | None:
    return None


class GitHubClient:
    """Reads repositories and commits.

    Every method raises :class:`NotOnGitHub` where GitHub has no such thing (or not for this token), and
    :class:`GitHubError`'s other subclasses where it cannot be asked.

    :param session: shared by all requests; not closed here.
    :param api_url: without a slash at the end.
    :param token: for repositories that came through no installation; None = anonymously.
    :param credentials: the App's at this moment.
    :param installation_of: says through which installation a repository is read.
    :param recovered: called when GitHub answers again after an outage.
    :param clock: seconds that only grow.
    :param now: gives the present time, aware.
    :param pauses: before each further attempt at a request that failed fast, seconds.
    :param largest_answer: bytes.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        api_url: str,
        token: str | None = None,
        credentials: PresentCredentials = _no_app,
        installation_of: InstallationOf = _by_token,
        recovered: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        pauses: Sequence[float] = PAUSES,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        server = Server(
            session=session,
            api_url=api_url,
            outage=Outage(recovered, clock),
            clock=clock,
            pauses=tuple(pauses),
            largest_answer=largest_answer,
        )
        #: The App itself.
        self.app = GitHubApp(server, credentials=credentials, clock=now)
        self._by_token = Channel(server, FixedToken(token=token))
        self._installation_of = installation_of

    async def repository(self, full_name: str) -> Repository:
        """Return what ``GET /repos/{owner}/{repo}`` says; where nothing changed, that costs nothing of the limit."""
        data = await self._get(full_name, cached=True)
        return read(answers.repository, data, "repository")

    async def commit(self, full_name: str, sha: str) -> CommitDetail:
        """Return a commit's parents, files and patches, all pages of them."""
        path = f"/commits/{_checked(sha)}"
        first = await self._get(full_name, path)
        try:
            files = list(first.get("files") or ())
            page = 1
            while files and len(files) == page * FILES_PER_PAGE < answers.MOST_FILES:
                page += 1
                files += (await self._get(full_name, f"{path}?page={page}")).get("files") or ()
            return answers.commit_detail(sha, first, files)
        except answers.MALFORMED as error:
            raise GitHubUnavailable("GitHub's answer about the commit is incomplete") from error

    async def pull_request(self, full_name: str, number: int) -> PullRequest:
        """Return a pull request's title, description and labels.

        https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request
        """
        data = await self._get(full_name, f"/pulls/{number:d}")
        return read(answers.pull_request, data, "pull request")

    async def head(self, full_name: str, branch: str) -> str:
        """Return the commit that a branch points at; where nothing moved, that costs nothing of the limit."""
        path = f"/branches/{quote(branch, safe='')}"
        return read(answers.head, await self._get(full_name, path, cached=True), "branch")

    async def branches(self, full_name: str) -> tuple[str, ...]:
        """Return the names of a repository's branches, all pages of them."""
        names: list[str] = []
        for page in range(1, MOST_PAGES + 1):
            path = f"/branches?per_page={PER_PAGE}&page={page}"
            found = read(_names, await self._get(full_name, path), "branches")
            names += found
            if len(found) < PER_PAGE:
                break
        return tuple(names)

    async def compare(self, full_name: str, base: str, head: str) -> Comparison:
        """Return what is reachable from one commit and not from another, oldest first, all pages of it.

        https://docs.github.com/en/rest/commits/commits#compare-two-commits
        """
        path = f"/compare/{_checked(base)}...{_checked(head)}"
        found: dict[str, ListedCommit] = {}
        for page in range(1, MOST_PAGES + 1):
            data = await self._get(full_name, f"{path}?per_page={PER_PAGE}&page={page}")
            before = len(found)
            entries = read(_listed_commits, read(_commits_of, data, "comparison"), "comparison")
            found |= {listed.sha: listed for listed in entries if listed.sha not in found}
            total = read(_total, data, "comparison")
            if not entries and len(found) < total:
                raise GitHubUnavailable("GitHub's answer about the comparison is incomplete")
            # A server that does not know of pages gives the same one for ever.
            if len(found) >= total or len(found) == before:
                break
        return Comparison(status=str(data.get("status")), commits=tuple(found.values()), complete=len(found) >= total)

    async def log(
        self, full_name: str, sha: str, *, page: int, since: datetime | None = None
    ) -> tuple[ListedCommit, ...]:
        """Return a page of what is reachable from a commit, newest first.

        :param page: counts from 1.
        :param since: leaves out what was committed before.
        """
        path = f"/commits?sha={_checked(sha)}&per_page={PER_PAGE}&page={page}"
        if since is not None:
            path += f"&since={since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return read(_listed_commits, await self._get(full_name, path), "history")

    async def files(self, full_name: str, *, branch: str | None = None) -> RepositoryFiles:
        """Return access to a repository's files: through the App where it may write there, else with the token.

        :raises GitHubError: GitHub cannot be asked.
        """
        through = await self.app.writer(full_name)
        return RepositoryFiles(channel=through or self._by_token, full_name=full_name, branch=branch)

    async def movements(self, full_name: str, branch: str) -> tuple[Movement, ...]:
        """Return the latest hundred moments at which a branch was moved, newest first.

        https://docs.github.com/en/rest/repos/repos#list-repository-activities
        """
        ref = quote(f"refs/heads/{branch}", safe="")
        path = f"/activity?ref={ref}&per_page={PER_PAGE}"
        return read(_movements, await self._get(full_name, path), "activity")

    async def _get(self, full_name: str, rest: str = "", *, cached: bool = False) -> Any:
        """Ask about a repository: through its installation where it has one, else with the token.

        :raises GitHubError: there is no answer.
        """
        path = f"{repository_path(full_name)}{rest}"
        installation_id = await self._installation_of(full_name)
        # An installation that is over is not needed for what everybody may read.
        through = None if installation_id is None else await self.app.channel(installation_id)
        return await (through or self._by_token).get(path, cached=cached)


def _checked(sha: str) -> str:
    if not is_sha(sha):
        raise NotOnGitHub("that is no commit of a repository")
    return sha


def _listed_commits(data: Any) -> tuple[ListedCommit, ...]:
    return tuple(answers.listed_commit(entry) for entry in entries(data))


def _commits_of(comparison: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return entries(comparison["commits"])


def _total(comparison: Mapping[str, Any]) -> int:
    return int(comparison["total_commits"])


def _names(data: Any) -> list[str]:
    return [answers.branch_name(entry) for entry in entries(data)]


def _movements(data: Any) -> tuple[Movement, ...]:
    return tuple(answers.movement(entry) for entry in entries(data))
