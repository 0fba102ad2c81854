r"""How alike two predictors are: the metrics of von Oswald et al. 2022, section 3, for any callables, in batches.

A predictor maps a context and one query to a prediction; its *sensitivity* is ``S = ∂prediction/∂query``, d_y x d_x. On each instance

* model cosine: ``⟨S₁, S₂⟩ / (‖S₁‖ ‖S₂‖)``, Frobenius; 1 says that the sensitivities agree up to a positive scalar, nothing of the scalar;
* model difference: ``‖S₁ − S₂‖``, Frobenius;
* prediction difference: ``‖p₁ − p₂‖``.

Two predictors that are affine in the query agree on a context iff the last two vanish there. This module needs JAX.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from equivalence.checks import checked_matrix, several
from equivalence.extras import extra
from equivalence.predictors.derivatives import slope_and_prediction
from equivalence.predictors.predictor import Predictor

with extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import ArrayLike

METRICS = ("model cosine", "model difference", "prediction difference")
Metrics = tuple[Array, Array, Array]
"""Their values, in this order."""


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """Two predictors on a batch of instances.

    Attributes:
        model_cosines: the cosine of the sensitivities, for each instance.
        model_differences: the norm of their difference, for each instance.
        prediction_differences: the norm of the predictions' difference, for each instance.
    """

    model_cosines: np.ndarray
    model_differences: np.ndarray
    prediction_differences: np.ndarray

    @property
    def instances(self) -> int:
        """The size of the batch."""
        return len(self.model_cosines)

    @property
    def model_cosine(self) -> float:
        """The mean cosine."""
        return float(self.model_cosines.mean())

    @property
    def model_difference(self) -> float:
        """The mean norm of the sensitivities' difference."""
        return float(self.model_differences.mean())

    @property
    def prediction_difference(self) -> float:
        """The mean norm of the predictions' difference."""
        return float(self.prediction_differences.mean())

    def __repr__(self) -> str:
        means = ", ".join(f"{metric} {getattr(self, metric.replace(' ', '_')):.6g}" for metric in METRICS)
        return f"<Alignment on {several(self.instances, 'instance')}, means: {means}>"

    def _repr_markdown_(self) -> str:
        lines = [f"| {several(self.instances, 'instance')} | mean | least | largest |", "|---|---|---|---|"]
        for metric in METRICS:
            values = getattr(self, f"{metric.replace(' ', '_')}s")
            lines.append(f"| {metric} | {values.mean():.6g} | {values.min():.6g} | {values.max():.6g} |")
        return "\n".join(lines)


def compare(first: Predictor, second: Predictor, context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> Alignment:
    """The three metrics on a batch.

    Args:
        first, second: the predictors, for one instance each.
        context_x: batch x d_x x N.
        context_y: batch x d_y x N.
        query: batch x d_x x 1.

    Raises:
        TypeError, ValueError: naming what is wrong with the data; or naming the predictor that is no callable, returns something else than
            d_y x 1 floats, is not finite on an instance, or has sensitivity 0 there, which has no cosine.
    """
    data = _checked_batch(context_x, context_y, query)
    for name, predict in (("first", first), ("second", second)):
        _check_returns(name, predict, [array[0] for array in data])
    metrics, (predictions, slopes) = jax.jit(jax.vmap(partial(_measured, (first, second))))(*data)
    for name, sizes, steepness in zip(("first", "second"), predictions, slopes, strict=True):
        _check_values(name, np.asarray(sizes), np.asarray(steepness))
    return Alignment(*map(np.asarray, metrics))


def _measured(predictors: Sequence[Predictor], *instance: Array) -> tuple[Metrics, tuple[list[Array], list[Array]]]:
    """The metrics of one instance, and for each predictor the largest entries of prediction and sensitivity."""
    slopes, predictions = zip(*(slope_and_prediction(predict, *instance) for predict in predictors), strict=True)
    metrics = (_cosine(*slopes), _norm(slopes[0] - slopes[1]), _norm(predictions[0] - predictions[1]))
    return metrics, ([_largest(prediction) for prediction in predictions], [_largest(slope) for slope in slopes])


def _largest(array: Array) -> Array:
    """The largest absolute entry, NaN if there is one."""
    return jnp.abs(array).max()


def _norm(array: Array) -> Array:
    """Scaled by a power of two first, which rounds nothing, so that squares neither overflow nor vanish."""
    _, exponent = jnp.frexp(_largest(array))
    return jnp.ldexp(jnp.linalg.norm(jnp.ldexp(array, -exponent)), exponent)


def _cosine(left: Array, right: Array) -> Array:
    """Scaled to a largest entry of 1 first, so that squares neither overflow nor vanish; rounding does not take it beyond ±1."""
    left, right = left / _largest(left), right / _largest(right)
    return jnp.clip(jnp.sum(left * right) / (jnp.linalg.norm(left) * jnp.linalg.norm(right)), -1, 1)


def _checked_batch(context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> list[Array]:
    batch, d_x, count = jnp.shape(checked_matrix("context_x", context_x, (None, None, None)))
    checked_matrix("context_y", context_y, (batch, None, count))
    checked_matrix("query", query, (batch, d_x, 1))
    data = [jnp.asarray(array) for array in (context_x, context_y, query)]
    if len({array.dtype for array in data}) > 1:
        raise TypeError(f"context_x, context_y, query: expected one type, got {', '.join(str(array.dtype) for array in data)}")
    return data


def _check_returns(name: str, predict: Predictor, instance: Sequence[Array]) -> None:
    if not callable(predict):
        raise TypeError(f"{name}: expected a callable of context_x, context_y and query, got {type(predict).__name__}")
    returned, expected = jax.eval_shape(predict, *instance), (instance[1].shape[0], 1)
    if not isinstance(returned, jax.ShapeDtypeStruct):
        raise TypeError(f"{name}: expected a prediction that is an array of shape (d_y, 1) = {expected}, got {type(returned).__name__}")
    if returned.shape != expected:
        raise ValueError(f"{name}: expected a prediction of shape (d_y, 1) = {expected}, got {returned.shape}")
    if not jnp.issubdtype(returned.dtype, jnp.floating):
        raise TypeError(f"{name}: expected a prediction of floats, got {returned.dtype}")


def _check_values(name: str, predictions: np.ndarray, slopes: np.ndarray) -> None:
    """Of each instance the largest absolute entries, NaN if there is one."""
    for what, sizes in (("prediction", predictions), ("sensitivity", slopes)):
        if (bad := np.flatnonzero(~np.isfinite(sizes))).size:
            raise ValueError(f"{name}: expected finite numbers, got NaN or infinity in the {what} on instance {bad[0]}, {bad.size} in all")
    if (flat := np.flatnonzero(slopes == 0)).size:
        raise ValueError(
            f"{name}: expected a prediction that depends on the query; the sensitivity is 0, which has no cosine, on instance {flat[0]}, "
            f"{flat.size} in all"
        )
