"""A rigorous enclosure: it holds only if the whole ball lies between the bounds."""

from __future__ import annotations

import flint
import pytest
from sympy import Rational, pi

from equivalence.algebras import exact
from equivalence.statements import Encloses

THIRD = flint.arb(1) / 3


def test_a_ball_within_the_bounds_is_enclosed() -> None:
    assert Encloses("one third", THIRD, Rational(33, 100), Rational(34, 100)).verdict(exact) is None


@pytest.mark.parametrize(("low", "high"), [(0, Rational(33, 100)), (Rational(34, 100), 1), (1, 0)])
def test_a_ball_outside_is_refused(low: Rational, high: Rational) -> None:
    verdict = Encloses("one third", THIRD, low, high).verdict(exact)
    assert verdict is not None
    assert f"is outside ({low}, {high})" in verdict


@pytest.mark.parametrize(
    "ball",
    [
        pytest.param(flint.arb(0.5, 1), id="too wide"),
        pytest.param(flint.arb("nan"), id="NaN"),
        pytest.param(flint.arb("inf"), id="infinite"),
    ],
)
def test_a_ball_that_is_not_known_to_be_within_is_refused(ball: flint.arb) -> None:
    verdict = Encloses("one half", ball, Rational(0), Rational(1)).verdict(exact)
    assert verdict is not None
    assert verdict.endswith("(0, 1)")


def test_an_end_is_not_within() -> None:
    """The ball of 1/3 contains 1/3 whatever the precision, so it is never strictly above it."""
    verdict = Encloses("one third", THIRD, Rational(1, 3), Rational(1)).verdict(exact)
    assert verdict is not None
    assert "is not known to be within (1/3, 1)" in verdict


def test_bounds_are_rational() -> None:
    assert Encloses("one third", THIRD, Rational(0), pi).verdict(exact) == "pi is not a rational number"
