"""Whether every link of a mail leads to where it should: within it, to us, or to GitHub. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.digest.check_markup import Read

#: Nothing that could end a link early, or that programs read in different ways.
_PLAIN = re.compile(r"[!-~]+")
_UNREADABLE = re.compile(r"[\\\"'<>`{}|^]")


def link_faults(page: Read, *, places: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the links of a page.

    :param places: where links may lead, each an origin without a slash at the end.
    """
    ids = {element.get("id") for element in page.elements}
    for element in page.elements:
        href = element.get("href")
        if href is None:
            continue
        if element.tag != "a":
            yield f"<{element.tag[:40]}> has a link"
        if href.startswith("#"):
            if href[1:] not in ids:
                yield f"the link {href[:80]!r} leads to nothing in the mail"
        elif not _is_plain(href):
            yield f"the link {href[:80]!r} is not written as links are"
        elif not any(href.startswith(f"{place}/") for place in places):
            yield f"the link {href[:80]!r} leads neither to this newsletter nor to GitHub"


def _is_plain(href: str) -> bool:
    return bool(_PLAIN.fullmatch(href)) and not _UNREADABLE.search(href)
