"""Whether a title says that a version is released, or that an earlier change is taken back. Pure."""

from __future__ import annotations

import re

from newsletter.analysis.prose import excerpt, plain
from newsletter.analysis.record import Kind
from newsletter.analysis.title import Title

_VERSION = r"v?\d{1,4}(?:\.\d{1,6}){1,3}(?:[.-]?(?:a|b|rc|alpha|beta|pre|post|final|m)[.-]?\d{0,4})?"
_RELEASE = re.compile(
    rf"(?:(?:\w+[ /-]){{0,2}}?releas(?:e[sd]?|ing)|publish|cut|tag|ship|prepare(?:s|d)?(?: for)?(?: release(?: of)?)?"
    rf"|(?:bump|update|set|increment|increase)(?:s|ed)?(?: the)? version(?: number)?(?: to)?"
    rf"|bump(?:ed)?(?: to)?|version(?: bump)?(?: to)?|set version(?: to)?)"
    rf":? (?:(?P<name>\S{{1,40}}) (?:to )?)?(?P<version>{_VERSION})(?![\w.]*dev|\S*-snapshot)\W*$"
    rf"|(?P<alone>{_VERSION})\W*$",
    re.IGNORECASE,
)
#: Tools of monorepos name package and version: cargo-release ``name-1.2.3``, Changesets ``name@1.2.3``.
_PACKAGE = re.compile(rf"@?[\w./-]{{1,60}}?[-@ ](?P<version>{_VERSION})\W*$", re.IGNORECASE)
#: A release that does not say its number.
_NUMBERLESS = re.compile(
    r"(?:(?:prep(?:are[sd]?|aring|s)?|ready|final (?:changes|touches))(?: for)?(?: the)?(?: \w+)? release"
    r"|(?:new |next |cut (?:a )?(?:new )?)?release|release (?:new )?version|version packages|(?:bump|update|new"
    r"|increase)"
    r"(?: the)? version(?: number)?s?|version bump)(?: (?:number|commit))?\W*$",
    re.IGNORECASE,
)
#: The words that themselves say "release": the other ones need a version that moves.
_SAYS_RELEASE = re.compile(r"\b(?:releas\w+|version packages)", re.IGNORECASE)
_OWN = re.compile(r"version|release|package|project|this", re.IGNORECASE)

_REVERT_TITLE = re.compile(r"(?:revert|reapply) [\"“](.+)", re.IGNORECASE | re.DOTALL)
_REVERT_BODY = re.compile(r"^This reverts commits? ([0-9a-f]{7,40})\b", re.MULTILINE)
_BULLET = re.compile(r"^[*-] ", re.MULTILINE)


def released(title: Title, *, repository: str, version: str) -> str:
    """Return the version that a title says is released, or the words that say so; empty where none is.

    :param repository: ``owner/name``.
    :param version: the project's own version as the patches move it; empty where they do not.
    """
    text = title.text
    if match := _RELEASE.match(text):
        name = match["name"] or ""
        # "Bump left-pad to 1.2.0" moves another's version, unless the project's own moves with it.
        is_bump = text[:4].lower() == "bump" and name and not _OWN.search(name)
        if not is_bump or version or name.lower() == repository.rpartition("/")[2].lower():
            return excerpt(match["version"] or match["alone"])
    if _NUMBERLESS.match(text) and (version or _SAYS_RELEASE.search(text)):
        return excerpt(version or text)
    if version and title.declared in {None, Kind.RELEASE, Kind.CHORE} and (match := _PACKAGE.match(text)):
        told = match["version"].lower().removeprefix("v")
        return excerpt(match["version"]) if told == version.lower().removeprefix("v") else ""
    return ""


def reverted(title: str, body: str) -> str | None:
    """Return what git says was reverted: the old title, or the id where only the body tells; None for no revert.

    A squashed branch lists its commits as bullets; a revert among them is not a revert of anything readers saw.
    """
    if match := _REVERT_TITLE.match(title):
        return plain(re.sub(r"[\"”](?:\s*\(#\d+\))?\s*$", "", match[1][:500]))
    match = _REVERT_BODY.search(body[:65_536])
    if match and not _BULLET.search(body, 0, match.start()):
        return match[1][:12]
    return None
