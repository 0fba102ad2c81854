"""Heads and layers: the weights of self-attention, on tokens that are the columns of a matrix.

A head has W_K, W_Q, W_V and P. There is no scaling by 1/sqrt(d_k), and what the scores go through is not the weights' affair.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Matrix = Any


class Head(NamedTuple):
    """The weights of one head; a JAX pytree.

    Attributes:
        key: W_K, d_k x d.
        query: W_Q, d_k x d.
        value: W_V, d_v x d.
        projection: P, d x d_v.
    """

    key: Matrix
    query: Matrix
    value: Matrix
    projection: Matrix

    @property
    def output_value(self) -> Matrix:
        """A = P W_V, d x d: what the head writes for what it reads."""
        return self.projection @ self.value

    @property
    def key_query(self) -> Matrix:
        """B = W_Kᵀ W_Q, d x d: the bilinear form of the scores. The head is the map C, q ↦ A C Cᵀ B q."""
        return self.key.T @ self.query


class Layer(NamedTuple):
    """The heads of one layer; a JAX pytree.

    Attributes:
        heads: at least one.
    """

    heads: tuple[Head, ...]

    def to_numpy(self, dtype: Any = float) -> Layer:
        """The same weights as NumPy arrays of floats.

        Raises ValueError naming the weight and the symbols, if any are left in it.
        """
        from equivalence.models.conversion import to_numpy

        return to_numpy(self, dtype)

    def to_jax(self, dtype: Any = None) -> Layer:
        """The same weights as JAX arrays; dtype float64 needs JAX's x64 mode, else ValueError. Default: float32."""
        from equivalence.models.conversion import to_jax

        return to_jax(self, dtype)

    def _repr_latex_(self) -> str:
        from equivalence.models.printing import layer_latex

        return layer_latex(self)
