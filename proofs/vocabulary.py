"""What statements of several chapters say: a head of generators, inner products, and how the papers are cited."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from equivalence.algebras.protocol import Algebra, M, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.heads import Head, Layer

LayerBuilder = Callable[..., Layer]
"""What makes a layer, such as `gd_layer`: a part that negative tests replace."""

Slope = Callable[[Matrix, Matrix, Matrix], Matrix]
"""A gradient of weights, inputs and targets, such as `gradient`."""

Step = Callable[[Matrix, Matrix, Matrix, Scalar], Matrix]
"""A step on weights, from inputs, targets and a rate, such as `gradient_step`."""

Attention = Callable[..., Matrix]
"""Attention on given keys, values and queries, such as `feature_attention`."""

Rows = Sequence[Sequence[int]]
"""The entries of a witness."""

CausalAttention = Callable[[Layer, Sequence[Matrix], Matrix], tuple[list[Matrix], Matrix]]
"""A causal layer on tokens and queries, such as `causal_attention`."""

VON_OSWALD = "von Oswald et al. 2022"


def arbitrary_head(algebra: Algebra, d: Part, d_k: Part, d_v: Part, mark: str = "") -> Head:
    """A head of generators."""
    shapes = {"W_K": (d_k, d), "W_Q": (d_k, d), "W_V": (d_v, d), "P": (d, d_v)}
    return Head(*(algebra.generator(f"{name}{mark}", *shape) for name, shape in shapes.items()))


def head_of(algebra: Algebra, A: Matrix, B: Matrix) -> Layer:
    """The layer ``q ↦ q + A C Cᵀ B q``, with identities for key and projection."""
    d = A.shape[0]
    return Layer((Head(key=algebra.eye(d), query=B, value=A, projection=algebra.eye(d)),))


def inner(algebra: Algebra, left: Matrix, right: Matrix) -> Scalar:
    """⟨left, right⟩, the sum of the products of entries."""
    return algebra.trace(left.T @ right)


def half_square(algebra: Algebra, matrix: Matrix) -> Scalar:
    """½‖matrix‖²."""
    return (algebra.scalar(1) / algebra.scalar(2)) * inner(algebra, matrix, matrix)


def wedge(left: M, right: M) -> M:
    """``uvᵀ − vuᵀ``, which is 0 iff u and v are parallel (2.5)."""
    return left @ right.T - right @ left.T
