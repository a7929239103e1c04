"""Mail addresses: which are usable, and which mean the same mailbox."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email


class AddressError(ValueError):
    """The text is no address that mail can be sent to; says why without repeating it."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A checked mail address."""

    #: Where mail goes: the local part as written, the domain in its ASCII form (A-labels, RFC 5890).
    value: str
    #: The same for every spelling of one mailbox. RFC 5321 §2.4 lets local parts differ by case, but no provider in
    #: use tells them apart, and two readers in one mailbox would get every digest twice.
    key: str


def parse_address(text: str) -> Address:
    """Check the syntax of an address (RFC 5321, 6531); nothing is looked up.

    :raises AddressError: with the reason, in one sentence.
    """
    text = text.strip()
    if len(text) > 320:
        raise AddressError("The address is too long: at most 64 characters before the @ and 255 after it.")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text):
        raise AddressError("The address has a line break or another invisible character in it.")
    try:
        # strict: also the length of the local part (RFC 5321 §4.5.3.1.1).
        checked = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise AddressError(_without_quotes(str(error))) from None
    value = f"{checked.local_part}@{checked.ascii_domain}"
    return Address(value=value, key=unicodedata.normalize("NFKC", value).casefold())


def _without_quotes(reason: str) -> str:
    # The library quotes what it did not like, after a colon or in brackets; the reason is wanted, not the visitor's own
    # text.
    return reason.partition(":")[0].partition(" (")[0].rstrip(".") + "."
