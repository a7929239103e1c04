"""Single files of a repository: which version is there, and putting another one there as a commit.

https://docs.github.com/en/rest/repos/contents
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote

from newsletter.github import answers
from newsletter.github.channel import Channel
from newsletter.github.faults import NotOnGitHub
from newsletter.github.payload import repository_path
from newsletter.github.reading import read
from newsletter.github.record import Repository


@dataclass(frozen=True, kw_only=True)
class RepositoryFiles:
    """The files of one repository, under an authorisation that may write there.

    Every method raises :class:`GitHubError` where GitHub cannot be asked, or does not let us.

    :param branch: None = the default one.
    """

    channel: Channel
    full_name: str
    branch: str | None = None

    async def repository(self) -> Repository:
        """Return what GitHub says of the repository; where nothing changed, that costs nothing of the limit.

        :raises NotOnGitHub: there is none, or not for us.
        """
        data = await self.channel.get(repository_path(self.full_name), cached=True)
        return read(answers.repository, data, "repository")

    async def blob(self, path: str) -> str | None:
        """Return the object name of a file's content; None where there is no such file.

        Something else of that name, a folder for one, has an empty one.
        """
        reference = "" if self.branch is None else f"?ref={quote(self.branch, safe='')}"
        try:
            data = await self.channel.get(f"{self._address(path)}{reference}")
        except NotOnGitHub:
            return None
        return read(answers.blob, data, "file")

    async def put(self, path: str, content: bytes, *, message: str, replacing: str | None) -> None:
        """Commit a file.

        :param message: of the commit.
        :param replacing: object name of the content that is replaced; None = the file is new.
        :raises Conflict: something else is there by now, or the branch does not take commits of ours.
        :raises Unprocessable: the same, as GitHub says it of a file that is not new.
        """
        data = {"message": message, "content": b64encode(content).decode()}
        if replacing is not None:
            data["sha"] = replacing
        if self.branch is not None:
            data["branch"] = self.branch
        await self.channel.put(self._address(path), data)

    def _address(self, path: str) -> str:
        return f"{repository_path(self.full_name)}/contents/{quote(path, safe='/')}"
