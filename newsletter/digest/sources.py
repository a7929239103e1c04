"""The templates of digests: ours, and in their places those of an operator's own folder, all of them checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError

from newsletter.digest.mjml import TemplateError, compile_mjml
from newsletter.digest.mjml_rules import mjml_faults

#: What is compiled from MJML, under the name by which it is rendered; and the text part.
MJML, HTML, TEXT = "body.mjml", "body.html", "body.txt"
#: Below the folder of templates.
FOLDER = "digest"
#: Of one file that are told at once.
MOST_FAULTS = 8


@dataclass(frozen=True, kw_only=True)
class Sources:
    """Templates, each by the name by which it is rendered."""

    texts: Mapping[str, str]
    #: Where each came from.
    paths: Mapping[str, Path]

    def load(self, name: str) -> tuple[str, str, None] | None:
        """Return a template for Jinja's FunctionLoader, with the file that is named in errors."""
        return (self.texts[name], str(self.paths[name]), None) if name in self.texts else None


def read_sources(templates: Path, own: Path | None = None) -> Sources:
    """Return the templates, the MJML compiled.

    :param own: a folder that is laid out like ours; what it lacks is taken from there.
    :raises TemplateError: naming the file: it is none of ours, cannot be read, or is no MJML or no Jinja.
    """
    paths = _files(templates)
    if own is not None:
        theirs = _files(own)
        if unknown := sorted(set(theirs) - set(paths)):
            known = ", ".join(sorted(paths))
            raise TemplateError(f"{theirs[unknown[0]]}: there is no such template; there are: {known}")
        paths |= theirs
    texts = {name: _checked(name, path) for name, path in paths.items()}
    texts[HTML], paths[HTML] = texts.pop(MJML), paths.pop(MJML)
    return Sources(texts=texts, paths=paths)


def _files(folder: Path) -> dict[str, Path]:
    inner = folder / FOLDER
    if not inner.is_dir():
        raise TemplateError(f"{folder}: there is no folder {FOLDER!r} in it")
    # What begins with a dot, or is no file, is an editor's or the system's.
    return {path.name: path for path in inner.iterdir() if path.is_file() and not path.name.startswith(".")}


def _checked(name: str, path: Path) -> str:
    try:
        source = path.read_text(encoding="utf-8")
        # Before MJML sees it: there its lines are those of the file.
        Environment(extensions=["jinja2.ext.i18n"], autoescape=True).parse(source)
        return _compiled(source) if name == MJML else source
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path}: it cannot be read: {error}") from error
    except TemplateSyntaxError as error:
        raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise TemplateError(f"{path}: {error}") from error


def _compiled(source: str) -> str:
    if faults := mjml_faults(source):
        raise TemplateError("; ".join(faults[:MOST_FAULTS]))
    return compile_mjml(source)
