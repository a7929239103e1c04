"""What a title says goes, is to go, or is another than before: public things, versions, defaults. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.analysis.prose import excerpt, plain
from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.title import Title

_DEPRECATE = re.compile(
    r"(?:(?:soft|hard)[- ])?deprecat(?:e[sd]?|ing|ion of)\b"
    r"(?! (?:warnings?|alias|usage|api usage|flag|option|notices?|messages?))",
    re.IGNORECASE,
)
_PLATFORM = (
    r"python|py|node(?:\.?js)?|go(?:lang)?|ruby|php|java|jdk|jvm|kotlin|scala|elixir|erlang|otp|django|rails|laravel"
    r"|symfony"
    r"|postgres(?:ql)?|mysql|mariadb|sqlite|redis|mongodb|cuda|rocm|pytorch|torch|numpy|rust|msrv|ios|macos|android"
    r"|windows"
    r"|\.net(?: core| framework)?|netstandard|net|swift|xcode|typescript|react|vue|angular|c\+\+|gcc|clang|msvc"
    r"|cmake|gradle"
    r"|kubernetes|k8s|openssl|ie|internet explorer"
)
_DROP_SUPPORT = re.compile(
    r"\b(?:drop(?:s|ped|ping)?|remov(?:e[sd]?|ing)|end(?:s|ed)?|stop(?:s|ped)? supporting|discontinue[sd]?)"
    rf" (?:the )?(?:support (?:for|of) )?((?:{_PLATFORM}) ?(?:[<>]?=? ?)?v?\d[\w.]*)",
    re.IGNORECASE,
)
_REQUIRE = re.compile(
    r"\b(?:requires?|minimum|min|at least|(?:bump|raise|increase|update|upgrade) (?:the )?(?:minimum|required|min"
    r"|msrv) ?\w*)"
    rf"(?: \w+){{0,3}}? ((?:{_PLATFORM})(?: version)?[ >=+to]{{1,5}}v?\d[\w.]*)",
    re.IGNORECASE,
)
_BY_DEFAULT = re.compile(
    r"\b(?:(?:enable[sd]?|disable[sd]?|on|off|use[sd]?) (?:\S+ ){0,4}?by default|defaults? (?:is|are) now|new default"
    r"|(?:should|now|will) default to)",
    re.IGNORECASE,
)
_DEFAULT = re.compile(
    r"\b(?:change[sd]?|update[sd]?|switch(?:es|ed)?|set|flip(?:ped)?|raise|lower|increase|reduce|make|turn)\b"
    rf".{{0,60}}\bdefaults?\b|{_BY_DEFAULT.pattern}",
    re.IGNORECASE,
)
_REMOVE = re.compile(
    r"(?:^|\b(?:and|,|;) ?)(?:remov(?:e[sd]?|ing)|drop(?:s|ped|ping)?|delet(?:e[sd]?|ing)|get rid of|删除"
    r"|移除) ?(.{1,120})",
    re.IGNORECASE,
)
_RENAME = re.compile(
    r"(?:^|\b(?:and|,|;) ?)(?:renam(?:e[sd]?|ing)) (?:the )?(.{1,60}?) (?:to|into|as|->|=>) (.{1,60})", re.IGNORECASE
)
_PUBLIC_THING = re.compile(
    r"(?<![\w-])--[a-z][\w-]+|\?\w+|\b(?:support|options?|flags?|parameters?|params?|arguments?|args?|hooks?"
    r"|apis?|endpoints?|routes?|commands?"
    r"|settings?|config(?:uration)?s?|plugins?|adapters?|providers?|drivers?|back-?ends?|features?|modes?"
    r"|installers?|install scripts?"
    r"|legacy|deprecated|v\d+|methods?|functions?|class(?:es)?|images?)\b",
    re.IGNORECASE,
)
#: What an operator or a script writes down: renaming it breaks them.
_WRITTEN_DOWN = re.compile(
    r"(?<![\w-])--[a-z][\w-]+|\b[A-Z][A-Z0-9]+_[A-Z0-9_]+\b|[\w`\"'-]+ (?:options?|flags?|settings?|commands?"
    r"|endpoints?"
    r"|routes?|environment variables?|env vars?|config(?:uration)? (?:keys?|options?|files?)|packages?|binary"
    r"|executable)\b"
)
_PRIVATE_THING = re.compile(
    r"\b(?:unused|unneeded|uneeded|unnecessary|unneccessary|unreachable|useless|dead|redundant|obsolete|duplicate[sd]?"
    r"|superfluous|stale|leftover|extra|old code|stray|spurious|double|impossible|wrong|incorrect|invalid|bogus"
    r"|debug\w*|print|prints|logging|logs?|imports?|comments?|white ?space|trailing|todo|tests?|docs?|internal"
    r"|private|hack|workaround|shim|mut|binding|variables?|mention\w*|instructions|references?"
    r"|warnings?|typing|annotations?|hasattr|getattr|checks?|validations?|lint|ci|workflow|dev|experimental"
    r"|temporary|duplication|assert\w*|files?|benchmarks?|examples?|links?|badges?|dependenc\w+|deps?)\b"
    r"|^[`\"']?_\w|injection|vulnerab|\bfrom (?:\w+ ){0,3}(?:results?|output|context|lists?|page|help|response)\b",
    re.IGNORECASE,
)
_HOUSEKEEPING = frozenset({Kind.CHORE, Kind.STYLE, Kind.REFACTOR})
_ISSUES = re.compile(r"\s*(?:[-–—(]\s*)?(?:closes|refs|fixes|see)? ?\(?#\d+\)?.*$", re.IGNORECASE)


def removal_reasons(title: Title) -> Iterator[Reason]:
    """Yield what a title says is deprecated, removed, renamed, not supported any more, or another by default."""
    if _DEPRECATE.match(title.text):
        yield Reason(signal=Signal.DEPRECATION, detail=excerpt(title.text))
    if (_BY_DEFAULT if title.declared is Kind.FEATURE else _DEFAULT).search(title.text):
        yield Reason(signal=Signal.DEFAULT, detail=excerpt(title.text))
    if match := _DROP_SUPPORT.search(title.text) or _REQUIRE.search(title.text):
        yield Reason(signal=Signal.MINIMUM_VERSION, detail=excerpt(match[1]))
    elif thing := _removed_thing(title):
        yield Reason(signal=Signal.REMOVAL, detail=thing)
    elif title.declared not in {Kind.TEST, Kind.CI, Kind.DOCS} and (renamed := _renamed_thing(title.text)):
        yield Reason(signal=Signal.REMOVAL, detail=renamed)


def dropped_versions(message: str) -> frozenset[str]:
    """Return the versions of languages and platforms that a message says are not supported any more."""
    return frozenset(excerpt(match[1]) for match in _DROP_SUPPORT.finditer(plain(message[:2000])))


def _removed_thing(title: Title) -> str:
    """Return what a title says is removed, where it sounds like something people use."""
    match = _REMOVE.search(title.text)
    if match is None or _PRIVATE_THING.search(match[1]):
        return ""
    # Who calls it housekeeping has to name something that people write down.
    public = _WRITTEN_DOWN if title.explicit and title.declared in _HOUSEKEEPING else _PUBLIC_THING
    if not public.search(match[1]):
        return ""
    return excerpt(_ISSUES.sub("", match[1]))


def _renamed_thing(text: str) -> str:
    match = _RENAME.search(text)
    if match is None or _PRIVATE_THING.search(match[1]) or not _WRITTEN_DOWN.search(match[1]):
        return ""
    return excerpt(match[1])
