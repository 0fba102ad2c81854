"""What the command lines share: bad input is one clear line on stderr and exit status 2, never a traceback or a page of usage."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from equivalence.extras import MissingExtraError

# Typer has its own copy of Click in some releases, so its errors are found through one that it exports.
UsageError: Any = typer.BadParameter.__bases__[0]


class _OneLine:
    """A command whose errors of usage are one line."""

    def main(self, *args: object, standalone_mode: bool = True, **extra: object) -> object:
        """Run, and exit with the status that the command asked for."""
        try:
            status = super().main(*args, standalone_mode=False, **extra)  # type: ignore[misc]
        except UsageError as error:
            if not standalone_mode:
                raise
            print(f"error: {' '.join(error.format_message().split())}", file=sys.stderr)
            status = 2
        return sys.exit(status or 0) if standalone_mode else status


class Command(_OneLine, TyperCommand):
    """A single command."""


class Group(_OneLine, TyperGroup):
    """A command with subcommands."""


@contextmanager
def bad_input() -> Iterator[None]:
    """What goes wrong in here is the user's input, or an extra that is not installed: the message is shown as it is."""
    try:
        yield
    except (TypeError, ValueError, MissingExtraError) as error:
        raise input_error(str(error)) from error


def input_error(message: str) -> Exception:
    """The exception that ends a command with this message and status 2."""
    return UsageError(message)
