"""How what goes wrong leaves: as one line on stderr and an exit status that says what kind it is, never a traceback or a page of usage."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from equivalence.cli.status import EPILOG, Status
from equivalence.cli.streams import finish, fitted, give_up, never_fail_for_a_character, say_aside
from equivalence.extras import MissingExtraError

# Typer has its own copy of Click in some releases, so its errors are found through one that it exports.
UsageError: Any = typer.BadParameter.__bases__[0]
ClickError: Any = UsageError.__bases__[0]

DEBUG = "ATTENTION_DESCENT_DEBUG"
"""The environment variable that has defects show their tracebacks."""


class _OneLine:
    """A command whose errors are one line, and which ends with a `Status`."""

    def __init__(self, *args: object, epilog: str | None = EPILOG, **settings: object):
        super().__init__(*args, epilog=epilog or EPILOG, **settings)  # type: ignore[call-arg]

    def main(self, *args: object, standalone_mode: bool = True, **extra: object) -> object:
        """Run, and exit with the status that the command asked for."""
        if not standalone_mode:
            return super().main(*args, standalone_mode=False, **extra)  # type: ignore[misc]
        never_fail_for_a_character()
        try:
            with named_endings():
                status = super().main(*args, standalone_mode=False, **extra)  # type: ignore[misc]
                finish()
        except ClickError as error:
            say_aside(f"error: {error.format_message()}")
            status = error.exit_code
        return sys.exit(int(status or 0))

    # Click would end with status 1 for a closed pipe, so errors get their names before they reach it.

    def make_context(self, *args: object, **extra: object) -> Any:
        """As it is, with errors by name."""
        with named_endings():
            return super().make_context(*args, **extra)  # type: ignore[misc]

    def invoke(self, *args: object) -> object:
        """As it is, with errors by name."""
        with named_endings():
            return super().invoke(*args)  # type: ignore[misc]

    def get_help(self, *args: object) -> str:
        """In the characters of stdout: Click would write UTF-8 to a stream that says it is ASCII."""
        return fitted(super().get_help(*args))  # type: ignore[misc]


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


@contextmanager
def named_endings() -> Iterator[None]:
    """What nobody expected, as the error that ends the command: an interrupt, a machine that cannot, or a defect of ours."""
    try:
        yield
    except (ClickError, typer.Exit):
        raise
    except (KeyboardInterrupt, typer.Abort) as error:
        raise ending(Status.INTERRUPTED, "interrupted") from error
    except OSError as error:
        give_up()
        raise input_error(f"cannot write or read {error.filename or 'the output'}: {error.strerror or error}") from error
    except MemoryError as error:
        raise input_error("there is not enough memory for what was asked; ask for smaller sizes") from error
    except Exception as error:
        if os.environ.get(DEBUG):
            traceback.print_exception(error)
        raise ending(Status.DEFECT, f"a defect of ours, please report it: {_named(error)} ({DEBUG}=1 shows where)") from error


def input_error(message: str) -> Exception:
    """The exception that ends a command with this message and status 2."""
    return ending(Status.BAD_INPUT, message)


def ending(status: Status, message: str) -> Exception:
    """The exception that ends a command with this message and status."""
    error: Exception = UsageError(message)
    error.exit_code = int(status)  # type: ignore[attr-defined]
    return error


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
