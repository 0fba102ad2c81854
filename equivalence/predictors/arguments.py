"""W₀, rates and the data of a predictor, checked."""

from __future__ import annotations

from equivalence.checks import checked_matrix, checked_rate
from equivalence.extras import extra

with extra("jax"):
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import ArrayLike


def start_of(initial: ArrayLike) -> Array:
    """W₀ as a JAX array. Raises TypeError or ValueError for what is no matrix of finite floats."""
    return jnp.asarray(checked_matrix("initial", initial, (None, None)))


def rate_of(name: str, value: ArrayLike, start: Array) -> Array:
    """A rate, or another number, in the type of W₀. Raises TypeError or ValueError for what is no finite number."""
    return jnp.asarray(checked_rate(name, value), dtype=start.dtype)


def fitting(start: Array, context_x: ArrayLike, context_y: ArrayLike) -> tuple[Array, Array]:
    """The context as JAX arrays, its sizes those of W₀. Raises ValueError naming the initial model."""
    X, Y = jnp.asarray(context_x), jnp.asarray(context_y)
    if start.shape != (expected := (Y.shape[0], X.shape[0])):
        raise ValueError(f"initial: expected W₀ of shape (d_y, d_x) = {expected}, got {start.shape}")
    return X, Y
