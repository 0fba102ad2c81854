"""A refutation holds for two exact numbers that are known to differ, and for nothing else; so too the exactness of all that is read."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import flint
import mpmath
import numpy as np
import pytest
import sympy

from equivalence.algebras import Ball, FiniteField, Rational, Size, Symbolic, exact
from equivalence.statements import Differ, Inconsistent, InIdeal, Less, Positive
from equivalence.statements.assertions import Equality, judged
from equivalence.statements.exactness import frozen, inexact
from equivalence.statements.verdicts import HOLDS, not_decided, refuted

x, y = sympy.symbols("x y")
half = sympy.Rational(1, 2)
n = Size("n")


def differ(left: Any, right: Any, algebra: Any = exact) -> Any:
    return judged(Differ("a reason", left, right), algebra)


def test_numbers_that_differ() -> None:
    assert differ(sympy.Integer(1), half) == HOLDS
    assert differ(exact.value([[1, 2]]), exact.value([[1, 3]])) == HOLDS
    reading = Rational()
    assert differ(reading.value([[1]]), reading.value([[2]]), reading) == HOLDS


def test_numbers_that_are_equal_are_refuted() -> None:
    assert differ(half + half, sympy.Integer(1)) == refuted("both sides are equal, to 1; they were to differ")
    reading = Rational()
    verdict = differ(reading.value([["1/2"]]), reading.value([["0.5"]]), reading)
    assert verdict.outcome == "refuted"
    assert "both sides are equal" in verdict.reason


@pytest.mark.parametrize(("left", "right", "names"), [(x, y, "x, y"), (exact.value([[x]]), exact.value([[1]]), "x"), (x, x + 1, "x")])
def test_symbols_are_no_witness(left: Any, right: Any, names: str) -> None:
    assert differ(left, right) == not_decided(f"a witness has numbers only, found the symbols {names}")


@pytest.mark.parametrize(
    ("left", "right", "wrong"),
    [
        (exact.zeros(1, 2), exact.zeros(2, 1), "shape (1, 2) against (2, 1)"),
        (exact.value([[1]]), sympy.Integer(2), "a scalar against a matrix of shape (1, 1)"),
        (sympy.Integer(2), exact.value([[1]]), "a scalar against a matrix of shape (1, 1)"),
    ],
)
def test_what_cannot_be_compared_is_not_shown_to_differ(left: Any, right: Any, wrong: str) -> None:
    assert differ(left, right) == not_decided(f"{wrong}: what cannot be compared is not shown to differ")


@pytest.mark.parametrize("algebra", [Symbolic(), FiniteField(2**62 + 135, Random(1)), Rational()], ids=lambda algebra: algebra.name)
def test_other_partitions_cannot_be_compared(algebra: Any) -> None:
    size = n if algebra.name == "symbolic" else 3
    verdict = differ(algebra.eye((1, size)), algebra.eye((size, 1)), algebra)
    shapes = f"((1, {size}), (1, {size})) against (({size}, 1), ({size}, 1))"
    assert verdict == not_decided(f"partition {shapes} of one shape: what cannot be compared is not shown to differ")


INEXACT = [
    0.5,
    1j,
    sympy.Float("0.5"),
    sympy.nan,
    sympy.zoo,
    sympy.oo,
    sympy.sqrt(2) * 0.1,
    x + 1e-30,
    sympy.ImmutableDenseMatrix([[0.5]]),
    sympy.Matrix([[x, 0.5]]),
    np.float64(0.5),
    np.longdouble(0.5),
    np.complex128(1),
    np.ones((1, 1)),
    np.int64(1),
    mpmath.mpf("0.5"),
    mpmath.mpc(1, 1),
    Decimal("0.5"),
    flint.arb(1),
    flint.acb(1),
    flint.arb_mat([[1]]),
    Ball().value([[1]]),
    "1/2",
    None,
    sympy.AccumBounds(0, 1),
    (1, [2, 0.5]),
]


@pytest.mark.parametrize("bad", INEXACT, ids=lambda bad: type(bad).__name__)
def test_what_is_not_exact_is_no_part_of_any_check(bad: Any) -> None:
    """It is refused by name, whether it stands left or right, in a step, a refutation, an inequality or an ideal."""
    checks = [
        Differ("", bad, sympy.Integer(7)),
        Differ("", sympy.Integer(7), bad),
        Equality("", bad, bad),
        Positive("", bad, (x,)),
        Less("", (sympy.Integer(0), bad)),
        InIdeal("", (bad,), (x,), (x,)),
        InIdeal("", (x,), (bad,), (x,)),
        Inconsistent("", (bad,), (x,)),
    ]
    for check in checks:
        verdict = judged(check, exact)
        assert verdict == not_decided(f"expected exact numbers, got {inexact(bad)}")
        assert inexact(bad)


@pytest.mark.parametrize(
    "good",
    [
        1,
        Fraction(1, 3),
        half,
        sympy.sqrt(2),
        sympy.pi * x,
        exact.value([[x, 1]]),
        sympy.Matrix([[1]]),
        flint.fmpz(1),
        flint.fmpq(1, 2),
        flint.nmod(1, 7),
        Symbolic().generator("A", n, n),
        Rational().value([[1]]),
        FiniteField(2**62 + 135, Random(1)).generator("A", 2, 2),
        (1, [half]),
    ],
    ids=lambda good: type(good).__name__,
)
def test_exact_numbers_of_all_libraries_are_exact(good: Any) -> None:
    assert inexact(good) == ""


def test_a_float_hidden_by_rounding_is_found() -> None:
    """(10²⁰ + 1)x and 10²⁰x are one float times x."""
    assert judged(Equality("", (1e20 + 1) * x, 1e20 * x), exact) == not_decided(f"expected exact numbers, got {sympy.Float(1e20)}")
    assert judged(Positive("", 0.1 * x + 0.2 * x - 0.3 * x, (x,)), exact).outcome == "not decided"


def test_what_simplification_misses_is_no_witness() -> None:
    """√(3 + 2√2) = 1 + √2, which SymPy's cancel does not see."""
    assert differ(sympy.sqrt(3 + 2 * sympy.sqrt(2)), 1 + sympy.sqrt(2)) == not_decided(
        "sqrt(2*sqrt(2) + 3) and 1 + sqrt(2) are not known to differ"
    )


