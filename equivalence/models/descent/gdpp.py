"""GD++ as a recursion on weights (von Oswald et al. 2022, appendix A.10; statement 3.3)."""

from __future__ import annotations

from typing import Generic, NamedTuple

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import preconditioned_step


class Preconditioned(NamedTuple, Generic[M]):
    """The state of GD++ as a recursion on weights (statement 3.3).

    Attributes:
        weights: W, d_y x d_x.
        transformation: M, d_x x d_x, what the inputs are multiplied by.
    """

    weights: M
    transformation: M


def gdpp_step(state: Preconditioned[M], inputs: M, targets: M, rate: Scalar, gamma: Scalar) -> Preconditioned[M]:
    """``W ← W + (η/N) R Xᵀ MᵀM`` and ``M ← (I − γZZᵀ)M``, ``R = Y − WX``, ``Z = MX``, both with the old M.

    Args:
        state: W, d_y x d_x, and M, d_x x d_x, which starts at I.
        inputs, targets: X, d_x x N, and Y, d_y x N, never changed.
        rate: η.
        gamma: γ, the strength of the curvature correction (von Oswald et al. 2022, appendix A.10; no 1/N).

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    old = state.transformation
    features = old @ inputs
    weights = preconditioned_step(state.weights, inputs, targets, rate, old.T @ old)
    return Preconditioned(weights, old - gamma * (features @ (features.T @ old)))


def gdpp_features(inputs: M, gamma: Scalar) -> M:
    """``(I − γXXᵀ)X``, d_x x N: what GD++ makes of the inputs in one step (von Oswald et al. 2022, appendix A.10).

    Args:
        inputs: X, d_x x N.
        gamma: γ, a scalar of the reading; there is no 1/N.

    Raises:
        TypeError: what is no matrix of an algebra.
    """
    algebra_of(inputs)  # a number would go on until something is asked of it that only matrices have
    return inputs - gamma * (inputs @ (inputs.T @ inputs))
