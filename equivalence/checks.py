"""Sizes, counts, rates and norms that a user gives: one check, and one kind of error, for one mistake."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np


def checked_matrix(name: str, array: Any, shape: tuple[int | None, ...]) -> Any:
    """An array given by a user, a matrix or a batch of them: of floats, finite, of the expected shape (None: any), no size 0.

    Raises TypeError or ValueError with the name, what was expected and what came. Values under a JAX trace cannot be looked at and pass.
    """
    found = getattr(array, "shape", None)
    if found is None or not hasattr(array, "dtype"):
        raise TypeError(f"{name}: expected an array, got {type(array).__name__}")
    expected = tuple("any" if size is None else size for size in shape)
    if len(found) != len(shape) or any(size is not None and size != got for size, got in zip(shape, found, strict=True)):
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(found)}")
    if 0 in found:
        raise ValueError(f"{name}: expected sizes of at least 1, got shape {tuple(found)}")
    if np.dtype(array.dtype).kind != "f":
        raise TypeError(f"{name}: expected floats, got {array.dtype}; convert with .astype(float)")
    if is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def checked_rate(name: str, value: Any) -> Any:
    """A scalar given by a user: a finite real number. Values under a JAX trace pass."""
    if isinstance(value, bool) or (not isinstance(value, int | float | np.number) and not hasattr(value, "dtype")):
        raise TypeError(f"{name}: expected a number, got {value!r} of type {type(value).__name__}")
    if np.shape(value) != ():
        raise ValueError(f"{name}: expected a single number, got shape {np.shape(value)}")
    if is_concrete(value) and not math.isfinite(float(value)):
        raise ValueError(f"{name}: expected a finite number, got {value}")
    return value


def is_concrete(value: Any) -> bool:
    """Whether a value can be looked at, as it is not under a JAX trace."""
    jax = sys.modules.get("jax")
    return jax is None or not isinstance(value, jax.core.Tracer)


def checked_count(name: str, value: Any, *, least: int = 1) -> int:
    """A whole number given by a user, at least `least`; of NumPy's too, but no bool.

    Raises TypeError for what is no whole number, ValueError for one that is too small, with the name, what was expected and what came.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}: expected a whole number, at least {least}, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name}: expected a whole number, at least {least}, got {value}")
    return int(value)


def checked_norm(name: str, value: Any) -> Any:
    """A norm given by a user, or another number that is not negative. Raises TypeError, ValueError as `checked_rate`."""
    if is_concrete(checked_rate(name, value)) and value < 0:
        raise ValueError(f"{name}: expected a number that is not negative, got {value}")
    return value


def checked_fraction(name: str, value: Any) -> Any:
    """A number strictly between 0 and 1, such as a tolerance or a probability. Raises TypeError, ValueError as `checked_rate`."""
    if is_concrete(checked_rate(name, value)) and not 0 < value < 1:
        raise ValueError(f"{name}: expected a number between 0 and 1, got {value}")
    return value
