"""The numeric reading: NumPy and JAX arrays of floats, one instance at a time; batches come from `jax.vmap` alone.

JAX is imported only where one of its arrays arrives or is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol, Self, cast

import numpy as np
from numpy.typing import DTypeLike

from equivalence.algebras.hypotheses import SingularError
from equivalence.algebras.names import Names
from equivalence.algebras.protocol import Matrix, Scalar
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import Dimension, total


class Array(Matrix, Protocol):
    """What the arrays of both libraries have in common, as far as it is used here."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""

    @property
    def dtype(self) -> np.dtype:
        """The type of the entries."""

    def __getitem__(self, place: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Self: ...
    def __truediv__(self, other: Any, /) -> Self: ...
    def __abs__(self) -> Self: ...


class Numeric:
    """Arrays of one library.

    Args:
        library: `numpy` or `jax.numpy`.
        dtype: the type of the arrays and scalars that programs make.
        values: the generators and symbols by name; an invertible T has its inverse beside it as T⁻¹.
    """

    name = "numeric"

    def __init__(self, library: ModuleType, dtype: DTypeLike, values: Mapping[str, Any] | None = None):
        self.library, self.values, self.names = library, dict(values or {}), Names()
        self.dtype: np.dtype = np.dtype(dtype)

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Array:
        """The array given for the name, its shape checked."""
        self.names.matrix(name, "a symmetric" if symmetric else "an arbitrary", total(rows), total(cols))
        return self._given(name, rows, cols)

    def _given(self, name: str, rows: Dimension, cols: Dimension) -> Array:
        if name not in self.values:
            raise ValueError(f"{name}: no value given for this generator, expected shape {(total(rows), total(cols))}")
        array: Array = self.values[name]
        if array.shape != (total(rows), total(cols)):
            raise ValueError(f"{name}: expected shape {(total(rows), total(cols))}, got {array.shape}")
        return array

    def invertible(self, name: str, size: Dimension) -> tuple[Array, Array]:
        """The arrays given for T and T⁻¹."""
        self.names.matrix(name, "an invertible", total(size), total(size))
        return self._given(name, size, size), self._given(self.names.inverse(name), size, size)

    def inverse(self, matrix: Array) -> Array:
        """The inverse. Raises SingularError where NumPy finds none; JAX's have no finite entries then."""
        try:
            return cast(Array, self.library.linalg.inv(matrix))
        except np.linalg.LinAlgError:
            raise SingularError(f"inverse: expected an invertible matrix, got one of determinant 0, shape {matrix.shape}") from None

    def hadamard(self, left: Array, right: Array) -> Array:
        """The entrywise product."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        return left * right

    def orthogonal(self, name: str, size: Dimension) -> Array:
        """The array given for the name."""
        self.names.matrix(name, "an orthogonal", total(size), total(size))
        return self._given(name, size, size)

    def diagonal(self, name: str, size: Dimension) -> Array:
        """The diagonal array given for the name."""
        self.names.matrix(name, "a diagonal", total(size), total(size))
        return self._given(name, size, size)

    def weights(self, scores: Array) -> Array:
        """Softmax of each column, shifted by its largest score so that nothing overflows."""
        grown = self.library.exp(scores - self.library.max(scores, axis=0, keepdims=True))
        return grown / grown.sum(axis=0, keepdims=True)

    def symbol(self, name: str) -> Scalar:
        """The scalar given for the name."""
        self.names.symbol(name)
        if name not in self.values:
            raise ValueError(f"{name}: no value given for this symbol")
        return cast(Scalar, self.values[name])

    def scalar(self, value: object) -> np.floating:
        """A rational as a NumPy scalar of the type: the nearest Python float, rounded once more if the type is another."""
        return self.dtype.type(float(total(value) if isinstance(value, tuple) else rational(value)))

    def value(self, rows: Sequence[Sequence[object]]) -> Array:
        """The array of the given rationals."""
        return self.library.asarray([[self.scalar(entry) for entry in row] for row in rows], dtype=self.dtype)

    def eye(self, size: Dimension) -> Array:
        """The identity."""
        return self.library.eye(total(size), dtype=self.dtype)

    def zeros(self, rows: Dimension, cols: Dimension) -> Array:
        """The zero matrix."""
        return self.library.zeros((total(rows), total(cols)), dtype=self.dtype)

    def ones(self, rows: Dimension, cols: Dimension) -> Array:
        """The matrix of ones."""
        return self.library.ones((total(rows), total(cols)), dtype=self.dtype)

    def block(self, rows: Sequence[Sequence[Array]]) -> Array:
        """One array from a grid of arrays."""
        return self.library.block([list(line) for line in rows])

    def trace(self, matrix: Array) -> Scalar:
        """The trace."""
        return self.library.trace(matrix)


def reading_of(array: object) -> Numeric:
    """The numeric reading whose library and type an array has."""
    if isinstance(array, np.ndarray):
        return Numeric(np, array.dtype)
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(array, jax.Array):
        return Numeric(jax.numpy, array.dtype)
    raise TypeError(f"matrix: expected a matrix of one of the algebras, got {array!r} of type {type(array).__name__}")
