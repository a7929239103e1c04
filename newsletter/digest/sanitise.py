"""Outside text made fit to be shown: no invisible characters, nothing that turns the line around. Pure.

Escaping is the templates' work and comes after this: what is taken out here would survive escaping.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

#: Longest title shown, characters: two lines on a desktop, five on a phone.
LONGEST_TITLE = 180
#: Of an outside line, characters: what stands behind is not even looked at. git has no limit.
LONGEST_READ = 1_000

_ELLIPSIS = "…"
_JOINER = "\u200d"
_WORD_JOINER = "\u2060"
#: Variation selector 16 asks for the coloured form of an emoji.
_EMOJI_STYLE = "\ufe0f"
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_PICTOGRAPHS = range(0x1F000, 0x1FB00)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
#: Letters and marks that show nothing (Unicode: Default_Ignorable_Code_Point, beyond the categories above).
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
#: They choose a form of the character before them, and show nothing by themselves.
_SELECTORS = frozenset(map(chr, (*range(0x180B, 0x180E), 0x180F, *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))


def displayable(text: str) -> str:
    """Return a text on one line without control, bidi, zero-width and private characters, and without halves.

    A zero-width joiner stays between two emoji, where it makes one of them (Unicode Technical Standard 51); anywhere
    else it could hide one word in another.
    """
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    # A mail is printed again and again until it fits.
    return _displayable(line) if len(line) <= LONGEST_READ else _displayable.__wrapped__(line)


@lru_cache(maxsize=8192)
def _displayable(line: str) -> str:
    kept = [character for place, character in enumerate(line) if _is_kept(line, place)]
    return " ".join("".join(kept).split())


def _is_kept(line: str, place: int) -> bool:
    character = line[place]
    if character == _JOINER:
        return _is_emoji(line, place - 1, -1) and _is_emoji(line, place + 1, 1)
    if character in _SELECTORS:
        # One, and on something that is seen: a row of them can carry a hidden text.
        return place > 0 and line[place - 1] != " " and _is_visible(line[place - 1])
    return _is_visible(character)


def _is_visible(character: str) -> bool:
    # Emoji that are younger than Python's tables: Unicode keeps these blocks for pictographs.
    if ord(character) in _PICTOGRAPHS:
        return True
    return not (unicodedata.category(character) in _INVISIBLE or character in _BLANK or character in _SELECTORS)


def _is_emoji(line: str, place: int, step: int) -> bool:
    while 0 <= place < len(line) and (line[place] == _EMOJI_STYLE or ord(line[place]) in _SKIN_TONES):
        place += step
    return 0 <= place < len(line) and (unicodedata.category(line[place]) == "So" or line[place] in "♀♂")


def shortened(text: str, limit: int = LONGEST_TITLE) -> str:
    """Return at most ``limit`` characters of a line, cut between words where there are any, with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at_word = head.rpartition(" ")[0]
    if len(at_word) >= limit // 2:
        head = at_word
    return head.rstrip(" ,;:–—-" + _JOINER) + _ELLIPSIS


def display_width(text: str) -> int:
    """Return how many columns a text takes where East Asian characters take two (Unicode Standard Annex 11)."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in {_JOINER, _WORD_JOINER, _EMOJI_STYLE}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


#: Between words, after Chinese and Korean characters and their punctuation, and before Chinese characters.
_BREAKABLE = re.compile(
    r"(\s+"
    r"|(?<=[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60])"
    r"|(?=[\u2e80-\u2fff\u3040-\u9fff\uac00-\ud7af]))"
)
#: Never at the start of a line (Chinese typesetting, GB/T 15834).
_CLOSING = "，。、；：？！）》」』】〕…”’,.;:?!)]}"


def wrapped(text: str, *, width: int = 76, first: str = "", rest: str = "") -> str:
    """Break a line into lines of at most ``width`` columns, between words or between Chinese characters.

    :param first: put before the first line; ``rest`` before the others. A word longer than a line stays whole.
    """
    # What one cohort reads, most of the others read as well.
    return (_wrapped if len(text) <= LONGEST_READ else _wrapped.__wrapped__)(text, width, first, rest)


@lru_cache(maxsize=4096)
def _wrapped(text: str, width: int, first: str, rest: str) -> str:
    lines: list[str] = []
    # The width is added up: measuring the line anew for every piece would take quadratic time.
    line, columns, has_words = [first], display_width(first), False
    for piece in (part for part in _BREAKABLE.split(text) if part):
        is_word = not piece.isspace()
        if is_word and has_words and piece[0] not in _CLOSING and columns + display_width(piece) > width:
            lines.append("".join(line).rstrip())
            line, columns, has_words = [rest], display_width(rest), False
        line.append(piece)
        columns += display_width(piece)
        has_words = has_words or is_word
    lines.append("".join(line).rstrip())
    return "\n".join(lines)
