"""The part of a text in which something that was searched for stands. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from newsletter.digest.sanitise import displayable
from newsletter.digest.search_words import Phrase, marked

#: Of an excerpt, characters, and how many of them stand before what was found.
LONGEST = 260
BEFORE = 80
_ELLIPSIS = "…"

#: Each piece with whether it was searched for.
Pieces = list[tuple[str, bool]]


def marked_line(text: str, phrases: Sequence[Phrase]) -> Pieces:
    """Return a line in pieces, without backticks and invisible characters."""
    return marked(displayable(text.replace("`", "")), phrases)


def excerpt(texts: Iterable[str], phrases: Sequence[Phrase]) -> Pieces:
    """Return the part of some texts that has most of what was searched for; the beginning of the first, if none has."""
    best: Pieces = []
    most = -1
    for text in texts:
        pieces = marked_line(text, phrases)
        found = len({piece.casefold() for piece, is_hit in pieces if is_hit})
        if pieces and found > most:
            best, most = pieces, found
    return _cut(best)


def _cut(pieces: Pieces) -> Pieces:
    whole = "".join(piece for piece, _ in pieces)
    if len(whole) <= LONGEST:
        return pieces
    first = 0
    for piece, is_hit in pieces:
        if is_hit:
            break
        first += len(piece)
    else:
        first = 0
    begin = _word_start(whole, max(0, min(first - BEFORE, len(whole) - LONGEST)))
    end = _word_end(whole, begin + LONGEST)
    kept: Pieces = []
    place = 0
    for piece, is_hit in pieces:
        part = piece[max(0, begin - place) : max(0, end - place)]
        place += len(piece)
        if part:
            kept.append((part, is_hit))
    return [*([(_ELLIPSIS, False)] if begin else []), *kept, *([(_ELLIPSIS, False)] if end < len(whole) else [])]


def _word_start(text: str, place: int) -> int:
    """Return the start of the next word, where there is one nearby: Chinese has no spaces."""
    if place == 0:
        return 0
    space = text.find(" ", place, place + 30)
    return place if space < 0 else space + 1


def _word_end(text: str, place: int) -> int:
    if place >= len(text):
        return len(text)
    space = text.rfind(" ", place - 30, place)
    return place if space < 0 else space