def test_nor_is_it_refuted() -> None:
    equal = judged(Equality("", sympy.sqrt(3 + 2 * sympy.sqrt(2)) * x, (1 + sympy.sqrt(2)) * x), exact)
    assert equal.outcome == "not decided"
    assert equal.reason.endswith("which proves nothing here")


@pytest.mark.parametrize(
    ("left", "right"),
    [(x / (1 + x), x), (exact.value([[x, 1]]), exact.value([[x, 2]])), (half, sympy.Integer(1)), (sympy.sqrt(2), sympy.Integer(1))],
)
def test_rational_functions_and_numbers_that_are_known_to_differ_are_refuted(left: Any, right: Any) -> None:
    assert judged(Equality("", left, right), exact).outcome == "refuted"


def test_irrational_numbers_that_are_known_to_differ() -> None:
    assert differ(sympy.exp(1) / (sympy.exp(1) + 20), sympy.Integer(1)) == HOLDS
    assert differ(sympy.sqrt(2), sympy.Integer(1)) == HOLDS


def test_forms_refute_only_where_forms_decide() -> None:
    algebra = Symbolic()
    A, B = algebra.generator("A", n, n), algebra.generator("B", n, n)
    assert judged(Equality("", A, B), algebra).outcome == "refuted"
    algebra.invertible("T", n)
    assert judged(Equality("", A, B), algebra) == not_decided("in block (0, 0), left − right = -1 B + A, which proves nothing here")


def test_a_difference_at_a_random_point_is_none_at_every_point() -> None:
    """A is Aᵀ for some A."""
    algebra = FiniteField(2**62 + 135, Random(1))
    A = algebra.generator("A", 2, 2)
    assert differ(A, A.T, algebra).reason.startswith("in the finite field reading letters stand for anything, and some may be equal")


@pytest.mark.parametrize("algebra", [Symbolic(), FiniteField(2**62 + 135, Random(1)), Rational(lambda *_: [1] * 6)], ids=lambda a: a.name)
def test_what_is_kept_is_not_what_is_changed_afterwards(algebra: Any) -> None:
    matrix = algebra.generator("A", 2, 3)
    kept = frozen(matrix)
    block = matrix.blocks[0, 0]
    if algebra.name == "symbolic":
        block.terms.clear()
    else:
        block[0, 0] = block[0, 0] + block[0, 0]
    assert algebra.difference(kept, matrix)
    matrix.blocks.clear()
    assert algebra.difference(kept, matrix)


def test_mutable_matrices_and_arrays_are_kept_as_they_were() -> None:
    matrix, array = sympy.Matrix([[1]]), np.ones(1)
    kept = frozen(matrix), frozen(array)
    matrix[0, 0], array[0] = 2, 2
    assert (kept[0][0, 0], kept[1][0]) == (1, 1)  # type: ignore[index]
