"""Attention on features against loops over tokens in NumPy, and what it refuses."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from equivalence.algebras import exact
from equivalence.algebras.cost import Cost
from equivalence.algebras.hypotheses import SingularError
from equivalence.models.attention.features import (
    efficient_attention,
    feature_attention,
    momentum_attention,
    normalised_attention,
    normaliser,
    scores_first,
)
from equivalence.models.descent.momentum import Momentum, momentum_step

KEYS = np.array([[2, 1, 3, 1], [1, 4, 1, 2], [5, 1, 1, 1]], dtype=float)
VALUES = np.array([[1, -2, 3, 5], [0, 7, -1, 2]], dtype=float)
QUERIES = np.array([[1, 3], [2, 1], [1, 1]], dtype=float)


def scores() -> np.ndarray:
    found = np.zeros((4, 2))
    for token in range(4):
        for query in range(2):
            for row in range(3):
                found[token, query] += KEYS[row, token] * QUERIES[row, query]
    return found


def summed(weights: np.ndarray) -> np.ndarray:
    found = np.zeros((2, 2))
    for query in range(2):
        for token in range(4):
            found[:, query] += VALUES[:, token] * weights[token, query]
    return found


def test_both_orders_are_a_loop_over_tokens() -> None:
    assert (feature_attention(KEYS, VALUES, QUERIES) == summed(scores())).all()
    assert (scores_first(KEYS, VALUES, QUERIES) == summed(scores())).all()


@pytest.mark.parametrize("query", [0, 1])
def test_the_normalised_output_is_an_average(query: int) -> None:
    column = QUERIES[:, query : query + 1]
    weights = scores()[:, query] / scores()[:, query].sum()
    assert normaliser(KEYS, column).item() == scores()[:, query].sum()
    np.testing.assert_allclose(normalised_attention(KEYS, VALUES, column)[:, 0], VALUES @ weights, rtol=1e-14)


def test_more_queries_are_a_batch() -> None:
    batched = jax.vmap(lambda column: normalised_attention(KEYS, VALUES, column[:, None])[:, 0])
    found = np.asarray(batched(jax.numpy.asarray(QUERIES.T)))
    np.testing.assert_allclose(found.T, summed(scores() / scores().sum(axis=0)), rtol=1e-14)


def test_efficient_attention_is_softmax_over_positions_and_over_features() -> None:
    over_positions = np.zeros_like(KEYS)
    for row in range(3):
        over_positions[row] = np.exp(KEYS[row]) / sum(np.exp(KEYS[row, token]) for token in range(4))
    over_features = np.exp(QUERIES) / np.array([sum(np.exp(QUERIES[row, query]) for row in range(3)) for query in range(2)])
    expected = np.zeros((2, 2))
    for query in range(2):
        for token in range(4):
            for row in range(3):
                expected[:, query] += VALUES[:, token] * over_positions[row, token] * over_features[row, query]
    np.testing.assert_allclose(efficient_attention(KEYS, VALUES, QUERIES), expected, rtol=1e-13)


def test_momentum_attention_adds_decayed_values() -> None:
    decays = np.array([[0.125], [0.25], [0.5], [1.0]])
    added = sum(decays[token, 0] * VALUES[:, token] for token in range(4))
    assert (momentum_attention(KEYS, VALUES, QUERIES, decays) == summed(scores()) + added[:, None]).all()


def test_momentum_is_a_sum_over_the_past() -> None:
    slopes = [np.array([[float(step), 2.0 - step]]) for step in range(4)]
    state = Momentum(np.zeros((1, 2)), np.zeros((1, 2)))
    for slope in slopes:
        state = momentum_step(state, slope, 0.5, 0.25)
    velocities = [sum(0.25 ** (now - then) * slopes[then] for then in range(now + 1)) for now in range(4)]
    assert (state.velocity == velocities[-1]).all()
    assert (state.weights == -0.5 * sum(velocities)).all()


def test_a_slope_of_another_shape_is_not_broadcast() -> None:
    state = Momentum(np.zeros((2, 2)), np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"slope: expected weights, velocity and gradient of one shape, got \(2, 2\), \(2, 2\), \(1, 2\)"):
        momentum_step(state, np.ones((1, 2)), 1.0, 0.5)


def test_several_queries_have_no_one_normaliser() -> None:
    with pytest.raises(ValueError, match=r"query: expected one column, as each query has a normaliser of its own, got shape \(3, 2\)"):
        normalised_attention(KEYS, VALUES, QUERIES)


def test_a_normaliser_of_zero_is_refused() -> None:
    keys, values, query = exact.value([[1, -1]]), exact.value([[1, 2]]), exact.value([[1]])
    with pytest.raises(SingularError, match="expected an invertible matrix, got one of determinant 0"):
        normalised_attention(keys, values, query)


def test_readings_without_what_is_needed_are_named() -> None:
    algebra = Cost()
    matrix = algebra.generator("A", 1, 1)
    with pytest.raises(TypeError, match="matrix: the cost reading has no inverses"):
        normalised_attention(matrix, matrix, matrix)
    with pytest.raises(TypeError, match="scores: the exact reading has no attention weights"):
        efficient_attention(exact.eye(1), exact.eye(1), exact.eye(1))
