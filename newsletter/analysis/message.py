"""What the words of a commit message say: breaking, security, crashes, releases, reverts, removals. Pure.

Every pattern is linear in the text: no repetition of a repetition, and every gap is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from newsletter.analysis.prose import excerpt, has_address, plain, without_markup
from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.title import Title

#: A message is read up to here; GitHub has no limit, mailing does.
MAX_MESSAGE_CHARACTERS = 65_536

#: Conventional Commits 1.0.0, rules 11–16; people also write it in lower case.
_BREAKING_FOOTER = re.compile(
    r"^[ \t*#>_-]{0,8}breaking[ -]changes?\b[*_ \t]{0,4}(?::[*_ \t]{0,4}(.*)|)$", re.IGNORECASE | re.MULTILINE
)
#: What templates are filled in with where nothing breaks.
_NOTHING = re.compile(
    r"[\s*_-]{0,8}(?:no|none|n/?a|nothing|not applicable|no breaking changes?|not (?:a )?breaking(?: change)?|-|)"
    r"[.!\s]{0,4}",
    re.IGNORECASE,
)
#: A box of a GitHub task list (GitHub Flavored Markdown, section 5.3); other things stand in lists without one.
_LIST_MARK = re.compile(r"\s*(?:(?:[-*+•]|\d{1,3}[.)])\s+)?(?:\[([ xX])\](?:\s+|$))?")
_YES = re.compile(r"(?:yes|y|true)[.!]?", re.IGNORECASE)
_BREAKING_PROSE = re.compile(
    r"(?<!non-)(?<!non )(?<!no )(?<!not a )(?<!without )(?<!any )(?<!avoid )(?<!fix )(?<!prevent )"
    r"\b(?:breaking (?:api )?changes?\b|(?:backwards?|api|abi)[ -]?incompatib\w+"
    r"|breaks? (?:backwards? )?compatibility"
    r"|not? (?:longer )?backwards?[ -]compatible|incompatible (?:api )?changes?)",
    re.IGNORECASE,
)

_ADVISORY = re.compile(r"\b(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})(?![\w-])", re.IGNORECASE)
_VULNERABILITY = re.compile(
    r"\b(?:vulnerabilit(?:y|ies)|(?:sql|command|code|header|crlf|template|shell|log|html|script)[ -]injections?"
    r"|xss|cross[ -]site scripting|csrf|ssrf|server[ -]side request forgery|xxe|rce|remote code execution"
    r"|arbitrary (?:code|file|command)s?|(?:path|directory) traversal|open redirects?|request smuggling"
    r"|prototype pollution"
    r"|privilege escalation|(?:auth\w*|permission|access|sandbox) bypass|bypass(?:es|ing"
    r"|ed)? (?:of )?(?:the )?(?:auth|permission|access)\w*"
    r"|timing attacks?|redos|catastrophic backtracking|zip slip|clickjacking|session (?:fixation|hijack\w*)"
    r"|(?:dos|denial[ -]of[ -]service)"
    r"|(?:leak|expos|disclos)\w* (?:of )?(?:\w+ ){0,2}(?:secret|credential|password|token|api key)s?"
    r"|security (?:fix(?:es)?|issues?|holes?|bugs?|flaws?|patch(?:es)?|hardening|advisor(?:y|ies)|problems?))\b",
    re.IGNORECASE,
)
#: Titles about security that change nothing in it.
_ABOUT_SECURITY = re.compile(
    r"(?:security (?:policy|scan|scanning|docs|tests?|md))|scanner|checker|linter|security\.md", re.IGNORECASE
)

_DATA_LOSS = re.compile(
    r"\b(?:data[ -]loss|los(?:e|es|ing|s of|t) (?:\w+ ){0,2}(?:data|messages?|jobs?|events?|records?|rows?"
    r"|writes?|updates?|files?|mails?|e-?mails?)"
    r"|(?:data|database|file|cache|memory|index|state) corruption|corrupt(?:s|ed|ing)? (?:\w+ ){0,2}(?:data"
    r"|files?|database|index|state|output)"
    r"|silently (?:drop|discard|los|delet|ignor|overwrit|truncat)\w*)\b",
    re.IGNORECASE,
)
_CRASH = re.compile(
    r"\b(?:crash(?:es|ed|ing)?|segfaults?|segmentation faults?|sigsegv|core dumps?|panics?|panicked"
    r"|dead-?locks?|hangs?|hanging|hung"
    r"|freez(?:e[sd]?|ing)|infinite (?:loops?|recursion)|out[ -]of[ -]memory|oom|(?:memory|connection"
    r"|file descriptor|fd|socket|resource) leaks?"
    r"|leak(?:s|ing)? (?:memory|connections?|sockets?)|nullpointer\w*|null pointer|stack overflow"
    r"|illegal memory access|cuda error"
    r"|(?:wrong|incorrect|garbage|corrupt) (?:results?|outputs?|answers?)|race conditions?)\b",
    re.IGNORECASE,
)
_REGRESSION = re.compile(
    r"\bregress(?:ions?|ed)\b(?! tests?| suite| benchmark)|\bbroken (?:since|by|in v?\d)|\bno longer works?\b",
    re.IGNORECASE,
)

_VERSION = r"v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[.-]?(?:a|b|rc|alpha|beta|pre|post)[.-]?\d{0,4})?"
_RELEASE = re.compile(
    rf"(?:(?:\w+[ /-]){{0,2}}?releas(?:e[sd]?|ing)|publish|cut|tag|ship|prepare(?: for)?(?: release)?"
    rf"|bump(?:ed)?(?: the)? version(?: number)?(?: to)?"
    rf"|bump(?:ed)?(?: to)?|version(?: bump)?(?: to)?|set version(?: to)?|update version(?: number)? to)"
    rf":? (?:\S{{1,40}} (?:to )?)?({_VERSION})(?![\w.]*dev|\S*-snapshot)\W*$|({_VERSION})\W*$",
    re.IGNORECASE,
)
_REVERT_TITLE = re.compile(r"(?:revert|reapply) [\"“](.+)", re.IGNORECASE | re.DOTALL)
_REVERT_BODY = re.compile(r"^This reverts commits? ([0-9a-f]{7,40})\b", re.MULTILINE)
_BULLET = re.compile(r"^[*-] ", re.MULTILINE)

_DEPRECATE = re.compile(
    r"(?:soft[- ])?deprecat(?:e[sd]?|ing|ion of)\b(?! (?:warnings?|alias|usage|api usage|flag|option))", re.IGNORECASE
)
_DROP_SUPPORT = re.compile(
    r"\b(?:drop(?:s|ped|ping)?|remov(?:e[sd]?|ing)|end(?:s|ed)?) (?:the )?(?:support (?:for|of) )?"
    r"((?:python|py|node(?:\.?js)?|go|ruby|php|java|elixir|erlang|django|rails|postgres(?:ql)?|mysql|cuda|rocm"
    r"|pytorch|torch|rust|ios|android)"
    r" ?(?:<=? ?)?v?\d[\w.]*)",
    re.IGNORECASE,
)
_REQUIRE = re.compile(
    r"\b(?:requires?|minimum|min|at least|bump (?:the )?(?:minimum|required|min) ?\w*)(?: \w+){0,3}?"
    r" ((?:python|node(?:\.?js)?|go|ruby|php|java|elixir|django|rails|postgres(?:ql)?|rust|cuda|torch"
    r"|pytorch)(?: version)?[ >=+to]{1,5}v?\d[\w.]*)",
    re.IGNORECASE,
)
_DEFAULT = re.compile(
    r"\b(?:(?:change[sd]?|update[sd]?|switch(?:es|ed)?|set|flip|raise|lower|increase|reduce|make|turn)\b.{0,60}\bdefaults?\b"
    r"|(?:enable[sd]?|disable[sd]?|on|off|use[sd]?) (?:\S+ ){0,4}?by default|defaults? (?:is|are) now|new default)",
    re.IGNORECASE,
)
_REMOVE = re.compile(
    r"(?:^|\b(?:and|,|;) ?)(?:remov(?:e[sd]?|ing)|drop(?:s|ped|ping)?|delet(?:e[sd]?|ing)|get rid of|删除"
    r"|移除) ?(.{1,120})",
    re.IGNORECASE,
)
_PUBLIC_THING = re.compile(
    r"(?<![\w-])--[a-z][\w-]+|\?\w+|\b(?:support|options?|flags?|parameters?|params?|arguments?|args?|hooks?"
    r"|apis?|endpoints?|routes?|commands?"
    r"|settings?|config(?:uration)?s?|plugins?|adapters?|providers?|drivers?|back-?ends?|features?|modes?"
    r"|installers?|install scripts?"
    r"|legacy|deprecated|v\d+|methods?|functions?|class(?:es)?|images?)\b",
    re.IGNORECASE,
)
_PRIVATE_THING = re.compile(
    r"\b(?:unused|unneeded|unnecessary|unneccessary|unreachable|useless|dead|redundant|obsolete|duplicate[sd]?"
    r"|superfluous|stale|leftover|extra|old code"
    r"|debug\w*|print|prints|logging|imports?|comments?|white ?space|trailing|todo|tests?|docs?|internal"
    r"|private|hack|workaround|shim"
    r"|warnings?|typing|annotations?|hasattr|getattr|checks?|validations?|lint|ci|workflow|dev|experimental"
    r"|temporary|duplication|assert\w*|files?)\b"
    r"|^[`\"']?_\w|injection|vulnerab",
    re.IGNORECASE,
)


def message_reasons(title: Title, message: str) -> Iterator[Reason]:
    """Yield what the words of a message say, each with the words that say it.

    Not for the bodies of dependency bumps: they quote the release notes of others.
    """
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n")
    yield from _breaking(title, text)
    yield from _security(title, text)
    yield from _harm(title, text)
    if match := _RELEASE.match(title.text):
        yield Reason(signal=Signal.RELEASE, detail=excerpt(match[1] or match[2]))
    if _DEPRECATE.match(title.text):
        yield Reason(signal=Signal.DEPRECATION, detail=excerpt(title.text))
    if _DEFAULT.search(title.text):
        yield Reason(signal=Signal.DEFAULT, detail=excerpt(title.text))
    if match := _DROP_SUPPORT.search(title.text) or _REQUIRE.search(title.text):
        yield Reason(signal=Signal.MINIMUM_VERSION, detail=excerpt(match[1]))
    elif thing := _removed_thing(title.text):
        yield Reason(signal=Signal.REMOVAL, detail=thing)


def reverted(title: str, body: str) -> str | None:
    """Return what git says was reverted: the old title, or the id where only the body tells; None for no revert.

    A squashed branch lists its commits as bullets; a revert among them is not a revert of anything readers saw.
    """
    if match := _REVERT_TITLE.match(title):
        return plain(re.sub(r"[\"”](?:\s*\(#\d+\))?\s*$", "", match[1][:500]))
    match = _REVERT_BODY.search(body[:MAX_MESSAGE_CHARACTERS])
    if match and not _BULLET.search(body, 0, match.start()):
        return match[1][:12]
    return None


def breaking_footer(message: str) -> str | None:
    """Return the text of a ``BREAKING CHANGE:`` footer or heading; None where there is none, or it says "none".

    It is empty where a box is ticked that says no more than "yes".
    """
    text = message[:MAX_MESSAGE_CHARACTERS].replace("\r\n", "\n")
    for match in _BREAKING_FOOTER.finditer(text):
        # Below a heading, the next lines with words tell.
        lines = [match[1][:1000]] if match[1] else text[match.end() : match.end() + 1000].splitlines()
        told = _told(line.strip() for line in lines)
        if told is not None:
            return told
    return None


def _told(lines: Iterable[str]) -> str | None:
    """Return what the first telling line says breaks, as plain text; None where that is nothing.

    An empty box tells nothing, and a ticked "yes" gives an empty text: that it breaks, but not what.
    """
    boxes = False
    for line in filter(None, lines):
        mark = _LIST_MARK.match(line)
        box = mark[1] if mark else None
        if boxes and box is None:
            return None
        boxes = box is not None
        if box == " ":
            continue
        told = without_markup(line[mark.end() :] if mark else line)
        if _NOTHING.fullmatch(told) or told.startswith("#"):
            return None
        return "" if _YES.fullmatch(told) else told
    return None


def dropped_versions(message: str) -> frozenset[str]:
    """Return the versions of languages and platforms that a message says are not supported any more."""
    return frozenset(excerpt(match[1]) for match in _DROP_SUPPORT.finditer(plain(message[:2000])))


def advisory(text: str) -> str:
    """Return the first CVE or GHSA id of a text, in capitals as their registers write it; empty where there is none."""
    match = _ADVISORY.search(text)
    if match is None:
        return ""
    return match[0].upper() if match[0][:3].upper() == "CVE" else f"GHSA{match[0][4:].lower()}"


def _breaking(title: Title, text: str) -> Iterator[Reason]:
    footer = breaking_footer(text)
    if footer is not None:
        told = "" if has_address(footer) else excerpt(footer)
        yield Reason(signal=Signal.BREAKING, detail=told or excerpt(title.text))
    elif title.breaking:
        yield Reason(signal=Signal.BREAKING, detail=excerpt(title.text))
    elif match := _BREAKING_PROSE.search(title.text):
        yield Reason(signal=Signal.BREAKING, detail=excerpt(match[0]))


def _security(title: Title, text: str) -> Iterator[Reason]:
    """Look for advisory ids anywhere, and for words in the title and in the first lines of a fix."""
    told = title.text if title.declared is not Kind.FIX else text[:1500]
    if identifier := advisory(text):
        yield Reason(signal=Signal.SECURITY, detail=identifier)
    elif (match := _VULNERABILITY.search(told)) and not _ABOUT_SECURITY.search(title.text):
        yield Reason(signal=Signal.SECURITY, detail=excerpt(match[0]))
    elif title.declared is Kind.SECURITY:
        yield Reason(signal=Signal.SECURITY, detail=excerpt(title.text))


def _harm(title: Title, text: str) -> Iterator[Reason]:
    """Look for data loss, crashes and regressions: in the title, or in the body of what calls itself a fix."""
    is_fix = title.declared is Kind.FIX
    for signal, pattern in ((Signal.DATA_LOSS, _DATA_LOSS), (Signal.CRASH, _CRASH), (Signal.REGRESSION, _REGRESSION)):
        if match := pattern.search(text[:4000] if is_fix and signal is not Signal.CRASH else title.text):
            yield Reason(signal=signal, detail=excerpt(match[0]))


def _removed_thing(text: str) -> str:
    """Return what a title says is removed, where it sounds like something people use."""
    match = _REMOVE.search(text)
    if match is None or _PRIVATE_THING.search(match[1]) or not _PUBLIC_THING.search(match[1]):
        return ""
    return excerpt(
        re.sub(r"\s*(?:[-–—(]\s*)?(?:closes|refs|fixes|see)? ?\(?#\d+\)?.*$", "", match[1], flags=re.IGNORECASE)
    )
