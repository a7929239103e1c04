"""Plain text out of hostile text, and the first sentence of a message worth reading. Pure, linear in its input."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

MAX_SENTENCE_CHARACTERS = 240
MAX_DETAIL_CHARACTERS = 80

_MIN_SENTENCE_WORDS = 5
#: CJK has no spaces between words.
_MIN_CJK_CHARACTERS = 10
_MAX_BODY_CHARACTERS = 20_000
_MAX_PARAGRAPH_CHARACTERS = 2_000

_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")

#: Git trailers (git-interpret-trailers(1)) and the words GitHub links issues with.
_TRAILER = re.compile(
    r"(?:[A-Z][a-z]+(?:-[A-Za-z]+)+|Refs?|References|Closes?|Closed|Fixes|Fixed|Resolves?|Related(?: to)?"
    r"|See(?: also)?|PR|Issue"
    r"|Differential Revision|Reviewed By|Cc|Link|Bug|Test Plan|ghstack-source-id)"
    r":?\s+\S|\(cherry picked from|This reverts commit|(?:closes?|fix(?:es)?|refs?|resolves?|see)\b[^.]{0,20}#\d",
    re.IGNORECASE,
)
_TRAILER_KEY = re.compile(r"(?:[A-Za-z][A-Za-z-]{1,30}|BREAKING CHANGES?):\s")
#: Lists, tables, headings, quotes, tags, rules, bump lists: everything that is laid out and not told.
_LAYOUT = re.compile(
    r"[-*+•#>|<=~]|\d{1,3}[.)]\s|\[[ xX]\]|!\[|:\w+:|@|\{|dependabot|bumps? \[|updates? (?:the|`)", re.IGNORECASE
)
_FENCE = re.compile(r"```|~~~")
_COMMENT = re.compile(r"<!--(?:(?!-->)[\s\S])*(?:-->|$)")
_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
_EMPHASIS = re.compile(r"\*\*|__(?=\w)|(?<=\w)__|(?<![\w*])\*(?=\w)|(?<=\w)\*(?![\w*])")
_OBJECT_NAME_OR_TAG = re.compile(r"\b[0-9a-f]{20,}\b|<\w+[^<>]*>", re.IGNORECASE)

#: Top-level domains that are hardly ever the end of a name in code; others look like attributes (``self.id``).
_COMMON_TOP = (
    r"com|org|net|info|biz|xyz|online|site|website|store|shop|top|link|click|live|cloud|tech|page|web|support|help"
    r"|security|example"
)
_TOP_BEFORE_PATH = rf"(?:{_COMMON_TOP}|io|ai|co|me|app|dev|[a-z]{{2}}(?<!py|md|rs|sh|pl|cc|ts|js|go|mk|ml|so|ps))"
_LABELS = r"(?<![\w./@-])(?:[^\W_](?:[\w-]{0,62})\.){1,8}"
#: What nothing but an address looks like: with a scheme, of a mailbox, named by its service, or a host with a path.
#: The schemes without slashes are those that mail programs act on; ``std::string`` and ``key:value`` are none.
ADDRESS = re.compile(
    r"<?(?:(?:(?<![a-z0-9+.-])[a-z0-9+.-]{1,40})?://|\b(?:www|ftp)\.(?=\S)"
    r"|\b(?:(?:mailto|javascript|vbscript|facetime|skype|xmpp|magnet|hxxps?):(?=\S)|(?:tel|sms):(?=[+\d])"
    r"|data:(?=\w+/)|file:(?=/)))[^\s>]*>?"
    r"|(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,63}(?!\w)"
    rf"|{_LABELS}{_TOP_BEFORE_PATH}(?::\d{{1,5}})?[/?#]\S*",
    re.IGNORECASE,
)
#: A host alone. It may be the name of a product ("ASP.NET"), so it is reason enough to pass over a sentence, but not
#: to take a word out of one.
_HOST = re.compile(rf"{_LABELS}(?:{_COMMON_TOP})(?![\w(-]|\.\w)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')`]{0,2}\s+(?=[A-Z0-9\"'(`])|(?<=[。！？])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|resp|approx|no|fig|incl|ca|[A-Za-z])|\.\.)\.$", re.IGNORECASE)
_UNFINISHED = re.compile(
    r"(?:[,:;(\-–—/=]|\b(?:and|or|the|an?|of|to|with|in|for|by|via|like|as|from|that|which|is|are|be|e\.g\.?"
    r"|i\.e\.?))$",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Return text on one line without controls, bidi marks, zero-width characters, lone surrogates or double spaces."""
    line = " ".join(text.split())
    if line.isascii() and line.isprintable():
        return line
    kept = "".join(c for c in line if (c.isascii() and c.isprintable()) or unicodedata.category(c) not in _UNPRINTABLE)
    return " ".join(kept.split())


