"""The strategies: what they can find, what they shrink to, and what they refuse."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from time import sleep
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import Phase, given, settings
from hypothesis import find as smallest
from hypothesis import strategies as st
from hypothesis.errors import DeadlineExceeded, FlakyFailure

import equivalence.strategies
import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Numeric, Rational, exact
from equivalence.statements import find
from equivalence.strategies.claims import ClaimInstance, instances
from equivalence.strategies.draws import (
    layers,
    matrices,
    nonzero_rationals,
    rationals,
    regression_tasks,
    sizes,
)

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
QUICK = settings(database=None, derandomize=True, max_examples=2000)
FOUND = settings(QUICK, phases=[Phase.generate])
"""Where the first instance will do, and none smaller is looked for."""


def minimal(strategy: Any, condition: Any) -> Any:
    """What a strategy shrinks to; fails if it cannot find such a thing."""
    return smallest(strategy, condition, settings=QUICK)


@given(rationals(max_numerator=4, max_denominator=3))
def test_rationals_keep_their_bounds(number: Fraction) -> None:
    assert abs(number) <= 4
    assert number.denominator <= 3


@pytest.mark.parametrize("number", [Fraction(0), Fraction(-3), Fraction(2, 3), Fraction(-1, 2)])
def test_rationals_find_all(number: Fraction) -> None:
    assert minimal(rationals(), lambda found: found == number) == number


def test_rationals_shrink_to_simple_ones() -> None:
    assert minimal(rationals(), lambda number: True) == 0
    assert minimal(rationals(), lambda number: number < 0) == -1
    assert minimal(rationals(), lambda number: number.denominator > 1) == Fraction(1, 2)
    assert minimal(nonzero_rationals(), lambda number: True) == 1
    assert minimal(rationals(), lambda number: number > 1) == 2


@given(nonzero_rationals())
def test_nonzero_rationals_are_not_zero(number: Fraction) -> None:
    assert number != 0


@given(sizes(["d_x", "d_y", "N"], max_size=5))
def test_sizes_are_different_and_bounded(found: dict[str, int]) -> None:
    assert list(found) == ["d_x", "d_y", "N"]
    assert len(set(found.values())) == 3
    assert all(1 <= size <= 5 for size in found.values())


@pytest.mark.parametrize("name", ["d_x", "d_y", "N"])
def test_sizes_find_one_and_the_largest_for_every_name(name: str) -> None:
    strategy = sizes(["d_x", "d_y", "N"], max_size=5)
    assert minimal(strategy, lambda found: found[name] == 1)[name] == 1
    assert minimal(strategy, lambda found: found[name] == 5)[name] == 5


def test_sizes_shrink_to_the_first_numbers() -> None:
    assert minimal(sizes(["a", "b"]), lambda found: True) == {"a": 1, "b": 2}
    assert minimal(sizes(["a", "b"]), lambda found: found["a"] > found["b"]) == {"a": 2, "b": 1}


def test_matrices_shrink_entry_by_entry() -> None:
    strategy = matrices(2, 3, algebra=exact)
    assert minimal(strategy, lambda matrix: True) == sympy.zeros(2, 3)
    assert sorted(minimal(strategy, lambda matrix: not matrix.is_zero_matrix)) == [0, 0, 0, 0, 0, 1]


@given(matrices(2, 3, elements=st.integers(5, 6), algebra=Numeric(np, "float32")))
def test_matrices_take_elements_and_an_algebra(matrix: np.ndarray) -> None:
    assert matrix.shape == (2, 3)
    assert matrix.dtype == np.float32
    assert set(matrix.flat) <= {5, 6}


@given(regression_tasks())
def test_tasks_have_shapes_that_fit_and_differ(task: Any) -> None:
    (d_x, N), (d_y, M) = task.inputs.shape, (task.targets.shape[0], task.queries.shape[1])
    assert (task.targets.shape[1], task.queries.shape[0], task.initial.shape) == (N, d_x, (d_y, d_x))
    assert len({d_x, d_y, N, M}) == 4
    assert task.rate != 0


@pytest.mark.slow
def test_tasks_find_single_examples_and_shrink_to_nothing() -> None:
    assert minimal(regression_tasks(), lambda task: task.inputs.shape[1] == 1).inputs.shape[1] == 1
    task = minimal(regression_tasks(), lambda task: True)
    assert all(matrix.is_zero_matrix for matrix in (task.inputs, task.targets, task.queries, task.initial))
    assert task.rate == 1


def test_layers_find_several_heads_of_several_ranks() -> None:
    ones = layers(2, elements=st.just(Fraction(1)), algebra=Rational())
    layer = minimal(ones, lambda layer: len(layer.heads) == 3 and layer.heads[0].key.shape[0] == 2)
    assert [head.key.shape[0] for head in layer.heads] == [2, 1, 1]
    layer = minimal(ones, lambda layer: layer.heads[0].key.shape[0] < layer.heads[0].value.shape[0])
    assert [(head.key.shape[0], head.value.shape[0]) for head in layer.heads] == [(1, 2)]


def test_layers_shrink_to_one_head_of_zeros() -> None:
    (head,) = minimal(layers(2), lambda layer: True).heads
    assert [weight.shape for weight in head] == [(1, 2), (1, 2), (1, 2), (2, 1)]
    assert all(weight.is_zero_matrix for weight in head)


@given(layers(3, max_heads=2, max_rank=1, algebra=Rational()))
def test_layers_keep_their_bounds(layer: Any) -> None:
    assert 1 <= len(layer.heads) <= 2
    assert all((head.key.shape, head.projection.shape) == ((1, 3), (3, 1)) for head in layer.heads)


def test_instances_hold_all_that_a_claim_asks_for() -> None:
    found = minimal(instances(find("2.1").claims[0]), lambda instance: True)
    assert repr(found) == "\n".join(
        [
            "d_x = 1, d_y = 2, N = 3, M = 4, eta = 1",
            "X = [0 0 0]",
            "Y = [0 0 0; 0 0 0]",
            "Q = [0 0 0 0]",
            "W_0 = [0; 0]",
        ]
    )


@pytest.mark.slow
def test_instances_find_a_token_of_size_one() -> None:
    claim = find("2.1").claims[0]
    assert minimal(instances(claim), lambda instance: instance.sizes["N"] == 1).sizes["N"] == 1


@given(data=st.data())
def test_invertible_matrices_of_instances_have_an_inverse(data: st.DataObject) -> None:
    instance = data.draw(instances(next(claim for claim in find("2.3").claims if "gauge inside a head" in claim.title)))
    assert determinant(instance) != 0


def test_instances_read_by_the_rational_algebra() -> None:
    instance = ClaimInstance({"n": 2}, {"X": ((Fraction(1), Fraction(1, 2)),)}, {"eta": Fraction(3)}, (Fraction(1, 3),))
    algebra = instance.algebra()
    assert str(algebra.generator("X", 1, 2).blocks[0, 0]) == "[1, 1/2]"
    assert str(algebra.symbol("eta")) == "3"
    weights = algebra.weights(algebra.zeros(3, 1)).blocks[0, 0]
    assert [str(entry) for entry in weights.entries()] == ["1/3", "1/3", "1/3"]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rationals(max_numerator=-1), ValueError, "max_numerator: expected a whole number, at least 0, got -1"),
        (lambda: rationals(max_denominator=0), ValueError, "max_denominator: expected a whole number, at least 1, got 0"),
        (lambda: nonzero_rationals(max_numerator=0), ValueError, "max_numerator: expected a whole number, at least 1, got 0"),
        (lambda: sizes(["a", "b"], max_size=1), ValueError, "max_size: expected a whole number, at least 2, got 1"),
        (lambda: matrices(0, 2), ValueError, "rows: expected a whole number, at least 1, got 0"),
        (lambda: matrices(2, 1.5), TypeError, "cols: expected a whole number, at least 1, got 1.5 of type float"),
        (lambda: layers(2, max_heads=0), ValueError, "max_heads: expected a whole number, at least 1, got 0"),
        (lambda: regression_tasks(max_size=3), ValueError, "max_size: expected a whole number, at least 4, got 3"),
        (lambda: instances(find("1.4").claims[0]), ValueError, "instances: expected an identity, induction or series, got"),
    ],
)
def test_bad_bounds_are_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_invertible_matrices_need_not_have_determinant_one() -> None:
    claim = next(claim for claim in find("2.3").claims if "gauge inside a head" in claim.title)
    drawn = smallest(
        instances(claim), lambda instance: len(instance.matrices["T"]) == 2 and determinant(instance) not in (1, -1), settings=FOUND
    )
    assert determinant(drawn) not in (0, 1, -1)


def determinant(instance: ClaimInstance) -> sympy.Expr:
    return sympy.Matrix([list(row) for row in instance.matrices["T"]]).det()


def at_every_new_shape(seen: set[tuple[int, ...]], matrix: Any) -> None:
    """What compiles for longer than Hypothesis grants, at a shape that it has not seen."""
    if matrix.shape not in seen:
        seen.add(matrix.shape)
        sleep(0.3)


@pytest.mark.parametrize("where", [equivalence.strategies.__doc__, README])
def test_where_strategies_are_read_it_says_what_compiling_needs(where: str) -> None:
    assert "JAX" in where
    assert "200 ms" in where
    assert "settings(deadline=None" in where


def test_what_compiles_is_flaky_under_the_default_deadline_and_not_as_it_is_told() -> None:
    def tested(**chosen: Any) -> None:
        seen: set[tuple[int, ...]] = set()

        @settings(database=None, derandomize=True, max_examples=2, phases=[Phase.generate], **chosen)
        @given(matrices(2, 1, algebra=Numeric(np, float)))
        def test(matrix: np.ndarray) -> None:
            at_every_new_shape(seen, matrix)

        test()

    with pytest.raises((DeadlineExceeded, FlakyFailure)):
        tested(deadline=200)
    tested(deadline=None)
