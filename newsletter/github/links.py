"""Links to GitHub: built by us from checked parts, never taken from a payload. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote

from newsletter.github.payload import is_sha

#: GitHub adds it to the title of a squash; 99.7 % of squash titles end so.
_SQUASHED = re.compile(r"\(#(\d{1,9})\)\s*$")
_MERGED = re.compile(r"^Merge pull request #(\d{1,9}) ")


def pull_request_number(title: str) -> int | None:
    """Return the number of the pull request that a commit title names, as GitHub writes it; None where it does not."""
    match = _SQUASHED.search(title) or _MERGED.match(title)
    return int(match.group(1)) if match else None


def repository_url(web_url: str, full_name: str) -> str:
    """Return the page of a repository.

    :param web_url: for example ``https://github.com``, without a slash at the end.
    """
    return f"{web_url}/{quote(full_name)}"


def commit_url(web_url: str, full_name: str, sha: str) -> str:
    """Return the page of a commit."""
    return f"{repository_url(web_url, full_name)}/commit/{quote(sha)}"


def compare_url(web_url: str, full_name: str, base: str, head: str) -> str | None:
    """Return the page of what one commit has that another has not; None unless both are full object names."""
    if not (is_sha(base) and is_sha(head)):
        return None
    return f"{repository_url(web_url, full_name)}/compare/{base}...{head}"


def pull_request_url(web_url: str, full_name: str, number: int) -> str:
    """Return the page of a pull request."""
    return f"{repository_url(web_url, full_name)}/pull/{number}"
