"""A mail cut into its segments: pure, and bounded in time and memory whatever comes.

Python's own parser builds a tree, as deep as the mail says, and believes the declared boundaries. Bounces are cut off
in the middle, forwarded, re-wrapped and nested; all that is wanted of them is which lines stand under which
Content-Type. So the lines are walked once and the tree is flat: how deep a mail is nested costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from newsletter.inbound.texts import decoded_header, decoded_lines, lossy_lines, text_of_html

#: Bytes that are looked at; what a bounce says of itself stands in front of the mail it returns.
LONGEST_MAIL = 1_000_000
#: Bounds of one mail: lines, characters a line (RFC 5322 §2.1.1 allows 998), segments, headers of one segment.
MOST_LINES = 20_000
LONGEST_LINE = 2_000
MOST_SEGMENTS = 200
MOST_HEADERS = 500
LONGEST_HEADER = 8_000

_HEADER = re.compile(r"([!-9;-~]{1,80})[ \t]*:[ \t]*(.*)")
_PARAMETER = re.compile(r'\b(boundary|charset|report-type)\s*=\s*(?:"([^"]{1,200})"?|([^\s;"]{1,200}))', re.IGNORECASE)
_PART_FOLLOWS = re.compile(r"content-[a-z-]{3,40}\s*:", re.IGNORECASE)


@dataclass
class Segment:
    """A run of lines under one set of headers."""

    #: Lower-case names.
    headers: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    #: Whether it belongs to a mail inside the mail.
    quoted: bool = False

    def header(self, name: str) -> str:
        """Return the first header of a name as it stands, unfolded; empty where there is none."""
        return next((value for known, value in self.headers if known == name), "")

    @property
    def content_type(self) -> str:
        """Type and subtype in lower case; text/plain where none is given (RFC 2045 §5.2)."""
        words = re.split(r"[;\s]", self.header("content-type").strip().lower(), maxsplit=1)
        return words[0] or "text/plain"

    def parameter(self, name: str) -> str:
        """Return a parameter of the Content-Type."""
        found = _PARAMETER.finditer(self.header("content-type"))
        return next(((match[2] or match[3]).strip() for match in found if match[1].lower() == name), "")

    @cached_property
    def text(self) -> list[str]:
        """The lines as people read them: transfer encoding, character set and HTML undone."""
        encoding = self.header("content-transfer-encoding").strip().lower()
        lines = decoded_lines(self.lines, encoding=encoding, charset=self.parameter("charset"))
        if self.content_type == "text/html":
            lines = text_of_html(lines)
        return [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as far as it is looked at."""

    #: The first one has the mail's own headers.
    segments: tuple[Segment, ...]

    def header(self, name: str) -> str:
        """Return a header of the mail itself, encoded words (RFC 2047) undone."""
        return decoded_header(self.segments[0].header(name))

    def headers(self, name: str) -> list[str]:
        """Return all headers of a name of the mail itself."""
        return [decoded_header(value) for known, value in self.segments[0].headers if known == name]

    @property
    def content_type(self) -> str:
        """Type and subtype of the whole mail."""
        return self.segments[0].content_type

    @property
    def report_type(self) -> str:
        """Which report a multipart/report is (RFC 6522 §3)."""
        return self.segments[0].parameter("report-type").lower()

    def of_type(self, *types: str, quoted: bool = False) -> Iterator[Segment]:
        """Yield the segments of some types; those of inner mails only where asked for."""
        for segment in self.segments:
            if segment.content_type in types and segment.quoted is quoted:
                yield segment


def read_mail(raw: bytes) -> Mail:
    """Cut a mail into segments; anything at all has some."""
    lines = lossy_lines(raw[:LONGEST_MAIL], most=MOST_LINES, longest=LONGEST_LINE)
    return _Walk().through(lines)


class _Walk:
    """One pass over the lines."""

    def __init__(self) -> None:
        self._segments = [Segment()]
        #: Whether the parts that a boundary divides are of an inner mail.
        self._boundaries: dict[str, bool] = {}
        self._in_headers = True

    def through(self, lines: list[str]) -> Mail:
        start = next((number for number, line in enumerate(lines) if line.strip()), 0)
        # The line that stands between the mails of an mbox.
        if start < len(lines) and lines[start].startswith(("From ", ">From ")):
            start += 1
        for line, after in pairwise([*lines[start:], ""]):
            if line.startswith("--") and self._divide(line, after):
                continue
            if self._in_headers:
                self._take_header(line)
            else:
                self._segments[-1].lines.append(line)
        return Mail(segments=tuple(self._segments))

    def _divide(self, line: str, after: str) -> bool:
        """Begin a new segment where the line is a boundary, declared or plainly meant as one."""
        word = line[2:].rstrip()
        closed = word.removesuffix("--")
        known = word if word in self._boundaries else closed if closed in self._boundaries else None
        if known is None and not (word and _PART_FOLLOWS.match(after)):
            return False
        if len(self._segments) >= MOST_SEGMENTS:
            return True
        quoted = self._segments[-1].quoted if known is None else self._boundaries[known]
        self._segments.append(Segment(quoted=quoted))
        self._in_headers = known is None or known == word
        return True

    def _take_header(self, line: str) -> None:
        segment = self._segments[-1]
        match = _HEADER.match(line)
        if not line.strip():
            self._end_headers()
        elif line[0] in " \t" and segment.headers:
            name, value = segment.headers[-1]
            if len(value) < LONGEST_HEADER:
                segment.headers[-1] = (name, f"{value} {line.strip()}")
        elif match and len(segment.headers) < MOST_HEADERS:
            segment.headers.append((match[1].lower(), match[2].strip()))
        elif not match:
            # No header: whoever wrote the part forgot the empty line.
            self._end_headers()
            self._segments[-1].lines.append(line)

    def _end_headers(self) -> None:
        segment = self._segments[-1]
        self._in_headers = False
        boundary = segment.parameter("boundary")
        if boundary:
            self._boundaries.setdefault(boundary, segment.quoted)
        if segment.content_type in {"message/rfc822", "message/global", "message/partial"} and self._has_room:
            # The inner mail's own headers follow.
            self._segments.append(Segment(quoted=True))
            self._in_headers = True

    @property
    def _has_room(self) -> bool:
        return len(self._segments) < MOST_SEGMENTS
