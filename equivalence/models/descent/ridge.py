r"""Ridge regression, and gradient descent on it (Akyürek et al. 2022; statement 10.5).

The loss is ``1/(2N) (‖WX − Y‖² + λ‖W‖²)``, so that λ is added to XXᵀ in the minimiser, whatever N is.
"""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of, inverting
from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import _count, gradient, loss


def ridge_loss(weights: M, inputs: M, targets: M, ridge: Scalar) -> Scalar:
    """``1/(2N) (‖WX − Y‖² + λ‖W‖²)``, a scalar: Akyürek et al. 2022, eq. 10, but for the ½ and the 1/N.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        ridge: λ, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    algebra = algebra_of(inputs)
    penalty = (ridge / _count(inputs)) * algebra.trace(weights @ weights.T)
    return loss(weights, inputs, targets) + (algebra.scalar(1) / algebra.scalar(2)) * penalty


def ridge_gradient(weights: M, inputs: M, targets: M, ridge: Scalar) -> M:
    """``(1/N)((WX − Y)Xᵀ + λW)``, d_y x d_x.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        ridge: λ, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return gradient(weights, inputs, targets) + (ridge / _count(inputs)) * weights


def ridge_step(weights: M, inputs: M, targets: M, rate: Scalar, ridge: Scalar) -> M:
    """``W − (η/N)((WX − Y)Xᵀ + λW)``, d_y x d_x: Akyürek et al. 2022, eq. 11, with 2α for η/N.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rate: η, a scalar of the reading.
        ridge: λ, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return weights - rate * ridge_gradient(weights, inputs, targets, ridge)


def ridge_regression(inputs: M, targets: M, ridge: Scalar) -> M:
    """``YXᵀ(XXᵀ + λI)⁻¹``, d_y x d_x, where the gradient of `ridge_loss` is 0.

    Args:
        inputs, targets: X, d_x x N, and Y, d_y x N.
        ridge: λ, a scalar of the reading.

    Raises:
        ValueError: sizes that do not fit, or ``XXᵀ + λI`` without an inverse (JAX gives entries that are not finite instead).
        TypeError: matrices of a reading without inverses; arrays of JAX whose sizes do not fit.
    """
    algebra = algebra_of(inputs)
    return targets @ inputs.T @ inverting(inputs).inverse(inputs @ inputs.T + ridge * algebra.eye(inputs.shape[0]))
