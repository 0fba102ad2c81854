"""Checks that are no identities: each passes, and each fails with a message."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
import sympy

from equivalence.algebras import FiniteField, Rational, Size, Symbolic, exact
from equivalence.statements import Differ, InIdeal, Less, Positive, simulation

x, y, t = sympy.symbols("x y t")
half = sympy.Rational(1, 2)


def test_numbers_that_differ() -> None:
    assert Differ("", sympy.Integer(1), half).verdict(exact) is None
    assert Differ("", exact.value([[1, 2]]), exact.value([[1, 3]])).verdict(exact) is None
    reading = Rational()
    assert Differ("", reading.value([[1]]), reading.value([[2]])).verdict(reading) is None


def test_numbers_that_are_equal_are_no_witness() -> None:
    assert Differ("", half + half, sympy.Integer(1)).verdict(exact) == "both sides are equal, to 1; they were to differ"
    reading = Rational()
    assert "both sides are equal" in str(Differ("", reading.value([["1/2"]]), reading.value([["0.5"]])).verdict(reading))


@pytest.mark.parametrize(("left", "right", "names"), [(x, y, "x, y"), (exact.value([[x]]), exact.value([[1]]), "x"), (x, x + 1, "x")])
def test_symbols_are_no_witness(left: Any, right: Any, names: str) -> None:
    assert Differ("", left, right).verdict(exact) == f"a witness has numbers only, found the symbols {names}"


@pytest.mark.parametrize(
    "bad", [0.5, sympy.Float("0.5"), sympy.nan, sympy.zoo, sympy.oo, sympy.sqrt(2) * 0.1, sympy.ImmutableDenseMatrix([[0.5]])]
)
def test_what_is_no_exact_number_is_no_witness(bad: Any) -> None:
    other = sympy.ImmutableDenseMatrix([[1]]) if isinstance(bad, sympy.MatrixBase) else sympy.Integer(1)
    assert str(Differ("", bad, other).verdict(exact)).startswith("a witness has exact numbers only, got")


def test_what_simplification_misses_is_no_witness() -> None:
    """√(3 + 2√2) = 1 + √2, which SymPy's cancel does not see."""
    verdict = Differ("", sympy.sqrt(3 + 2 * sympy.sqrt(2)), 1 + sympy.sqrt(2)).verdict(exact)
    assert verdict == "sqrt(2*sqrt(2) + 3) and 1 + sqrt(2) are not known to differ"


def test_irrational_numbers_that_are_known_to_differ() -> None:
    assert Differ("", sympy.exp(1) / (sympy.exp(1) + 20), sympy.Integer(1)).verdict(exact) is None
    assert Differ("", sympy.sqrt(2), sympy.Integer(1)).verdict(exact) is None


def test_forms_differ_only_where_forms_decide() -> None:
    d = Size("d")
    algebra = Symbolic()
    A, B = algebra.generator("A", d, d), algebra.generator("B", d, d)
    assert Differ("", A, B).verdict(algebra) is None
    algebra.invertible("T", d)
    assert str(Differ("", A, B).verdict(algebra)).endswith("are not known to differ")


def test_a_difference_at_a_random_point_is_a_witness() -> None:
    algebra = FiniteField(2**62 + 135, Random(1))
    A = algebra.generator("A", 2, 2)
    assert Differ("", A, A.T).verdict(algebra) is None


@pytest.mark.parametrize("expression", [x / (1 + y), (x + 1) ** 2 / x, -x / (-1 - y), sympy.Integer(1), half * x * y + 1])
def test_positive_by_coefficients(expression: sympy.Expr) -> None:
    assert Positive("", expression, (x, y)).verdict(exact) is None


@pytest.mark.parametrize("expression", [x - y, -x, sympy.Integer(0), x / (1 - y), -x / (1 + y), x**2 - 2 * x + 1, sympy.Integer(-1)])
def test_not_positive_by_coefficients(expression: sympy.Expr) -> None:
    verdict = Positive("", expression, (x, y)).verdict(exact)
    assert verdict is not None
    assert f"{expression} is not positive by its coefficients: that of (" in verdict


