"""Predictors that descend on the context."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from equivalence.checks import checked_matrix, checked_rate
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import preconditioned_step, trajectory
from equivalence.predictors.arguments import fitting, start_of
from equivalence.predictors.predictor import Array, Predictor


def gradient_descent(initial: Array, *, learning_rate: Any, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps from W₀ at one rate.

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η.
        steps: K.
    """
    start, count = start_of(initial), _count(steps)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    return _descended(start, lambda X, Y: trajectory(start, X, Y, [rate] * count)[-1])


def centred_descent(initial: Array, *, learning_rate: Any) -> Predictor:
    """``Wq`` after one centred step (statement 6.8) from W₀: what two softmax heads come to as β → 0. Arguments as `gradient_descent`."""
    start = start_of(initial)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    return _descended(start, lambda X, Y: centred_step(start, X, Y, rate))


def preconditioned_descent(initial: Array, *, learning_rate: Any, preconditioner: Array) -> Predictor:
    """``Wq`` after one preconditioned step from W₀. Arguments as `gradient_descent`, and the preconditioner C, d_x x d_x."""
    start = start_of(initial)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    size = start.shape[1]
    C = jnp.asarray(checked_matrix("preconditioner", preconditioner, (size, size)), dtype=start.dtype)
    return _descended(start, lambda X, Y: preconditioned_step(start, X, Y, rate, C))


def gdpp_descent(initial: Array, *, learning_rate: Any, gamma: Any, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps of GD++ from W₀ and M = I (statement 3.3). Arguments as `gradient_descent`, and γ."""
    start, count = start_of(initial), _count(steps)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    strength = _rate("gamma", gamma, start.dtype)

    def trained(X: Array, Y: Array) -> Array:
        state = Preconditioned(start, jnp.eye(start.shape[1], dtype=start.dtype))
        for _ in range(count):
            state = gdpp_step(state, X, Y, rate, strength)
        return state.weights

    return _descended(start, trained)


def _descended(start: Array, trained: Callable[[Array, Array], Array]) -> Predictor:
    def predict(context_x: Array, context_y: Array, query: Array) -> Array:
        return trained(*fitting(start, context_x, context_y)) @ query

    return predict


def _rate(name: str, value: Any, dtype: Any) -> Array:
    return jnp.asarray(checked_rate(name, value), dtype=dtype)


def _count(steps: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps: expected an integer, at least 1, got {steps!r}")
    return steps
