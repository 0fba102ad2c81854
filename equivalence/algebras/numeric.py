"""The numeric reading: NumPy and JAX arrays of floats, one instance at a time; batches come from `jax.vmap` alone.

JAX is imported only where one of its arrays arrives or is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Dimension, total


class Numeric:
    """Arrays of one library.

    Args:
        library: `numpy` or `jax.numpy`.
        dtype: the type of the arrays and scalars that programs make.
        values: the generators and symbols by name; an invertible T has its inverse beside it as T⁻¹.
    """

    name = "numeric"

    def __init__(self, library: ModuleType, dtype: Any, values: Mapping[str, Any] | None = None):
        self.library, self.dtype, self.values = library, np.dtype(dtype), dict(values or {})

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

    def diagonal(self, name: str, size: Dimension) -> Any:
        """The diagonal array given for the name."""
        return self.generator(name, size, size)

    def weights(self, scores: Any) -> Any:
        """Softmax of each column, shifted by its largest score so that nothing overflows."""
        grown = self.library.exp(scores - scores.max(axis=0, keepdims=True))
        return grown / grown.sum(axis=0, keepdims=True)

    def symbol(self, name: str) -> Any:
        """The scalar given for the name."""
        if name not in self.values:
            raise ValueError(f"{name}: no value given for this symbol")
        return self.values[name]

    def scalar(self, value: Any) -> Any:
        """A rational as a NumPy scalar of the type: the nearest Python float, rounded once more if the type is another."""
        return self.dtype.type(float(total(value) if isinstance(value, tuple) else rational(value)))

    def value(self, rows: Sequence[Sequence[Any]]) -> Any:
        """The array of the given rationals."""
        return self.library.asarray([[self.scalar(entry) for entry in row] for row in rows], dtype=self.dtype)

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
