"""What statements of several chapters say: a head of generators, inner products, and how the papers are cited."""

from __future__ import annotations

from typing import Any

from equivalence.models.heads import Head, Layer

VON_OSWALD = "von Oswald et al. 2022"


def arbitrary_head(algebra: Any, d: Any, d_k: Any, d_v: Any, mark: str = "") -> Head:
    """A head of generators."""
    shapes = {"W_K": (d_k, d), "W_Q": (d_k, d), "W_V": (d_v, d), "P": (d, d_v)}
    return Head(*(algebra.generator(f"{name}{mark}", *shape) for name, shape in shapes.items()))


def head_of(algebra: Any, A: Any, B: Any) -> Layer:
    """The layer ``q ↦ q + A C Cᵀ B q``, with identities for key and projection."""
    d = A.shape[0]
    return Layer((Head(key=algebra.eye(d), query=B, value=A, projection=algebra.eye(d)),))


def inner(algebra: Any, left: Any, right: Any) -> Any:
    """⟨left, right⟩, the sum of the products of entries."""
    return algebra.trace(left.T @ right)


def half_square(algebra: Any, matrix: Any) -> Any:
    """½‖matrix‖²."""
    return (algebra.scalar(1) / algebra.scalar(2)) * inner(algebra, matrix, matrix)


def wedge(left: Any, right: Any) -> Any:
    """``uvᵀ − vuᵀ``, which is 0 iff u and v are parallel (2.5)."""
    return left @ right.T - right @ left.T
