"""References in plain NumPy: loops over tokens, heads and examples, one number at a time. Nothing of the project is imported.

Arrays may hold floats, or Fractions (dtype object), in which case everything is exact but the softmax. Tokens are columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

Array = Any
Weights = tuple[Array, Array, Array, Array]
"""Key, query, value and projection of one head."""


def times(matrix: Array, vector: Array) -> list[Any]:
    """A matrix times a vector."""
    return [sum(matrix[i, j] * vector[j] for j in range(len(vector))) for i in range(len(matrix))]


def inner(left: Sequence[Any], right: Sequence[Any]) -> Any:
    """An inner product."""
    return sum(a * b for a, b in zip(left, right, strict=True))


def attended(heads: Sequence[Weights], keys: Array, query: Array) -> list[Any]:
    """One query token after one linear layer with residual; keys and values are the columns of keys."""
    result = list(query)
    for key, query_weights, value, projection in heads:
        asked = times(query_weights, query)
        for i in range(keys.shape[1]):
            score = inner(times(key, keys[:, i]), asked)
            written = times(projection, times(value, keys[:, i]))
            result = [entry + change * score for entry, change in zip(result, written, strict=True)]
    return result


def linear_layer(heads: Sequence[Weights], context: Array, queries: Array, queries_as_keys: bool = False) -> tuple[Array, Array]:
    """Context and queries after one layer."""
    keys = np.concatenate([context, queries], axis=1) if queries_as_keys else context
    return _columns([attended(heads, keys, e) for e in context.T]), _columns([attended(heads, keys, q) for q in queries.T])


def causal_layer(heads: Sequence[Weights], context: Array, queries: Array) -> tuple[Array, Array]:
    """Token j sees the tokens up to and with itself, the queries see all."""
    tokens = [attended(heads, context[:, : j + 1], context[:, j]) for j in range(context.shape[1])]
    return _columns(tokens), _columns([attended(heads, context, q) for q in queries.T])


def softmax_update(heads: Sequence[Weights], keys: Array, query: Array) -> list[float]:
    """What one softmax layer adds to one query token; floats."""
    change = [0.0] * len(query)
    for key, query_weights, value, projection in heads:
        asked = times(query_weights, query)
        scores = [inner(times(key, keys[:, i]), asked) for i in range(keys.shape[1])]
        grown = [math.exp(score - max(scores)) for score in scores]
        for i, weight in enumerate(grown):
            written = times(projection, times(value, keys[:, i]))
            change = [entry + weight / sum(grown) * add for entry, add in zip(change, written, strict=True)]
    return change


def loss(weights: Array, inputs: Array, targets: Array) -> Any:
    """1/(2N) times the sum of the squared errors over examples and outputs."""
    total, count = 0, inputs.shape[1]
    for i in range(count):
        errors = [guess - y for guess, y in zip(times(weights, inputs[:, i]), targets[:, i], strict=True)]
        total = total + inner(errors, errors)
    return total / (2 * count)


def gradient(weights: Array, inputs: Array, targets: Array) -> Array:
    """The mean over examples of error times input."""
    found, count = np.zeros_like(weights), inputs.shape[1]
    for i in range(count):
        guess = times(weights, inputs[:, i])
        for a in range(found.shape[0]):
            for b in range(found.shape[1]):
                found[a, b] = found[a, b] + (guess[a] - targets[a, i]) * inputs[b, i] / count
    return found


def descended(weights: Array, inputs: Array, targets: Array, rates: Sequence[Any]) -> Array:
    """The weights after one gradient step for each rate."""
    for rate in rates:
        weights = weights - rate * gradient(weights, inputs, targets)
    return weights


def gdpp_tokens(inputs: Array, targets: Array, queries: Array, rates: Sequence[tuple[Any, Any]]) -> tuple[Array, Array]:
    """GD++ from W = 0 on the data: pairs of (learning rate, γ). Returns the residuals and the predictions for the queries."""
    residuals, predictions, count = targets.copy(), np.zeros((len(targets), queries.shape[1]), dtype=targets.dtype), inputs.shape[1]
    for rate, gamma in rates:
        columns = [inputs[:, i] for i in range(count)]
        old = residuals.copy()
        for k in range(queries.shape[1]):
            for i in range(count):
                predictions[:, k] = predictions[:, k] + rate / count * old[:, i] * inner(columns[i], queries[:, k])
        for j in range(count):
            for i in range(count):
                residuals[:, j] = residuals[:, j] - rate / count * old[:, i] * inner(columns[i], columns[j])
        inputs, queries = _shrunk(columns, inputs, gamma), _shrunk(columns, queries, gamma)
    return residuals, predictions


def ridge(inputs: Array, targets: Array, penalty: Any) -> Array:
    """The minimiser of ‖WX − Y‖² + penalty ‖W‖²: its normal equations, a row of W at a time, by elimination."""
    d, count = inputs.shape
    moments = [[sum(inputs[i, n] * inputs[j, n] for n in range(count)) + penalty * (i == j) for j in range(d)] for i in range(d)]
    rows = [solved(moments, [inner(row, inputs[i]) for i in range(d)]) for row in targets]
    return np.array(rows, dtype=object)


def solved(matrix: Sequence[Sequence[Any]], right: Sequence[Any]) -> list[Any]:
    """The solution of a system that has one, by Gauss and Jordan."""
    lines = [[*row, entry] for row, entry in zip(matrix, right, strict=True)]
    for i in range(len(lines)):
        pivot = next(k for k in range(i, len(lines)) if lines[k][i] != 0)
        lines[i], lines[pivot] = lines[pivot], lines[i]
        lines[i] = [entry / lines[i][i] for entry in lines[i]]
        for k in range(len(lines)):
            if k != i:
                lines[k] = [entry - lines[k][i] * above for entry, above in zip(lines[k], lines[i], strict=True)]
    return [line[-1] for line in lines]


def _shrunk(columns: Sequence[Array], moved: Array, gamma: Any) -> Array:
    """Each column v less γ Σ x ⟨x, v⟩."""
    result = moved.copy()
    for j in range(moved.shape[1]):
        for x in columns:
            result[:, j] = result[:, j] - gamma * x * inner(x, moved[:, j])
    return result


def _columns(tokens: Sequence[Sequence[Any]]) -> Array:
    dtype = object if any(not isinstance(entry, float) for token in tokens for entry in token) else float
    return np.array(tokens, dtype=dtype).T
