"""Predictors that descend on the context."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.checks import checked_count, checked_matrix
from equivalence.extras import extra
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import preconditioned_step, trajectory
from equivalence.predictors.arguments import fitting, rate_of, start_of
from equivalence.predictors.predictor import Predictor

with extra("jax"):
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import ArrayLike


def gradient_descent(initial: ArrayLike, *, learning_rate: ArrayLike, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps from W₀ at one rate, each on ``1/(2N) ‖WX − Y‖²``.

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η, a scalar.
        steps: K, at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is not of its kind; and, when the predictor is asked, W₀ that does not fit the data.
    """
    start, count = start_of(initial), checked_count("steps", steps)
    rate = rate_of("learning_rate", learning_rate, start)
    return _descended(start, lambda X, Y: trajectory(start, X, Y, [rate] * count)[-1])


def centred_descent(initial: ArrayLike, *, learning_rate: ArrayLike) -> Predictor:
    """``Wq`` after one centred step (statement 6.8) from W₀: what two softmax heads come to as β → 0.

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η, a scalar.

    Raises:
        TypeError, ValueError: naming the argument that is not of its kind; and, when the predictor is asked, W₀ that does not fit the data.
    """
    start = start_of(initial)
    rate = rate_of("learning_rate", learning_rate, start)
    return _descended(start, lambda X, Y: centred_step(start, X, Y, rate))


def preconditioned_descent(initial: ArrayLike, *, learning_rate: ArrayLike, preconditioner: ArrayLike) -> Predictor:
    """``Wq`` after one preconditioned step from W₀, ``W = W₀ − η∇L(W₀) C``.

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η, a scalar.
        preconditioner: C, d_x x d_x.

    Raises:
        TypeError, ValueError: naming the argument that is not of its kind; and, when the predictor is asked, W₀ that does not fit the data.
    """
    start = start_of(initial)
    rate, size = rate_of("learning_rate", learning_rate, start), start.shape[1]
    C = jnp.asarray(checked_matrix("preconditioner", preconditioner, (size, size)), dtype=start.dtype)
    return _descended(start, lambda X, Y: preconditioned_step(start, X, Y, rate, C))


def gdpp_descent(initial: ArrayLike, *, learning_rate: ArrayLike, gamma: ArrayLike, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps of GD++ from W₀ and M = I (statement 3.3).

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η, a scalar.
        gamma: γ, a scalar, the strength of the curvature correction; no 1/N.
        steps: K, at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is not of its kind; and, when the predictor is asked, W₀ that does not fit the data.
    """
    start, count = start_of(initial), checked_count("steps", steps)
    rate, strength = rate_of("learning_rate", learning_rate, start), rate_of("gamma", gamma, start)

    def trained(X: Array, Y: Array) -> Array:
        state = Preconditioned(start, jnp.eye(start.shape[1], dtype=start.dtype))
        for _ in range(count):
            state = gdpp_step(state, X, Y, rate, strength)
        return state.weights

    return _descended(start, trained)


def _descended(start: Array, trained: Callable[[Array, Array], Array]) -> Predictor:
    def predict(context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> Array:
        return trained(*fitting(start, context_x, context_y)) @ query

    return predict
