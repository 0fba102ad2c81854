"""Steps on least squares with an intercept that is profiled out (statement 6.8)."""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of, called
from equivalence.algebras.protocol import AlgebraOf, M, Scalar
from equivalence.algebras.sizes import Dimension
from equivalence.models.descent.least_squares import _count


def centring(algebra: AlgebraOf[M], count: Dimension) -> M:
    """``C = I − 11ᵀ/N``, N x N, which takes the mean over the examples off.

    Args:
        algebra: the reading to build it in.
        count: N.
    """
    return called("C", algebra.eye(count) - (algebra.scalar(1) / algebra.scalar(count)) * algebra.ones(count, count))


def centred_gradient(weights: M, inputs: M, targets: M) -> M:
    """``(1/N)(WX − Y)CXᵀ``, d_y x d_x: the gradient where an intercept is fitted too, and profiled out.

    C is the centring matrix, which takes the mean over the examples off (statement 6.8).

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    algebra = algebra_of(inputs)
    error = (weights @ inputs - targets) @ centring(algebra, inputs.shape[1])
    return (algebra.scalar(1) / _count(inputs)) * (error @ inputs.T)


def centred_step(weights: M, inputs: M, targets: M, rate: Scalar) -> M:
    """``W − η(1/N)(WX − Y)CXᵀ``, d_y x d_x, with the gradient of `centred_gradient`.

    Args:
        weights: W, d_y x d_x.
        inputs, targets: X, d_x x N, and Y, d_y x N.
        rate: η, a scalar of the reading.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    return weights - rate * centred_gradient(weights, inputs, targets)
