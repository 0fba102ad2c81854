"""Softmax over the rationals: hard attention at t = 0, and softmax at e^(−b) = t."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from equivalence.algebras import Powers
from equivalence.algebras.flint import dense


def weights(t: object, *columns: list[object]) -> list[list[Fraction]]:
    """The weights of some columns of scores, column by column."""
    algebra = Powers(t)
    found = algebra.weights(algebra.value([list(row) for row in zip(*columns, strict=True)]))
    return [[Fraction(int(entry.p), int(entry.q)) for entry in column] for column in zip(*dense(found), strict=True)]


def test_hard_attention_shares_the_weight_among_the_largest_scores() -> None:
    assert weights(0, [3, 1, 3], [-5, -4, -6]) == [[Fraction(1, 2), 0, Fraction(1, 2)], [0, 1, 0]]


def test_every_step_down_costs_a_factor() -> None:
    assert weights("1/3", [0, -1, -2]) == [[Fraction(9, 13), Fraction(3, 13), Fraction(1, 13)]]


def test_at_one_all_weights_are_equal() -> None:
    assert weights(1, [7, -7]) == [[Fraction(1, 2)] * 2]


@pytest.mark.parametrize("b", [1, 2, 5])
def test_it_is_softmax_of_b_times_the_scores(b: int) -> None:
    """t is the float nearest to e^(−b), as a rational. On either side fewer than 32 roundings of numbers at most 1."""
    scores = [0, -1, -3, -1]
    (found,) = weights(Fraction(math.exp(-b)), scores)
    grown = [math.exp(b * score) for score in scores]
    assert [float(weight) for weight in found] == pytest.approx([share / sum(grown) for share in grown], rel=0, abs=32 * 2.0**-52)


def test_partitions_are_kept() -> None:
    algebra = Powers()
    scores = algebra.block([[algebra.value([[0], [-1]])], [algebra.value([[0]])]])
    found = algebra.weights(scores)
    assert found.shape == ((2, 1), 1)
    assert dense(found) == [[algebra.scalar("1/2")], [algebra.scalar(0)], [algebra.scalar("1/2")]]


@pytest.mark.parametrize("t", ["-1/2", "3/2", 2])
def test_another_t_is_refused(t: Any) -> None:
    with pytest.raises(ValueError, match=r"t: expected e\^\(−b\), from 0 \(hard attention\) to 1, got"):
        Powers(t)


def test_a_score_that_is_no_whole_number_is_refused() -> None:
    with pytest.raises(ValueError, match="scores: expected whole numbers, in units of b, got 1/2"):
        weights(0, ["1/2", 1])
