"""What comes in at the door of recognition is what is judged, and what is printed is what was found."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
import sympy

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.result import rounded_up, written

LAYER = gd_layer(2, 1, learning_rate="1/10", context=1)
SIZES = {"d_x": 2, "d_y": 1}
FLOATS = LAYER.to_numpy()


def with_key(key: object, layer: Layer = FLOATS) -> Layer:
    return Layer(layer.heads[0]._replace(key=key))


def test_a_mask_is_not_lost() -> None:
    for layer in (FLOATS, Layer(Head(*(np.array(weight.tolist(), dtype=object) for weight in LAYER.heads[0])))):
        key = layer.heads[0].key
        masked = with_key(np.ma.masked_array(key, np.ones(key.shape, dtype=bool)), layer)
        with pytest.raises(TypeError, match=r"^key of head 0: expected an array without a mask, got a masked one"):
            recognise(masked, **SIZES)
        with pytest.raises(TypeError, match=r"expected an array without a mask, got a masked one"):
            masked.to_numpy()


@pytest.mark.skipif(np.finfo(np.longdouble).max == np.finfo(float).max, reason="long doubles are doubles here")
@pytest.mark.parametrize("text", ["1e-400", "1e400", "0.1"])
def test_a_long_double_that_float64_does_not_hold_is_refused(text: str) -> None:
    key = FLOATS.heads[0].key.astype(np.longdouble)
    assert recognise(with_key(key), **SIZES).family == "gradient descent"
    with pytest.raises(ValueError, match=r"^key of head 0: expected numbers that float64 holds, got .* round with \.astype\(float\)"):
        recognise(with_key(key * np.longdouble(text)), **SIZES)


@pytest.mark.parametrize("empty", [sympy.zeros(0, 3), np.zeros((0, 3), dtype=object), np.zeros((0, 3)), np.zeros((0, 3), dtype=int)])
def test_a_head_without_keys_is_refused(empty: object) -> None:
    layer = Layer(
        (LAYER if isinstance(empty, sympy.MatrixBase) or empty.dtype.kind in "iO" else FLOATS).heads[0]._replace(key=empty, query=empty)
    )
    with pytest.raises(ValueError, match=r"^key of head 0: expected sizes of at least 1, got shape \(0, 3\)"):
        recognise(layer, **SIZES)


def test_sizes_and_norms_of_numpy_are_numbers() -> None:
    found = recognise(FLOATS, d_x=np.int64(2), d_y=np.int8(1))  # type: ignore[arg-type]
    told = json.loads(json.dumps(found.to_json(np.float32(2), np.array(3))))  # type: ignore[arg-type]
    assert (told["error_bound"]["token_norm"], told["error_bound"]["query_norm"]) == (2, 3)
    with pytest.raises(TypeError, match=r"^token_norm: expected a real number, got .* of type complex64"):
        found.error_bound(np.complex64(1), 1)


def test_arrays_of_fractions_become_floats() -> None:
    fractions = Layer(Head(*(np.array([[Fraction(str(entry)) for entry in row] for row in weight.tolist()]) for weight in LAYER.heads[0])))
    for ours, theirs in zip(fractions.to_numpy().heads[0], FLOATS.heads[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(TypeError, match=r"expected whole numbers and Fractions in an array of objects, got '1' of type str"):
        with_key(np.array([["1"] * 3] * 3, dtype=object)).to_numpy()


def test_an_initial_model_of_symbols_is_none_for_floats() -> None:
    with pytest.raises(ValueError, match=r"^initial: expected numbers, found the symbols w"):
        recognise(FLOATS, **SIZES, initial=sympy.Matrix([[sympy.Symbol("w"), 0]]))


def test_small_numbers_are_printed() -> None:
    assert "1.e-05" in written(np.array([[1e-5]]))
    assert "1.e-05" in written(np.array([[1.0, 1e-5], [0.0, 1.0]]))


@pytest.mark.parametrize(
    ("bound", "digits", "text"), [(4.500000000002e-4, 6, "0.000450001"), (1.01e-18, 2, "1.1e-18"), (0.25, 6, "0.25"), (0.0, 6, "0")]
)
def test_a_bound_is_printed_as_one(bound: float, digits: int, text: str) -> None:
    assert rounded_up(bound, digits) == text
    assert float(rounded_up(bound, digits)) >= bound


def test_a_table_in_markdown_says_how_the_family_was_found() -> None:
    assert "| **gradient descent** | decided exactly |" in recognise(LAYER, **SIZES)._repr_markdown_()
    assert "| **gradient descent** | nearest, within a relative distance of 0.1 |" in recognise(FLOATS, **SIZES)._repr_markdown_()


@pytest.mark.parametrize(
    ("context", "error", "message"), [("N", TypeError, "a number, as"), (10**400, ValueError, r"at most 1e\+18 tokens")]
)
def test_a_count_that_is_no_float_is_refused_for_floats(context: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"^context: expected {message}"):
        recognise(FLOATS, **SIZES, context=context)  # type: ignore[arg-type]


def test_exact_weights_beyond_floats_have_a_verdict_and_no_bound() -> None:
    wrong = with_key(sympy.Matrix(3, 3, lambda i, j: (i + 2 * j) * 10**400), LAYER)
    found = recognise(wrong, **SIZES)
    assert found.family == "none"
    with pytest.raises(ValueError, match=r"^error_bound: expected weights whose products are in the range of floats"):
        found.error_bound(1, 1)


@pytest.mark.parametrize("power", [-400, -170, 0, 160])
def test_bounds_of_weights_of_any_size_are_above_the_error(power: int) -> None:
    """A head that adds −y·t·y·q to the prediction, against a step of size 0: at y = 1 and q = 1 it is off by t."""
    t = sympy.Rational(10) ** power
    key, query, value, projection = ([[0, t]], [[1, 0]], [[0, 1]], [[0], [-1]])
    found = recognise(Layer((Head(*map(sympy.Matrix, (key, query, value, projection))),)), d_x=1, d_y=1)
    assert found.family == "none"
    bound = sympy.Rational(*found.certified_norm.as_integer_ratio())
    assert t < bound < max(t * (1 + sympy.Rational(1, 10**12)), sympy.Rational(1, 10**322))


def test_a_distance_that_is_not_0_is_not_printed_as_0() -> None:
    (head,) = LAYER.heads
    near = Layer(
        (head, Head(sympy.eye(3), sympy.eye(3), sympy.eye(3), sympy.Matrix(3, 3, lambda i, j: int(i == 2) * sympy.Rational(1, 10**400))))
    )
    found = recognise(near, **SIZES)
    assert (found.family, found.relative_distance) == ("none", 5e-324)
