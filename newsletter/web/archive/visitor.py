"""Whoever looks at the archive: in which language, and the addresses of their next pages. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from newsletter.languages import lang_attribute, locale_of, supported_languages


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A language that the page is there in."""

    language: str
    #: HTML's ``lang``.
    lang: str
    #: What it calls itself.
    name: str
    address: str
    present: bool


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who looks."""

    language: str
    #: Whether the address says so (``?lang=``); then every further address does.
    chosen: bool = False

    def address(self, path: str, fields: Mapping[str, str] | None = None, **more: str) -> str:
        """Return an address of ours, in the language that was chosen.

        :param path: quoted already.
        :param fields: what comes behind the question mark; empty ones are left out.
        """
        told = {**(fields or {}), **more}
        if self.chosen:
            told["lang"] = self.language
        query = urlencode({name: value for name, value in told.items() if value})
        return f"{path}?{query}" if query else path

    def choices(self, path: str, fields: Mapping[str, str]) -> tuple[Choice, ...]:
        """Return the languages of a page, the present one among them."""
        return tuple(
            Choice(
                language=language,
                lang=lang_attribute(language),
                name=str(locale_of(language).get_display_name(language)),
                address=Visitor(language=language, chosen=True).address(path, fields),
                present=language == self.language,
            )
            for language in supported_languages()
        )
