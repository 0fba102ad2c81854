"""The same weights in another setting: keys, read-out, rows and a constant; held against loops over tokens, in fractions and floats."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.models.biases import biased
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Head, Layer
from equivalence.models.origins import Origin, ReadLayer
from equivalence.recognition import Accepted, Refused, Still, Undecided, recognise

W0 = sympy.Matrix([[1, "1/2", -2], [0, 3, "-1/3"]])
SIZES: dict[str, Any] = {"d_x": 3, "d_y": 2}
RATE = {"learning_rate": "1/10", "context": 5}
PLAIN = gd_layer(3, 2, **RATE)
STARTED = gd_layer(3, 2, **RATE, initial=W0)
BOTH = pytest.mark.parametrize("numeric", [False, True], ids=["exact", "floats"])


def given(layer: Layer, numeric: bool) -> Layer:
    return layer.to_numpy() if numeric else layer


def start(numeric: bool) -> Any:
    return np.array(W0.tolist(), dtype=float) if numeric else W0


def predicted(layer: Layer, X: Any, Y: Any, q: Any, initial: Any, sign: int, among: bool = False, extra: Any = ()) -> np.ndarray:
    """By loops over tokens, heads and entries, with numbers as they come; sign: −1 for minus the y-part."""
    heads = [[np.array(sympy.Matrix(w).tolist() if hasattr(w, "is_Matrix") else w) for w in head] for head in layer.heads]
    tokens = [[*x, *y, *extra] for x, y in zip(X.T.tolist(), Y.T.tolist(), strict=True)]
    query = [*q, *(sign * sum(a * b for a, b in zip(row, q, strict=True)) for row in initial), *extra]
    keys = [*tokens, query] if among else tokens
    moved = list(query)
    for key, asked, value, out in heads:
        for token in keys:
            score = sum(a * b for a, b in zip(key @ np.array(token), asked @ np.array(query), strict=True))
            for i, change in enumerate(out @ (value @ np.array(token))):
                moved[i] = moved[i] + change * score
    d_x, d_y = len(q), len(initial)
    return np.array([sign * part for part in moved[d_x : d_x + d_y]])


def stepped(X: Any, Y: Any, q: Any, initial: Any, s: Any) -> np.ndarray:
    """One step, by a loop over the examples."""
    weights = np.array(initial)
    change = sum((np.outer(y - weights @ x, x) for x, y in zip(X.T, Y.T, strict=True)), 0 * weights)
    return (weights + s * change) @ np.array(q)


def drawn(seed: int, N: int = 4) -> tuple[np.ndarray, np.ndarray, list[Fraction]]:
    random = Random(seed)
    numbers = [[[Fraction(random.randint(-4, 4), random.randint(1, 3)) for _ in range(n)] for _ in range(m)] for m, n in ((3, N), (2, N))]
    return np.array(numbers[0]), np.array(numbers[1]), [Fraction(random.randint(-4, 4)) for _ in range(3)]


def fractions(matrix: sympy.Matrix) -> list[list[Fraction]]:
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]


def as_fractions(layer: Layer) -> Layer:
    return Layer(tuple(Head(*(np.array(fractions(sympy.Matrix(w))) for w in head)) for head in layer.heads))


@BOTH
def test_from_w0_0_the_query_among_the_keys_changes_no_step(numeric: bool) -> None:
    verdict = recognise(given(PLAIN, numeric), **SIZES, keys="all", context=5)
    assert (verdict.family, verdict.context_update) == ("gradient descent", "gradient descent")
    X, Y, q = drawn(1)
    zeros = [[Fraction(0)] * 3] * 2
    assert (predicted(as_fractions(PLAIN), X, Y, q, zeros, -1, among=True) == stepped(X, Y, q, zeros, Fraction(1, 50))).all()


@BOTH
def test_from_another_w0_it_does_and_the_witness_shows_it(numeric: bool) -> None:
    verdict = recognise(given(STARTED, numeric), **SIZES, initial=start(numeric), keys="all")
    assert isinstance(verdict, Refused)
    seen = verdict.witness
    assert seen is not None
    arguments = [np.array(sympy.Matrix(m).tolist()) for m in (seen.context_x, seen.context_y)], [*sympy.Matrix(seen.query)]
    (X, Y), q = arguments
    weights = as_fractions(STARTED) if not numeric else given(STARTED, True)
    ran = predicted(weights, X, Y, q, W0.tolist(), -1, among=True)
    np.testing.assert_allclose(np.array(ran, dtype=float), np.array(sympy.Matrix(seen.prediction).tolist(), dtype=float)[:, 0], rtol=1e-9)
    once = stepped(X, Y, q, np.array(W0.tolist()), sympy.Rational(1, 50))
    np.testing.assert_allclose(np.array(once, dtype=float), np.array(sympy.Matrix(seen.expected).tolist(), dtype=float)[:, 0], rtol=1e-9)
    assert np.abs(np.array(ran - once, dtype=float)).max() > 1e-3
    assert recognise(given(STARTED, numeric), **SIZES, initial=start(numeric)).family == "gradient descent"
    assert recognise(given(STARTED, numeric), **SIZES, initial=start(numeric), keys="causal").family == "gradient descent"


@BOTH
def test_an_unknown_w0_is_searched_where_the_query_adds_nothing(numeric: bool) -> None:
    assert recognise(given(PLAIN, numeric), **SIZES, initial="unknown", keys="all").family == "gradient descent"
    verdict = recognise(given(STARTED, numeric), **SIZES, initial="unknown", keys="all")
    assert isinstance(verdict, Undecided)
    assert verdict.note.startswith("not found for an unknown W₀" if numeric else "it is excluded for the W₀ shown, not for every W₀")


@BOTH
def test_a_preconditioned_step_adds_nothing_where_c_is_antisymmetric(numeric: bool) -> None:
    (head,) = STARTED.heads
    for C, family in (
        ([[0, 1, 2], [-1, 0, 1], [-2, -1, 0]], "preconditioned gradient descent"),
        ([[0, 1, 2], [-1, 0, 1], [-2, -1, 1]], "none"),
    ):
        turn = sympy.diag(sympy.Matrix(C), sympy.eye(2))
        layer = Layer((head._replace(query=sympy.Matrix(head.query) * turn),))
        verdict = recognise(given(layer, numeric), **SIZES, initial=start(numeric), keys="all", tolerance=1e-5)
        assert (verdict.family, verdict.context_update) == (family, "none")


@BOTH
def test_gdpp_moves_by_the_query_too_and_is_no_gdpp_of_the_data(numeric: bool) -> None:
    layer = given(gdpp_layer(3, 2, **RATE, gamma="1/7"), numeric)
    assert recognise(layer, **SIZES).family == "GD++"
    verdict = recognise(layer, **SIZES, keys="all")
    assert (verdict.family, verdict.gamma, verdict.context_update) == ("gradient descent", None, "none")
    assert verdict.note.startswith("its x rows are those of GD++ with γ = ")


@BOTH
def test_a_layer_of_no_family_has_a_witness_with_the_query_among_the_keys(numeric: bool) -> None:
    (head,) = PLAIN.heads
    wrong = Layer((head._replace(key=sympy.Matrix(head.key) + sympy.ones(5, 5)),))
    verdict = recognise(given(wrong, numeric), **SIZES, keys="all")
    assert isinstance(verdict, Refused)
    seen = verdict.witness
    assert seen is not None
    X, Y = (np.array(sympy.Matrix(m).tolist()) for m in (seen.context_x, seen.context_y))
    weights = as_fractions(wrong) if not numeric else given(wrong, True)
    ran = predicted(weights, X, Y, [*sympy.Matrix(seen.query)], [[0] * 3] * 2, -1, among=True)
    np.testing.assert_allclose(np.array(ran, dtype=float), np.array(sympy.Matrix(seen.prediction).tolist(), dtype=float)[:, 0], rtol=1e-9)
    assert sympy.Matrix(seen.prediction) != sympy.Matrix(seen.expected)


def test_the_bound_counts_the_query_among_the_keys() -> None:
    random = np.random.default_rng(0)
    (head,) = given(PLAIN, True).heads
    layer = Layer((head._replace(key=head.key + 1e-3 * random.normal(size=(5, 5)), value=head.value + 1e-3 * random.normal(size=(5, 5))),))
    W = 0.01 * random.normal(size=(2, 3))
    verdict = recognise(layer, **SIZES, keys="all", initial=W, tolerance=0.2)
    assert isinstance(verdict, Accepted)
    for _ in range(200):
        X, Y, q = random.normal(size=(3, 4)), random.normal(size=(2, 4)), random.normal(size=3)
        ran = predicted(layer, X, Y, q, W, -1, among=True)
        apart = np.linalg.norm(ran - stepped(X, Y, q, W, verdict.step_size))
        norms = np.sqrt((X**2).sum() + (Y**2).sum()), np.linalg.norm(q)
        assert apart <= verdict.error_bound(*norms)
    ran = predicted(layer, 0 * X, 0 * Y, [1, 1, 1], W, -1, among=True)
    assert recognise(layer, **SIZES, initial=W, tolerance=0.2).error_bound(0, 2) < np.linalg.norm(ran - W.sum(axis=1))


@BOTH
def test_plus_is_read_from_weights_that_look_like_ascent(numeric: bool) -> None:
    layer = given(gd_layer(3, 2, learning_rate="-1/10", context=5), numeric)
    assert recognise(layer, **SIZES).learning_rate < 0
    assert "where the prediction is plus the y-part it is descent: see prediction='plus'" in recognise(layer, **SIZES).note
    verdict = recognise(layer, **SIZES, prediction="plus", context=5)
    assert (verdict.family, verdict.context_update, verdict.note) == ("gradient descent", "none", "")
    assert float(verdict.learning_rate) == pytest.approx(0.1)
    assert "see prediction='minus'" in recognise(given(PLAIN, numeric), **SIZES, prediction="plus").note


@pytest.mark.parametrize("among", [False, True])
def test_plus_from_another_w0_is_a_step_with_the_query_among_the_keys_or_not(among: bool) -> None:
    """The query token [q; W₀q] has no residual, so as a key it has no value."""
    (head,) = gd_layer(3, 2, learning_rate="-1/10", context=5, initial=W0).heads
    layer = Layer((head,))
    verdict = recognise(layer, **SIZES, initial=W0, prediction="plus", keys="all" if among else "context")
    assert (verdict.family, verdict.step_size) == ("gradient descent", sympy.Rational(1, 50))
    X, Y, q = drawn(4)
    initial = fractions(W0)
    assert (predicted(as_fractions(layer), X, Y, q, initial, 1, among) == stepped(X, Y, q, initial, Fraction(1, 50))).all()


def placed(layer: Layer, rows: list[int], count: int) -> Layer:
    """The layer on larger tokens, its own rows at these places."""
    S = sympy.zeros(5, count)
    for own, row in enumerate(rows):
        S[own, row] = 1
    (head,) = layer.heads
    key, asked, value, out = map(sympy.Matrix, head)
    return Layer((Head(key * S, asked * S, value * S, S.T * out),))


@BOTH
def test_rows_are_found_where_they_are_said_to_be(numeric: bool) -> None:
    layer = given(placed(PLAIN, [3, 4, 6, 0, 1], 8), numeric)
    verdict = recognise(layer, **SIZES, x_rows=[3, 4, 6], y_rows=range(2), context=5)
    assert (verdict.family, verdict.context_update) == ("gradient descent", "gradient descent")
    assert verdict.assumed is not None
    assert "x in rows 3 to 4 and 6, y in rows 0 to 1 of 8; rows 2, 5 and 7 taken as 0, which the layer leaves alone" in str(verdict.assumed)
    other = recognise(layer, **SIZES, x_rows=[4, 3, 6], y_rows=[1, 0])
    assert other.family == "gradient descent"
    assert recognise(layer, **SIZES, x_rows=[3, 4, 5], y_rows=[0, 1]).family != "gradient descent"


def test_rows_that_are_read_or_written_besides_are_in_the_verdict() -> None:
    (head,) = placed(PLAIN, [0, 1, 2, 3, 4], 6).heads
    reads = Layer((head._replace(key=head.key + sympy.Matrix(5, 6, lambda i, j: int((i, j) == (0, 5)))),))
    verdict = recognise(reads, **SIZES, x_rows=range(3), y_rows=[3, 4])
    assert "row 5 taken as 0, which the layer reads" in str(verdict)
    assert verdict.to_json()["assumed"]["other_rows"] == {"rows": [5], "read": True, "written": False}  # type: ignore[index]
    writes = Layer((head._replace(projection=head.projection + sympy.Matrix(6, 5, lambda i, j: int((i, j) == (5, 0)))),))
    assert "row 5 taken as 0, which the layer writes" in str(recognise(writes, **SIZES, x_rows=range(3), y_rows=[3, 4]))


@BOTH
def test_a_read_out_in_rows_of_its_own(numeric: bool) -> None:
    (head,) = placed(PLAIN, [0, 1, 2, 3, 4], 7).heads
    moved = [0, 1, 2, 5, 6, 3, 4]
    layer = given(Layer((head._replace(projection=head.projection[moved, :]),)), numeric)
    verdict = recognise(layer, **SIZES, x_rows=range(3), y_rows=[3, 4], read_rows=[5, 6])
    assert (verdict.family, verdict.context_update) == ("gradient descent", "not judged")
    assert "prediction minus its rows 5 to 6" in str(verdict.assumed)
    assert recognise(layer, **SIZES, x_rows=range(3), y_rows=[3, 4]).family == "rate 0"
    with pytest.raises(ValueError, match="read_rows: expected those of y where W₀ is not 0"):
        recognise(layer, **SIZES, x_rows=range(3), y_rows=[3, 4], read_rows=[5, 6], initial="unknown")


def with_bias(layer: Layer, **biases: Any) -> Layer:
    (head,) = layer.heads
    return Layer((biased(head, **{name: sympy.ImmutableDenseMatrix(column) for name, column in biases.items()}),))


@BOTH
def test_biases_that_matter_are_found_and_those_that_do_not_are_not(numeric: bool) -> None:
    harmless = given(with_bias(PLAIN, query=[0, 0, 0, 1, 2]), numeric)
    verdict = recognise(harmless, **SIZES, constant_row=5)
    assert (verdict.family, verdict.context_update) == ("gradient descent", "gradient descent")
    assert "row 5 is 1 in every token" in str(verdict.assumed)
    for name, column in (("key", [1, 0, 0, 0, 0]), ("query", [0, "1/2", 0, 0, 0]), ("value", [0, 0, 0, 1, 0])):
        layer = with_bias(PLAIN, **{name: column})
        wrong = recognise(given(layer, numeric), **SIZES, constant_row=5)
        assert isinstance(wrong, Refused)
        seen = wrong.witness
        assert seen is not None
        X, Y = (np.array(sympy.Matrix(m).tolist()) for m in (seen.context_x, seen.context_y))
        weights = as_fractions(layer) if not numeric else given(layer, True)
        ran = predicted(weights, X, Y, [*sympy.Matrix(seen.query)], [[0] * 3] * 2, -1, extra=(1,))
        np.testing.assert_allclose(
            np.array(ran, dtype=float), np.array(sympy.Matrix(seen.prediction).tolist(), dtype=float)[:, 0], rtol=1e-9
        )
        once = stepped(X, Y, [*sympy.Matrix(seen.query)], np.zeros((2, 3), dtype=int), wrong.step_size)
        assert np.abs(np.array(ran - once, dtype=float)).max() > 1e-3


def test_biases_on_targets_of_the_query_leave_the_context_to_itself() -> None:
    """A bias of the queries' y rows meets keys that are 0; one of the keys' y rows meets queries [q; 0], but context tokens [x; y]."""
    (head,) = PLAIN.heads
    reading = head._replace(query=head.query + sympy.diag(0, 0, 0, 1, 0))
    verdict = recognise(with_bias(Layer((reading,)), key=[0, 0, 0, 1, 0]), **SIZES, constant_row=5)
    assert (verdict.family, verdict.context_update) == ("gradient descent", "none")


def test_a_small_bias_is_measured_and_bounded() -> None:
    random = np.random.default_rng(2)
    layer = given(with_bias(PLAIN, key=[0, 0, 0, 0, 0]), True)
    (head,) = layer.heads
    layer = Layer((head._replace(key=head.key + np.eye(5, 6, 5) * 1e-3 + 1e-3 * random.normal(size=(5, 6))),))
    verdict = recognise(layer, **SIZES, constant_row=5)
    assert isinstance(verdict, Accepted)
    for _ in range(100):
        X, Y, q = random.normal(size=(3, 4)), random.normal(size=(2, 4)), random.normal(size=3)
        ran = predicted(layer, X, Y, q, np.zeros((2, 3)), -1, extra=(1,))
        norms = np.sqrt((X**2).sum() + (Y**2).sum() + 4), np.linalg.norm(q)
        assert np.linalg.norm(ran - stepped(X, Y, q, np.zeros((2, 3)), verdict.step_size)) <= verdict.error_bound(*norms)
    assert recognise(layer, **SIZES, constant_row=5, tolerance=1e-4).family == "none"


@BOTH
def test_a_layer_that_only_adds_a_constant_is_not_at_rate_0(numeric: bool) -> None:
    (head,) = PLAIN.heads
    nothing = Layer((head._replace(value=sympy.zeros(5, 5), query=sympy.zeros(5, 5)),))
    assert isinstance(recognise(given(with_bias(nothing, value=[0] * 5), numeric), **SIZES, constant_row=5), Still)
    moving = given(with_bias(nothing, key=[0, 0, 0, 0, 1], query=[0, 0, 0, 0, 1], value=[0, 0, 0, 1, 0]), numeric)
    assert recognise(moving, **SIZES, constant_row=5).family == "none"


def test_a_layer_that_was_read_with_its_biases_says_so_itself() -> None:
    layer = ReadLayer(given(with_bias(PLAIN, key=[1, 0, 0, 0, 0]), True).heads, Origin("rows", False, constant=True))
    verdict = recognise(layer, **SIZES)
    assert verdict.family == "none"
    for words in ("row 5 is 1 in every token", "weights in the convention of rows", "scores not divided by √d_k"):
        assert words in str(verdict.assumed)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"keys": "query"}, "keys: expected 'context' or 'all' or 'causal', got 'query'"),
        ({"prediction": "+"}, "prediction: expected 'minus' or 'plus', got '\\+'"),
        ({"x_rows": [0, 1]}, r"x_rows: expected 3 different rows, got \[0, 1\]"),
        ({"x_rows": [0, 1, 1]}, r"x_rows: expected 3 different rows, got \[0, 1, 1\]"),
        ({"x_rows": [0, 1, 5]}, "x_rows: expected rows from 0 to 4, as the tokens of these weights have 5, got 5"),
        ({"y_rows": [2, 3]}, "y_rows: expected other rows than x_rows has, got row 2 in both"),
        ({"constant_row": 3}, "constant_row: expected other rows than y_rows has, got row 3 in both"),
        ({"constant_row": 9}, "constant_row: expected rows from 0 to 4"),
        ({"read_rows": [0, 3]}, "read_rows: expected other rows than x_rows has, got row 0 in both"),
    ],
)
def test_wrong_settings_name_their_argument(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recognise(PLAIN, **SIZES, **changes)


@pytest.mark.parametrize(
    ("rows", "message"), [(3, "x_rows: expected a list or range of row numbers, got 3"), ("012", "expected whole num")]
)
def test_rows_of_another_type_are_refused(rows: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        recognise(PLAIN, **SIZES, x_rows=rows)
