"""The numeric reading: NumPy and JAX arrays of floats, one instance at a time; batches come from `jax.vmap` alone.

JAX is imported only where one of its arrays arrives or is asked for.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from equivalence.algebras.protocol import Dimension, rational, total


class Numeric:
    """Arrays of one library.

    Args:
        library: `numpy` or `jax.numpy`.
        dtype: the type of the arrays that programs make; scalars are Python floats, which follow the arrays they meet.
        values: the generators and symbols by name; an invertible T has its inverse beside it as T⁻¹.
    """

    name = "numeric"

    def __init__(self, library: ModuleType, dtype: Any, values: Mapping[str, Any] | None = None):
        self.library, self.dtype, self.values = library, dtype, dict(values or {})

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Any:
        """The array given for the name, its shape checked."""
        if name not in self.values:
            raise ValueError(f"{name}: no value given for this generator, expected shape {(total(rows), total(cols))}")
        found = self.values[name]
        if found.shape != (total(rows), total(cols)):
            raise ValueError(f"{name}: expected shape {(total(rows), total(cols))}, got {found.shape}")
        return found

    def invertible(self, name: str, size: Dimension) -> tuple[Any, Any]:
        """The arrays given for T and T⁻¹."""
        return self.generator(name, size, size), self.generator(f"{name}⁻¹", size, size)

    def symbol(self, name: str) -> Any:
        """The scalar given for the name."""
        if name not in self.values:
            raise ValueError(f"{name}: no value given for this symbol")
        return self.values[name]

    def scalar(self, value: Any) -> float:
        """The nearest float to a rational."""
        return float(total(value) if isinstance(value, tuple) else rational(value))

    def eye(self, size: Dimension) -> Any:
        """The identity."""
        return self.library.eye(total(size), dtype=self.dtype)

    def zeros(self, rows: Dimension, cols: Dimension) -> Any:
        """The zero matrix."""
        return self.library.zeros((total(rows), total(cols)), dtype=self.dtype)

    def ones(self, rows: Dimension, cols: Dimension) -> Any:
        """The matrix of ones."""
        return self.library.ones((total(rows), total(cols)), dtype=self.dtype)

    def block(self, rows: Sequence[Sequence[Any]]) -> Any:
        """One array from a grid of arrays."""
        return self.library.block([list(line) for line in rows])

    def trace(self, matrix: Any) -> Any:
        """The trace."""
        return self.library.trace(matrix)


def reading_of(array: Any) -> Numeric:
    """The numeric reading whose library and type an array has."""
    if isinstance(array, np.ndarray):
        return Numeric(np, array.dtype)
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(array, jax.Array):
        return Numeric(jax.numpy, array.dtype)
    raise TypeError(f"matrix: expected a matrix of one of the algebras, got {array!r} of type {type(array).__name__}")


def checked_matrix(name: str, array: Any, shape: tuple[int | None, int | None]) -> Any:
    """An array given by a user: two-dimensional, of floats, finite, of the expected shape (None: any).

    Raises TypeError or ValueError with the name, what was expected and what came. Values under a JAX trace cannot be looked at and pass.
    """
    found = getattr(array, "shape", None)
    if found is None or not hasattr(array, "dtype"):
        raise TypeError(f"{name}: expected an array, got {type(array).__name__}")
    expected = tuple("any" if size is None else size for size in shape)
    if len(found) != 2 or any(size is not None and size != got for size, got in zip(shape, found, strict=True)):
        raise ValueError(f"{name}: expected shape {expected}, got {tuple(found)}")
    if 0 in found:
        raise ValueError(f"{name}: expected at least one row and column, got shape {tuple(found)}")
    if np.dtype(array.dtype).kind != "f":
        raise TypeError(f"{name}: expected floats, got {array.dtype}; convert with .astype(float)")
    if _is_concrete(array) and not np.isfinite(np.asarray(array)).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity")
    return array


def checked_rate(name: str, value: Any) -> Any:
    """A scalar given by a user: a finite real number. Values under a JAX trace pass."""
    if isinstance(value, bool) or (not isinstance(value, int | float | np.number) and not hasattr(value, "dtype")):
        raise TypeError(f"{name}: expected a number, got {value!r} of type {type(value).__name__}")
    if np.shape(value) != ():
        raise ValueError(f"{name}: expected a single number, got shape {np.shape(value)}")
    if _is_concrete(value) and not math.isfinite(float(value)):
        raise ValueError(f"{name}: expected a finite number, got {value}")
    return value


def _is_concrete(value: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is None or not isinstance(value, jax.core.Tracer)
