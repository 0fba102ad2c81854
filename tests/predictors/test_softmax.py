"""Softmax layers against centred and plain steps: exact where it can be, bounded elsewhere."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from equivalence.algebras import Numeric, Rational, exact
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.alignment.metrics import compare
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.softmax import softmax_pair, softmax_pair_with_sink
from equivalence.models.descent.centred import centred_step
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.predictors.from_descents import centred_descent, gradient_descent
from equivalence.predictors.from_layers import softmax_layer
from tests.support.instances import assert_cosines, exactly, gamma, integers, same


@pytest.mark.parametrize("beta", ["1", "1/8"])
def test_the_pair_at_the_query_zero_is_the_centred_step_at_every_temperature(beta: str) -> None:
    """There all weights are 1/N, and even orders cancel."""
    X, Y, q, W0 = integers()
    layer = softmax_pair(3, 2, learning_rate="1/2", initial=exact.value(W0.astype(int).tolist())).layer(beta)
    found = compare(softmax_layer(layer, W0), centred_descent(W0, learning_rate=0.5), X, Y, 0 * q)
    assert same(found)
    assert_cosines(found, 1, 6)


def test_softmax_is_not_gradient_descent_by_an_exact_cosine() -> None:
    """x = e₁, e₂, y = (1, 0), q = 0, W₀ = 0: the centred slope is along (1, −1), the plain one along (1, 0), cosine² 1/2."""
    algebra = Rational()
    inputs, targets, zero = algebra.eye(2), algebra.value([[1, 0]]), algebra.zeros(1, 2)
    plain, centred = (step(zero, inputs, targets, algebra.scalar(1)) for step in (gradient_step, centred_step))
    inner, *norms = (algebra.trace(a @ b.T) for a, b in ((plain, centred), (plain, plain), (centred, centred)))
    assert inner * inner / (norms[0] * norms[1]) == algebra.scalar("1/2")

    X, Y, q, start = np.eye(2)[None], np.array([[[1.0, 0.0]]]), np.zeros((1, 2, 1)), np.zeros((1, 2))
    found = compare(softmax_layer(softmax_pair(2, 1, learning_rate=1).layer(1), start), gradient_descent(start, learning_rate=1), X, Y, q)
    assert abs(found.model_cosine**2 - 0.5) <= 0.5 * gamma(2 * (2 * 2 + 4) + 1)
    assert abs(found.model_difference**2 - 0.25**2 * 2) <= gamma(4)


def rounding(X: np.ndarray, Y: np.ndarray, q: np.ndarray, W0: np.ndarray, beta: float) -> float:
    """How far rounding can set the predictions of the pair and of the centred step apart, at rate 1 and d_y = 1."""
    numeric = Numeric(np, float, {"X": X, "Y": Y, "q": q, "W": W0, "beta": np.float64(beta)})
    algebra = MagnitudeAlgebra(numeric)
    inputs, targets, query, start = (algebra.generator(name, *numeric.values[name].shape) for name in ("X", "Y", "q", "W"))
    rate, asked = algebra.scalar(1), query_tokens(start, query)
    layer = softmax_pair(X.shape[0], 1, learning_rate=rate, initial=start, algebra=algebra).layer(algebra.symbol("beta"))
    found = prediction(asked + softmax_update(layer, tokens(inputs, targets), asked), X.shape[0], 1)
    stepped = centred_step(start, inputs, targets, rate) @ query
    return (found.bound() + stepped.bound()).item()


def test_the_pair_comes_to_the_centred_step_as_the_temperature_falls() -> None:
    """Predictions within the proved bound and rounding; 1 − cosine falls as β⁴, so by more than 4 when β is halved."""
    X, Y, q, W0 = integers(d_y=1, N=5, seed=1)
    pair = softmax_pair(3, 1, learning_rate=1, initial=exact.value(W0.astype(int).tolist()))
    norms = (np.linalg.norm(np.concatenate([X, Y], axis=1), axis=1).max().item(), np.linalg.norm(q, axis=1).max().item())
    gaps = []
    for beta in (1 / 32, 1 / 64):
        found = compare(softmax_layer(pair.layer(beta), W0), centred_descent(W0, learning_rate=1), X, Y, q)
        allowed = pair.error_bound(beta, *(math.nextafter(each * (1 + gamma(8)), math.inf) for each in norms))
        noise = max(rounding(*instance, W0, beta) for instance in zip(X, Y, q, strict=True))
        assert noise < allowed
        assert found.prediction_differences.max() <= (allowed + noise) * (1 + gamma(4))
        gaps.append(1 - found.model_cosine)
    assert gaps[0] > 4 * gaps[1] > 0


def sink_slope(X: np.ndarray, Y: np.ndarray, W0: np.ndarray, rate: Fraction) -> list[list[Fraction]]:
    """Token by token, at q = 0, b = 0: all weights are p = 1/(N + 1), the sink's too.

    So ``W₀ − (η/N) Σ p v_i (x_i − Σ_j p x_j)ᵀ``, v_i = W₀x_i − y_i.
    """
    count, (d_y, d_x) = X.shape[1], W0.shape
    p = Fraction(1, count + 1)
    slope = [[Fraction(W0[k, j]) for j in range(d_x)] for k in range(d_y)]
    for i in range(count):
        for k in range(d_y):
            v = sum(Fraction(W0[k, j]) * Fraction(X[j, i]) for j in range(d_x)) - Fraction(Y[k, i])
            for j in range(d_x):
                slope[k][j] -= rate / count * p * v * (Fraction(X[j, i]) - sum(p * Fraction(X[j, m]) for m in range(count)))
    return slope


def test_the_sink_and_the_constant_reach_the_layer() -> None:
    X, Y, q, W0 = integers(N=3, batch=1)
    built = softmax_pair_with_sink(3, 2, learning_rate="3/2", context=3, initial=exact.value(W0.astype(int).tolist()))
    predict = softmax_layer(built.layer("1/2", 0), W0, sink=True)
    assert exactly(predict, X[0], Y[0], 0 * q[0]) == sink_slope(X[0], Y[0], W0, Fraction(3, 2))


def test_with_a_sink_the_pair_comes_to_the_plain_step_and_without_it_does_not() -> None:
    X, Y, q, W0 = integers(N=5)
    start = exact.value(W0.astype(int).tolist())
    plain = gradient_descent(W0, learning_rate=0.5)
    sunk = softmax_layer(softmax_pair_with_sink(3, 2, learning_rate="1/2", context=5, initial=start).layer("1/64", 12), W0, sink=True)
    centred = softmax_layer(softmax_pair(3, 2, learning_rate="1/2", initial=start).layer("1/64"), W0)
    with_sink, without = (compare(each, plain, X, Y, q) for each in (sunk, centred))
    assert with_sink.model_cosine > without.model_cosine
    assert with_sink.model_difference < without.model_difference / 10
    assert with_sink.prediction_difference < without.prediction_difference / 10
