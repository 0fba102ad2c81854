"""Rationals in ascending order, and rigorous enclosures: each holds, is refuted, and is not decided."""

from __future__ import annotations

import os
from typing import Any

import flint
import pytest
import sympy
from sympy import Rational, pi

from equivalence.algebras import exact
from equivalence.statements import Encloses, Inconsistent, InIdeal, Less, Positive
from equivalence.statements.assertions import judged
from equivalence.statements.verdicts import HOLDS, not_decided, refuted

THIRD = flint.arb(1) / 3
half = sympy.Rational(1, 2)


def test_rationals_in_ascending_order() -> None:
    assert judged(Less("", (0, half, sympy.Rational(2, 3), 1)), exact) == HOLDS
    assert judged(Less("", (0, 1, half)), exact) == refuted("1 is not less than 1/2")
    assert judged(Less("", (1, 1)), exact) == refuted("1 is not less than 1")


@pytest.mark.parametrize("value", [sympy.Symbol("x"), sympy.sqrt(2), pi])
def test_only_rationals_are_ordered(value: Any) -> None:
    assert judged(Less("", (0, value)), exact) == not_decided(f"{value} is not a rational number")


RUN = "__import__('os').environ.setdefault('A_STATEMENT_RAN', '1') and 1"
x = sympy.Symbol("x")


@pytest.mark.parametrize(
    "assertion",
    [
        Less("", (RUN, 2)),
        Encloses("", THIRD, RUN, 1),  # type: ignore[arg-type]
        Positive("", RUN, (x,)),  # type: ignore[arg-type]
        InIdeal("", (RUN,), (x,), (x,)),  # type: ignore[arg-type]
        Inconsistent("", (RUN,), (x,)),  # type: ignore[arg-type]
    ],
    ids=lambda assertion: type(assertion).__name__,
)
def test_text_is_no_expression_and_is_never_run(assertion: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_STATEMENT_RAN", raising=False)
    with pytest.raises(sympy.SympifyError):
        assertion.verdict(exact)
    with pytest.raises(sympy.SympifyError):
        exact.difference(RUN, 1)
    assert "A_STATEMENT_RAN" not in os.environ


@pytest.mark.parametrize("values", [(), (1,)])
def test_fewer_than_two_values_are_no_order(values: tuple[int, ...]) -> None:
    assert judged(Less("", values), exact) == not_decided(f"expected at least two values to compare, got {len(values)}")


def test_a_ball_within_the_bounds_is_enclosed() -> None:
    assert judged(Encloses("one third", THIRD, Rational(33, 100), Rational(34, 100)), exact) == HOLDS


@pytest.mark.parametrize(("low", "high"), [(0, Rational(33, 100)), (Rational(34, 100), 1), (1, 0)])
def test_a_ball_outside_is_refuted(low: Rational, high: Rational) -> None:
    verdict = judged(Encloses("one third", THIRD, low, high), exact)
    assert verdict.outcome == "refuted"
    assert f"is outside ({low}, {high})" in verdict.reason


@pytest.mark.parametrize(
    "ball",
    [
        pytest.param(flint.arb(0.5, 1), id="too wide"),
        pytest.param(flint.arb("nan"), id="NaN"),
    ],
)
def test_of_a_ball_that_is_too_wide_to_tell_nothing_is_decided(ball: flint.arb) -> None:
    verdict = judged(Encloses("one half", ball, Rational(0), Rational(1)), exact)
    assert verdict.outcome == "not decided"
    assert verdict.reason.endswith("is not known to be within (0, 1)")


def test_an_infinite_ball_is_not_within() -> None:
    assert not judged(Encloses("infinity", flint.arb("inf"), Rational(0), Rational(1)), exact).holds


def test_an_end_is_not_within() -> None:
    """The ball of 1/3 contains 1/3 whatever the precision, so it is never strictly above it."""
    verdict = judged(Encloses("one third", THIRD, Rational(1, 3), Rational(1)), exact)
    assert verdict.outcome == "not decided"
    assert "is not known to be within (1/3, 1)" in verdict.reason


def test_bounds_are_rational() -> None:
    assert judged(Encloses("one third", THIRD, Rational(0), pi), exact) == not_decided("pi is not a rational number")
    assert judged(Encloses("one third", THIRD, 0.25, Rational(1)), exact) == not_decided("expected exact numbers, got 0.25 of type float")
