"""Where the files that ship with the service are: templates, catalogues, samples."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates_directory() -> Path:
    """Return the folder of templates: inside an installed wheel, or at the top of a checkout.

    :raises FileNotFoundError: neither is there (a broken installation).
    """
    for candidate in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
        if (candidate / "digest").is_dir():
            return candidate
    raise FileNotFoundError("the templates folder is missing: reinstall the newsletter package")
