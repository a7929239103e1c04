"""A model's texts come out plain, whole and in the language that was asked for: pure.

Lengths written in prose are ignored by models (measured: asked for 200 characters, the median was 1,217), so they are
kept here: whole sentences are left out, and none is ever cut.
"""

from __future__ import annotations

import re

from newsletter.analysis.prose import ADDRESS, ends_with_abbreviation, plain

#: Of one text; what stands behind is not read.
LONGEST_TEXT = 2_000
#: Taking something out can put together an address again. A text that needs more rounds was made to.
MOST_ROUNDS = 6

_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^)]{0,300}\)")
_MARKUP = re.compile(r"[<>*_#|]{1,}|~~")
_SENTENCE_END = re.compile(r"[.!?。！？][\"'”’)）`]*(?:\s|$)|[。！？]")
_ENDED = re.compile(r"[.!?。！？…][\"'”’)）`]*$")
#: Words and signs that a sentence goes on after.
_UNFINISHED = re.compile(
    r"(?:[,:;(\-–—/=，、：；（]|\b(?:and|or|but|the|an?|of|to|with|in|on|for|by|via|like|as|from|that|which|is|are|was"
    r"|be|when|if|because|than|into)|(?:和|或|与|及|的|将|对|在|以|并|但|因为|如果))$",
    re.IGNORECASE,
)
_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")
_CODE = re.compile(r"`[^`]*`")
#: Languages written with Chinese characters.
_HAN_LANGUAGES = frozenset({"zh"})
#: Chinese characters among the letters of an English text, from which it is none.
_TOO_MUCH_HAN = 0.3
#: Letters besides which a text's language cannot be told.
_ENOUGH_LETTERS = 12


def plain_text(text: str) -> str:
    """Return plain text in which only backticks mark anything; empty where it does not come clean."""
    line = plain(text[:LONGEST_TEXT])
    for _ in range(MOST_ROUNDS):
        shorter = _without_markup(_without_addresses(line))
        if shorter == line:
            return line
        # What stood around something that was taken out may be a link by now: "http:*//example.org".
        line = shorter
    return ""


def sentences(text: str, *, most: int) -> str:
    """Return the whole sentences of a text that fit; empty where not even the first does, or it was never ended.

    :param most: characters.
    """
    line = plain_text(text)
    if len(text) <= LONGEST_TEXT and line and not _UNFINISHED.search(line):
        ended = line if _ENDED.search(line) else f"{line}{'。' if _CJK.search(line[-1:]) else '.'}"
        if len(ended) <= most:
            return ended
    wholes = (line[: match.end()].strip() for match in _SENTENCE_END.finditer(line, 0, most + 1))
    fitting = [
        whole
        for whole in wholes
        # Neither "e.g." ends a sentence, nor a full stop inside inline code.
        if len(whole) <= most and not ends_with_abbreviation(whole) and whole.count("`") % 2 == 0
    ]
    return fitting[-1] if fitting else ""


def items(texts: list[str], *, most: int, longest: int) -> tuple[str, ...]:
    """Return the texts of a list as whole sentences, without repetitions; what is blank or too long is left out.

    :param most: texts.
    :param longest: characters of each.
    """
    # A list is read up to here: some of its texts may be empty or too long.
    whole = (sentences(text, most=longest) for text in texts[: 3 * most + 1])
    return tuple(dict.fromkeys(text for text in whole if text))[:most]


def names(texts: list[str], *, most: int, longest: int) -> tuple[str, ...]:
    """Return short names, cleaned: no sentences."""
    lines = (plain_text(text).strip("`") for text in texts[: 2 * most] if len(text) <= LONGEST_TEXT)
    return tuple(dict.fromkeys(line for line in lines if line and len(line) <= longest))[:most]


def is_in(language: str, text: str) -> bool:
    """Whether a text can be in a language, as far as its letters tell: Chinese has Chinese characters, others few."""
    letters = _LETTER.findall(_CODE.sub("", text))
    if len(letters) < _ENOUGH_LETTERS and language not in _HAN_LANGUAGES:
        return True
    han = sum(1 for letter in letters if _CJK.match(letter))
    if language in _HAN_LANGUAGES:
        return han > 0 or not letters
    return han <= _TOO_MUCH_HAN * len(letters)


def _without_addresses(line: str) -> str:
    # A bare host is left: it may be a name ("ASP.NET", "self.id"). No mail shows it as a link (newsletter.digest).
    return ADDRESS.sub("", _LINK.sub(r"\1", line))


def _without_markup(line: str) -> str:
    # Inside inline code every character may stand: it is escaped where it is shown.
    parts = line.split("`")
    if len(parts) % 2 == 0:
        parts = ["".join(parts)]
    return plain("`".join(part if place % 2 else _MARKUP.sub("", part) for place, part in enumerate(parts)))
