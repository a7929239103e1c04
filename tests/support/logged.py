"""Configures the service's logs for a test and puts back what was there before."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from newsletter.logs import configure


@contextmanager
def logging_to_stderr(**arguments: bool) -> Iterator[None]:
    """Log as the service does, with the arguments of :func:`newsletter.logs.configure`."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure(**arguments)
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
        structlog.reset_defaults()
