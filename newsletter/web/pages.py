"""Pages for people: filled templates with headers that let a browser do nothing but show them."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.digest.markup import inline_code
from newsletter.digest.sanitise import displayable
from newsletter.languages import catalogue, lang_attribute, supported_languages

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: No scripts, nothing from elsewhere, forms only to ourselves, never inside a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # aiohttp would name its own version and Python's.
    "Server": "newsletter",
    "X-Content-Type-Options": "nosniff",
    # A link in a page must not carry the reader's token to another site.
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Pages:
    """Renders pages in the language of whoever looks at them.

    :param templates: folder with the templates of the web pages.
    :param title: name of the newsletter, on every page.
    :param language: where the browser asks for none that there is.
    """

    def __init__(self, templates: Path, *, title: str, language: str) -> None:
        self._title = title
        self._language = language
        self._templates = templates
        self._environments: dict[str, Environment] = {}

    def language_for(self, request: web.Request) -> str:
        """Return the language to answer in: the first one the browser asks for that there is (RFC 9110 §12.5.4)."""
        for part in request.headers.get("Accept-Language", "").split(",")[:10]:
            tag = part.partition(";")[0].strip().lower()
            for language in supported_languages():
                if tag == language or tag.startswith(f"{language}-"):
                    return language
        return self._language

    def respond(
        self, name: str, *, language: str, status: int = 200, private: bool = False, **values: object
    ) -> web.Response:
        """Fill a template.

        :param private: for pages behind a reader's link: kept out of every cache and search engine.
        """
        text = self.render(name, language=language, **values)
        response = web.Response(text=text, content_type="text/html", charset="utf-8", status=status)
        if private:
            response.headers["Cache-Control"] = "no-store"
            response.headers["X-Robots-Tag"] = "noindex"
        return response

    def render(self, name: str, *, language: str, **values: object) -> str:
        """Fill a template and return the page."""
        template = self._translated(language).get_template(name)
        return template.render(newsletter_title=self._title, language=language, lang=lang_attribute(language), **values)

    def _translated(self, language: str) -> Environment:
        """Return the environment of a language, which keeps the templates that it has compiled."""
        if language not in self._environments:
            # One for each: an overlay would share its words with the others.
            environment = Environment(
                loader=FileSystemLoader(self._templates),
                autoescape=True,
                undefined=StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
                extensions=["jinja2.ext.i18n"],
            )
            environment.globals["style_url"] = style_url(self._templates)
            environment.filters.update(shown=displayable, inline_code=inline_code)
            # The i18n extension adds the method to the environment when it is loaded.
            environment.install_gettext_translations(catalogue(language), newstyle=True)  # type: ignore[attr-defined]
            self._environments[language] = environment
        return self._environments[language]


def style_url(templates: Path) -> str:
    """Return the address of the style sheet: another one for every other style sheet, so that it may be kept long."""
    digest = hashlib.sha256((templates / "style.css").read_bytes()).hexdigest()
    return f"/style.css?v={digest[:12]}"


@web.middleware
async def security_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put the security headers on every answer; stands outside the middleware that answers errors."""
    try:
        response = await handler(request)
    except web.HTTPException as answer:
        # A redirect is raised, not returned.
        _secure(answer)
        raise
    _secure(response)
    return response


def _secure(response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
