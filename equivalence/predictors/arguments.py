"""W₀ and the data of a predictor, checked."""

from __future__ import annotations

import jax.numpy as jnp

from equivalence.checks import checked_matrix
from equivalence.predictors.predictor import Array


def start_of(initial: Array) -> Array:
    """W₀ as a JAX array. Raises TypeError or ValueError for what is no matrix of finite floats."""
    return jnp.asarray(checked_matrix("initial", initial, (None, None)))


def fitting(start: Array, context_x: Array, context_y: Array) -> tuple[Array, Array]:
    """The context as JAX arrays, its sizes those of W₀. Raises ValueError naming the initial model."""
    if start.shape != (expected := (context_y.shape[0], context_x.shape[0])):
        raise ValueError(f"initial: expected W₀ of shape (d_y, d_x) = {expected}, got {start.shape}")
    return jnp.asarray(context_x), jnp.asarray(context_y)
