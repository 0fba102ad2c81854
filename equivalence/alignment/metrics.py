r"""How alike two predictors are: the metrics of von Oswald et al. 2022, section 3, for any callables, in batches.

A predictor maps a context and one query to a prediction; its *sensitivity* is ``S = ∂prediction/∂query``, d_y x d_x. On each instance

* model cosine: ``⟨S₁, S₂⟩ / (‖S₁‖ ‖S₂‖)``, Frobenius; 1 says that the sensitivities agree up to a positive scalar, nothing of the scalar;
* model difference: ``‖S₁ − S₂‖``, Frobenius;
* prediction difference: ``‖p₁ − p₂‖``.

Two predictors that are affine in the query agree on a context iff the last two vanish there. This module needs JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from equivalence.algebras.numeric import checked_matrix, checked_rate
from equivalence.models.attention.linear import stack
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.descent.least_squares import preconditioned_step, trajectory
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens, with_constant, with_sink

Array = Any
Predictor = Callable[[Array, Array, Array], Array]
"""Context inputs d_x x N, context targets d_y x N and one query d_x x 1 to a prediction d_y x 1; written in JAX."""


METRICS = ("model cosine", "model difference", "prediction difference")


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
        return f"<Alignment on {self.instances} instances, means: {means}>"

    def _repr_markdown_(self) -> str:
        lines = [f"| {self.instances} instances | mean | least | largest |", "|---|---|---|---|"]
        for metric in METRICS:
            each = getattr(self, f"{metric.replace(' ', '_')}s")
            lines.append(f"| {metric} | {each.mean():.6g} | {each.min():.6g} | {each.max():.6g} |")
        return "\n".join(lines)


def sensitivity(predict: Predictor, context_x: Array, context_y: Array, query: Array) -> Array:
    """``∂prediction/∂query`` on one instance, d_y x d_x, by automatic differentiation; under `jax.vmap` and `jax.jit` too."""
    return _slope_and_prediction(predict, context_x, context_y, query)[0]


def compare(first: Predictor, second: Predictor, context_x: Array, context_y: Array, query: Array) -> Alignment:
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
    metrics, sizes = jax.jit(jax.vmap(partial(_measured, (first, second))))(*data)
    for number, name in enumerate(("first", "second")):
        _check_values(name, *(np.asarray(each[number]) for each in sizes))
    return Alignment(*map(np.asarray, metrics))


def gradient_descent(initial: Array, *, learning_rate: Any, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps from W₀ at one rate.

    Args:
        initial: W₀, d_y x d_x; its type is the predictor's.
        learning_rate: η.
        steps: K.
    """
    start, count = _start(initial), _count(steps)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    return _descended(start, lambda X, Y: trajectory(start, X, Y, [rate] * count)[-1])


def centred_descent(initial: Array, *, learning_rate: Any) -> Predictor:
    """``Wq`` after one centred step (statement 6.8) from W₀: what two softmax heads come to as β → 0. Arguments as `gradient_descent`."""
    start = _start(initial)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    return _descended(start, lambda X, Y: centred_step(start, X, Y, rate))


def preconditioned_descent(initial: Array, *, learning_rate: Any, preconditioner: Array) -> Predictor:
    """``Wq`` after one preconditioned step from W₀. Arguments as `gradient_descent`, and the preconditioner C, d_x x d_x."""
    start = _start(initial)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    size = start.shape[1]
    C = jnp.asarray(checked_matrix("preconditioner", preconditioner, (size, size)), dtype=start.dtype)
    return _descended(start, lambda X, Y: preconditioned_step(start, X, Y, rate, C))


def gdpp_descent(initial: Array, *, learning_rate: Any, gamma: Any, steps: int = 1) -> Predictor:
    """``W_K q`` after K steps of GD++ from W₀ and M = I (statement 3.3). Arguments as `gradient_descent`, and γ."""
    start, count = _start(initial), _count(steps)
    rate = _rate("learning_rate", learning_rate, start.dtype)
    strength = _rate("gamma", gamma, start.dtype)

    def trained(X: Array, Y: Array) -> Array:
        state = Preconditioned(start, jnp.eye(start.shape[1], dtype=start.dtype))
        for _ in range(count):
            state = gdpp_step(state, X, Y, rate, strength)
        return state.weights

    return _descended(start, trained)


def linear_layers(layers: Sequence[Layer], initial: Array, *, queries_as_keys: bool = False) -> Predictor:
    """What a stack of linear-attention layers predicts for the query token ``[q; −W₀q]``.

    Args:
        layers: at least one, on tokens ``[x; y]``; exact or numeric weights, converted to the type of W₀.
        initial: W₀, d_y x d_x.
        queries_as_keys: whether the query serves as key and value too.
    """
    start = _start(initial)
    if not layers:
        raise ValueError("layers: expected at least one layer, got none")
    numeric = [_in_numbers(f"layers[{number}]", layer, start, extra=0) for number, layer in enumerate(layers)]

    def predict(context_x: Array, context_y: Array, query: Array) -> Array:
        X, Y = _fitting(start, context_x, context_y)
        _, asked = stack(numeric, tokens(X, Y), query_tokens(start, query), queries_as_keys=queries_as_keys)
        return prediction(asked, *start.shape[::-1])

    return predict