def test_positive_says_nothing_of_other_symbols() -> None:
    verdict = Positive("", t * x, (x, y)).verdict(exact)
    assert verdict == "t*x is not positive by its coefficients: that of (1, 0) is t"


def test_members_of_an_ideal() -> None:
    assert InIdeal("", (x**2 - y**2, x**3 - x**2 * y), (x - y,), (x, y)).verdict(exact) is None


def test_what_is_no_member_is_named_with_its_remainder() -> None:
    verdict = InIdeal("", (x**2 - y**2, x + y), (x - y,), (x, y)).verdict(exact)
    assert verdict == "x + y is not in the ideal: the remainder is 2*y"
    assert InIdeal("", (x,), (x**2,), (x, y)).verdict(exact) == "x is not in the ideal: the remainder is x"


def test_parameters_of_an_ideal_are_refused() -> None:
    """tx = 0 gives x = 0 for generic t only."""
    assert InIdeal("", (x,), (t * x,), (x, y)).verdict(exact) == "the symbols t are not among the variables"


def test_an_ideal_without_members_claims_nothing() -> None:
    assert InIdeal("", (), (x,), (x,)).verdict(exact) == "no member is given, so nothing is claimed"


def test_rationals_in_ascending_order() -> None:
    assert Less("", (0, half, sympy.Rational(2, 3), 1)).verdict(exact) is None
    assert Less("", (0, 1, half)).verdict(exact) == "1 is not less than 1/2"
    assert Less("", (1, 1)).verdict(exact) == "1 is not less than 1"


@pytest.mark.parametrize("value", [x, 0.5, sympy.sqrt(2), sympy.nan, sympy.oo])
def test_only_rationals_are_ordered(value: Any) -> None:
    assert str(Less("", (0, value)).verdict(exact)).endswith("is not a rational number")


@pytest.mark.parametrize("values", [(), (1,)])
def test_fewer_than_two_values_are_no_order(values: tuple[int, ...]) -> None:
    assert Less("", values).verdict(exact) == f"expected at least two values to compare, got {len(values)}"


def counter(*, start: int = 0, jump: int = 2) -> list[Any]:
    """A left machine that counts in twos what the right machine counts in ones."""
    n = sympy.Symbol("n")
    return list(
        simulation(
            start={"count": sympy.Integer(start)},
            related=lambda steps: {"count": 2 * steps},
            state=n,
            begins=sympy.Integer(0),
            left=lambda count: {"count": count + jump},
            right=lambda steps: steps + 1,
            reasons=("nothing is counted yet", "one more"),
        )
    )


def test_a_simulation_is_a_base_and_a_step() -> None:
    n = sympy.Symbol("n")
    assert counter() == [
        "base, count",
        ("before the first step", 0),
        ("nothing is counted yet", 0),
        "step, count",
        ("one step from a related state", 2 * n + 2),
        ("one more", 2 * n + 2),
    ]


@pytest.mark.parametrize(("wrong", "place"), [({"start": 1}, "base"), ({"jump": 3}, "step")])
def test_a_wrong_base_and_a_wrong_step_are_unequal_sides(wrong: dict[str, int], place: str) -> None:
    items = counter(**wrong)
    chains = {items[i]: exact.difference(items[i + 1][1], items[i + 2][1]) for i in (0, 3)}
    assert {chain for chain, difference in chains.items() if difference} == {f"{place}, count"}


def test_a_simulation_compares_every_part() -> None:
    items = list(
        simulation(
            start={"a": 0, "b": 0},
            related=lambda s: {"a": s, "b": -s},
            state=x,
            begins=0,
            left=lambda a, b: {"a": a, "b": b},
            right=lambda s: s,
            reasons=("base", "step"),
        )
    )
    assert [item for item in items if isinstance(item, str)] == ["base, a", "base, b", "step, a", "step, b"]
