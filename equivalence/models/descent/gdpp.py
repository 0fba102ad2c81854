"""GD++ as a recursion on weights (von Oswald et al. 2022, appendix A.10; statement 3.3)."""

from __future__ import annotations

from typing import Generic, NamedTuple

from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import preconditioned_step


class Preconditioned(NamedTuple, Generic[M]):
    """The state of GD++ as a recursion on weights (statement 3.3): W, d_y x d_x, and the input transformation M, d_x x d_x."""

    weights: M
    transformation: M


def gdpp_step(state: Preconditioned[M], inputs: M, targets: M, rate: Scalar, gamma: Scalar) -> Preconditioned[M]:
    """``W ← W + (η/N) R Xᵀ MᵀM`` and ``M ← (I − γZZᵀ)M``, ``R = Y − WX``, ``Z = MX``, both with the old M.

    Args:
        state: W and M; M starts at I.
        inputs, targets: X and Y, never changed.
        rate: η.
        gamma: γ, the strength of the curvature correction (von Oswald et al. 2022, appendix A.10; no 1/N).
    """
    old = state.transformation
    features = old @ inputs
    weights = preconditioned_step(state.weights, inputs, targets, rate, old.T @ old)
    return Preconditioned(weights, old - gamma * (features @ (features.T @ old)))


def gdpp_features(inputs: M, gamma: Scalar) -> M:
    """``(I − γXXᵀ)X``, d_x x N."""
    return inputs - gamma * (inputs @ (inputs.T @ inputs))
