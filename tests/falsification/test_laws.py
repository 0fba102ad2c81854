"""The laws' instances and reflections, and the arguments of the search."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from equivalence.falsification.instances import instances_of
from equivalence.falsification.laws import LAWS, reflection
from equivalence.falsification.search import falsify
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from tests.support.lawless import (
    ORDERS,
)


@pytest.mark.parametrize("count", ORDERS)
def test_orders_change_something(count: int) -> None:
    (law,) = (law for law in LAWS if law.others.get("order"))
    quick = settings(max_examples=100, database=None, derandomize=True, phases=[Phase.generate])
    for strategy in instances_of(law, 1, 1, count):
        orders = strategy.map(lambda drawn: drawn[1]["order"])
        for order in ORDERS[count]:
            assert find(orders, order.__eq__, settings=quick) == order
        with pytest.raises(NoSuchExample):
            find(orders, lambda order: order not in ORDERS[count], settings=quick)


def numpy_layer(X: Any, Y: Any, q: Any) -> Any:
    layer = gd_layer(3, 2, learning_rate="1/10", context=7).to_numpy()
    return prediction(linear_attention(layer, tokens(X, Y), query_tokens(np.zeros((2, 3)), q))[1], 3, 2)


@pytest.mark.parametrize("normal", [np.array([[1.0], [2.0], [-2.0]]), np.zeros((3, 1))])
def test_reflections_are_orthogonal(normal: Any) -> None:
    R = reflection(normal)
    assert (R @ R).round(12).tolist() == np.eye(3).tolist()
    assert (R @ normal).round(12).tolist() == (-normal).tolist()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"d_x": 0}, ValueError, "d_x: expected a whole number, at least 1, got 0"),
        ({"d_y": 1.0}, TypeError, "d_y: expected a whole number, at least 1, got 1.0 of type float"),
        ({"min_context": 4}, ValueError, "max_context: expected a whole number, at least 4, got 3"),
        ({"examples": 0}, ValueError, "examples: expected a whole number, at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed: expected a whole number, at least 0, got -1"),
        ({"rounding": 0}, ValueError, "rounding: expected a positive number, got 0"),
        ({"rounding": float("nan")}, ValueError, "rounding: expected a finite number, got nan"),
        ({"rounding": "8"}, TypeError, "rounding: expected a number, got '8' of type str"),
        ({"dtype": int}, TypeError, "dtype: expected a type of floats, got int64"),
    ],
)
def test_bad_arguments_are_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        falsify(numpy_layer, **{"d_x": 3, "d_y": 2, **options})
