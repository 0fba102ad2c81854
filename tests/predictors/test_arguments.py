"""What predictors are made of is checked, with a message that names it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from equivalence.alignment.metrics import compare
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.constructions.softmax import softmax_pair
from equivalence.models.heads import Layer
from equivalence.predictors.from_descents import centred_descent, gdpp_descent, gradient_descent, preconditioned_descent
from equivalence.predictors.from_layers import linear_layers, softmax_layer
from equivalence.predictors.predictor import Predictor

X, Y, Q, W = (np.ones((4, 3, 5)), np.ones((4, 2, 5)), np.ones((4, 3, 1)), np.ones((2, 3)))


def good(X: Any, Y: Any, q: Any) -> Any:
    return Y.sum(axis=1, keepdims=True) * q.sum()


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: gradient_descent([[1.0]], learning_rate=1), TypeError, "initial: expected an array, got list"),
        (lambda: gradient_descent(W * np.nan, learning_rate=1), ValueError, "initial: expected finite numbers"),
        (lambda: gradient_descent(W, learning_rate="fast"), TypeError, "learning_rate: expected a number, got 'fast'"),
        (lambda: centred_descent(W, learning_rate=np.nan), ValueError, "learning_rate: expected a finite number, got nan"),
        (lambda: gradient_descent(W, learning_rate=1, steps=0), ValueError, "steps: expected a whole number, at least 1, got 0"),
        (lambda: gdpp_descent(W, learning_rate=1, gamma=1, steps=1.5), TypeError, "steps: expected a whole number, at least 1, got 1.5"),  # type: ignore[arg-type]
        (lambda: gdpp_descent(W, learning_rate=1, gamma=np.inf), ValueError, "gamma: expected a finite number, got inf"),
        (
            lambda: preconditioned_descent(W, learning_rate=1, preconditioner=np.eye(2)),
            ValueError,
            r"preconditioner: expected shape \(3, 3\), got \(2, 2\)",
        ),
        (lambda: linear_layers([3], W), TypeError, r"layers\[0\]: expected a Layer, got int"),  # type: ignore[list-item]
        (lambda: linear_layers([], W), ValueError, "layers: expected at least one layer, got none"),
        (
            lambda: linear_layers([gd_layer(3, 2, learning_rate=1, context=5), gd_layer(2, 2, learning_rate=1, context=5)], W),
            ValueError,
            r"layers\[1\]: expected weights on tokens of d_x \+ d_y = 5 rows, got 4 in head 0",
        ),
        (
            lambda: softmax_layer(softmax_pair(3, 2, learning_rate=1).layer(1), W, sink=True),
            ValueError,
            r"layer: expected weights on tokens of d_x \+ d_y \+ 1 = 6 rows, got 5 in head 0",
        ),
        (lambda: softmax_layer(softmax_pair(3, 2, learning_rate="eta").layer(1), W), ValueError, "found the symbols eta; give them values"),
    ],
)
def test_bad_parts_of_predictors_are_named(build: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()


@pytest.mark.parametrize(
    "predict",
    [
        gradient_descent(np.ones((3, 2)), learning_rate=1),
        linear_layers([gd_layer(2, 3, learning_rate=1, context=5)], np.ones((3, 2))),
        softmax_layer(Layer(softmax_pair(2, 3, learning_rate=1).layer(1).heads), np.ones((3, 2))),
    ],
)
def test_a_start_that_does_not_fit_the_data_is_named(predict: Predictor) -> None:
    with pytest.raises(ValueError, match=r"initial: expected W₀ of shape \(d_y, d_x\) = \(2, 3\), got \(3, 2\)"):
        compare(good, predict, X, Y, Q)
