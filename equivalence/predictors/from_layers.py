"""Predictors that are layers of attention."""

from __future__ import annotations

from collections.abc import Sequence

from equivalence.extras import extra
from equivalence.models.attention.linear import stack
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens, with_constant, with_sink
from equivalence.predictors.arguments import fitting, start_of
from equivalence.predictors.predictor import Predictor

with extra("jax"):
    import jax.numpy as jnp
    from jax import Array
    from jax.typing import ArrayLike


def linear_layers(layers: Sequence[Layer], initial: ArrayLike, *, queries_as_keys: bool = False) -> Predictor:
    """What a stack of linear-attention layers predicts for the query token ``[q; −W₀q]``.

    Args:
        layers: at least one, on tokens ``[x; y]``; exact or numeric weights, converted to the type of W₀.
        initial: W₀, d_y x d_x.
        queries_as_keys: whether the query serves as key and value too.

    Raises:
        TypeError, ValueError: naming W₀ that is no matrix of finite floats, or the layer that has symbols, other weights, or weights for
            tokens of another size; and, when the predictor is asked, W₀ that does not fit the data.
    """
    start = start_of(initial)
    if not layers:
        raise ValueError("layers: expected at least one layer, got none")
    numeric = [_in_numbers(f"layers[{number}]", layer, start, extra=0) for number, layer in enumerate(layers)]

    def predict(context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> Array:
        X, Y = fitting(start, context_x, context_y)
        _, asked = stack(numeric, tokens(X, Y), query_tokens(start, jnp.asarray(query)), queries_as_keys=queries_as_keys)
        return prediction(asked, *start.shape[::-1])

    return predict


def softmax_layer(layer: Layer, initial: ArrayLike, *, sink: bool = False) -> Predictor:
    """What one softmax layer with residual predicts for the query token ``[q; −W₀q]``, keys the context only.

    Args:
        layer: on tokens ``[x; y]``, or ``[x; y; 1]`` with a sink; exact or numeric weights, converted to the type of W₀.
        initial: W₀, d_y x d_x.
        sink: whether tokens get a constant and the context a sink, for the weights of `softmax_pair_with_sink`.

    Raises:
        TypeError, ValueError: as `linear_layers`.
    """
    start = start_of(initial)
    numeric = _in_numbers("layer", layer, start, extra=int(sink))

    def predict(context_x: ArrayLike, context_y: ArrayLike, query: ArrayLike) -> Array:
        context, asked = tokens(*fitting(start, context_x, context_y)), query_tokens(start, jnp.asarray(query))
        if sink:
            context, asked = with_sink(with_constant(context)), with_constant(asked)
        asked = asked + softmax_update(numeric, context, asked)
        return prediction(asked[: sum(start.shape)], *start.shape[::-1])

    return predict


def _in_numbers(name: str, layer: Layer, start: Array, *, extra: int) -> Layer:
    if not isinstance(layer, Layer):
        raise TypeError(f"{name}: expected a Layer, got {type(layer).__name__}")
    numeric, rows = layer.to_jax(start.dtype), sum(start.shape) + extra
    for number, head in enumerate(numeric.heads):
        if head.query.shape[1] != rows:
            parts = "d_x + d_y + 1" if extra else "d_x + d_y"
            raise ValueError(f"{name}: expected weights on tokens of {parts} = {rows} rows, got {head.query.shape[1]} in head {number}")
    return numeric
