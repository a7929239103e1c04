"""A mail as anybody may see it: without what belongs to one reader. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Templates put what is personal into paragraphs of this class; a paragraph holds no other one.
_PERSONAL = re.compile(r'<p class="me\b[^"]*"[^>]*>.*?</p>', re.DOTALL)
#: A link holds no other one either.
_LINK = re.compile(r"<a\s[^>]*>.*?</a>", re.DOTALL)


def impersonal(html: str, *, slots: Sequence[str]) -> str:
    """Return a cohort's HTML part without the links that speak for a reader, and the words around them.

    :param slots: the words that stand for readers' own tokens.
    :raises ValueError: one of them stands where it cannot be taken out.
    """
    page = _PERSONAL.sub("", html)
    # An operator's own templates may have them elsewhere.
    page = _LINK.sub(lambda link: "" if any(slot in link[0] for slot in slots) else link[0], page)
    if any(slot in page for slot in slots):
        raise ValueError("what is personal in this mail cannot be taken out")
    return page
