"""Modules of other people, by name."""

from __future__ import annotations

import importlib
from types import ModuleType

from equivalence.extras import MissingExtraError


def imported(option: str, name: str) -> ModuleType:
    """The module of a name. Raises ValueError with the option's name and what went wrong, a module that exits included."""
    try:
        return importlib.import_module(name)
    except MissingExtraError:
        raise
    except (Exception, SystemExit) as error:
        raise ValueError(f"{option}: cannot import {name!r}: {type(error).__name__}: {error}") from error
