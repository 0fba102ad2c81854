"""Positivity by coefficients, membership in ideals, equations without a solution: each holds, is refuted, and is not decided."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from equivalence.algebras import exact
from equivalence.statements import Inconsistent, InIdeal, Positive
from equivalence.statements.assertions import judged
from equivalence.statements.verdicts import HOLDS, not_decided, refuted

x, y, t = sympy.symbols("x y t")
half = sympy.Rational(1, 2)


@pytest.mark.parametrize("expression", [x / (1 + y), (x + 1) ** 2 / x, -x / (-1 - y), sympy.Integer(1), half * x * y + 1])
def test_positive_by_coefficients(expression: sympy.Expr) -> None:
    assert judged(Positive("", expression, (x, y)), exact) == HOLDS


@pytest.mark.parametrize(
    ("expression", "value"),
    [(-x, -1), (x - y, 0), (sympy.Integer(0), 0), (-x / (1 + y), "-1/2"), (x**2 - 2 * x + 1, 0), (sympy.Integer(-1), -1)],
)
def test_what_is_not_positive_at_one_is_refuted(expression: sympy.Expr, value: Any) -> None:
    assert judged(Positive("", expression, (x, y)), exact) == refuted(f"{expression} is {value} where all symbols are 1")


@pytest.mark.parametrize("expression", [x / (1 - y), x**2 - x + 1, 2 * x - y])
def test_what_is_not_positive_by_its_coefficients_may_yet_be(expression: sympy.Expr) -> None:
    """x² − x + 1 is positive, and 2x − y is not, which neither its coefficients nor its value at 1 tell."""
    verdict = judged(Positive("", expression, (x, y)), exact)
    assert verdict.outcome == "not decided"
    assert f"{expression} is not positive by its coefficients: that of (" in verdict.reason


def test_positive_says_nothing_of_other_symbols() -> None:
    assert judged(Positive("", t * x, (x, y)), exact) == not_decided("t*x is not positive by its coefficients: that of (1, 0) is t")


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ((), "no symbol is given, so nothing is claimed of any"),
        ((sympy.Symbol("x", negative=True),), "x is assumed not to be positive, so nothing is claimed"),
        ((y, sympy.Symbol("x", nonpositive=True)), "x is assumed not to be positive, so nothing is claimed"),
        ((sympy.Symbol("x", imaginary=True),), "x is assumed not to be positive, so nothing is claimed"),
        ((sympy.Symbol("x", zero=True),), "x is assumed not to be positive, so nothing is claimed"),
        ((x - 1,), "expected symbols, got x - 1"),
        ((x**2,), "expected symbols, got x**2"),
    ],
)
def test_positive_is_claimed_of_symbols_that_can_be(symbols: tuple[Any, ...], message: str) -> None:
    """Of all others the claim would be about nothing, or about something else."""
    assert judged(Positive("", sympy.Add(1, *symbols), symbols), exact) == not_decided(message)


def test_members_of_an_ideal() -> None:
    assert judged(InIdeal("", (x**2 - y**2, x**3 - x**2 * y), (x - y,), (x, y)), exact) == HOLDS


def test_what_is_no_member_is_named_with_its_remainder() -> None:
    verdict = judged(InIdeal("", (x**2 - y**2, x + y), (x - y,), (x, y)), exact)
    assert verdict == refuted("x + y is not in the ideal: the remainder is 2*y")
    assert judged(InIdeal("", (x,), (x**2,), (x, y)), exact) == refuted("x is not in the ideal: the remainder is x")


@pytest.mark.parametrize("ideal", [(x, x - 1), (sympy.Integer(1),), (x * y - 1, x)])
def test_everything_is_in_the_ideal_of_one_so_that_shows_nothing(ideal: tuple[sympy.Expr, ...]) -> None:
    verdict = judged(InIdeal("", (y,), ideal, (x, y)), exact)
    assert verdict.outcome == "not decided"
    assert verdict.reason.startswith("the ideal is that of 1, in which everything is")
    assert judged(Inconsistent("", ideal, (x, y)), exact) == HOLDS


def test_equations_with_a_solution_are_not_inconsistent() -> None:
    assert judged(Inconsistent("", (x * y - 1, x - 2), (x, y)), exact) == refuted(
        "they have a common zero: their ideal is that of x - 2, y - 1/2"
    )
    complex_only = judged(Inconsistent("", (x**2 + 1,), (x,)), exact)
    assert complex_only.outcome == "refuted"


PARAMETERS = InIdeal("", (x,), (t * x,), (x, y)), InIdeal("", (t,), (x,), (x, y)), Inconsistent("", (t * x, x - 1), (x, y))


@pytest.mark.parametrize("check", PARAMETERS)
def test_parameters_of_an_ideal_are_refused(check: Any) -> None:
    """tx = 0 gives x = 0 for generic t only."""
    assert judged(check, exact) == not_decided("the symbols t are not among the variables")


def test_an_ideal_is_over_the_rationals() -> None:
    verdict = judged(InIdeal("", (x**2 - 2,), (x - sympy.sqrt(2),), (x,)), exact)
    assert verdict.outcome == "not decided"


def test_an_ideal_without_members_claims_nothing() -> None:
    assert judged(InIdeal("", (), (x,), (x,)), exact) == not_decided("no member is given, so nothing is claimed")
