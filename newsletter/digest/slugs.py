"""Where GitHub puts the anchor of a Markdown heading, so that links to it resolve. Pure.

The rule is that of GitHub's html-pipeline (``TableOfContentsFilter``), as the npm package ``github-slugger`` has it:
lower case; everything goes but letters, marks, digits, connectors, hyphens and spaces; each space becomes a hyphen;
what is there already gets ``-1``, ``-2`` and so on behind it.
"""

from __future__ import annotations

import unicodedata

_KEPT = frozenset({"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "Pc"})
#: Letters in circles and squares are symbols by category, and alphabetic all the same (Unicode: Other_Alphabetic).
_ENCLOSED = frozenset(
    map(chr, (*range(0x24B6, 0x24EA), *range(0x1F130, 0x1F14A), *range(0x1F150, 0x1F16A), *range(0x1F170, 0x1F18A)))
)


def slug_of(heading: str) -> str:
    """Return the anchor of a heading that is the only one of its words.

    :param heading: as readers see it, without its Markdown.
    """
    return "".join(filter(_is_kept, heading.lower())).replace(" ", "-")


def _is_kept(character: str) -> bool:
    return character in "- " or unicodedata.category(character) in _KEPT or character in _ENCLOSED


class Slugs:
    """The anchors of one document, asked for in the order of its headings."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def next(self, heading: str) -> str:
        """Return the anchor of the next heading."""
        first = found = slug_of(heading)
        while found in self._seen:
            self._seen[first] += 1
            found = f"{first}-{self._seen[first]}"
        self._seen[found] = 0
        return found
