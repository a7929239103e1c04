"""What a reply of the mail server means for a delivery: pure.

RFC 5321 §4.2.1 gives the first digit its meaning, RFC 3463 the enhanced code; whom a refusal concerns depends on how
far the dialogue had come.
"""

from __future__ import annotations

import re

from newsletter.delivery.record import DeliveryStatus, Outcome, Reply, Stage

#: Longest reply kept, characters: enough for every real one.
LONGEST_REPLY = 500
#: So many domains that refuse us are no longer what each of them thinks: it is about us.
AGREEING_DOMAINS = 3

# Replies often quote addresses of machines and versions of programs: neither is an enhanced code.
_ENHANCED = re.compile(r"(?<![\w.])([245]\.\d{1,3}\.\d{1,3})(?!\w|\.\d)", re.ASCII)


def reply_of(code: int, text: str) -> Reply:
    """Return a reply that can be stored and shown: one line, valid text, bounded."""
    clean = text.encode("utf-8", "replace").decode()
    line = " ".join("".join(character if character.isprintable() else " " for character in clean).split())
    return Reply(code=code, text=line[:LONGEST_REPLY])


def enhanced_code(reply: Reply) -> str | None:
    """Return the enhanced status code of a reply (RFC 3463), for example ``5.1.1``; None where it has none."""
    match = _ENHANCED.search(reply.text)
    return match.group(1) if match else None


def outcome_of(stage: Stage, reply: Reply) -> Outcome:
    """Say what a reply at a stage means.

    A refusal before the recipient is named is about us. So is 5.7.x (RFC 3463 §3.8, security and policy), whoever it
    is said about: a block list or a failed authentication is never a reader's fault. 421 means that the server is
    closing (RFC 5321 §3.8), which is nobody's fault either.

    A relay that asks the next server while RCPT waits passes on what that one thinks of us, with 55z; 530 and 454
    are the relay's own (RFC 4954 §6).

    :raises ValueError: the reply is no final one (RFC 5321 §4.2.1: 2yz, 4yz or 5yz).
    """
    if reply.code // 100 == 2:
        if stage is not Stage.MESSAGE:
            raise ValueError(f"a positive reply at the stage {stage.value} ends nothing")
        return Outcome(status=DeliveryStatus.SENT, reply=reply)
    if reply.code // 100 not in {4, 5}:
        raise ValueError(f"{reply.code} is no final reply")
    policy = (enhanced_code(reply) or "").startswith("5.7.")
    about_us = stage in {Stage.CONNECT, Stage.MAIL} or reply.code == 421 or policy
    if about_us or reply.code // 100 == 4:
        one_domain = policy and stage is Stage.RECIPIENT and reply.code // 10 == 55
        return Outcome(status=DeliveryStatus.DEFERRED, reply=reply, sender_fault=about_us, one_domain=one_domain)
    return Outcome(status=DeliveryStatus.FAILED, reply=reply)


def lost_connection(stage: Stage, reason: str) -> Outcome:
    """Say what a connection that broke, or a reply that never came, means.

    Before the message left, nothing happened. Afterwards nobody knows: the server may have taken the message, and
    sending it again would show it twice (RFC 5321 §4.5.3.2.6 names the same danger).
    """
    reply = reply_of(0, reason)
    if stage is Stage.MESSAGE:
        return Outcome(status=DeliveryStatus.UNCERTAIN, reply=reply)
    return Outcome(status=DeliveryStatus.DEFERRED, reply=reply, sender_fault=True)


class Objections:
    """What the domains said of us in one run."""

    def __init__(self) -> None:
        self._domains: set[str] = set()

    def stop_the_run(self, outcome: Outcome, domain: str) -> bool:
        """Take an outcome to account; says whether it concerns whoever comes next as well.

        :param domain: of the recipient.
        """
        if outcome.one_domain:
            self._domains.add(domain.lower())
            return len(self._domains) >= AGREEING_DOMAINS
        return outcome.sender_fault
