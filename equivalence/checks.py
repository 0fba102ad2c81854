"""Sizes, counts, rates and norms that a user gives: one check, and one kind of error, for one mistake; and what a message may quote."""

from __future__ import annotations

import math
import sys
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def checked_matrix(name: str, array: T, shape: tuple[int | None, ...]) -> T:
    """An array given by a user, a matrix or a batch of them: of floats, finite, of the expected shape (None: any), no size 0.

    Raises TypeError or ValueError with the name, what was expected and what came. Values under a JAX trace cannot be looked at and pass.
    """
    given, dtype = getattr(array, "shape", None), getattr(array, "dtype", None)
    if given is None or dtype is None:
        raise TypeError(f"{name}: expected an array, got {type(array).__name__}")
    expected = tuple("any" if size is None else size for size in shape)
    if len(given) != len(shape) or any(size is not None and size != got for size, got in zip(shape, given, strict=True)):
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(given)}")
    if 0 in given:
        raise ValueError(f"{name}: expected sizes of at least 1, got shape {tuple(given)}")
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{name}: expected floats, got {dtype}; convert with .astype(float)")
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def checked_rate(name: str, value: T) -> T:
    """A scalar given by a user: a finite real number. Values under a JAX trace pass.

    Raises TypeError or ValueError with the name, what was expected and what came.
    """
    if isinstance(value, bool) or (not isinstance(value, int | float | np.number) and not hasattr(value, "dtype")):
        raise TypeError(f"{name}: expected a number, got {value!r} of type {type(value).__name__}")
    if np.dtype(getattr(value, "dtype", float)).kind == "c":
        raise TypeError(f"{name}: expected a real number, got {value!r} of type {type(value).__name__}")
    if shape := tuple(getattr(value, "shape", ())):
        raise ValueError(f"{name}: expected a single number, got shape {shape}")
    if is_concrete(value) and not math.isfinite(_as_float(value)):
        raise ValueError(f"{name}: expected a finite number, got {value}")
    return value


def is_concrete(value: object) -> bool:
    """Whether a value can be looked at, as it is not under a JAX trace."""
    jax = sys.modules.get("jax")
    return jax is None or not isinstance(value, jax.core.Tracer)


def checked_count(name: str, value: object, *, least: int = 1) -> int:
    """A whole number given by a user, at least `least`; of NumPy's too, but no bool.

    Raises TypeError for what is no whole number, ValueError for one that is too small, with the name, what was expected and what came.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, at least {least}, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected a whole number, at least {least}, got {value}")
    return int(value)


def checked_positive(name: str, value: T) -> T:
    """A number above 0. Raises TypeError, ValueError as `checked_rate`."""
    if is_concrete(checked_rate(name, value)) and not _as_float(value) > 0:
        raise ValueError(f"{name}: expected a positive number, got {value}")
    return value


def checked_norm(name: str, value: T) -> T:
    """A norm given by a user, or another number that is not negative. Raises TypeError, ValueError as `checked_rate`."""
    if is_concrete(checked_rate(name, value)) and _as_float(value) < 0:
        raise ValueError(f"{name}: expected a number that is not negative, got {value}")
    return value


def checked_fraction(name: str, value: T) -> T:
    """A number strictly between 0 and 1, such as a tolerance or a probability. Raises TypeError, ValueError as `checked_rate`."""
    if is_concrete(checked_rate(name, value)) and not 0 < _as_float(value) < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, got {value}")
    return value


def _as_float(value: object) -> float:
    """A number as a float, infinite where it is too large for one."""
    try:
        return float(np.asarray(value, dtype=float))
    except OverflowError:
        return math.inf


def several(count: int, noun: str) -> str:
    """How many there are of what a noun names: "1 law", "2 laws"."""
    return f"{count} {noun}{'s' * (count != 1)}"


def legible(text: str, longest: int = 120) -> str:
    """Text that others wrote, fit for one line of a message: escaped if a terminal would act on it, and shortened."""
    line = text if text.isprintable() else repr(text)[1:-1]
    return line if len(line) <= longest else f"{line[:longest]}…"
