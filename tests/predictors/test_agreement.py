"""Layers against the descents that they are, to the last bit on dyadic data."""

from __future__ import annotations

import numpy as np
import pytest

from equivalence.algebras import exact
from equivalence.alignment.metrics import compare
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.predictors.from_descents import gdpp_descent, gradient_descent, preconditioned_descent
from equivalence.predictors.from_layers import linear_layers
from tests.support.instances import BATCH, assert_cosines, assert_roots, gamma, integers, same, square


@pytest.mark.parametrize(("d_x", "d_y", "N"), [(3, 2, 4), (1, 3, 2)])
def test_the_constructed_layer_is_gradient_descent(d_x: int, d_y: int, N: int) -> None:
    X, Y, q, W0 = integers(d_x=d_x, d_y=d_y, N=N)
    layer = gd_layer(d_x, d_y, learning_rate="1/2", context=N, initial=exact.value(W0.astype(int).tolist()))
    found = compare(linear_layers([layer], W0), gradient_descent(W0, learning_rate=0.5), X, Y, q)
    assert found.instances == BATCH
    assert same(found)
    assert_cosines(found, 1, d_x * d_y)


@pytest.mark.parametrize("steps", [1, 2])
def test_two_layers_are_two_steps_and_not_one(steps: int) -> None:
    X, Y, q, W0 = integers(d_x=2, d_y=1, largest=1)
    layer = gd_layer(2, 1, learning_rate="1/2", context=4, initial=exact.value(W0.astype(int).tolist()))
    assert same(compare(linear_layers([layer] * 2, W0), gradient_descent(W0, learning_rate=0.5, steps=steps), X, Y, q)) is (steps == 2)


def test_gdpp_layers_are_gdpp_and_not_gradient_descent() -> None:
    X, Y, q, _ = integers(d_x=2, d_y=3, largest=1)
    zero = np.zeros((3, 2))
    layers = [gdpp_layer(2, 3, learning_rate="1/2", gamma="1/4", context=4)] * 2
    gdpp = gdpp_descent(zero, learning_rate=0.5, gamma=0.25, steps=2)
    assert same(compare(linear_layers(layers, zero), gdpp, X, Y, q))
    against = compare(gdpp, gradient_descent(zero, learning_rate=0.5, steps=2), X, Y, q)
    assert against.model_cosine < 1 - gamma(2 * 6 + 4)
    assert against.model_difference > 0


def test_preconditioning_is_seen_by_as_much_as_it_changes() -> None:
    X, Y, q, W0 = integers()
    plain = gradient_descent(W0, learning_rate=0.5)
    C = np.diag([1.0, 2.0, 4.0])
    found = compare(plain, preconditioned_descent(W0, learning_rate=0.5, preconditioner=C), X, Y, q)
    changes = [-0.5 / 4 * (W0 @ x - y) @ x.T @ (np.eye(3) - C) for x, y in zip(X, Y, strict=True)]
    assert_roots(found.model_differences, [square(change) for change in changes])
    assert_roots(found.prediction_differences, [square(change @ each) for change, each in zip(changes, q, strict=True)])


def test_the_query_among_the_keys_is_seen_unless_the_start_is_zero() -> None:
    """Statement 2.2."""
    X, Y, q, W0 = integers()
    for start, equal in ((np.zeros((2, 3)), True), (W0, False)):
        layer = gd_layer(3, 2, learning_rate="1/2", context=4, initial=exact.value(start.astype(int).tolist()))
        among, outside = (linear_layers([layer], start, queries_as_keys=each) for each in (True, False))
        found = compare(among, outside, X, Y, q)
        assert (not found.prediction_differences.any()) is equal
