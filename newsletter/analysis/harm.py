"""What the words of a message say was harmed or in danger: security, data, a running program. Pure.

Every pattern is linear in the text: no repetition of a repetition, and every gap is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.analysis.prose import excerpt
from newsletter.analysis.record import Kind, Reason, Signal
from newsletter.analysis.title import Title

_ADVISORY = re.compile(r"\b(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})(?![\w-])", re.IGNORECASE)
#: Weaknesses by name, after the titles of MITRE's CWE list.
_VULNERABILITY = re.compile(
    r"\b(?:vulnerabilit(?:y|ies)"
    r"|(?:sql|nosql|command|code|header|crlf|template|shell|log|html|script|ldap|xml|css)[ -]injections?"
    r"|(?:xss|csrf|xsrf|ssrf)(?! (?:middleware|tokens?|protection|validation|checks?|options?|cookies?|headers?"
    r"|helpers?|plugins?))"
    r"|cross[ -]site scripting|(?:server|cross)[ -](?:side|site) request forgery|xxe|rce"
    r"|remote code execution|arbitrary (?:code|file|command)s?|(?:path|directory) traversal|zip slip|open redirects?"
    r"|request smuggling|prototype pollution|mass assignment|host header (?:attack|poisoning)|cache poisoning"
    r"|privilege escalation|(?:auth\w*|permission|access|sandbox|signature) bypass"
    r"|bypass(?:es|ing|ed)? (?:of )?(?:the )?(?:auth|permission|access|sandbox)\w*"
    r"|(?:timing|replay|brute[ -]force|downgrade) attacks?|redos|catastrophic backtracking|decompression bombs?"
    r"|zip bombs?"
    r"|clickjacking|session (?:fixation|hijack\w*)|user enumeration|insecure deseriali[sz]ation"
    r"|(?-i:DoS)|denial[ -]of[ -]service"
    r"|(?:leak|expos|disclos|log)\w* (?:of )?(?:\w+ ){0,2}(?:secret|credential|password|token|api key)s?"
    r"|(?:secret|credential|password|token|api key)s? (?:\w+ ){0,3}(?:leak|exposed|disclos|in (?:the )?(?:logs?"
    r"|plain ?text))\w*"
    r"|(?:plain ?text|hard[- ]?coded) (?:password|secret|credential|token)s?"
    r"|(?:weak|insecure|broken) (?:hash\w*|cipher\w*|crypto\w*|random\w*|encryption|default credentials)"
    r"|constant[- ]time compar\w+|security (?:fix(?:es)?|issues?|holes?|bugs?|flaws?|patch(?:es)?|hardening"
    r"|advisor(?:y|ies)|problems?|vulnerab\w+|updates?)|harden(?:s|ed|ing)? (?:\w+ ){0,4}(?:security|against))\b",
    re.IGNORECASE,
)
#: Titles about security that change nothing in it.
_ABOUT_SECURITY = re.compile(
    r"(?:security (?:policy|scan|scanning|docs?|tests?|md|advisories page))|scanner|checker|linter|security\.md"
    r"|false positives?",
    re.IGNORECASE,
)
#: Who may come in, and how that is kept: a capability that operators plan for. Not "… for" or "… when" there is such.
_ACCESS = re.compile(
    r"(?:add(?:s|ed|ing)?|introduc(?:e[sd]?|ing)|implement(?:s|ed|ing)?|support(?:s|ed)?|requir(?:e[sd]?|ing)"
    r"|enforc(?:e[sd]?|ing)) (?:(?!(?:to|when|for|in|of|on|with|from|test|tests) )\S{1,30} ){0,4}?"
    r"(basic ?auth\w*|auth(?:entication|ori[sz]ation)|oauth2?|oidc|openid connect|saml|sso|single sign[- ]on|ldap"
    r"|(?:2fa|mfa|totp|webauthn|passkeys?)|two[- ]factor\w*|multi[- ]factor\w*|rbac|role[- ]based access\w*"
    r"|(?:user |access )?permissions|access control|encryption at rest|end[- ]to[- ]end encryption|mtls)\b",
    re.IGNORECASE,
)

_DATA_LOSS = re.compile(
    r"\b(?:data[ -]loss|los(?:e|es|ing|s of|t) (?:\w+ ){0,2}(?:data|messages?|jobs?|events?|records?|rows?"
    r"|writes?|updates?|files?|mails?|e-?mails?|tasks?|keys?)"
    r"|(?:data|database|file|cache|memory|index|state|heap) corruptions?|corrupt(?:s|ed|ing)? (?:\w+ ){0,2}(?:data"
    r"|files?|database|index|state|output)"
    r"|silently (?:drop|discard|los|delet|overwrit|truncat)\w*)\b",
    re.IGNORECASE,
)
_CRASH = re.compile(
    r"\b(?:crash(?:es|ed|ing)?|segfault(?:s|ed|ing)?|segmentation faults?|sigsegv|sigabrt|core dumps?|panics?|panicked"
    r"|dead-?locks?|deadlock(?:ed|ing)|livelocks?|hangs?|hanging|hung|freez(?:e[sd]?|ing)"
    r"|(?:infinite|endless) (?:loops?|recursion)|out[ -]of[ -]memory|oom(?!-)|(?:memory|connection|goroutine|thread"
    r"|file descriptor|fd|socket|resource|handle) leaks?|leak(?:s|ing|ed)? (?:\w+ )?(?:memory|connections?|sockets?"
    r"|goroutines?)"
    r"|null ?pointer\w*|null (?:dereference|reference)\w*|nil (?:pointer|dereference|panic)\w*|stack overflows?"
    r"|use[- ]after[- ]free|double free|(?:heap|buffer|integer) over(?:flow|run|read)s?|out[- ]of[- ]bounds"
    r"|illegal memory access|cuda error|(?:wrong|incorrect|garbage|corrupt) (?:results?|outputs?|answers?|data)"
    r"|race conditions?|data races?)\b|死锁|崩溃|内存泄漏|卡死",
    re.IGNORECASE,
)
_REGRESSION = re.compile(
    r"\bregress(?:ions?|ed)\b(?! tests?| suite| benchmark)|\bbroken (?:since|by|in v?\d)|\bno longer works?\b"
    r"|\bbroke in v?\d",
    re.IGNORECASE,
)

#: Words in the body of what calls itself a fix are read up to here, characters.
_MOST_OF_FIX = 1_500
_MOST_OF_HARM = 4_000
_MENDING = frozenset({Kind.FIX, Kind.PERFORMANCE, Kind.SECURITY, None})


def advisory(text: str) -> str:
    """Return the first CVE or GHSA id of a text, in capitals as their registers write it; empty where there is none."""
    match = _ADVISORY.search(text)
    if match is None:
        return ""
    return match[0].upper() if match[0][:3].upper() == "CVE" else f"GHSA{match[0][4:].lower()}"


def harm_reasons(title: Title, text: str) -> Iterator[Reason]:
    """Yield what a message says about security, and about harm that it mends.

    Ids of advisories count anywhere, words in the title, and in the body only of what calls itself a fix.
    """
    told = "\n".join((title.text, text.partition("\n")[2])) if title.declared is Kind.FIX else title.text
    yield from _security(title, text, told[:_MOST_OF_FIX])
    if title.declared not in _MENDING:
        # A feature that speaks of crashes has to do with them, but mends none.
        return
    if match := _DATA_LOSS.search(told[:_MOST_OF_HARM]):
        yield Reason(signal=Signal.DATA_LOSS, detail=excerpt(match[0]))
    if match := _CRASH.search(title.text):
        yield Reason(signal=Signal.CRASH, detail=excerpt(match[0]))
    if match := _REGRESSION.search(told[:_MOST_OF_HARM]):
        yield Reason(signal=Signal.REGRESSION, detail=excerpt(match[0]))


def _security(title: Title, text: str, told: str) -> Iterator[Reason]:
    if identifier := advisory(text):
        yield Reason(signal=Signal.SECURITY, detail=identifier)
    elif (match := _VULNERABILITY.search(told)) and not _ABOUT_SECURITY.search(title.text):
        yield Reason(signal=Signal.SECURITY, detail=excerpt(match[0]))
    elif title.declared is Kind.SECURITY:
        yield Reason(signal=Signal.SECURITY, detail=excerpt(title.text))
    elif match := _ACCESS.match(title.text):
        yield Reason(signal=Signal.ACCESS, detail=excerpt(match[1]))
