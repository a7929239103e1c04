"""What git and GitHub themselves write into commit messages: merged titles, reverted commits, co-authors. Pure.

Every pattern is linear in the text, and every gap is bounded.
"""

from __future__ import annotations

import re

#: A message is read up to here, characters; git has no limit.
MOST_READ = 65_536
#: Co-authors named in one commit; a squash of a long branch can have hundreds.
MOST_CO_AUTHORS = 50

_MERGE = re.compile(r"Merge pull request (#\d{1,9}) from \S")
#: git-revert(1); with more than one parent it goes on "reversing changes made to".
_REVERTED = re.compile(r"^This reverts (?:merge )?commits? ([0-9a-f]{7,64})\b", re.MULTILINE)
#: A squashed branch lists its commits as bullets; what one of them says is not said of the whole.
_BULLET = re.compile(r"^[*-] ", re.MULTILINE)
#: https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
_CO_AUTHOR = re.compile(r"^[ \t]{0,8}Co-authored-by:[ \t]{0,8}([^<>\n]{1,200})<", re.IGNORECASE | re.MULTILINE)


def title_of(message: str, *, most: int) -> str:
    """Return a message's title, at most so many characters of it.

    GitHub puts a pull request's own title below the line that says it was merged; it is returned as a squash has it,
    with the number behind it.
    """
    beginning = message.strip()[:most]
    lines = [line.strip() for line in beginning.splitlines()]
    first = next(iter(lines), "")
    if (merged := _MERGE.match(first)) and (told := next(filter(None, lines[1:]), "")):
        return f"{told} ({merged[1]})"
    return first


def reverted_sha(message: str) -> str | None:
    """Return the object name, or its beginning, of the commit that a message says it reverts."""
    text = message[:MOST_READ].replace("\r\n", "\n")
    found = _REVERTED.search(text)
    return found[1] if found and not _BULLET.search(text, 0, found.start()) else None


def co_authors(message: str) -> tuple[str, ...]:
    """Return the names of those who wrote a commit together with its author, each once; never an address."""
    text = message[:MOST_READ].replace("\r\n", "\n")
    names = (" ".join(match[1].split()) for match in _CO_AUTHOR.finditer(text))
    return tuple(dict.fromkeys(name for name in names if name and "@" not in name))[:MOST_CO_AUTHORS]
