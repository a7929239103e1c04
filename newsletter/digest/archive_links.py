"""Where the archive has what a mail tells of. Pure; these addresses never change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

#: Pages of the archive, below the service's own address.
ARCHIVE = "/archive"


@dataclass(frozen=True, kw_only=True)
class ArchiveLinks:
    """Builds links into the archive of public repositories.

    :param base_url: of the service, without a slash at the end; empty for links that stay on it.
    """

    base_url: str

    @property
    def home(self) -> str:
        """Return the link to all days."""
        return f"{self.base_url}{ARCHIVE}"

    def day(self, day: date) -> str:
        """Return the link to a closed day."""
        return f"{self.home}/{day.isoformat()}"

    def repository_day(self, day: date, repository: str) -> str:
        """Return the link to what a closed day brought to ``owner/name``."""
        return f"{self.day(day)}/{_name(repository)}"

    def change(self, day: date, repository: str, sha: str) -> str:
        """Return the link to a change with its whole analysis."""
        return f"{self.repository_day(day, repository)}/{quote(sha, safe='')}"

    def repository(self, repository: str) -> str:
        """Return the link to all days of ``owner/name``."""
        return f"{self.home}/repositories/{_name(repository)}"

    def mail(self, key: str) -> str:
        """Return the link to a mail as its cohort got it, without anybody's own links.

        :param key: of the rendering; nobody can guess it.
        """
        return f"{self.home}/mails/{quote(key, safe='')}"


def _name(repository: str) -> str:
    return "/".join(quote(part, safe="", errors="replace") for part in repository.split("/", 1))
