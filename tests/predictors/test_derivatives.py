"""Sensitivities are the exact slopes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from equivalence.algebras import Rational, exact
from equivalence.algebras.flint import dense
from equivalence.models.attention.linear import update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.predictors.from_descents import gradient_descent
from equivalence.predictors.from_layers import linear_layers
from tests.support.instances import exactly, integers


def exact_slope(predict: Any, d_x: int) -> list[list[Fraction]]:
    """The slope of an affine map of rationals: its values at the unit vectors, less that at 0."""
    algebra = Rational()
    columns = []
    for j in range(d_x):
        unit, zero = (algebra.value([[value * (i == j)] for i in range(d_x)]) for value in (1, 0))
        columns.append([Fraction(int(entry.p), int(entry.q)) for (entry,) in dense(predict(algebra, unit, zero))])
    return [list(row) for row in zip(*columns, strict=True)]


def test_sensitivities_are_the_exact_ones() -> None:
    X, Y, q, W0 = integers(batch=1)
    grids = [each.astype(int).tolist() for each in (X[0], Y[0], W0)]

    def by_layer(algebra: Rational, unit: Any, zero: Any) -> Any:
        inputs, targets, start = (algebra.value(grid) for grid in grids)
        layer = gd_layer(3, 2, learning_rate=algebra.scalar("1/2"), context=4, initial=start, algebra=algebra)
        at = [prediction(t + update(layer, tokens(inputs, targets), t), 3, 2) for t in (query_tokens(start, one) for one in (unit, zero))]
        return at[0] - at[1]

    def by_descent(algebra: Rational, unit: Any, zero: Any) -> Any:
        inputs, targets, start = (algebra.value(grid) for grid in grids)
        return gradient_step(start, inputs, targets, algebra.scalar("1/2")) @ (unit - zero)

    layer = gd_layer(3, 2, learning_rate="1/2", context=4, initial=exact.value(grids[2]))
    for predict, oracle in ((linear_layers([layer], W0), by_layer), (gradient_descent(W0, learning_rate=0.5), by_descent)):
        slope = exactly(predict, X[0], Y[0], q[0])
        assert slope == exact_slope(oracle, 3)


def test_a_sensitivity_is_a_derivative_also_where_the_prediction_is_curved() -> None:
    """p = (Σ y_i)(qᵀq) has slope 2 (Σ y_i) qᵀ."""
    X, Y, q, _ = integers()
    slope = exactly(lambda x, y, column: y.sum(axis=1, keepdims=True) * (column.T @ column), X[0], Y[0], q[0])
    assert slope == (2 * Y[0].sum(axis=1, keepdims=True) * q[0].T).tolist()
