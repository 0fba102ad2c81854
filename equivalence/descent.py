r"""Gradient descent on least squares, as steps on the weights and as updates of the data.

Inputs X are d_x x N and targets Y d_y x N, examples in columns. The loss is ``L(W) = 1/(2N) ‖WX − Y‖²_F``, a step is ``W ← W − η∇L(W)``,
and ``ΔW = −η∇L(W)`` (von Oswald et al. 2022, eq. 2 and 3). The ½ and the 1/N are part of the loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from equivalence.algebras.detect import algebra_of

Matrix = Any
Scalar = Any


def loss(weights: Matrix, inputs: Matrix, targets: Matrix) -> Scalar:
    """``1/(2N) ‖WX − Y‖²``, W d_y x d_x, X d_x x N, Y d_y x N."""
    algebra = algebra_of(inputs)
    error = weights @ inputs - targets
    return (algebra.scalar(1) / algebra.scalar(2) / _count(inputs)) * algebra.trace(error @ error.T)


def gradient(weights: Matrix, inputs: Matrix, targets: Matrix) -> Matrix:
    """``∇L(W) = (1/N)(WX − Y)Xᵀ``, d_y x d_x."""
    algebra = algebra_of(inputs)
    return (algebra.scalar(1) / _count(inputs)) * ((weights @ inputs - targets) @ inputs.T)


def weight_change(weights: Matrix, inputs: Matrix, targets: Matrix, rate: Scalar) -> Matrix:
    """``ΔW = −η∇L(W)``, d_y x d_x."""
    return -(rate * gradient(weights, inputs, targets))


def gradient_step(weights: Matrix, inputs: Matrix, targets: Matrix, rate: Scalar) -> Matrix:
    """``W − η∇L(W)``, d_y x d_x."""
    return weights + weight_change(weights, inputs, targets, rate)


def centring(algebra: Any, count: Any) -> Matrix:
    """``C = I − 11ᵀ/N``, N x N, which takes the mean over the examples off.

    Args:
        algebra: the reading to build it in.
        count: N.
    """
    return algebra.eye(count) - (algebra.scalar(1) / algebra.scalar(count)) * algebra.ones(count, count)


def centred_gradient(weights: Matrix, inputs: Matrix, targets: Matrix) -> Matrix:
    """``(1/N)(WX − Y)CXᵀ``, d_y x d_x: the gradient where an intercept is fitted too, and profiled out (statement 6.8)."""
    algebra = algebra_of(inputs)
    error = (weights @ inputs - targets) @ centring(algebra, inputs.shape[1])
    return (algebra.scalar(1) / _count(inputs)) * (error @ inputs.T)


def centred_step(weights: Matrix, inputs: Matrix, targets: Matrix, rate: Scalar) -> Matrix:
    """``W − η(1/N)(WX − Y)CXᵀ``, d_y x d_x."""
    return weights - rate * centred_gradient(weights, inputs, targets)


def preconditioned_step(weights: Matrix, inputs: Matrix, targets: Matrix, rate: Scalar, preconditioner: Matrix) -> Matrix:
    """``W − η∇L(W) C``, the preconditioner C d_x x d_x."""
    return weights + weight_change(weights, inputs, targets, rate) @ preconditioner


def trajectory(weights: Matrix, inputs: Matrix, targets: Matrix, rates: Sequence[Scalar]) -> list[Matrix]:
    """W₀, W₁, …, W_K: the start and the weights after each step, a rate a step."""
    found = [weights]
    for rate in rates:
        found.append(gradient_step(found[-1], inputs, targets, rate))
    return found


def data_step(weights: Matrix, inputs: Matrix, targets: Matrix, queries: Matrix, outputs: Matrix, rate: Scalar) -> tuple[Matrix, Matrix]:
    """The same step taken by the data, with the weights left alone: ``Y ← Y − ΔW X`` and ``y ← y − ΔW q`` (eq. 4).

    Args:
        weights: W₀, which no step changes.
        inputs, targets: X, and Y as left by the steps before.
        queries, outputs: Q, d_x x M, and the queries' y-part, d_y x M, which starts at −W₀Q; the prediction is minus it.
        rate: η.

    Returns:
        The new targets and the new outputs.
    """
    change = weight_change(weights, inputs, targets, rate)
    return targets - change @ inputs, outputs - change @ queries


class Preconditioned(NamedTuple):
    """The state of GD++ as a recursion on weights (statement 3.3): W, d_y x d_x, and the input transformation M, d_x x d_x."""

    weights: Matrix
    transformation: Matrix


def gdpp_step(state: Preconditioned, inputs: Matrix, targets: Matrix, rate: Scalar, gamma: Scalar) -> Preconditioned:
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


def gdpp_features(inputs: Matrix, gamma: Scalar) -> Matrix:
    """``(I − γXXᵀ)X``, d_x x N."""
    return inputs - gamma * (inputs @ (inputs.T @ inputs))


def _count(inputs: Matrix) -> Scalar:
    if inputs.shape[1] == 0:
        raise ValueError(f"inputs: expected at least one example, as the loss is a mean over them, got shape {tuple(inputs.shape)}")
    return algebra_of(inputs).scalar(inputs.shape[1])
