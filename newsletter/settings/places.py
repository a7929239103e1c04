"""Places on GitHub: names of repositories, branches and folders, checked before they become part of an address."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_REPOSITORY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}/(?!\.{1,2}$)[A-Za-z0-9_.-]{1,100}")
_FOLDER_PART = re.compile(r"(?!\.{1,2}$|\.git$)[A-Za-z0-9_.-]{1,100}", re.IGNORECASE)
#: git-check-ref-format(1).
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|^[./-]|[./]$|\.lock(?:/|$)")
_LONGEST_BRANCH = 200


def _repository(value: str) -> str:
    if not _REPOSITORY.fullmatch(value):
        raise ValueError("expected OWNER/NAME")
    return value


def _branch(value: str) -> str:
    if not value or len(value) > _LONGEST_BRANCH or _NO_BRANCH.search(value) or not value.isprintable():
        raise ValueError("expected the name of a branch, such as main, without refs/heads/")
    return value


def _folder(value: str) -> str:
    parts = value.strip("/").split("/")
    if not all(_FOLDER_PART.fullmatch(part) for part in parts):
        raise ValueError("expected a folder such as reports or docs/reports: letters, digits, dots, hyphens and _")
    return "/".join(parts)


RepositoryName = Annotated[str, AfterValidator(_repository)]
BranchName = Annotated[str, AfterValidator(_branch)]
FolderName = Annotated[str, AfterValidator(_folder)]
