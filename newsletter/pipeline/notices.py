"""What GitHub tells of the App's installations and of deleted repositories: noted at once, looked into by a job."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.github.credentials import PresentCredentials
from newsletter.github.faults import GitHubRefused
from newsletter.github.record import Repository
from newsletter.pipeline.port import Jobs, Kind
from newsletter.pipeline.receive import Ignored, Receipt, Received
from newsletter.store import following, repositories
from newsletter.store.engine import Store
from newsletter.store.states import Stopped

NOTED = Received(receipt=Receipt.NOTED)


@dataclass(frozen=True, kw_only=True)
class Notices:
    """Takes events that change which repositories are followed."""

    store: Store
    jobs: Jobs
    #: The App's credentials at this moment.
    credentials: PresentCredentials

    async def installation(self, installation_id: int) -> Received:
        """Take note that something about an installation changed; a job asks GitHub how it stands now.

        So events may come in any order, twice, or not at all.

        :raises StoreUnavailable: nothing was noted, and GitHub must be told so.
        """
        if not await self._is_app():
            return Received(receipt=Receipt.IGNORED, reason=Ignored.NO_APP)
        async with self.store.write() as transaction:
            await self.jobs.put(transaction, Kind.INSTALLATION, str(installation_id))
        return NOTED

    async def _is_app(self) -> bool:
        try:
            return await self.credentials() is not None
        except GitHubRefused:
            # There is one whose key cannot be read at the moment; the job waits until it can.
            return True

    async def deleted(self, repository: Repository) -> Received:
        """Take note that a repository is no more: nothing can reach it, and what was collected stays.

        :raises StoreUnavailable: nothing was noted.
        """
        async with self.store.write() as transaction:
            found = await repositories.by_github_id(transaction.connection, repository.github_id)
            if found is not None:
                await following.stop(transaction.connection, found.id, Stopped.DELETED)
        return Received(receipt=Receipt.IGNORED, reason=Ignored.NOT_FOLLOWED) if found is None else NOTED
