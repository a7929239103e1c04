"""MJML with Jinja inside, compiled once to a Jinja template. Pure.

The order is a matter of security: MJML un-escapes attribute values, so data that was escaped before MJML would come out
as live markup. Here MJML sees the template only; data is filled in afterwards, by an autoescaping Jinja, and what that
gives is never read as a template again.
"""

from __future__ import annotations

import re
from collections import Counter

from mjml import mjml_to_html

from newsletter.errors import NewsletterError

_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_BETWEEN_TAGS = re.compile(r">\s*\n\s*<")
_RUNS = re.compile(r"[ \t]*\n\s*")


class TemplateError(NewsletterError):
    """A template cannot be compiled without losing or doubling a part of it."""


def compile_mjml(source: str) -> str:
    """Return the HTML of an MJML source in which every Jinja tag stands where it stood.

    MJML validates nothing: it drops text in the wrong place and fails on unknown tags, so each tag is counted.

    :raises TemplateError: MJML does not know a component, or a Jinja tag is missing or doubled in its output.
    """
    hidden: list[str] = []

    def hide(match: re.Match[str]) -> str:
        if match.group().startswith("{#"):
            return ""
        hidden.append(match.group())
        return _placeholder(len(hidden) - 1)

    try:
        html = mjml_to_html(_JINJA.sub(hide, source)).html
    except (KeyError, ValueError, AttributeError, AssertionError) as error:
        raise TemplateError(f"MJML cannot read the template: {error!r}") from error
    found = Counter(re.findall(r"jinja\d{4}tag", html))
    wrong = [tag for place, tag in enumerate(hidden) if not _is_right(tag, found[_placeholder(place)])]
    if wrong:
        raise TemplateError(f"MJML lost or doubled {len(wrong)} tags of the template, the first is {wrong[0]!r}")
    html = re.sub(r"jinja(\d{4})tag", lambda match: hidden[int(match.group(1))], html)
    return squeeze(html)


def _is_right(tag: str, times: int) -> bool:
    # MJML repeats the language and the title in attributes of its own. A value may stand in several places, and is
    # escaped in each; a statement in two places would be another program.
    return times == 1 or (times > 1 and tag.startswith("{{"))


def squeeze(html: str) -> str:
    """Take out the white space between lines: it weighs in every mail and shows nowhere."""
    return _RUNS.sub("\n", _BETWEEN_TAGS.sub("><", html)).strip() + "\n"


def _placeholder(number: int) -> str:
    # A word that is legal as text and within an attribute value, and that no template has by itself.
    return f"jinja{number:04}tag"
