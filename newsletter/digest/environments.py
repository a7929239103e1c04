"""What the templates of digests can use: filters for outside text, and the words of a language."""

from __future__ import annotations

from jinja2 import Environment, FunctionLoader, StrictUndefined

from newsletter.digest.markup import code, inline_code, isolating, prose
from newsletter.digest.sanitise import displayable, wrapped
from newsletter.digest.sources import Sources
from newsletter.digest.unlinked import unlinked
from newsletter.languages import catalogue


def environment(sources: Sources, language: str, *, autoescape: bool) -> Environment:
    """Return an environment of one language.

    One for each: an overlay would share its words with the others, and compile the template again.

    :param autoescape: off for the text part alone, which nothing reads as markup.
    """
    made = Environment(
        loader=FunctionLoader(sources.load),
        autoescape=autoescape,  # noqa: S701 - off for the text part alone, which nothing reads as markup
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.filters["shown"] = displayable
    made.filters["code"] = code
    made.filters["inline_code"] = inline_code
    made.filters["prose"] = prose
    made.filters["unlinked"] = unlinked
    made.filters["isolating"] = isolating
    made.filters["wrapped"] = wrapped
    # The i18n extension adds the method to the environment when it is loaded.
    made.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
    return made
