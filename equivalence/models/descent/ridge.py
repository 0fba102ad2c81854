r"""Ridge regression, and gradient descent on it (Akyürek et al. 2022; statement 10.5).

The loss is ``1/(2N) (‖WX − Y‖² + λ‖W‖²)``, so that λ is added to XXᵀ in the minimiser, whatever N is.
"""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of, inverting
from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import _count, gradient, loss


def ridge_loss(weights: M, inputs: M, targets: M, ridge: Scalar) -> Scalar:
    """``1/(2N) (‖WX − Y‖² + λ‖W‖²)``, W d_y x d_x, X d_x x N, Y d_y x N."""
    algebra = algebra_of(inputs)
    penalty = (ridge / _count(inputs)) * algebra.trace(weights @ weights.T)
    return loss(weights, inputs, targets) + (algebra.scalar(1) / algebra.scalar(2)) * penalty


def ridge_gradient(weights: M, inputs: M, targets: M, ridge: Scalar) -> M:
    """``(1/N)((WX − Y)Xᵀ + λW)``, d_y x d_x."""
    return gradient(weights, inputs, targets) + (ridge / _count(inputs)) * weights


def ridge_step(weights: M, inputs: M, targets: M, rate: Scalar, ridge: Scalar) -> M:
    """``W − (η/N)((WX − Y)Xᵀ + λW)``, d_y x d_x."""
    return weights - rate * ridge_gradient(weights, inputs, targets, ridge)


def ridge_regression(inputs: M, targets: M, ridge: Scalar) -> M:
    """``YXᵀ(XXᵀ + λI)⁻¹``, d_y x d_x: where the gradient is 0.

    Raises:
        TypeError: matrices of a reading without inverses.
    """
    algebra = algebra_of(inputs)
    return targets @ inputs.T @ inverting(inputs).inverse(inputs @ inputs.T + ridge * algebra.eye(inputs.shape[0]))