def softmax_layer(layer: Layer, initial: Array, *, sink: bool = False) -> Predictor:
    """What one softmax layer with residual predicts for the query token ``[q; −W₀q]``, keys the context only.

    Args:
        layer: on tokens ``[x; y]``, or ``[x; y; 1]`` with a sink; exact or numeric weights, converted to the type of W₀.
        initial: W₀, d_y x d_x.
        sink: whether tokens get a constant and the context a sink, for the weights of `softmax_pair_with_sink`.
    """
    start = _start(initial)
    numeric = _in_numbers("layer", layer, start, extra=int(sink))

    def predict(context_x: Array, context_y: Array, query: Array) -> Array:
        context, asked = tokens(*_fitting(start, context_x, context_y)), query_tokens(start, query)
        if sink:
            context, asked = with_sink(with_constant(context)), with_constant(asked)
        asked = asked + softmax_update(numeric, context, asked)
        return prediction(asked[: sum(start.shape)], *start.shape[::-1])

    return predict


def _measured(predictors: Sequence[Predictor], *instance: Array) -> tuple[Any, Any]:
    """The metrics of one instance, and for each predictor the largest entries of prediction and sensitivity."""
    slopes, predictions = zip(*(_slope_and_prediction(predict, *instance) for predict in predictors), strict=True)
    metrics = (_cosine(*slopes), jnp.linalg.norm(slopes[0] - slopes[1]), jnp.linalg.norm(predictions[0] - predictions[1]))
    return metrics, ([jnp.abs(each).max() for each in predictions], [jnp.abs(each).max() for each in slopes])


def _slope_and_prediction(predict: Predictor, context_x: Array, context_y: Array, query: Array) -> tuple[Array, Array]:
    def columns(column: Array) -> tuple[Array, Array]:
        found = predict(context_x, context_y, column[:, None])[:, 0]
        return found, found

    return jax.jacobian(columns, has_aux=True)(jnp.asarray(query)[:, 0])


def _cosine(left: Array, right: Array) -> Array:
    """Scaled to a largest entry of 1 first, so that squares neither overflow nor vanish; rounding does not take it beyond ±1."""
    left, right = (each / jnp.abs(each).max() for each in (left, right))
    return jnp.clip(jnp.sum(left * right) / (jnp.linalg.norm(left) * jnp.linalg.norm(right)), -1, 1)


def _descended(start: Array, trained: Callable[[Array, Array], Array]) -> Predictor:
    def predict(context_x: Array, context_y: Array, query: Array) -> Array:
        return trained(*_fitting(start, context_x, context_y)) @ query

    return predict


def _start(initial: Array) -> Array:
    return jnp.asarray(checked_matrix("initial", initial, (None, None)))


def _rate(name: str, value: Any, dtype: Any) -> Array:
    return jnp.asarray(checked_rate(name, value), dtype=dtype)


def _count(steps: int) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps: expected an integer, at least 1, got {steps!r}")
    return steps


def _in_numbers(name: str, layer: Layer, start: Array, *, extra: int) -> Layer:
    found, rows = layer.to_jax(start.dtype), sum(start.shape) + extra
    for number, head in enumerate(found.heads):
        if head.query.shape[1] != rows:
            parts = "d_x + d_y + 1" if extra else "d_x + d_y"
            raise ValueError(f"{name}: expected weights on tokens of {parts} = {rows} rows, got {head.query.shape[1]} in head {number}")
    return found


def _fitting(start: Array, context_x: Array, context_y: Array) -> tuple[Array, Array]:
    if start.shape != (expected := (context_y.shape[0], context_x.shape[0])):
        raise ValueError(f"initial: expected W₀ of shape (d_y, d_x) = {expected}, got {start.shape}")
    return jnp.asarray(context_x), jnp.asarray(context_y)


def _checked_batch(context_x: Array, context_y: Array, query: Array) -> list[Array]:
    checked_matrix("context_x", context_x, (None, None, None))
    batch, d_x, count = context_x.shape
    checked_matrix("context_y", context_y, (batch, None, count))
    checked_matrix("query", query, (batch, d_x, 1))
    data = [jnp.asarray(array) for array in (context_x, context_y, query)]
    if len({array.dtype for array in data}) > 1:
        raise TypeError(f"context_x, context_y, query: expected one type, got {', '.join(str(array.dtype) for array in data)}")
    return data


def _check_returns(name: str, predict: Predictor, instance: Sequence[Array]) -> None:
    if not callable(predict):
        raise TypeError(f"{name}: expected a callable of context_x, context_y and query, got {type(predict).__name__}")
    found, expected = jax.eval_shape(predict, *instance), (instance[1].shape[0], 1)
    if not isinstance(found, jax.ShapeDtypeStruct):
        raise TypeError(f"{name}: expected a prediction that is an array of shape (d_y, 1) = {expected}, got {type(found).__name__}")
    if found.shape != expected:
        raise ValueError(f"{name}: expected a prediction of shape (d_y, 1) = {expected}, got {found.shape}")
    if not jnp.issubdtype(found.dtype, jnp.floating):
        raise TypeError(f"{name}: expected a prediction of floats, got {found.dtype}")


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
