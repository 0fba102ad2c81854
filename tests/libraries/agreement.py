"""Whether a layer that was loaded does what the library's own module does, up to the rounding of single precision."""

from __future__ import annotations

import numpy as np

from equivalence.loading import Loaded
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.heads import Layer
from equivalence.models.tokens import with_constant
from equivalence.models.weights import untied
from equivalence.recognition import recognise
from tests.support.library_files import RATE, SIZES

UNIT = 2.0**-24
COUNT = 7
"""Tokens; other sizes are 2, 3, 4, 6 and 12."""


def contexts(d: int, seed: int = 0) -> np.ndarray:
    """Tokens as columns, d x COUNT."""
    return np.random.default_rng(seed).normal(size=(d, COUNT))


def assert_agrees(loaded: Loaded, tokens: np.ndarray, outputs: object) -> None:
    """The outputs of the library for the last tokens are those of the layer, which attends to all.

    Args:
        loaded: one layer.
        tokens: d x COUNT.
        outputs: d x M, for the last M tokens.
    """
    (layer,) = loaded
    context = with_constant(tokens) if loaded.assumed.constant else tokens
    expected = np.asarray(untied(outputs), dtype=float)
    queries = context[:, -expected.shape[1] :]
    found = softmax_update(layer, context, queries)[: len(tokens)]
    allowed = rounding(layer, context, queries)
    assert allowed < 1e-3 * np.abs(expected).max()  # so that a wrong head, scale or convention cannot pass
    assert np.abs(found - expected).max() <= allowed


def rounding(layer: Layer, context: np.ndarray, queries: np.ndarray) -> float:
    """How far single precision may be from exact numbers, to first order in u = 2⁻²⁴.

    A sum of n products is off by (n + 1)u of the sum of its absolute values. So scores are off by 2(d + 1)u + (d_k + 2)u of theirs, weights
    by twice as much, absolutely in the exponent, and (N + 3)u of their own, and values by (d + d_v + N + 3)u of theirs.
    """
    off = 0.0
    for head in layer.heads:
        key, query, value, projection = (np.abs(weight) for weight in head)
        (d_k, d), d_v, count = key.shape, len(value), context.shape[1]
        scores = ((key @ np.abs(context)).T @ (query @ np.abs(queries))).max()
        values = (projection @ value @ np.abs(context)).max()
        off += values * (2 * scores * (2 * (d + 1) + d_k + 2) + (count + 3) + (d + d_v + count + 3)) * UNIT
    return float(off)


def assert_planted(loaded: Loaded) -> None:
    """The layer is the gradient step that was planted in the library's module, in single precision at least."""
    (layer,) = loaded
    found = recognise(layer, **SIZES)
    assert found.family == "gradient descent"
    assert abs(found.learning_rate / RATE - 1) < 1e-5
