"""How a softmax layer's prediction moves with the query, and how a step's does: derivatives in closed form, in doubles.

A head's prediction is ``A C p`` with p = softmax(Cᵀ B q), A the y rows of −P W_V and B the x columns of W_Kᵀ W_Q, where the query token
is [q; 0]. So its derivative in q is ``A C (diag(p) − ppᵀ) Cᵀ B``. As ``(diag(p) − ppᵀ) 1 = 0``, C may be taken from the token t of the
largest weight: with D = C − c_t 1ᵀ, it is ``Σᵢ pᵢ (A dᵢ)(Bᵀ dᵢ)ᵀ − (A D p)(Bᵀ D p)ᵀ``, in which only weights of other tokens are left. They
may be far below the range of doubles where attention selects one token, so the logarithm of a factor is kept beside the derivatives.
"""

from __future__ import annotations

from functools import reduce
from typing import NamedTuple

import numpy as np

from equivalence.models.heads import Head, Layer

Array = np.ndarray
UNIT, FEW = 2.0**-53, 10
LEAST = float(np.finfo(float).min)
"""Stands for the logarithm of 0, as differences of infinities are none."""


class Sensitivities(NamedTuple):
    """Derivatives of predictions in the query, ``exp(logs) slopes``, for a batch of instances.

    Attributes:
        slopes: batch x d_y x d_x.
        errors: what rounding may have moved in each entry, to first order; the largest entry of both is 1, if it is not 0.
        logs: of the factors, batch.
    """

    slopes: Array
    errors: Array
    logs: Array


def layer_sensitivities(layer: Layer[Array], X: Array, Y: Array, queries: Array) -> Sensitivities:
    """Those of a softmax layer on tokens [x; y] at the query tokens [q; 0].

    Args:
        layer: of doubles.
        X, Y: batch x d_x x N and batch x d_y x N.
        queries: batch x d_x x 1.
    """
    C = np.concatenate([X, Y], axis=1)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is for the caller to refuse
        return reduce(_added, (_of_head(head, C, queries, len(layer.heads)) for head in layer.heads))


def step_sensitivities(X: Array, Y: Array) -> list[Array]:
    """Those of a step of gradient descent and of a centred one (statement 6.8), each at rate 1 from W₀ = 0, batch x d_y x d_x."""
    transposed = X.swapaxes(1, 2) / X.shape[2]
    return [Y @ transposed, Y @ (transposed - transposed.mean(axis=1, keepdims=True))]


def on_one_scale(found: Sensitivities) -> tuple[Array, Array, float]:
    """Slopes and errors without the largest factor, and its logarithm."""
    largest = float(found.logs.max())
    factors = np.exp(found.logs - largest)[:, None, None]
    return factors * found.slopes, factors * found.errors, largest


def _of_head(head: Head[Array], C: Array, queries: Array, heads: int) -> Sensitivities:
    written, asked = head.projection[queries.shape[1] :], head.query[:, : queries.shape[1]]
    A, B = -written @ head.value, head.key.T @ asked
    A_bound, B_bound = abs(written) @ abs(head.value), abs(head.key).T @ abs(asked)
    top = (C.swapaxes(1, 2) @ (B @ queries)).argmax(axis=1)[:, None]
    D = C - np.take_along_axis(C, top, axis=2)
    weights, second = _weights(D.swapaxes(1, 2) @ (B @ queries), np.arange(C.shape[2])[None, :, None] != top)
    slopes = _moments(A, B, D, weights, -np.exp(second))
    # Of each term: the sums, one after another, and a few for exponentials and quotients; scores are off by as much, and enter six times.
    roundings = len(head.key) + len(head.value) + 2 * sum(C.shape[1:]) + heads + FEW
    scores = (abs(D).swapaxes(1, 2) @ (B_bound @ abs(queries))).max(axis=1, keepdims=True)
    errors = roundings * UNIT * (1 + 6 * scores) * _moments(A_bound, B_bound, abs(D), weights, np.exp(second))
    return _scaled(slopes, errors, second[:, 0, 0])


def _weights(scores: Array, others: Array) -> tuple[Array, Array]:
    """Those of all tokens but the first in rank, ``exp(−r) p``, batch x 1 x N, and r, the largest of their scores, batch x 1 x 1."""
    second = scores.max(axis=1, keepdims=True, where=others, initial=LEAST)
    weights = np.where(others, np.exp(scores - second), 0)
    return (weights / (1 + np.exp(second) * weights.sum(axis=1, keepdims=True))).swapaxes(1, 2), second


def _moments(A: Array, B: Array, D: Array, weights: Array, factor: Array) -> Array:
    """``Σᵢ wᵢ (A dᵢ)(Bᵀ dᵢ)ᵀ + f (Σᵢ wᵢ A dᵢ)(Σᵢ wᵢ Bᵀ dᵢ)ᵀ``, batch x d_y x d_x."""
    written, asked = weights * (A @ D), B.T @ D
    mean = (weights * asked).sum(axis=2, keepdims=True)
    return written @ asked.swapaxes(1, 2) + factor * written.sum(axis=2, keepdims=True) @ mean.swapaxes(1, 2)


def _added(first: Sensitivities, second: Sensitivities) -> Sensitivities:
    logs = np.maximum(first.logs, second.logs)
    slopes, errors = (
        sum(np.exp(part.logs - logs)[:, None, None] * values for part, values in zip((first, second), pair, strict=True))
        for pair in zip(first[:2], second[:2], strict=True)
    )
    return _scaled(slopes, errors, logs)


def _scaled(slopes: Array, errors: Array, logs: Array) -> Sensitivities:
    """With 1 as the largest entry of both."""
    sizes = np.maximum(abs(slopes), errors).max(axis=(1, 2), keepdims=True)
    divisors = np.where(sizes == 0, 1, sizes)
    logs = np.where(sizes == 0, LEAST, logs[:, None, None] + np.log(divisors))[:, 0, 0]
    return Sensitivities(slopes / divisors, errors / divisors, logs)
