r"""Gradient descent on least squares, as steps on the weights and as updates of the data.

Inputs X are d_x x N and targets Y d_y x N, examples in columns. The loss is ``L(W) = 1/(2N) ‖WX − Y‖²_F``, a step is ``W ← W − η∇L(W)``,
and ``ΔW = −η∇L(W)`` (von Oswald et al. 2022, eq. 2 and 3). The ½ and the 1/N are part of the loss.
"""

from __future__ import annotations

from collections.abc import Sequence

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.protocol import M, Matrix, Scalar


def loss(weights: M, inputs: M, targets: M) -> Scalar:
    """``L(W) = 1/(2N) ‖WX − Y‖²_F``, a scalar (von Oswald et al. 2022, eq. 2).

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    algebra = algebra_of(inputs)
    error = weights @ inputs - targets
    return (algebra.scalar(1) / algebra.scalar(2) / _count(inputs)) * algebra.trace(error @ error.T)


def gradient(weights: M, inputs: M, targets: M) -> M:
    """``∇L(W) = (1/N)(WX − Y)Xᵀ``, d_y x d_x.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    algebra = algebra_of(inputs)
    return (algebra.scalar(1) / _count(inputs)) * ((weights @ inputs - targets) @ inputs.T)


def weight_change(weights: M, inputs: M, targets: M, rate: Scalar) -> M:
    """``ΔW = −η∇L(W)``, d_y x d_x (von Oswald et al. 2022, eq. 3).

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rate: η, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return -(rate * gradient(weights, inputs, targets))


def gradient_step(weights: M, inputs: M, targets: M, rate: Scalar) -> M:
    """One step of gradient descent on least squares, ``W − η∇L(W) = W − (η/N)(WX − Y)Xᵀ``, d_y x d_x.

    The loss is ``L(W) = 1/(2N) ‖WX − Y‖²_F``, with the ½ and the 1/N (von Oswald et al. 2022, eq. 2 and 3).

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rate: η, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return weights + weight_change(weights, inputs, targets, rate)


def preconditioned_step(weights: M, inputs: M, targets: M, rate: Scalar, preconditioner: M) -> M:
    """``W − η∇L(W) C``, d_y x d_x.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rate: η, a scalar of the reading.
        preconditioner: C, d_x x d_x.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return weights + weight_change(weights, inputs, targets, rate) @ preconditioner


def trajectory(weights: M, inputs: M, targets: M, rates: Sequence[Scalar]) -> list[M]:
    """W₀, W₁, …, W_K: the start and the weights after each step.

    Args:
        weights: W₀, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rates: η₁, …, η_K, a rate a step; none is no step.

    Returns:
        K + 1 matrices, d_y x d_x.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    states = [weights]
    for rate in rates:
        states.append(gradient_step(states[-1], inputs, targets, rate))
    return states


def _count(inputs: Matrix) -> Scalar:
    if inputs.shape[1] == 0:
        raise ValueError(f"inputs: expected at least one example, as the loss is a mean over them, got shape {tuple(inputs.shape)}")
    return algebra_of(inputs).scalar(inputs.shape[1])
