"""What a predictor is: a map from a context and one query to a prediction, in JAX; and its sensitivity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

Array = Any


Predictor = Callable[[Array, Array, Array], Array]
"""Context inputs d_x x N, context targets d_y x N and one query d_x x 1 to a prediction d_y x 1; written in JAX."""


def sensitivity(predict: Predictor, context_x: Array, context_y: Array, query: Array) -> Array:
    """``∂prediction/∂query`` on one instance, d_y x d_x, by automatic differentiation; under `jax.vmap` and `jax.jit` too."""
    return slope_and_prediction(predict, context_x, context_y, query)[0]


def slope_and_prediction(predict: Predictor, context_x: Array, context_y: Array, query: Array) -> tuple[Array, Array]:
    """The sensitivity, d_y x d_x, and the prediction, d_y, in one pass."""

    def columns(column: Array) -> tuple[Array, Array]:
        found = predict(context_x, context_y, column[:, None])[:, 0]
        return found, found

    return jax.jacobian(columns, has_aux=True)(jnp.asarray(query)[:, 0])
