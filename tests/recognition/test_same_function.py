"""Two layers are the same function or not: against loops over tokens in fractions, and bounds on floats that are run."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.models.biases import biased
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition.sameness import Sameness, same_function
from tests.support import oracles

SIZES: dict[str, Any] = {"d_x": 3, "d_y": 2}
W0 = sympy.Matrix([[1, 0, "1/2"], [0, -2, 1]])
STEP = gd_layer(3, 2, learning_rate="1/10", context=5)
STARTED = gd_layer(3, 2, learning_rate="1/10", context=5, initial=W0)
CURVED = gdpp_layer(3, 2, learning_rate="1/10", gamma="1/7", context=5)
BOTH = pytest.mark.parametrize("numeric", [False, True], ids=["exact", "floats"])


def given(layer: Layer, numeric: bool) -> Layer:
    return layer.to_numpy() if numeric else layer


def gauged(layer: Layer) -> Layer:
    """Another basis inside the head, and heads of other sizes: a value that is split over two, and a head that does nothing."""
    (head,) = layer.heads
    key, query, value, out = map(sympy.Matrix, head)
    T = sympy.Matrix(5, 5, lambda i, j: int(j in (i, i + 1)))
    idle = Head(sympy.ones(1, 5), sympy.ones(1, 5), sympy.zeros(1, 5), sympy.ones(5, 1))
    halves = [Head(T * key, T.inv().T * query, value[part, :], out[:, part]) for part in (slice(0, 2), slice(2, 5))]
    return Layer((*halves, idle))


def fractions(matrix: Any) -> np.ndarray:
    return np.array([[Fraction(int(e.p), int(e.q)) for e in row] for row in sympy.Matrix(matrix).tolist()])


def run(layer: Layer, X: Any, Y: Any, u: Any, among: bool = False) -> np.ndarray:
    """The query token after a layer, in loops."""
    heads: Any = [tuple(map(fractions, head)) for head in layer.heads]
    keys = np.concatenate([np.concatenate([X, Y]), u], axis=1) if among else np.concatenate([X, Y])
    return np.array(oracles.attended(heads, keys, u[:, 0]))


def shown(verdict: Sameness) -> tuple[np.ndarray, ...]:
    assert verdict.witness is not None
    return tuple(fractions(part) if hasattr(part, "is_Matrix") else part for part in verdict.witness)


@BOTH
@pytest.mark.parametrize("keys", ["context", "all", "causal"])
@pytest.mark.parametrize("compare", ["prediction", "update"])
def test_gauges_and_numbers_of_heads_make_no_difference(numeric: bool, keys: str, compare: str) -> None:
    verdict = same_function(given(STARTED, numeric), given(gauged(STARTED), numeric), **SIZES, keys=keys, compare=compare)
    assert (verdict.outcome, verdict.witness) == ("same", None)
    assert verdict.error_bound(1, 1) <= (1e-13 if numeric else 0)
    assert len(verdict.assumed.key_dimensions) < len(verdict.other_assumed.key_dimensions)


@BOTH
@pytest.mark.parametrize("among", [False, True])
def test_another_rate_differs_and_the_witness_shows_it(numeric: bool, among: bool) -> None:
    other = gd_layer(3, 2, learning_rate="1/11", context=5)
    verdict = same_function(given(STEP, numeric), given(gauged(other), numeric), **SIZES, keys="all" if among else "context")
    assert verdict.outcome == "differ"
    assert verdict.relative_distance == pytest.approx(1 / 11, rel=1e-9)
    X, Y, q, v, first, second = shown(verdict)
    exact = [np.array([[Fraction(float(e)).limit_denominator(10**6) for e in row] for row in part]) for part in (X, Y, q, v)]
    u = np.concatenate(exact[2:])
    expected = [-run(layer, exact[0], exact[1], u, among)[3:, None] for layer in (STEP, other)]
    for got, want in zip((first, second), expected, strict=True):
        np.testing.assert_allclose(np.array(got, dtype=float), np.array(want, dtype=float), rtol=1e-12)
    assert (expected[0] != expected[1]).any()


@BOTH
def test_what_the_prediction_does_not_see_the_update_does(numeric: bool) -> None:
    layers = given(STEP, numeric), given(CURVED, numeric)
    assert same_function(*layers, **SIZES).outcome == "same"
    verdict = same_function(*layers, **SIZES, compare="update")
    assert verdict.outcome == "differ"
    X, Y, q, v, first, second = shown(verdict)
    assert first.shape == (5, 1)
    if not numeric:
        u = np.concatenate([q, v])
        for layer, got in ((STEP, first), (CURVED, second)):
            assert (run(layer, X, Y, u)[:, None] == got).all()


@BOTH
def test_what_query_tokens_are_meant_makes_a_difference(numeric: bool) -> None:
    """Scores that read the query's y-part do nothing on [q; 0], something on [q; −W₀q], and are seen where any query token is meant."""
    (head,) = STEP.heads
    reading = Layer((head._replace(query=sympy.Matrix(head.query) + sympy.Matrix(5, 5, lambda i, j: int((i, j) == (0, 3)))),))
    layers = given(STEP, numeric), given(reading, numeric)
    assert same_function(*layers, **SIZES).outcome == "same"
    start = np.array(W0.tolist(), dtype=float) if numeric else W0
    for initial in (start, "any"):
        verdict = same_function(*layers, **SIZES, initial=initial)
        assert verdict.outcome == "differ"
        X, Y, q, v, first, second = shown(verdict)
        if initial is start:
            np.testing.assert_allclose(np.array(v, dtype=float), np.array(-W0, dtype=float) @ np.array(q, dtype=float), rtol=1e-12)
        if not numeric:
            u = np.concatenate([q, v])
            assert [(-run(layer, X, Y, u)[3:, None] == got).all() for layer, got in ((STEP, first), (reading, second))] == [True, True]


