r"""Gradient descent on least squares, as steps on the weights and as updates of the data.

Inputs X are d_x x N and targets Y d_y x N, examples in columns. The loss is ``L(W) = 1/(2N) ‖WX − Y‖²_F``, a step is ``W ← W − η∇L(W)``,
and ``ΔW = −η∇L(W)`` (von Oswald et al. 2022, eq. 2 and 3). The ½ and the 1/N are part of the loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.protocol import M, Matrix, Scalar


def loss(weights: M, inputs: M, targets: M) -> Scalar:
    """``1/(2N) ‖WX − Y‖²``, W d_y x d_x, X d_x x N, Y d_y x N."""
    algebra = algebra_of(inputs)
    error = weights @ inputs - targets
    return (algebra.scalar(1) / algebra.scalar(2) / _count(inputs)) * algebra.trace(error @ error.T)


def gradient(weights: M, inputs: M, targets: M) -> M:
    """``∇L(W) = (1/N)(WX − Y)Xᵀ``, d_y x d_x."""
    algebra = algebra_of(inputs)
    return (algebra.scalar(1) / _count(inputs)) * ((weights @ inputs - targets) @ inputs.T)


def weight_change(weights: M, inputs: M, targets: M, rate: Scalar) -> M:
    """``ΔW = −η∇L(W)``, d_y x d_x."""
    return -(rate * gradient(weights, inputs, targets))


def gradient_step(weights: M, inputs: M, targets: M, rate: Scalar) -> M:
    """``W − η∇L(W)``, d_y x d_x."""
    return weights + weight_change(weights, inputs, targets, rate)


def preconditioned_step(weights: M, inputs: M, targets: M, rate: Scalar, preconditioner: M) -> M:
    """``W − η∇L(W) C``, the preconditioner C d_x x d_x."""
    return weights + weight_change(weights, inputs, targets, rate) @ preconditioner


def trajectory(weights: M, inputs: M, targets: M, rates: Sequence[Scalar]) -> list[M]:
    """W₀, W₁, …, W_K: the start and the weights after each step, a rate a step."""
    states = [weights]
    for rate in rates:
        states.append(gradient_step(states[-1], inputs, targets, rate))
    return states


def _count(inputs: Matrix) -> Scalar:
    if inputs.shape[1] == 0:
        raise ValueError(f"inputs: expected at least one example, as the loss is a mean over them, got shape {tuple(inputs.shape)}")
    return algebra_of(inputs).scalar(inputs.shape[1])
