"""The command line: one module a verb, each calling one function of the service."""

from newsletter.cli.program import main

__all__ = ["main"]