def test_a_constructed_layer_is_compared_with_a_trained_one() -> None:
    random = np.random.default_rng(3)
    (head,) = STEP.to_numpy().heads
    trained = Layer((Head(*(weight + 1e-4 * random.normal(size=(5, 5)) for weight in head)),))
    assert same_function(STEP, trained, **SIZES).outcome == "differ"
    verdict = same_function(STEP, trained, **SIZES, tolerance=0.1)
    assert verdict.outcome == "same"
    assert verdict.relative_distance is not None
    for keys in ("context", "all"):
        bounded = same_function(STEP, trained, **SIZES, tolerance=0.1, keys=keys)
        for _ in range(50):
            X, Y, q = random.normal(size=(3, 4)), random.normal(size=(2, 4)), random.normal(size=(3, 1))
            u = np.concatenate([q, np.zeros((2, 1))])
            context = np.concatenate([X, Y] if keys == "context" else [np.hstack([X, q]), np.hstack([Y, 0 * Y[:, :1]])])
            one, two = (np.array(oracles.attended(list(each.heads), context, u[:, 0]))[3:] for each in (STEP.to_numpy(), trained))
            norms = np.sqrt((X**2).sum() + (Y**2).sum()), np.linalg.norm(q)
            assert 0 < np.linalg.norm(one - two) <= bounded.error_bound(*norms)


def test_the_bound_is_for_the_update_too() -> None:
    random = np.random.default_rng(4)
    one, two = (Layer((Head(*(random.normal(size=(5, 5)) for _ in range(4))),)) for _ in range(2))
    verdict = same_function(one, two, **SIZES, compare="update")
    assert verdict.outcome == "differ"
    tightest = 0.0
    for _ in range(50):
        context, u = random.normal(size=(5, 4)), random.normal(size=(5, 1))
        apart = np.subtract(*(np.array(oracles.attended(list(each.heads), context, u[:, 0])) for each in (one, two)))
        tightest = max(tightest, np.linalg.norm(apart) / verdict.error_bound(np.linalg.norm(context), np.linalg.norm(u)))
    assert 0.01 < tightest <= 1


@BOTH
def test_plus_and_minus_are_compared_as_they_are_read(numeric: bool) -> None:
    minus, plus = given(STEP, numeric), given(gd_layer(3, 2, learning_rate="-1/10", context=5), numeric)
    assert same_function(minus, plus, **SIZES).outcome == "differ"
    assert same_function(minus, plus, **SIZES, other_prediction="plus", keys="all").outcome == "same"
    started = given(gd_layer(3, 2, learning_rate="-1/10", context=5, initial=W0), numeric), given(STARTED, numeric)
    start = np.array(W0.tolist(), dtype=float) if numeric else W0
    assert same_function(*started, **SIZES, initial=start, prediction="plus", other_prediction="minus").outcome == "same"


