"""W₀ that is not given: found by least squares for several heads of any size, or said not to have been; and what random heads reach."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Head, Layer
from equivalence.recognition import recognise
from equivalence.recognition.floats import nulls
from equivalence.recognition.floats.families import families
from equivalence.recognition.floats.initial_models import _refined
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.testing import assert_gradient_descent
from tests.support.floating_decisions import gauged, member, turned

FAMILY = {"plain": "gradient descent", "preconditioned": "preconditioned gradient descent", "two-sided": "preconditioned gradient descent"}


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("kind", FAMILY)
@pytest.mark.parametrize(("d_x", "d_y"), [(3, 2), (12, 3), (20, 1), (25, 4)])
def test_w0_of_several_heads_is_found(d_x: int, d_y: int, kind: str, free: bool) -> None:
    random = np.random.default_rng(d_x)
    initial = random.normal(size=(d_y, d_x))
    A, B = member(random, kind, initial, "unknown")
    if free:
        columns = random.normal(size=(d_x + d_y, d_y))
        B = np.concatenate([B[:, :d_x] + columns @ initial, columns], axis=1)
    head = gauged(random, A, B)
    parts = np.array_split(np.arange(d_x + d_y), 3)
    layer = Layer(tuple(head._replace(key=head.key[part], query=head.query[part]) for part in parts))
    found = recognise(layer, d_x=d_x, d_y=d_y, initial="unknown", tolerance=1e-5)
    assert found.family in ("GD++", FAMILY[kind])
    assert np.abs(found.initial - initial).max() < 1e-5
    assert found.query == "unknown"


def test_what_is_not_found_is_not_said_not_to_be() -> None:
    """Of so many unknowns it is not tried, and so many heads have no ratio to be read off."""
    random = np.random.default_rng(0)
    initial = random.normal(size=(21, 21))
    A, B = member(random, "two-sided", initial, "given")
    head = gauged(random, A, B)
    parts = np.array_split(np.arange(42), 2)
    layer = Layer(tuple(head._replace(key=head.key[part], query=head.query[part]) for part in parts))
    found = recognise(layer, d_x=21, d_y=21, initial="unknown", tolerance=1e-5)
    assert (found.family, found.note) == ("not decided", "not found for an unknown W₀: give `initial`")
    assert recognise(layer, d_x=21, d_y=21, initial=initial, tolerance=1e-5).family == "preconditioned gradient descent"


def test_the_fixed_point_is_w0_where_queries_do_not_see_targets() -> None:
    """At d_x = 15 and two heads, one step of it is not enough and four are."""
    random, d_x = np.random.default_rng(0), 15
    initial = random.normal(size=(1, d_x))
    A, B = 0.7 * np.concatenate([initial, [[-1.0]]], axis=1), np.eye(16, 15)
    T = turned(random, 15)
    pairs = tuple((A, B @ T[:, part] @ np.linalg.inv(T)[part]) for part in (slice(7), slice(7, None)))
    whole = CanonicalTensor(tuple((A, np.concatenate([right, np.zeros((16, 1))], axis=1)) for A, right in pairs))
    assert np.abs(_refined(whole, np.zeros((1, d_x))) - initial).max() < 1e-9
    layer = Layer(tuple(Head(np.eye(16), right, np.vstack([np.zeros((15, 16)), A]), np.eye(16)) for A, right in whole.arrays()))
    found = recognise(layer, d_x=d_x, d_y=1, initial="unknown", tolerance=1e-9)
    assert found.family == "gradient descent"
    assert np.abs(found.initial - initial).max() < 1e-9


@pytest.mark.parametrize(("d_x", "d_y"), [(1, 1), (3, 1), (2, 3), (8, 2)])
@pytest.mark.parametrize("heads", [1, 3])
def test_nulls_in_closed_form_are_what_random_heads_have(d_x: int, d_y: int, heads: int) -> None:
    """Mean squares over 400 draws: their standard error is below a fifth of the least of these shares' spread. On [x; r] W₀ is 0."""
    random, d = np.random.default_rng(d_x), d_x + d_y
    shape = ((d, d),) * heads
    expected = nulls.null_distances(shape, d_x, d_y, searched=False)
    apart, whole = np.zeros(2), 0.0
    for _ in range(400):
        (start,) = nulls.starts(nulls._random_layer(random, shape, d_x, d_y), [np.zeros((d_y, d_x))])
        whole += start.square
        apart += [family.best([start]).relative_distance ** 2 * start.square for family in families(d_y)[:2]]
    shares, wanted = 1 - apart / whole, 1 - np.square(expected[:2])
    assert (np.abs(shares - wanted) < 0.35 * wanted + 0.01).all(), (shares, wanted)


