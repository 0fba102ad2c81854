"""Statement 2.9: a wrong own term and wrong layers are rejected, and the sums over single tokens say the same."""

from __future__ import annotations

import numpy as np
import pytest

import proofs.ch02_one_layer.keys  # noqa: F401  (registers 2.9)
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import verify
from tests.support.perturbations import fallen

OWN = "the own term of a step: 2sDW₀q·qᵀCq, and none where plus is read"


def test_2_9_holds() -> None:
    assert verify("2.9", seed=0).holds


def test_2_9_the_own_term_counts_the_initial_model_twice() -> None:
    ((claim, message),) = fallen("2.9", factor=1).items()
    assert (claim, "step 2 (its value is sD(W₀q + W₀q), its score qᵀCq)" in message) == (OWN, True)


def test_2_9_without_a_mask_the_fitted_token_is_seen() -> None:
    def unmasked(layer: Layer, columns: list[np.ndarray], queries: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        context, asked = linear_attention(layer, np.concatenate(columns, axis=1), queries)
        return np.split(context, len(columns), axis=1), asked

    rates = (0.5, 0.25)
    layers = [gd_layer(2, 1, learning_rate=rate, context=2).to_numpy() for rate in rates]
    tokens = [np.array([[1.0], [2.0], [0.0]]), np.array([[3.0], [-1.0], [5.0]])]
    predictions = []
    for attention in (causal_attention, unmasked):
        columns, queries = tokens, np.array([[1.0], [1.0], [0.0]])
        for layer in layers:
            columns, queries = attention(layer, columns, queries)
        predictions.append(-queries[2, 0])
    masked, plain = predictions
    missing = rates[0] / 2 * rates[1] / 2 * 5.0 * (3.0 * 1 - 1.0 * 2) * (1.0 * 1 + 2.0 * 1)
    assert plain == pytest.approx(masked - missing, rel=1e-12)
    assert missing


@pytest.mark.parametrize("seed", range(3))
def test_2_9_the_own_term_of_random_heads_token_by_token(seed: int) -> None:
    random = np.random.default_rng(seed)
    A, B = random.normal(size=(2, 4, 4))
    context, u = random.normal(size=(3, 4)), random.normal(size=4)

    def moved(keys: list[np.ndarray]) -> np.ndarray:
        return sum(float(token @ B @ u) * (A @ token) for token in keys)

    own = moved([*context, u]) - moved([*context])
    np.testing.assert_allclose(own, float(u @ B @ u) * (A @ u), rtol=1e-9)
    np.testing.assert_allclose(moved([*context, *context, u]) - moved([*context, u]), moved([*context]), rtol=1e-9)
