"""The repositories that the App may read are followed, and those that it may not read any more are not.

Whatever happened to an installation, GitHub is asked how it stands now. An event is only a reason to ask, so it does
no harm that events overtake each other, come twice, list a part of what they are about, or do not come at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from newsletter.github.app import GitHubApp
from newsletter.github.faults import GitHubRefused, GitHubUnavailable, NotOnGitHub
from newsletter.github.record import Installation, Repository
from newsletter.logs import get_logger
from newsletter.pipeline.limits import waiting_for_limits
from newsletter.pipeline.port import Job, Jobs, Kind, NotYet, RetryAfter
from newsletter.store import following, installations, pushes, repositories
from newsletter.store.engine import Store, Transaction
from newsletter.store.repositories import FollowedRepository
from newsletter.store.states import InstallationState, Stopped

log = get_logger("installations")

#: Key of the job that looks for installations of which no event told.
ALL = "all"
#: Repositories in one transaction: GitHub's deliveries wait meanwhile.
SLICE = 25
#: So many that went together are looked for in other installations: more are not transferred, but taken away.
MOST_TRANSFERRED = 100
#: Before the next look at what is not there yet.
LOOK_AGAIN = timedelta(seconds=5)
#: An event may be quicker than what it is about: this process may not have noticed yet that another one stored the App,
#: and not every server of GitHub's may know the installation.
PATIENCE = timedelta(minutes=1)


async def installation_job(job: Job, *, store: Store, jobs: Jobs, app: GitHubApp, now: datetime) -> None:
    """Bring what is followed in line with an installation, or look for all of them.

    :raises RetryAfter: GitHub is away, or does not accept the App's key.
    :raises NotYet: its limit is reached, the App or the installation is not known yet, or a repository that comes again
        has pushes still to be read.
    """
    patient = job.key != ALL and now - job.queued_at < PATIENCE
    try:
        with waiting_for_limits(job):
            if await app.id() is None:
                if patient:
                    raise NotYet("there is no GitHub App yet", after=LOOK_AGAIN)
            elif job.key == ALL:
                await look_for_all(store=store, jobs=jobs, app=app)
            else:
                await follow_installation(int(job.key), store=store, jobs=jobs, app=app, now=now, patient=patient)
    except GitHubUnavailable as error:
        raise RetryAfter(str(error), after=error.retry_after) from error
    except (GitHubRefused, NotOnGitHub) as error:
        raise RetryAfter(str(error)) from error


async def look_for_all(*, store: Store, jobs: Jobs, app: GitHubApp) -> None:
    """Queue a comparison of each installation that GitHub knows, and of each that we know of this App.

    :raises GitHubError: GitHub cannot be asked.
    """
    app_id = await app.id()
    told = await app.installations()
    async with store.write() as transaction:
        known = await installations.everything(transaction.connection)
        ours = {each.id for each in known if each.app_id == app_id and each.state is not InstallationState.UNINSTALLED}
        for installation_id in sorted(ours | {each.id for each in told}):
            await jobs.put(transaction, Kind.INSTALLATION, str(installation_id))


async def follow_installation(
    installation_id: int, *, store: Store, jobs: Jobs, app: GitHubApp, now: datetime, patient: bool = False
) -> None:
    """Ask GitHub how an installation stands, and follow exactly what it may read. Twice changes nothing.

    :param patient: whether one that nobody knows is waited for.
    :raises GitHubError: GitHub cannot be asked; what was found by then is stored.
    :raises NotYet: a repository that comes again has pushes still to be read, or nobody knows the installation yet.
    """
    try:
        told = await app.installation(installation_id)
    except NotOnGitHub:
        await _uninstalled(installation_id, store=store, jobs=jobs, app=app, now=now, patient=patient)
        return
    async with store.write() as transaction:
        # First, so that what is followed for its sake can be let go whatever becomes of this process.
        await installations.save(transaction.connection, told, now=now)
    readable: Sequence[Repository] = () if told.suspended else await app.repositories(installation_id)
    async with store.read() as connection:
        before = await repositories.of_installation(connection, installation_id)
    gone = _without(before, readable)
    if gone and not told.suspended:
        # Pages move while they are read: what was missing once may have been between two of them.
        gone = _without(gone, await app.repositories(installation_id))
        await _follow_elsewhere(gone, installation_id, store=store, jobs=jobs, app=app, now=now)
    new, postponed = await _follow(readable, before, told, store=store, jobs=jobs, now=now)
    reason = Stopped.SUSPENDED if told.suspended else Stopped.REMOVED
    async with store.write() as transaction:
        connection = transaction.connection
        ids = [repository.id for repository in gone]
        stopped = await following.release(connection, ids, installation_id=installation_id, reason=reason)
        await _compare_again(gone, transaction, jobs)
    if new or gone:
        log.info(
            "an installation was compared",
            action="installation.compared",
            installation=installation_id,
            readable=len(readable),
            new=new,
            stopped=stopped,
        )
    if postponed:
        raise NotYet(f"{postponed} repositories have pushes still to be read", after=LOOK_AGAIN)


def _without(before: Sequence[FollowedRepository], readable: Sequence[Repository]) -> Sequence[FollowedRepository]:
    there = {repository.github_id for repository in readable}
    return [repository for repository in before if repository.github_id not in there]


async def _follow(
    readable: Sequence[Repository],
    before: Sequence[FollowedRepository],
    told: Installation,
    *,
    store: Store,
    jobs: Jobs,
    now: datetime,
) -> tuple[int, int]:
    """Follow what an installation may read; returns how many are new, and how many have to wait."""
    known = {repository.github_id: repository for repository in before}
    wanted = [repository for repository in readable if _tells(repository, known)]
    new = postponed = 0
    for start in range(0, len(wanted), SLICE):
        async with store.write() as transaction:
            for repository in wanted[start : start + SLICE]:
                added, waits = await _follow_one(repository, told.id, transaction, jobs, now=now)
                new += added
                postponed += waits
    return new, postponed


async def _follow_elsewhere(
    gone: Sequence[FollowedRepository], installation_id: int, *, store: Store, jobs: Jobs, app: GitHubApp, now: datetime
) -> None:
    """Give what was transferred to the installation that has it now: what is let go first would begin anew there."""
    if len(gone) > MOST_TRANSFERRED:
        return
    wanted = {repository.github_id for repository in gone}
    others = {await app.installation_of(repository.full_name) for repository in gone}
    for other in sorted(each for each in others if each not in {None, installation_id}):
        told = await app.installation(other)
        if told.suspended:
            continue
        moved = [repository for repository in await app.repositories(other) if repository.github_id in wanted]
        async with store.write() as transaction:
            await installations.save(transaction.connection, told, now=now)
            for repository in moved:
                await _follow_one(repository, other, transaction, jobs, now=now)
                found = await repositories.by_github_id(transaction.connection, repository.github_id)
                if found is not None:
                    # Since it went, nobody could ask what reached it.
                    await jobs.put(transaction, Kind.RECONCILE, found.key)


def _tells(repository: Repository, known: Mapping[int | None, FollowedRepository]) -> bool:
    """Whether GitHub says something of a repository that is not known."""
    found = known.get(repository.github_id)
    return (
        found is None
        or not found.followed
        or (found.full_name, found.default_branch, found.private)
        != (repository.full_name, repository.default_branch, repository.private)
    )


async def _follow_one(
    repository: Repository, installation_id: int, transaction: Transaction, jobs: Jobs, *, now: datetime
) -> tuple[bool, bool]:
    """Follow one repository; returns whether it is new, and whether it has to wait."""
    connection = transaction.connection
    once = await repositories.by_github_id(connection, repository.github_id)
    if once is not None and not once.followed and await pushes.unexpanded(connection, repository_id=once.id):
        # They would give the branch a beginning that lies before the time in which nobody wanted to know.
        return False, True
    found, new = await repositories.add(connection, repository.full_name, known=repository, now=now, by_hand=False)
    await following.attach(connection, found.id, installation_id)
    if new or found.reconciled_at is None:
        # It begins with its present head as soon as GitHub says which one that is.
        await jobs.put(transaction, Kind.RECONCILE, found.key)
    return new, False


async def _uninstalled(
    installation_id: int, *, store: Store, jobs: Jobs, app: GitHubApp, now: datetime, patient: bool
) -> None:
    async with store.read() as connection:
        known = await installations.load(connection, installation_id)
        theirs = await repositories.of_installation(connection, installation_id)
    if known is None and patient:
        raise NotYet("GitHub does not know the installation yet", after=LOOK_AGAIN)
    if known is None or known.app_id != await app.id():
        # Another App's: what this one does not see says nothing of it.
        return
    await _follow_elsewhere(theirs, installation_id, store=store, jobs=jobs, app=app, now=now)
    async with store.write() as transaction:
        connection = transaction.connection
        ids = [repository.id for repository in theirs]
        stopped = await following.release(connection, ids, installation_id=installation_id, reason=Stopped.UNINSTALLED)
        await installations.mark_uninstalled(connection, installation_id, now=now)
    log.info("the App was uninstalled", action="installation.gone", installation=installation_id, stopped=stopped)


async def _compare_again(released: Collection[FollowedRepository], transaction: Transaction, jobs: Jobs) -> None:
    """Let what an operator asked for be looked at with the token, so that it is known whether that is enough."""
    for repository in released:
        if repository.by_hand_at is not None:
            await jobs.put(transaction, Kind.RECONCILE, repository.key)
