"""The templates of digests: ours, and in their places those of an operator's own folder, all of them checked."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError

from newsletter.digest.mjml import TemplateError, compile_mjml

#: What is compiled from MJML, under the name by which it is rendered; and the text part.
MJML, HTML, TEXT = "body.mjml", "body.html", "body.txt"
#: Below the folder of templates.
FOLDER = "digest"


def read_sources(templates: Path, own: Path | None = None) -> dict[str, str]:
    """Return the templates by name, the MJML compiled.

    :param own: a folder that is laid out like ours; what it lacks is taken from there.
    :raises TemplateError: naming the file: it is none of ours, cannot be read, or is no MJML or no Jinja.
    """
    paths = _files(templates)
    if own is not None:
        ours = set(paths)
        theirs = _files(own)
        if unknown := sorted(set(theirs) - ours):
            raise TemplateError(
                f"{theirs[unknown[0]]}: there is no such template; there are: {', '.join(sorted(ours))}"
            )
        paths |= theirs
    sources = {name: _checked(name, path) for name, path in paths.items()}
    sources[HTML] = sources.pop(MJML)
    return sources


def _files(folder: Path) -> dict[str, Path]:
    inner = folder / FOLDER
    if not inner.is_dir():
        raise TemplateError(f"{folder}: there is no folder {FOLDER!r} in it")
    # What begins with a dot, or is no file, is an editor's or the system's.
    return {path.name: path for path in inner.iterdir() if path.is_file() and not path.name.startswith(".")}


def _checked(name: str, path: Path) -> str:
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: it cannot be read: {error}") from error
    try:
        # Before MJML sees it: there its lines are those of the file.
        Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
        return compile_mjml(source) if name == MJML else source
    except TemplateSyntaxError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise TemplateError(f"{path}: {error}") from error
