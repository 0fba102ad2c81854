"""How a prediction moves with the query, by automatic differentiation."""

from __future__ import annotations

from equivalence.extras import extra
from equivalence.predictors.predictor import Predictor

with extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import ArrayLike


def sensitivity(predict: Predictor, context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> Array:
    """``∂prediction/∂query`` on one instance, d_y x d_x; under `jax.vmap` and `jax.jit` too.

    Args:
        predict: a pure function in JAX.
        context_x, context_y, query: d_x x N, d_y x N and d_x x 1.

    Raises:
        TypeError, ValueError: whatever the predictor raises; or JAX, for a prediction that is not d_y x 1 or not of floats.
    """
    return slope_and_prediction(predict, context_x, context_y, query)[0]


def slope_and_prediction(predict: Predictor, context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> tuple[Array, Array]:
    """The sensitivity, d_y x d_x, and the prediction, d_y, in one pass. Arguments as `sensitivity`."""

    def twice(column: Array) -> tuple[Array, Array]:
        predicted = predict(context_x, context_y, column[:, None])[:, 0]
        return predicted, predicted

    return jax.jacobian(twice, has_aux=True)(jnp.asarray(query)[:, 0])
