"""Links of a text part: numbered where they are named, listed at the end. Pure."""

from __future__ import annotations


class References:
    """Collects the links of one text."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def to(self, url: str) -> str:
        """Return the mark of a link, for example ``[3]``; the same link has one mark."""
        return f"[{self._numbers.setdefault(url, len(self._numbers) + 1)}]"

    def all(self) -> tuple[tuple[int, str], ...]:
        """Return every link so far with its number."""
        return tuple((number, url) for url, number in self._numbers.items())
