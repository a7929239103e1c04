"""An answer that is not as documented is half an answer: whoever reads it is to ask again. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from newsletter.github.answers import MALFORMED
from newsletter.github.faults import GitHubUnavailable

Read = TypeVar("Read")


def read(reader: Callable[[Any], Read], data: Any, what: str) -> Read:
    """Return what a reader makes of an answer.

    :param what: the answer is about, for the error's sentence.
    :raises GitHubUnavailable: something in it is missing or of another type.
    """
    try:
        return reader(data)
    except MALFORMED as error:
        raise GitHubUnavailable(f"GitHub's answer about the {what} is incomplete") from error


def entries(data: Any) -> list[Mapping[str, Any]]:
    """Return an answer that must be a list.

    :raises TypeError: it is something else.
    """
    # An object could be gone through as well, and would be a list of nothing.
    if not isinstance(data, list):
        raise TypeError("not a list")
    return data
