"""What a server says in prose of a mail it did not deliver, apart from the mail it returns: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.inbound.addresses import addresses_in
from newsletter.inbound.causes import cause_of, enhanced_in, reply_code_in
from newsletter.inbound.phrases import any_of
from newsletter.inbound.record import Cause
from newsletter.inbound.segments import Mail

MOST_LINES = 400
#: Lines after an address that may say why.
REACH = 8
#: Where the returned mail begins.
_RETURNED = any_of("returned", before=r"^[\s>*=_-]*")
_RETURNED_HEADER = re.compile(
    r"(?:Received|Return-Path|DKIM-Signature|Message-ID|MIME-Version|X-Mailer|Delivered-To):", re.IGNORECASE
)
_LABELLED = any_of("recipient_labels", after=r"\s*[\]\)]?\s*[:=>\-]*\s*[\[<(\"'*]*\s*(?:smtp:|rfc822;)?\s*$")
_SENDER_LABEL = any_of("sender_labels", after=r"\s*[:=]?\s*[<(\"']*\s*$")
_ALONE = re.compile(r"[\s>*\-•+·\"'(\[<{]*(?:<mailto:)?\S+@\S+[\s>\"')\]};:,.]*$")
_WARNS = any_of("warnings")
_SENDER_FIELD = re.compile(r"\s*(?:from|return-path|sender|reply-to)\s*:", re.IGNORECASE)
_RECIPIENT_FIELD = re.compile(r"\s*(?:to|x-original-to|delivered-to)\s*:", re.IGNORECASE)
_WRITERS = ("from", "to", "reply-to", "return-path", "sender")
_PROSE = ("text/plain", "text/html", "text/unknown", "multipart/report", "multipart/mixed", "multipart/alternative")
_TO_LIST = re.compile(r"\s*list-post\s*:.*mailto:", re.IGNORECASE)
#: Mailboxes of services, named so that people may complain.
_SERVICE = re.compile(
    r"^(?:postmaster|abuse|mailer-daemon|support|help|info|helpdesk|hostmaster|no-?reply)@|^bounces?[-+=]",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Notice:
    """The prose of a bounce."""

    #: What the server wrote.
    lines: tuple[str, ...]
    #: Addresses that stand in it without having failed: its writer's and ours.
    others: frozenset[str]
    #: To whom the returned mail was, as far as it is there.
    returned_to: tuple[str, ...]

    @property
    def text(self) -> str:
        """All of it as one line."""
        return " ".join(" ".join(self.lines).split())

    @property
    def warns(self) -> bool:
        """Whether the server goes on trying."""
        return bool(_WARNS.search(self.text))

    @property
    def says_no(self) -> bool:
        """Whether it tells of a failure at all."""
        text = self.text
        return bool(enhanced_in(text) or reply_code_in(text)) or cause_of(None, text) is not Cause.UNKNOWN

    def is_ours(self, address: str) -> bool:
        """Whether an address is the writer's or the sender's of what is returned."""
        return address.lower() in self.others

    def recipients(self) -> list[str]:
        """Return the addresses that failed: those named most plainly, each once."""
        ranked: dict[int, dict[str, str]] = {}
        for number, line in enumerate(self.lines):
            for address in addresses_in(line):
                rank = self._rank(number, line, address)
                if rank is not None:
                    ranked.setdefault(rank, {}).setdefault(address.lower(), address)
        if ranked:
            return list(ranked[min(ranked)].values())
        # It names nobody: whom else can the mail it returns have been for.
        return [address for address in self.returned_to if not self.is_ours(address)][:1]

    def _rank(self, number: int, line: str, address: str) -> int | None:
        """Say how plainly an address is named as one that failed: 0 most; None for not at all."""
        before = line[: max(0, line.lower().find(address.lower()))]
        if _SENDER_LABEL.search(before):
            return None
        # Whoever writes to themselves gets a bounce that names them twice.
        weak = (3 if _SERVICE.match(address) else 0) + (6 if self.is_ours(address) else 0)
        near = " ".join(self.lines[number : number + REACH])
        refused = bool(enhanced_in(near) or reply_code_in(near)) or cause_of(None, near) is not Cause.UNKNOWN
        if _ALONE.match(line):
            return weak + (0 if refused else 1)
        if _LABELLED.search(before):
            return weak + (0 if refused else 1)
        same_line = cause_of(None, line) is not Cause.UNKNOWN or bool(enhanced_in(line) or reply_code_in(line))
        return weak + (0 if same_line else 2)

    def said_of(self, address: str) -> str:
        """Return what is said near an address, or all of it where the address is not named."""
        wanted = address.lower()
        local = wanted.partition("@")[0]
        at = [n for n, line in enumerate(self.lines) if wanted in line.lower()]
        at = at or [n for n, line in enumerate(self.lines) if len(local) > 3 and local in line.lower()]
        after = " ".join(" ".join(self.lines[n : self._next_name(n, wanted)]) for n in at[:3])
        around = " ".join(" ".join(self.lines[max(0, n - 2) : n + REACH]) for n in at[:3])
        for near in (after, around):
            if enhanced_in(near) or cause_of(None, near) is not Cause.UNKNOWN:
                return near
        return self.text

    def _next_name(self, number: int, address: str) -> int:
        """Return where another recipient is spoken of."""
        for following in range(number + 1, min(number + REACH, len(self.lines))):
            named = addresses_in(self.lines[following])
            if named and not any(address == other.lower() or self.is_ours(other) for other in named):
                return following
        return min(number + REACH, len(self.lines))


def notice_of(mail: Mail) -> Notice:
    """Part what a server says from what it returns."""
    whole: list[str] = []
    for segment in mail.of_type(*_PROSE):
        whole += segment.text[: MOST_LINES - len(whole)]
    end = _end_of_notice(whole)
    returned = [*whole[end:], *_returned(mail)]
    writers = [address for name in _WRITERS for address in addresses_in(mail.header(name))]
    senders = [address for line in returned if _SENDER_FIELD.match(line) for address in addresses_in(line)]
    to = [address for line in returned if _RECIPIENT_FIELD.match(line) for address in addresses_in(line)]
    return Notice(
        lines=tuple(whole[:end]),
        others=frozenset(address.lower() for address in [*writers, *senders]),
        # What a list distributes is to the list.
        returned_to=() if any(_TO_LIST.match(line) for line in returned) else tuple(dict.fromkeys(to)),
    )


def _returned(mail: Mail) -> list[str]:
    """Return the headers of the mail that a part of its own returns."""
    inner = [f"{name}: {value}" for part in mail.segments if part.quoted for name, value in part.headers]
    return [
        *inner[:MOST_LINES],
        *(line for part in mail.of_type("text/rfc822-headers") for line in part.text[:MOST_LINES]),
    ]


def _end_of_notice(lines: list[str]) -> int:
    """Return the line at which the returned mail begins, in the text itself."""
    named = False
    for number, line in enumerate(lines):
        if number and (_RETURNED_HEADER.match(line) or (named and _RETURNED.match(line))):
            return number
        named = named or "@" in line
    return len(lines)
