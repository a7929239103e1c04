"""The two shapes of a commit in GitHub's JSON: an entry of a push event, and the answer of the REST API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from functools import cached_property
from urllib.parse import quote

from newsletter.demo.shapes import API, SITE, Json, sha_of, user, zulu
from newsletter.demo.story import CommitStory, FileStory, Person

_WEB = {"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"}


@dataclass(frozen=True, kw_only=True)
class ToldCommit:
    """A commit of the story at its place in a day: with its SHA, its time and its parents."""

    story: CommitStory
    #: ``owner/name``.
    repository: str
    #: With the SHAs of other commits filled in.
    message: str
    committed_at: datetime
    parents: tuple[str, ...]
    #: Against the first parent.
    files: tuple[FileStory, ...]

    @cached_property
    def sha(self) -> str:
        """40 hexadecimal digits that depend on everything in the commit and on its parents."""
        content = [f"{file.path} {file.status} {file.patch}" for file in self.files]
        author = self.story.author.email
        return sha_of(self.repository, zulu(self.committed_at), author, self.message, *self.parents, *content)


def hook_commit(told: ToldCommit) -> Json:
    """Return one entry of a push event's ``commits``: paths only, no patch; a rename is a removal and an addition."""
    author = _hook_person(told.story.author)
    offset = UTC if told.story.on_the_web else timezone(told.story.author.utc_offset)
    paths: dict[str, list[str]] = {"added": [], "removed": [], "modified": []}
    for file in told.files:
        if file.status == "renamed":
            paths["added"].append(file.path)
            paths["removed"].append(file.previous_path or file.path)
        else:
            paths[file.status].append(file.path)
    return {
        "id": told.sha,
        "tree_id": sha_of("tree", told.sha),
        "distinct": True,
        "message": told.message,
        "timestamp": told.committed_at.astimezone(offset).isoformat().replace("+00:00", "Z"),
        "url": f"{SITE}/{told.repository}/commit/{told.sha}",
        "author": author,
        "committer": _WEB if told.story.on_the_web else author,
        **paths,
    }


def _hook_person(person: Person) -> Json:
    named = {"name": person.name, "email": person.email}
    return named | ({"username": person.login} if person.login else {})


def rest_commit(told: ToldCommit) -> Json:
    """Return the answer of ``GET /repos/{owner}/{repo}/commits/{sha}`` with all its files, not yet cut into pages."""
    api, page = f"{API}/repos/{told.repository}", f"{SITE}/{told.repository}"
    person = told.story.author
    account = user(person.login) if person.login else None
    additions, deletions = sum(file.additions for file in told.files), sum(file.deletions for file in told.files)
    return {
        "sha": told.sha,
        "node_id": f"C_{told.sha}",
        "commit": _git_commit(told, api),
        "url": f"{api}/commits/{told.sha}",
        "html_url": f"{page}/commit/{told.sha}",
        "comments_url": f"{api}/commits/{told.sha}/comments",
        "author": account,
        "committer": user("web-flow") if told.story.on_the_web else account,
        "parents": [
            {"sha": parent, "url": f"{api}/commits/{parent}", "html_url": f"{page}/commit/{parent}"}
            for parent in told.parents
        ],
        "stats": {"total": additions + deletions, "additions": additions, "deletions": deletions},
        "files": [_rest_file(file, api=api, page=page, sha=told.sha) for file in told.files],
    }


def _git_commit(told: ToldCommit, api: str) -> Json:
    signed, when, person = told.story.on_the_web, zulu(told.committed_at), told.story.author
    author = {"name": person.name, "email": person.email, "date": when}
    tree = sha_of("tree", told.sha)
    return {
        "author": author,
        "committer": {"name": _WEB["name"], "email": _WEB["email"], "date": when} if signed else author,
        "message": told.message,
        "tree": {"sha": tree, "url": f"{api}/git/trees/{tree}"},
        "url": f"{api}/git/commits/{told.sha}",
        "comment_count": 0,
        "verification": {
            "verified": signed,
            "reason": "valid" if signed else "unsigned",
            "signature": None,
            "payload": None,
            "verified_at": when if signed else None,
        },
    }


def _rest_file(file: FileStory, *, api: str, page: str, sha: str) -> Json:
    path = quote(file.path, safe="")
    entry: Json = {
        "sha": sha_of("blob", file.path, file.patch or sha),
        "filename": file.path,
        "status": file.status,
        "additions": file.additions,
        "deletions": file.deletions,
        "changes": file.additions + file.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{api}/contents/{path}?ref={sha}",
    }
    if file.patch is not None:
        entry["patch"] = file.patch
    if file.previous_path is not None:
        entry["previous_filename"] = file.previous_path
    return entry
