"""Recognition: exact weights are decided, floating ones measured, and every verdict that is claimed is checked from outside."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.algebras import Rational, exact
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import Still, recognise
from equivalence.recognition.witness import witness_on

W = exact.value([["1/2", 3, -1], [0, 2, "2/3"]])
SIZES = {"d_x": 3, "d_y": 2}


def plain(**rest: Any) -> Layer:
    return gd_layer(3, 2, learning_rate="3/10", context=5, **{"initial": W, **rest})


def curved() -> Layer:
    return gdpp_layer(3, 2, learning_rate="3/10", gamma="1/20", context=5, initial=W)


def with_factors(C: Any, D: Any = None) -> Layer:
    """``P`` times diag(I, D), ``W_Q`` times diag(C, I)."""
    (head,) = plain().heads
    left = sympy.diag(sympy.eye(3), sympy.eye(2) if D is None else D)
    return Layer((head._replace(projection=left * head.projection, query=head.query * sympy.diag(C, sympy.eye(2))),))


def gauged(layer: Layer, seed: int = 0) -> Layer:
    """T and S inside, and c between."""
    (head,) = layer.heads
    rng = np.random.default_rng(seed)
    T, S = (sympy.Matrix(5, 5, lambda i, j: int(rng.integers(-2, 3)) if j < i else int(i == j)) for _ in range(2))
    return Layer((Head(T * head.key, T.inv().T * head.query / 3, S.inv() * head.value, 3 * head.projection * S),))


C = sympy.Matrix([[1, 2, 0], [0, 1, "1/2"], [1, 0, 1]])
D = sympy.Matrix([[2, 1], [0, 0]])


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("numeric", [False, True])
@pytest.mark.parametrize(
    ("layer", "family", "context_update"),
    [
        (plain(), "gradient descent", "gradient descent"),
        (curved(), "GD++", "GD++"),
        (with_factors(C), "preconditioned gradient descent", "preconditioned gradient descent"),
        (with_factors(C, sympy.Matrix([[1, 1], [0, 1]])), "preconditioned gradient descent", "preconditioned gradient descent"),
    ],
)
def test_constructions_are_recognised_with_their_numbers(
    layer: Layer, family: str, context_update: str, numeric: bool, given: bool, turned: bool
) -> None:
    layer = gauged(layer) if turned else layer
    layer = layer.to_numpy() if numeric else layer
    start = (np.array(W.tolist(), dtype=float) if numeric else W) if given else "unknown"
    found = recognise(layer, **SIZES, initial=start, context=5)
    assert (found.family, found.context_update, found.exact) == (family, context_update, not numeric)
    numbers = [found.step_size - sympy.Rational(3, 50), found.learning_rate - sympy.Rational(3, 10), *(sympy.Matrix(found.initial) - W)]
    numbers.append(found.gauge - (3 if turned else 1))
    if family == "GD++":
        numbers.append(found.gamma - sympy.Rational(1, 20))
    if "preconditioned" in family:
        numbers += [*(sympy.Matrix(found.preconditioner) - C)]
    assert all(abs(number) <= (1e-9 if numeric else 0) for number in numbers)
    assert found.relative_distance <= (1e-9 if numeric else 0)
    assert found.witness is None


def test_a_left_factor_is_found_and_normalised() -> None:
    found = recognise(with_factors(C, D), **SIZES, initial=W)
    assert found.left_factor == D
    assert found.step_size == sympy.Rational(3, 50)


def test_symbols_are_decided_as_rational_functions() -> None:
    start = exact.generator("W_0", 1, 2)
    layer = gd_layer(2, 1, learning_rate="eta", context="N", initial=start)
    found = recognise(layer, d_x=2, d_y=1, context="N", initial="unknown")
    assert (found.family, found.initial, found.learning_rate) == ("gradient descent", start, sympy.Symbol("eta"))
    (head,) = layer.heads
    other = Layer((head._replace(value=head.value + sympy.Symbol("eps") * sympy.Matrix(3, 3, lambda i, j: int((i, j) == (2, 0)))),))
    refused = recognise(other, d_x=2, d_y=1, initial=start)
    assert refused.family == "none"
    assert refused.witness is not None
    assert refused.witness.prediction != refused.witness.expected
    with pytest.raises(ValueError, match="error_bound: expected numbers, found symbols"):
        refused.error_bound(1, 1)


def test_flint_rationals_and_fractions_are_exact() -> None:
    algebra = Rational()
    (head,) = plain().heads
    rows = [[[Fraction(int(e.p), int(e.q)) for e in row] for row in weight.tolist()] for weight in head]
    for layer in (Layer((Head(*map(algebra.value, rows)),)), Layer((Head(*(np.array(weight) for weight in rows)),))):
        found = recognise(layer, **SIZES, initial="unknown")
        assert (found.exact, found.initial, found.step_size) == (True, W, sympy.Rational(3, 50))


def test_the_swapped_solution_is_right_and_its_roots_are_found() -> None:
    def swapped(extra: int) -> Layer:
        A, B = sympy.Matrix([[0, 0], [1, 0]]), sympy.Matrix([[2, 0], [-1, extra]])
        return Layer((Head(sympy.eye(2), B, A, sympy.eye(2)),))

    found = recognise(swapped(0), d_x=1, d_y=1, initial="unknown")
    assert (found.family, found.initial[0], found.step_size, found.gauge) == ("gradient descent", 2, 1, None)
    root = recognise(swapped(1), d_x=1, d_y=1, initial="unknown")
    assert root.family == "gradient descent"
    assert sympy.simplify(root.initial[0] ** 2 + root.initial[0] - 2) == 0
    irrational = recognise(swapped(3), d_x=1, d_y=1, initial="unknown")
    assert irrational.family == "gradient descent"
    assert sympy.simplify(3 * irrational.initial[0] ** 2 + irrational.initial[0] - 2) == 0
    assert recognise(swapped(-1), d_x=1, d_y=1, initial="unknown").family == "none"


def test_the_context_update_is_judged_apart() -> None:
    (head,) = plain(initial=None).heads
    free = head._replace(query=head.query + sympy.Matrix(5, 5, lambda i, j: int(j == 4) * (i + 1)))
    for layer in (Layer((free,)), Layer((free,)).to_numpy()):
        found = recognise(layer, **SIZES, initial="unknown")
        assert (found.family, found.context_update) == ("gradient descent", "none")
        assert not np.array(found.initial.tolist()).any()


def test_a_layer_that_does_nothing_is_no_descent_but_of_rate_0() -> None:
    layer = Layer((Head(*(sympy.zeros(5, 5) for _ in range(4))),))
    for weights in (layer, layer.to_numpy()):
        for initial in ("zeros", "unknown"):
            found = recognise(weights, **SIZES, initial=initial)
            assert isinstance(found, Still)
            assert (found.family, found.step_size, found.context_update, found.error_bound(1, 1) < 1e-200) == ("rate 0", 0, "rate 0", True)
            assert str(found).startswith("family: rate 0 (the prediction never moves")


def test_tokens_in_another_order_are_not_gradient_descent() -> None:
    """A layer for tokens [y; x] leaves the last rows alone: it would pass as a step of rate 0."""
    (head,) = gd_layer(1, 2, learning_rate="1/2", context=3).heads
    order = [1, 2, 0]
    turned = Head(head.key[:, order], head.query[:, order], head.value[:, order], head.projection[order, :])
    layer = Layer((turned,))
    for weights in (layer, layer.to_numpy()):
        assert recognise(weights, d_x=2, d_y=1).family == "rate 0"


def test_none_is_said_of_an_unknown_w0_only_where_each_is_excluded() -> None:
    rng = np.random.default_rng(0)
    wrong = Layer((Head(*(sympy.Matrix(rng.integers(-2, 3, (5, 5))) for _ in range(4))),))
    for initial in ("unknown", W):
        found = recognise(wrong, **SIZES, initial=initial)
        assert (found.family, found.note) == ("none", "")


def test_none_comes_with_a_witness_and_a_bound() -> None:
    (head,) = plain().heads
    wrong = Layer((head._replace(value=head.value + sympy.Matrix(5, 5, lambda i, j: 2 * int((i, j) == (4, 0)))),))
    decided = recognise(wrong, **SIZES, initial=W)
    assert decided.family == "none"
    assert set(decided.witness.context_x) | set(decided.witness.context_y) <= {0, 1}
    measured = recognise(wrong.to_numpy(), **SIZES, initial=np.array(W.tolist(), dtype=float))
    assert measured.family == "none"
    assert measured.relative_distance == pytest.approx(decided.relative_distance, rel=1e-9)
    assert measured.error_bound(2, 3) == pytest.approx(decided.error_bound(2, 3), rel=1e-6)
    for each in (decided, measured):
        assert "witness: x = " in str(each)
        assert "| witness | x = " in each._repr_markdown_()


def test_a_witness_that_shows_nothing_is_refused() -> None:
    columns = [sympy.Matrix([1, 0, 0]), sympy.Matrix([1, 0]), sympy.Matrix([1, 0, 0])]
    with pytest.raises(ArithmeticError, match="witness: the layer, when run, does what the step does"):
        witness_on(plain(), [columns], W, sympy.Rational(3, 50))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d_x": 0}, "d_x: expected a whole number, at least 1, got 0"),
        ({"d_x": 2.0}, "d_x: expected a whole number, at least 1, got 2.0"),
        ({"d_y": 3}, r"key of head 0: expected shape \(5, 6\) for tokens of d_x \+ d_y = 6 rows, got \(5, 5\)"),
        ({"initial": sympy.zeros(3, 2)}, r"initial: expected W₀ of shape \(d_y, d_x\) = \(2, 3\), got \(3, 2\)"),
        ({"initial": np.zeros((2, 3))}, "initial: expected an exact W₀, as the weights are exact"),
        ({"tolerance": 2.0}, "tolerance: expected a number between 0 and 1, got 2.0"),
        ({"context": 0}, "context: "),
        ({"layer": plain().heads}, "layer: expected a Layer with at least one head"),
        (
            {"layer": Layer((plain().heads[0]._replace(key=np.eye(5)),))},
            "layer: expected weights that are all exact or all floats, got both",
        ),
        ({"layer": Layer((plain().to_numpy().heads[0]._replace(key=np.full((5, 5), np.nan)),))}, "key of head 0: expected finite numbers"),
        ({"layer": Layer((plain().heads[0]._replace(key=sympy.eye(5) * 0.5),))}, "key of head 0: expected exact finite numbers or symbols"),
    ],
)
def test_bad_input_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        recognise(**{"layer": plain(), **SIZES, **changes})


class Two:
    """A gap of norm 2."""

    def certified_norm(self) -> float:
        return 2.0


def test_a_bound_is_asked_for_with_norms() -> None:
    found = recognise(plain(), **SIZES, initial="unknown")
    assert found.error_bound(3, 4) == 0
    assert replace(found, gap=Two()).error_bound(3, 4) == pytest.approx(72)
    with pytest.raises(ValueError, match="token_norm: expected a number that is not negative, got -1"):
        found.error_bound(-1, 1)


def none() -> Layer:
    """Scores that read the context's target, of a step with trace 0."""
    A, B = sympy.Matrix([[0, 0, 0], [1, 1, 0], [0, 0, -1]]), sympy.Matrix([[1, 0, 0], [0, 0, 0], [2, 0, 0]])
    return Layer((Head(sympy.eye(3), B, A, sympy.eye(3)),))


@pytest.mark.parametrize(
    ("layer", "sizes", "family"),
    [
        (plain(initial=None), SIZES, "gradient descent"),
        (with_factors(C), SIZES, "preconditioned gradient descent"),
        (Layer((Head(*4 * [sympy.zeros(5, 5)]),)), SIZES, "rate 0"),
        (none(), {"d_x": 1, "d_y": 2}, "none"),
    ],
    ids=["a step", "preconditioned", "still", "none"],
)
def test_a_verdict_on_exact_weights_is_exact(layer: Layer, sizes: dict[str, int], family: str) -> None:
    found = recognise(layer, initial="unknown", **sizes)
    assert (found.family, found.exact) == (family, True)
    assert [nearness.distance for nearness in found.families if nearness.family == family] == [0.0] * (family.startswith("pre"))


def test_where_the_weights_suggest_no_initial_model_it_is_0() -> None:
    """What is read off is V/s, and the trace that gives s is 0 here, while V is not."""
    found = recognise(none(), d_x=1, d_y=2, initial="unknown")
    assert (found.family, found.initial) == ("none", sympy.zeros(2, 1))
