"""The words under which a text is found again, the same for both databases. Pure.

A database's own ways of taking text apart differ from each other and from version to version, and know no words in
Chinese. So texts are taken apart here, and a database only compares. Runs of Chinese, Japanese and Korean characters,
which have no spaces, become overlapping pairs (as in Lucene's CJKAnalyzer), and their last character stands by itself,
so that a single one is found as the beginning of something as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import pairwise

from newsletter.digest.sanitise import displayable

#: Of one text; PostgreSQL counts places up to 16,383 (…/docs/current/textsearch-limitations.html).
MOST_WORDS = 10_000
#: Of a word, characters: what is longer is found by its beginning.
LONGEST_WORD = 64
#: Of what somebody searches for: characters, and terms between spaces.
LONGEST_QUERY = 200
MOST_TERMS = 12

_RUN = re.compile(r"[^\W_]+")
_CJK = re.compile(
    "[\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
    "\uf900-\ufaff\U00020000-\U000323af]+"
)

#: Words that stand one behind the other; the last one may be the beginning of a word where :attr:`str` ends in ``*``.
Phrase = tuple[str, ...]
#: What the last word of a phrase ends with where it may go on.
AND_SO_ON = "*"


def words_of(texts: Iterable[str]) -> list[str]:
    """Return the words of some texts, in their order: letters and digits only, none longer than 64 characters."""
    found: list[str] = []
    for text in texts:
        for piece, is_cjk in _pieces(text):
            found.extend(_pairs(piece, with_last=True) if is_cjk else [piece[:LONGEST_WORD]])
            if len(found) >= MOST_WORDS:
                return found[:MOST_WORDS]
    return found


def phrases_of(query: str) -> tuple[Phrase, ...]:
    """Return what a text must hold to be found: a phrase for each term, that is what stands between spaces.

    The last word of a term may go on (``remov`` finds "removed"), except that one letter does not stand for all words
    that begin with it.
    """
    terms = displayable(query[:LONGEST_QUERY]).split()[:MOST_TERMS]
    return tuple(phrase for term in terms if (phrase := _phrase(term)))


def marked(text: str, phrases: Iterable[Phrase]) -> list[tuple[str, bool]]:
    """Return a text in pieces, each with whether it is one of the words that were searched for.

    The pieces put together are the text.
    """
    pattern = _pattern(phrases)
    if pattern is None:
        return [(text, False)] if text else []
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in pattern.finditer(text):
        if match.start() > end:
            pieces.append((text[end : match.start()], False))
        pieces.append((match.group(), True))
        end = match.end()
    if end < len(text):
        pieces.append((text[end:], False))
    return pieces


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a text that are of one kind of script, and whether that is written without spaces."""
    for run in _RUN.findall(_plain(text)):
        end = 0
        for match in _CJK.finditer(run):
            if match.start() > end:
                yield run[end : match.start()], False
            yield match.group(), True
            end = match.end()
        if end < len(run):
            yield run[end:], False


def _plain(text: str) -> str:
    """Return a text without differences of case, width and accents (Unicode Standard Annex 15, NFKD)."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(character for character in taken_apart if unicodedata.category(character) != "Mn")
    # Korean syllables are put together again, and what is left of half a surrogate pair is no letter.
    return unicodedata.normalize("NFC", kept.encode("utf-8", "ignore").decode()).casefold()


def _pairs(run: str, *, with_last: bool) -> list[str]:
    pairs = ["".join(pair) for pair in pairwise(run)]
    return [*pairs, run[-1]] if with_last else pairs


def _phrase(term: str) -> Phrase:
    words: list[str] = []
    goes_on = False
    for piece, is_cjk in _pieces(term):
        if is_cjk:
            words += _pairs(piece, with_last=False) or [piece]
        else:
            words.append(piece[:LONGEST_WORD])
        goes_on = len(piece) == 1 if is_cjk else len(piece) > 1
    if words and goes_on:
        words[-1] += AND_SO_ON
    return tuple(words)


def _pattern(phrases: Iterable[Phrase]) -> re.Pattern[str] | None:
    found = []
    for phrase in phrases:
        for word in _rejoined(phrase):
            stem = re.escape(word.removesuffix(AND_SO_ON))
            if _CJK.match(word):
                found.append(stem)
            else:
                found.append(rf"(?<![^\W_]){stem}" + (r"[^\W_]*" if word.endswith(AND_SO_ON) else r"(?![^\W_])"))
    return re.compile("|".join(found), re.IGNORECASE) if found else None


def _rejoined(phrase: Phrase) -> list[str]:
    """Return the words of a phrase, with overlapping pairs put together again."""
    words: list[str] = []
    for word in phrase:
        if words and _CJK.fullmatch(word) and _CJK.fullmatch(words[-1]) and words[-1][-1] == word[0]:
            words[-1] += word[1:]
        else:
            words.append(word)
    return words
