"""What a patch is, whatever commit carries it: pure.

As git-patch-id(1) does it, line numbers and white space do not count; the message does, since it is read as well.
"""

from __future__ import annotations

import hashlib
import re

from newsletter.github.record import CommitDetail, FileChange

_HUNK = re.compile(r"(?m)^@@ [^@\n]*@@")
#: Added by ``git cherry-pick -x``.
_PICKED = re.compile(r"(?m)^\(cherry picked from commit [0-9a-f]{7,64}\)$")
_BLANKS = re.compile(r"\s+")
#: Files that a patch tells nothing of, because nothing of their content changed.
_MOVED = frozenset({"renamed", "copied", "unchanged"})


def patch_id_of(message: str, detail: CommitDetail) -> str | None:
    """Return the same for the same patch and message; None where not all of the patch is known."""
    if not detail.complete or not detail.files or not all(map(_is_known, detail.files)):
        return None
    digest = hashlib.sha256()
    # A merge is looked at less closely than the same patch by itself.
    for part in (_squeezed(_PICKED.sub("", message)), str(len(detail.parents) > 1), *_files(detail.files)):
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()


def _is_known(file: FileChange) -> bool:
    return file.patch is not None or (file.status in _MOVED and not file.additions and not file.deletions)


def _files(files: tuple[FileChange, ...]) -> list[str]:
    return sorted(
        "\n".join((file.path, file.previous_path or "", file.status, _squeezed(_HUNK.sub("@@", file.patch or ""))))
        for file in files
    )


def _squeezed(text: str) -> str:
    # The breaks between lines stay: what came and what went is told by how a line begins.
    return "\n".join(line[:1] + _BLANKS.sub("", line[1:]) for line in text.strip().splitlines())
