"""Recognition: exact weights are decided, floating ones measured, and every verdict that is claimed is checked from outside."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.algebras import Rational, exact
from equivalence.attention import Head, Layer
from equivalence.construction import gd_layer, gdpp_layer
from equivalence.recognition import recognise
from equivalence.recognition.witness import witness_on
from tests.decisions import fractions, is_member, is_step, judged, right_construction, shows, survey

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
    start = (np.array(W.tolist(), dtype=float) if numeric else W) if given else None
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
    found = recognise(layer, d_x=2, d_y=1, context="N")
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
        found = recognise(layer, **SIZES)
        assert (found.exact, found.initial, found.step_size) == (True, W, sympy.Rational(3, 50))


def test_the_swapped_solution_is_right_and_its_roots_are_found() -> None:
    def swapped(extra: int) -> Layer:
        A, B = sympy.Matrix([[0, 0], [1, 0]]), sympy.Matrix([[2, 0], [-1, extra]])
        return Layer((Head(sympy.eye(2), B, A, sympy.eye(2)),))

    found = recognise(swapped(0), d_x=1, d_y=1)
    assert (found.family, found.initial[0], found.step_size, found.gauge) == ("gradient descent", 2, 1, None)
    root = recognise(swapped(1), d_x=1, d_y=1)
    assert root.family == "gradient descent"
    assert sympy.simplify(root.initial[0] ** 2 + root.initial[0] - 2) == 0
    irrational = recognise(swapped(3), d_x=1, d_y=1)
    assert irrational.family == "gradient descent"
    assert sympy.simplify(3 * irrational.initial[0] ** 2 + irrational.initial[0] - 2) == 0
    assert recognise(swapped(-1), d_x=1, d_y=1).family == "none"


def test_the_context_update_is_judged_apart() -> None:
    (head,) = plain(initial=None).heads
    free = head._replace(query=head.query + sympy.Matrix(5, 5, lambda i, j: int(j == 4) * (i + 1)))
    for layer in (Layer((free,)), Layer((free,)).to_numpy()):
        found = recognise(layer, **SIZES)
        assert (found.family, found.context_update) == ("gradient descent", "none")
        assert not np.array(found.initial.tolist()).any()


def test_a_head_that_does_nothing_is_a_step_of_rate_0() -> None:
    layer = Layer((Head(*(sympy.zeros(5, 5) for _ in range(4))),))
    for each in (layer, layer.to_numpy()):
        found = recognise(each, **SIZES)
        assert (found.family, found.step_size) == ("gradient descent", 0)


def test_none_says_what_it_leaves_open() -> None:
    rng = np.random.default_rng(0)
    wrong = Layer((Head(*(sympy.Matrix(rng.integers(-2, 3, (5, 5))) for _ in range(4))),))
    assert "preconditioned gradient descent is excluded for the W₀ shown" in recognise(wrong, **SIZES).note
    assert recognise(wrong, **SIZES, initial=W).note == ""


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


def test_right_constructions_are_never_refused_and_wrong_ones_never_accepted() -> None:
    found = survey(120)
    assert (found.right, found.refused, found.changed, found.wrongly_accepted, found.unsettled) == (120, 0, 120, 0, 0)
    assert min(found.none, found.absorbed, found.other_step) > 0


def test_the_brute_force_checks_can_fail() -> None:
    step, initial, heads = right_construction(Random(3), 2, 1)
    right = judged(heads, 2, 1, None)
    assert is_step(right, step, initial, 2, 1)
    assert is_member(right, heads, 2)
    wrong = replace(right, step_size=right.step_size + 1)
    assert not is_step(wrong, step, initial, 2, 1)
    assert not is_member(wrong, heads, 2)
    (head,) = plain().heads
    bent = [[fractions(weight) for weight in head._replace(value=head.value + sympy.ones(5, 5))]]
    refused = judged(bent, 3, 2, fractions(W))
    assert shows(refused, bent)
    assert not shows(replace(refused, witness=replace(refused.witness, prediction=refused.witness.expected)), bent)


def test_a_witness_that_shows_nothing_is_refused() -> None:
    columns = [sympy.Matrix([1, 0, 0]), sympy.Matrix([1, 0]), sympy.Matrix([1, 0, 0])]
    with pytest.raises(ArithmeticError, match="witness: the layer, when run, does what the step does"):
        witness_on(plain(), columns, W, sympy.Rational(3, 50))


@pytest.mark.parametrize(("d_y", "known"), [(1, False), (64, True), (64, False)])
def test_one_head_of_576_rows_fits_into_100_megabytes(d_y: int, known: bool) -> None:
    rng, d_x = np.random.default_rng(0), 576 - d_y
    head = Head(*(rng.normal(size=shape) / 24 for shape in ((64, 576), (64, 576), (64, 576), (576, 64))))
    tracemalloc.start()
    found = recognise(Layer((head,)), d_x=d_x, d_y=d_y, initial=np.zeros((d_y, d_x)) if known else None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.relative_distance > 0.01
    assert peak < 100e6


def thin_heads(d_x: int, d_y: int, heads: int, noise: float) -> Layer:
    """D[W₀, −I] and [C, 0] of low rank with noise on the factors, split over heads: all far thinner than they are wide."""
    rng, d = np.random.default_rng(d_x), d_x + d_y
    initial = rng.normal(size=(d_y, d_x)) / 2
    parts = []
    for _ in range(heads):
        key, value, projection = np.zeros((2, d)), np.zeros((d_y, d)), np.zeros((d, d_y))
        key[:, :d_x] = rng.normal(size=(2, d_x))
        value[:, :d_x], value[:, d_x:] = initial, -np.eye(d_y)
        projection[d_x:] = np.diag(np.arange(1.0, d_y + 1))
        parts.append(Head(*(weight + noise * rng.normal(size=weight.shape) for weight in (key, key, value, projection))))
    return Layer(tuple(parts))


@pytest.mark.parametrize(
    ("d_x", "d_y", "heads", "noise", "family"),
    [
        (30, 1, 1, 0.0, "preconditioned gradient descent"),
        (30, 1, 1, 0.02, "preconditioned gradient descent"),
        (26, 3, 1, 0.0, "preconditioned gradient descent"),
        (26, 3, 2, 0.01, "preconditioned gradient descent"),
        (26, 3, 1, 0.5, "none"),
        (8, 24, 1, 0.3, "none"),
    ],
)
@pytest.mark.parametrize("known", [False, True])
def test_thin_heads_are_judged_as_their_products_are(
    d_x: int, d_y: int, heads: int, noise: float, family: str, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = thin_heads(d_x, d_y, heads, noise)
    initial = layer.heads[0].value[:d_y, :d_x] if known or heads > 1 else None
    found = recognise(layer, d_x=d_x, d_y=d_y, initial=initial, tolerance=0.2)
    monkeypatch.setattr("equivalence.canonical_tensor.low_rank", lambda left, right: left @ right)
    formed = recognise(layer, d_x=d_x, d_y=d_y, initial=initial, tolerance=0.2)
    assert found.family == formed.family
    assert not known or found.family == family
    assert found.context_update == formed.context_update
    assert found.relative_distance == pytest.approx(formed.relative_distance, rel=1e-7, abs=1e-13)
    assert found.step_size == pytest.approx(formed.step_size, rel=1e-7)
    assert found.error_bound(1, 1) == pytest.approx(formed.error_bound(1, 1), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (1e-40, "layer: expected weights that do something: P W_V times W_Kᵀ W_Q of at least 1e-30 in some head, got"),
        (1e40, r"layer: expected P W_V of head 0 to have entries of at most 1e\+30, got"),
        (1e160, r"layer: expected P W_V of head 0 to have entries of at most 1e\+30, got (inf|nan)"),
    ],
)
@pytest.mark.parametrize(("d_x", "rank"), [(3, 4), (30, 2)])
def test_weights_whose_products_no_float_holds_are_refused(size: float, message: str, d_x: int, rank: int) -> None:
    """They would be said to be nothing, or at a distance that is no number."""
    rng = np.random.default_rng(0)
    shapes = ((rank, d_x + 1), (rank, d_x + 1), (rank, d_x + 1), (d_x + 1, rank))
    with pytest.raises(ValueError, match=message):
        recognise(Layer((Head(*(size * rng.normal(size=shape) for shape in shapes)),)), d_x=d_x, d_y=1)


@pytest.mark.parametrize("size", [1e-7, 1e14])
@pytest.mark.parametrize(("d_x", "rank"), [(3, 4), (30, 2)])
def test_size_does_not_matter_and_a_dead_head_does_no_harm(size: float, d_x: int, rank: int) -> None:
    rng = np.random.default_rng(0)
    shapes = ((rank, d_x + 1), (rank, d_x + 1), (rank, d_x + 1), (d_x + 1, rank))
    head = Head(*(rng.normal(size=shape) for shape in shapes))
    expected = recognise(Layer((head,)), d_x=d_x, d_y=1, initial=np.zeros((1, d_x)))
    scaled, dead = (Head(*(factor * weight for weight in head)) for factor in (size, size * 1e-60))
    found = recognise(Layer((dead, scaled)), d_x=d_x, d_y=1, initial=np.zeros((1, d_x)))
    assert found.family == expected.family == "none"
    assert found.relative_distance == pytest.approx(expected.relative_distance, rel=1e-9)
    assert found.step_size == pytest.approx(size**4 * expected.step_size, rel=1e-9)


def test_a_small_layer_has_a_witness_that_shows() -> None:
    """Run as they are, its update of a query token would be lost in W₀q."""
    rng = np.random.default_rng(3)
    layer = Layer((Head(*(1e-5 * rng.normal(size=(5, 5)) for _ in range(4))),))
    found = recognise(layer, **SIZES, initial=np.ones((2, 3)))
    assert found.family == "none"
    assert found.witness is not None
    assert np.abs(found.witness.prediction - found.witness.expected).max() > 0.1


@pytest.mark.parametrize("d_x", [3, 40])
def test_a_layer_that_shows_on_no_single_entry_token_has_a_witness(d_x: int) -> None:
    """Σ T(−D, [C; 0]) is 0 on every e_p, and so is its distance from any step at W₀ = 0."""
    rng = np.random.default_rng(d_x)
    heads = []
    for _ in range(2):
        A, B = np.zeros((d_x + 2, d_x + 2)), np.zeros((d_x + 2, d_x + 2))
        A[d_x:, d_x:], B[:d_x, :d_x] = rng.normal(size=(2, 2)), rng.normal(size=(d_x, d_x))
        heads.append(Head(np.eye(d_x + 2), B, A, np.eye(d_x + 2)))
    found = recognise(Layer(tuple(heads)), d_x=d_x, d_y=2, initial=np.zeros((2, d_x)))
    assert found.family == "none"
    assert found.witness is not None
    assert np.count_nonzero(found.witness.context_x) == np.count_nonzero(found.witness.context_y) == 1
    assert np.abs(found.witness.prediction - found.witness.expected).max() > 0.1


@pytest.mark.parametrize("start", [0.0, 0.3])
@pytest.mark.parametrize("d_x", [3, 40])
def test_a_left_factor_of_trace_0_is_found_in_floats(d_x: int, start: float) -> None:
    """From D = I the alternation would not begin: a quarter turn is orthogonal to it."""
    rng = np.random.default_rng(d_x)
    initial, C = start * rng.normal(size=(2, d_x)), rng.normal(size=(d_x, d_x))
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    A, B = np.zeros((d_x + 2, d_x + 2)), np.zeros((d_x + 2, d_x + 2))
    A[d_x:], B[:d_x, :d_x] = turn @ np.concatenate([initial, -np.eye(2)], axis=1), C
    found = recognise(Layer((Head(np.eye(d_x + 2), B, A, np.eye(d_x + 2)),)), d_x=d_x, d_y=2, initial=initial)
    assert found.family == "preconditioned gradient descent"
    assert found.relative_distance < 1e-9
    assert found.left_factor is not None
    assert np.abs(found.left_factor + found.left_factor.T).max() <= 1e-9 * np.abs(found.left_factor).max()


def test_floating_verdicts_do_not_depend_on_gauge_or_splitting() -> None:
    rng = np.random.default_rng(4)
    key, query, value, projection = (rng.normal(size=(5, 5)) for _ in range(4))
    T = rng.normal(size=(5, 5))
    turned = Layer((Head(T @ key, np.linalg.solve(T.T, query), value / 7, 7 * projection),))
    halves = Layer(tuple(Head(key[cut], query[cut], value, projection) for cut in (slice(3, 5), slice(3))))
    start = np.array(W.tolist(), dtype=float)
    expected = recognise(Layer((Head(key, query, value, projection),)), **SIZES, initial=start)
    for layer in (turned, halves):
        found = recognise(layer, **SIZES, initial=start)
        assert found.family == expected.family == "none"
        assert found.relative_distance == pytest.approx(expected.relative_distance, rel=1e-9)
        assert found.step_size == pytest.approx(expected.step_size, rel=1e-8)


def test_the_nearest_step_is_that_of_brute_least_squares() -> None:
    rng = np.random.default_rng(2)
    A, B, d_x, d_y = rng.normal(size=(5, 5)), rng.normal(size=(5, 5)), 3, 2
    found = recognise(Layer((Head(np.eye(5), B, A, np.eye(5)),)), d_x=d_x, d_y=d_y, initial=np.zeros((d_y, d_x)))
    target = np.zeros((d_y, 5, 5, d_x))
    seen = np.einsum("kp,rj->kprj", A[d_x:], B[:, :d_x])
    seen = (seen + seen.transpose(0, 2, 1, 3)) / 2
    for k in range(d_y):
        for j in range(d_x):
            target[k, d_x + k, j, j] = target[k, j, d_x + k, j] = -0.5
    step = (seen * target).sum() / (target**2).sum()
    assert found.step_size == pytest.approx(step, rel=1e-10)
    assert found.relative_distance == pytest.approx(np.linalg.norm(seen - step * target) / np.linalg.norm(seen), rel=1e-10)


def test_small_noise_is_within_the_tolerance_and_w0_is_estimated() -> None:
    rng = np.random.default_rng(1)
    noisy = Layer(tuple(Head(*(weight + 1e-4 * rng.normal(size=weight.shape) for weight in head)) for head in plain().to_numpy().heads))
    found = recognise(noisy, **SIZES)
    assert found.family == "gradient descent"
    assert 0 < found.relative_distance < 0.02
    assert np.abs(found.initial - np.array(W.tolist(), dtype=float)).max() < 0.02
    assert recognise(noisy, **SIZES, tolerance=found.relative_distance / 1000).family == "none"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"d_x": 0}, "d_x: expected at least 1, got 0"),
        ({"d_x": 2.0}, "d_x: expected an integer, got 2.0"),
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


def test_a_bound_is_asked_for_with_norms() -> None:
    found = recognise(plain(), **SIZES)
    assert found.error_bound(3, 4) == 0
    assert replace(found, norm=lambda: 2.0).error_bound(3, 4) == pytest.approx(72)
    with pytest.raises(ValueError, match="token_norm: expected a number that is not negative, got -1"):
        found.error_bound(-1, 1)