def excerpt(text: str, limit: int = MAX_DETAIL_CHARACTERS) -> str:
    """Return the beginning of a text in whole words, at most ``limit`` characters long; empty if not one word fits."""
    line = plain(text[: limit * 8])
    if len(line) <= limit:
        return line
    return line[: limit + 1].rpartition(" ")[0].rstrip(" ,;:")


def ends_with_abbreviation(text: str) -> bool:
    """Whether the full stop at the end belongs to an abbreviation ("e.g.") and ends no sentence."""
    return _ABBREVIATION.search(text[-12:]) is not None


def has_address(text: str) -> bool:
    """Whether a text holds a URL, an e-mail address, or what mail programs make a link of."""
    return bool(ADDRESS.search(text) or _HOST.search(text))


def first_sentence(body: str) -> str:
    """Return the first sentence of a commit body that tells something, or an empty text.

    It is whole, plain (inline code stays) and at most 240 characters long. Trailers, lists, tables, quotes, templates,
    code and questions are passed over, and so is every sentence with a URL, an e-mail address or a commit id in it.
    """
    for paragraph in _paragraphs(_COMMENT.sub("", body[:_MAX_BODY_CHARACTERS])):
        for sentence in _sentences(paragraph):
            if _is_worth_reading(sentence):
                return sentence
    return ""


def without_markup(text: str) -> str:
    """Return plain text on one line without emphasis, and of links only their words; inline code stays."""
    return _EMPHASIS.sub("", _LINK.sub(r"\1", plain(text)))


def _paragraphs(body: str) -> Iterator[str]:
    """Yield the paragraphs of prose, each on one line."""
    fenced = listed = False
    lines: list[str] = []
    for raw in [*body.splitlines(), ""]:
        line = raw.strip()
        if _FENCE.match(line):
            fenced = not fenced
        if not line or fenced or _is_layout(raw) or listed:
            # A line that follows a list item without a blank line belongs to the item.
            listed = bool(line) and not fenced and (listed or _is_layout(raw))
            if lines and not listed and not fenced:
                yield " ".join(lines)[:_MAX_PARAGRAPH_CHARACTERS]
            lines = []
        else:
            lines.append(line)


def _is_layout(raw: str) -> bool:
    """Whether a line is a trailer, code, or part of a list, table, heading or quotation."""
    line = raw.strip()
    return bool(
        raw.startswith(("    ", "\t")) or _LAYOUT.match(line) or _TRAILER.match(line) or _TRAILER_KEY.match(line)
    )


def _sentences(paragraph: str) -> Iterator[str]:
    """Yield the whole sentences of a paragraph; a last one without a full stop gets it."""
    text = without_markup(paragraph)
    cut = len(paragraph) >= _MAX_PARAGRAPH_CHARACTERS
    sentence = ""
    parts = _SENTENCE_END.split(text)
    for index, part in enumerate(parts):
        sentence = f"{sentence} {part}".strip() if not _CJK.search(part[:1]) else sentence + part
        is_last = index == len(parts) - 1
        if not is_last and ends_with_abbreviation(sentence):
            continue
        if sentence.endswith((".", "!", "?", "。", "！", "？")):
            if not (is_last and cut):
                yield sentence
        elif is_last and not cut and not _UNFINISHED.search(sentence[-20:]):
            yield sentence + ("。" if _CJK.search(sentence[-1:]) else ".")
        sentence = ""


def _is_worth_reading(sentence: str) -> bool:
    """Whether a sentence tells a stranger something, without addresses and within the length."""
    if len(sentence) > MAX_SENTENCE_CHARACTERS or sentence.endswith(("?", "？", "e.g.", "i.e.", "...")):
        return False
    if _OBJECT_NAME_OR_TAG.search(sentence) or has_address(sentence):
        return False
    if sentence.count("`") % 2 or sentence.count("(") != sentence.count(")"):
        return False
    if len(_CJK.findall(sentence)) >= _MIN_CJK_CHARACTERS:
        return True
    words = re.findall(r"[^\W\d_]{2,}", sentence)
    return len(words) >= _MIN_SENTENCE_WORDS and (sentence[0].isalpha() or sentence[0] in "`\"'")