@BOTH
def test_biases_and_rows(numeric: bool) -> None:
    (head,) = STEP.heads
    idle, reading = (Layer((biased(head, key=sympy.ImmutableDenseMatrix(bias)),)) for bias in ([0] * 5, [1, 0, 0, 0, 0]))
    assert same_function(given(STEP, numeric), given(idle, numeric), **SIZES, other_constant_row=5).outcome == "same"
    verdict = same_function(given(reading, numeric), given(STEP, numeric), **SIZES, constant_row=5)
    assert verdict.outcome == "differ"
    X, Y, q, v, first, _ = shown(verdict)
    if not numeric:
        one = Fraction(1) * np.ones((1, X.shape[1]), dtype=int)
        heads: Any = [tuple(map(fractions, each)) for each in reading.heads]
        after = oracles.attended(heads, np.concatenate([X, Y, one]), np.concatenate([q, v, one[:, :1]])[:, 0])
        assert (-np.array(after[3:5])[:, None] == first).all()
    swap = sympy.eye(5)[:, [3, 4, 0, 1, 2]]
    key, asked, value, out = map(sympy.Matrix, head)
    turned = Layer((Head(key * swap, asked * swap, value * swap, swap.T * out),))
    rows = {"other_x_rows": [2, 3, 4], "other_y_rows": [0, 1]}
    placed = same_function(given(STEP, numeric), given(turned, numeric), **SIZES, **rows)
    assert placed.outcome == "same"
    assert same_function(given(STEP, numeric), given(turned, numeric), **SIZES).outcome == "differ"


def test_symbols_and_layers_that_do_nothing() -> None:
    eta = gd_layer(3, 2, learning_rate="eta", context="N")
    assert same_function(eta, gauged(eta), **SIZES).outcome == "same"
    verdict = same_function(eta, STEP, **SIZES)
    assert (verdict.outcome, verdict.relative_distance) == ("differ", None)
    with pytest.raises(ValueError, match="error_bound: expected numbers, found symbols"):
        verdict.error_bound(1, 1)
    nothing = gd_layer(3, 2, learning_rate=0, context=1)
    for layer in (nothing, nothing.to_numpy()):
        found = same_function(layer, layer, **SIZES, compare="update")
        assert (found.outcome, found.relative_distance, found.error_bound(1, 1) < 1e-290) == ("same", 0.0, True)


def test_what_rounding_hides_is_not_decided() -> None:
    """Two heads that cancel: what is left of them is smaller than what their products are rounded by."""
    random = np.random.default_rng(6)
    big = Head(*(1e6 * random.normal(size=(5, 5)) for _ in range(4)))
    hidden = Layer((big, big._replace(projection=-big.projection), *STEP.to_numpy().heads))
    verdict = same_function(hidden, gd_layer(3, 2, learning_rate="1/11", context=5).to_numpy(), **SIZES)
    assert verdict.outcome == "not decided"
    assert verdict.note.startswith("cannot tell at this precision: ")


def test_text_and_json() -> None:
    verdict = same_function(STEP, CURVED, **SIZES, compare="update")
    lines = verdict.text(2.0, 3.0).splitlines()
    assert lines[:2] == [
        "functions: differ (decided exactly)",
        "compared: all rows of any query token, and so what context tokens become",
    ]
    assert lines[-2].startswith("assumed: linear attention of 1 head")
    assert lines[-1].startswith("assumed of the other: linear attention of 1 head")
    told = json.loads(json.dumps(verdict.to_json(2.0, 3.0), allow_nan=False))
    assert (told["outcome"], told["compared"], told["error_bound"]["value"]) == ("differ", "update", verdict.error_bound(2, 3))
    assert told["other_assumed"]["keys"] == "context"
    assert told["witness"]["query_x"] == [[str(entry)] for entry in verdict.witness.query_x]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"initial": "unknown"}, ValueError, "initial: expected W₀ as a matrix, 'zeros' or 'any', got 'unknown'"),
        ({"compare": "all"}, ValueError, "compare: expected 'prediction' or 'update', got 'all'"),
        ({"compare": "update", "prediction": "plus"}, ValueError, "prediction: expected none but 'minus', which is not looked at"),
        (
            {"initial": "any", "other_prediction": "plus"},
            ValueError,
            "other_prediction: expected that of the first layer with initial='any'",
        ),
        (
            {"initial": W0, "other_prediction": "plus", "keys": "all"},
            ValueError,
            "other_prediction: expected that of the first layer where the",
        ),
        ({"tolerance": 0}, ValueError, "tolerance: expected a number between 0 and 1, got 0"),
        ({"x_rows": [0, 1, 9]}, ValueError, "layer: x_rows: expected rows from 0 to 4"),
        ({"other_y_rows": [0, 1]}, ValueError, "other: y_rows: expected other rows than x_rows has"),
    ],
)
def test_wrong_arguments(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        same_function(STEP, CURVED, **SIZES, **changes)


def test_what_is_no_layer_is_refused() -> None:
    with pytest.raises(TypeError, match="other: layer: expected a Layer with at least one head, got int"):
        same_function(STEP, 3, **SIZES)  # type: ignore[arg-type]
