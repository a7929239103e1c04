"""Outside text that no mail program makes a link of, and in which names can still be copied. Pure.

Mail programs turn more than URLs into links: ``evil.example`` alone is enough, and markup around the dot stops only
some of them. An invisible U+2060 WORD JOINER before the dot stops almost all, in HTML and in plain text
(https://blog.teknkl.com/stop-email-client-hyperlinking-text-without-consent/). But it is copied along, and filters
count it against a mail (SpamAssassin: UNICODE_OBFU_ZW), so it stands only where a link could come of it. What ends
like a file (``README.md``, ``setup.py``) or in no top-level domain (``os.path``, ``3.11``) is left alone; a host whose
domain is also the suffix of a file (``evil.sh``), or not among the known ones, is broken only where a path follows.
"""

from __future__ import annotations

import re
from functools import lru_cache

from babel import Locale

from newsletter.digest.sanitise import LONGEST_READ

JOINER = "\u2060"

#: Suffixes of files that are domains as well.
_FILES = re.compile(r"py|md|rs|sh|pl|cc|so|ml|mk|ps|tf|cu|mm|pm|vi|st|zip")
#: Whatever can be a top-level domain; where a path follows, so can an address (RFC 1123, section 2.1).
_ENDING = re.compile(r"[^\W\d_]{2,63}")
_COUNTRIES = frozenset(str(code).lower() for code in Locale("en").territories if len(str(code)) == 2) | {"uk", "su"}
#: Of the other domains those in which most names are registered or misused, and the reserved ones (RFC 2606).
_GENERIC = re.compile(
    r"xn--.*|com|org|net|edu|gov|mil|info|biz|pro|mobi|asia|jobs|tel|travel|xxx|aero|coop|museum|app|dev|page|web|site"
    r"|website|online|store|shop|top|xyz|icu|vip|club|live|life|works?|link|click|digital|cloud|host|hosting|space|tech"
    r"|technology|software|systems|solutions|services|support|help|security|center|company|email|network|world|today"
    r"|news|media|blog|wiki|zone|fun|run|fit|win|bid|loan|men|date|party|review|stream|download|science|racing|accountant"
    r"|cricket|faith|trade|webcam|gdn|kim|cam|rest|monster|quest|beauty|hair|skin|makeup|lol|sbs|cfd|bond|cyou|buzz|mom"
    r"|cash|money|finance|bank|credit|pay|google|apple|amazon|microsoft|azure|new|ninja|guru|expert|pub|foundation"
    r"|institute|academy|gift|team|group|agency|studio|design|art|global|one|ltd|inc|llc"
    r"|example|test|invalid|localhost|onion"
    r"|рф|рус|中国|中國|公司|网络|在线|中文网|网址|商城|香港|台灣|台湾|한국"
)

#: Backticks may stand anywhere within: where they are shown as code they are gone.
_SCHEME = re.compile(r"(?<=[\w`]):(?=`*/`*/)")
#: Those without slashes that mail programs act on.
_ACTION = re.compile(
    r"(?<![^\W_])(mailto|javascript|vbscript|tel|sms|facetime|skype|xmpp|magnet|data(?=:\w+/))(?=:`*[^\s:`])",
    re.IGNORECASE,
)
_AT = re.compile(r"(?<=[\w.+%`-])@(?=[\w`-]+(?:\.[\w`-]+)*\.`*[^\W\d_])")
#: With the full stops that domain names may be written with (RFC 3490, section 3.1), but for the Chinese one.
_DOTTED = re.compile(r"[\w`-]+(?:[.．｡][\w`-]+)+")
_DOT = re.compile(r"(?=[.．｡])")


def unlinked(text: str) -> str:
    """Return a text in which addresses are broken by word joiners; its other characters stay, and so do file names."""
    if not any(mark in text for mark in ".．｡:@"):
        return text
    return (_unlinked if len(text) <= LONGEST_READ else _unlinked.__wrapped__)(text)


@lru_cache(maxsize=4096)
def _unlinked(text: str) -> str:
    text = _SCHEME.sub(JOINER + ":", text)
    text = _ACTION.sub(r"\1" + JOINER, text)
    text = _AT.sub(JOINER + "@", text)
    return _DOTTED.sub(_broken, text)


def _broken(match: re.Match[str]) -> str:
    labels = re.split(r"[.．｡]", match[0].replace("`", "").lower())
    first, last = labels[0], labels[-1]
    before, after = match.string[max(0, match.start() - 2) : match.start()], match.string[match.end() : match.end() + 1]
    is_host = (
        _is_domain(last)
        or first in {"www", "ftp"}
        or before == JOINER + "@"
        or (after in {"/", "?", "#"} and (_ENDING.fullmatch(last) or (last.isdecimal() and len(labels) == 4)))
    )
    return _DOT.sub(JOINER, match[0]) if is_host else match[0]


def _is_domain(label: str) -> bool:
    return bool(_GENERIC.fullmatch(label)) or (label in _COUNTRIES and not _FILES.fullmatch(label))