@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize(("d_x", "d_y"), [(1, 1), (3, 1), (2, 3), (20, 2)])
def test_distances_do_not_depend_on_the_size_of_w0(d_x: int, d_y: int, heads: int) -> None:
    """The same layer on [x; r] has the same distances whatever W₀ is, and the members are those of W₀ = 0."""
    random, d = np.random.default_rng(d_y), d_x + d_y
    at_zero = [Head(*(random.normal(size=(d, d)) for _ in range(4))) for _ in range(heads)]
    expected = recognise(Layer(tuple(at_zero)), d_x=d_x, d_y=d_y).families
    for scale in (1.0, 1e3):
        initial = scale * random.normal(size=(d_y, d_x))
        back = np.eye(d)
        back[d_x:, :d_x] = -initial  # from [x; y] to [x; r]
        moved = [
            head._replace(key=head.key @ back, value=head.value @ back, query=head.query @ np.eye(d, d_x) @ np.eye(d_x, d))
            for head in at_zero
        ]
        found = recognise(Layer(tuple(moved)), d_x=d_x, d_y=d_y, initial=initial).families
        assert [nearness.distance for nearness in found] == pytest.approx([nearness.distance for nearness in expected], rel=1e-9)
        assert [nearness.null for nearness in found] == [nearness.null for nearness in expected]


@pytest.mark.parametrize("W0", [30.0, 1e6])
def test_a_layer_that_does_not_read_targets_is_no_step_however_large_w0_is(W0: float) -> None:
    """On [x; y] it is near to one: what a step does to y drowns in ``W₀x``. So is a step of the wrong sign."""
    initial = np.full((1, 3), W0)
    A, B = np.zeros((4, 4)), np.diag([1.0, 1, 1, 0])
    A[3, :3] = 0.1 * initial
    for target, moves in ((-0.1, True), (0.0, False), (0.1, False)):
        A[3, 3] = target
        layer = Layer((Head(np.eye(4), B, A.copy(), np.eye(4)),))
        found = recognise(layer, d_x=3, d_y=1, initial=initial)
        assert (found.family == "gradient descent") == moves
        if not moves:
            assert found.families[0].distance > 0.5
            with pytest.raises(AssertionError, match="expected a layer that is gradient descent"):
                assert_gradient_descent(layer, d_x=3, d_y=1, initial=initial)


@pytest.mark.parametrize("d_x", [16, 64, 128])
def test_random_heads_are_no_finding(d_x: int) -> None:
    """With one target and W₀ free they are near to preconditioned steps (9.6); with it given they are not."""
    for seed in range(4):
        random = np.random.default_rng(seed)
        layer = Layer((Head(*(random.normal(size=(d_x + 1, d_x + 1)) for _ in range(4))),))
        found = recognise(layer, d_x=d_x, d_y=1, initial="unknown", tolerance=0.3)
        assert found.family == "not decided"
        descent, preconditioned = found.families
        assert preconditioned.distance < 0.5 < 0.9 < descent.distance
        assert preconditioned.null / 10 < preconditioned.distance
        assert recognise(layer, d_x=d_x, d_y=1).family == "none"


def test_a_head_blind_to_the_target_is_a_preconditioned_step_and_says_what_that_is_worth() -> None:
    """9.6, in floats and exactly; the null is in the text and the JSON."""
    random = np.random.default_rng(5)
    A, B = random.integers(-3, 4, size=(9, 9)), random.integers(-3, 4, size=(9, 9))
    A[8, 8], B[8] = 2, 0
    exact = Layer((Head(*(sympy.Matrix(matrix) for matrix in (np.eye(9, dtype=int), B, A, np.eye(9, dtype=int)))),))
    for layer in (exact, exact.to_numpy()):
        found = recognise(layer, d_x=8, d_y=1, initial="unknown")
        assert found.family == "preconditioned gradient descent"
        assert np.allclose(np.array(found.initial.tolist(), dtype=float), -A[8, :8] / 2)
        assert 0.01 < found.families[-1].null < 0.4
        assert f"(random heads {found.families[-1].null:.4g})" in str(found)
        told = found.to_json()["families"]
        assert isinstance(told, list)
        assert told[-1]["null"] == found.families[-1].null


def test_the_simplest_family_that_explains_the_weights_wins_and_the_others_are_listed() -> None:
    found = recognise(gd_layer(3, 2, learning_rate="1/10", context=5).to_numpy(), d_x=3, d_y=2)
    assert found.family == "gradient descent"
    assert [nearness.family for nearness in found.families] == [family.name for family in families(2)]
    assert all(nearness.distance < 1e-12 < 0.5 < nearness.null for nearness in found.families)


@pytest.mark.parametrize(("initial", "message"), [("zero", "'zeros' or 'unknown', got 'zero'"), (None, "expected W₀ as a matrix")])
def test_another_word_for_w0_is_refused(initial: object, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        recognise(gd_layer(3, 2, learning_rate="1/10", context=5), d_x=3, d_y=2, initial=initial)
