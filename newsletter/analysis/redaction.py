"""Secrets in a change are taken out before it leaves this machine: pure, linear in its input.

The shapes of keys follow what their providers publish for secret scanning (docs.github.com, "Supported secret scanning
patterns"; gitleaks' rules name the same). What has no shape is known by the name it is assigned to.
"""

from __future__ import annotations

import math
import re
from collections import Counter

#: What stands in the place of a secret.
REDACTED = "[secret]"

#: Keys that are known by their own shape. Every repetition is bounded or has no second way to match.
_SHAPES = re.compile(
    r"gh[pousr]_[A-Za-z0-9._-]{20,}|github_pat_[A-Za-z0-9_]{20,}"  # GitHub
    r"|gl(?:pat|ptt|rt|dt|cbt|soat|agent)-[A-Za-z0-9_.-]{20,}"  # GitLab
    r"|\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic and those that follow them
    r"|\b(?:sk|pk|rk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}"  # Stripe
    r"|\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"  # AWS
    r"|\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,}|\bGOCSPX-[A-Za-z0-9_-]{20,}"  # Google
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}|\bxapp-[A-Za-z0-9-]{10,}"  # Slack
    r"|hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]{20,}"
    r"|discord(?:app)?\.com/api/webhooks/[A-Za-z0-9/_-]{20,}"
    r"|\bhf_[A-Za-z0-9]{20,}|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_-]{40,}|\bdckr_pat_[A-Za-z0-9_-]{20,}"
    r"|\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bkey-[0-9a-f]{32}\b|\bSK[0-9a-f]{32}\b|\bAC[0-9a-f]{32}\b"
    r"|\bdo[opr]_v1_[a-f0-9]{40,}|\bshp(?:at|ca|pa|ss)_[A-Fa-f0-9]{30,}|\b(?:r8|gsk|xai|nvapi|tvly|pplx)[-_][\w-]{20,}"
    r"|\b(?:hvs|hvb)\.[A-Za-z0-9_-]{20,}|\bdapi[a-f0-9]{32}\b|\bglsa_[A-Za-z0-9_]{30,}|\bATATT[A-Za-z0-9_=-]{30,}"
    r"|\blin_api_[A-Za-z0-9]{30,}|\bntn_[A-Za-z0-9]{30,}|\bsecret_[A-Za-z0-9]{32,}|\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"
    r"|\b[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}"  # Telegram
    r"|\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # JSON Web Token, RFC 7519
    r"|\b(?:AccountKey|SharedAccessKey|SharedAccessSignature|sig)=[A-Za-z0-9+/%=]{30,}"  # Azure
)
#: RFC 7468, also where a diff has put a sign before each line; up to the end where the end is not in the patch.
_KEY_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----")
_KEY_BLOCK_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
#: A line of the middle of such a block, whose beginning is in another hunk.
_KEY_LINE = re.compile(r"(?m)^([+\- ]?)[ \t]{0,40}[A-Za-z0-9+/]{60,76}={0,2}[ \t]{0,40}$")
#: ``user:password@`` of a URL, RFC 3986 §3.2.1.
_IN_URL = re.compile(r"(?<=://)([^\s/?#:@\"'<>]{0,100}):([^\s/?#@\"'<>]{1,200})(?=@)")
_HEADER = re.compile(r"(?i)\b((?:Bearer|Basic|Token)[ \t]{1,4})([A-Za-z0-9._~+/=-]{16,})")
_NAME = (
    r"(?:api[_-]?key|apikey|access[_-]?key|account[_-]?key|secret|token|passw(?:or)?d|passphrase|passwd|pwd"
    r"|private[_-]?key|signing[_-]?key|encryption[_-]?key|client[_-]?secret|credential|auth[_-]?key|webhook[_-]?url)"
)
#: ``api_key = "…"``, ``"password": "…"``, ``SECRET=…``, ``--token …``; what follows is looked at by :func:`_is_random`.
_ASSIGNED = re.compile(
    rf"(?i)({_NAME}[\w-]{{0,40}}[\"'`\])]{{0,3}}[ \t]{{0,20}}(?::=|=>|[:=]|[ \t])[ \t]{{0,20}}"
    r"(?:str[ \t]{0,4}=[ \t]{0,4})?)"
    r"(?:([rbf]{0,2}[\"'`])([^\"'`\s]{8,500})(?=[\"'`])|([A-Za-z0-9+/_=.~!@#$%^&*-]{12,500}))"
)
#: Words that stand where a secret would, and are none.
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change[_-]?me|your[_-]|dummy|sample|x{4,}|\*{3,}|\.\.\.|<|\$\{|\{\{|%\(|localhost|process\.env"
)
#: Shannon entropy of a value from which it counts as made by chance, bits a character (gitleaks uses 3 to 4).
_RANDOM_BITS = 3.0
#: A quoted value assigned to a password may have been thought up by a person.
_PASSWORD = re.compile(r"(?i)passw|passphrase|pwd")
_PASSWORD_BITS = 2.5


def without_secrets(text: str) -> str:
    """Return a text without keys, tokens, passwords and private keys; what they are assigned to stays."""
    text = _without_key_blocks(text)
    text = _KEY_LINE.sub(lambda match: match[1] + REDACTED if _is_mixed(match[0]) else match[0], text)
    text = _IN_URL.sub(lambda match: f"{match[1]}:{REDACTED}", text)
    text = _SHAPES.sub(REDACTED, text)
    text = _HEADER.sub(lambda match: match[1] + REDACTED if _is_random(match[2]) else match[0], text)
    return _ASSIGNED.sub(_without_value, text)


def _without_key_blocks(text: str) -> str:
    kept: list[str] = []
    rest = 0
    while begin := _KEY_BLOCK.search(text, rest):
        end = _KEY_BLOCK_END.search(text, begin.end())
        kept += [text[rest : begin.start()], REDACTED]
        rest = end.end() if end else len(text)
    return "".join(kept) + text[rest:]


def _without_value(match: re.Match[str]) -> str:
    name, quote, quoted, bare = match.groups()
    if quoted is not None:
        least = _PASSWORD_BITS if _PASSWORD.search(name) else _RANDOM_BITS
        return f"{name}{quote}{REDACTED}" if _is_random(quoted, least=least) else match[0]
    # What stands without quotation marks is code more often than a secret: os.environ, self.token, get_secret.
    is_value = _is_mixed(bare) and _is_random(bare)
    return f"{name}{REDACTED}" if is_value else match[0]


def _is_random(value: str, *, least: float = _RANDOM_BITS) -> bool:
    if _PLACEHOLDER.search(value):
        return False
    return any(not character.isalpha() for character in value) and _entropy(value) >= least


def _is_mixed(value: str) -> bool:
    has_digit = any(character.isdigit() for character in value)
    return has_digit and any(character.isalpha() for character in value) and "." not in value.strip(".")


def _entropy(value: str) -> float:
    total = len(value)
    return -sum(count / total * math.log2(count / total) for count in Counter(value).values())
