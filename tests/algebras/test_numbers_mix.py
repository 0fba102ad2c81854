"""Whole numbers and fractions mix with scalars, whole numbers with sizes, where it is plain what is meant; floats and bools do not."""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest

from equivalence.algebras import DegreeAlgebra, FiniteField, Numeric, Rational, Size, Symbolic, exact
from equivalence.algebras.canonical import Form
from equivalence.algebras.conversion import convert
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.algebras.notated_scalars import NotatedScalar
from equivalence.algebras.notation import Notation
from equivalence.formulas import text

n, m = Size("n"), Size("m")
NUMERIC = Numeric(np, float, {"A": np.array([[1.0, 2.0], [3.0, 5.0]]), "s": np.float64(3)})
DECIDING: dict[str, tuple[Any, Any]] = {
    "symbolic": (Symbolic(), n),
    "finite field": (FiniteField(2**62 + 135, Random(1)), 2),
    "rational": (Rational(lambda name, rows, cols: list(range(1, rows * cols + 1)), lambda name: 3), 2),
    "exact": (exact, 2),
}


@pytest.mark.parametrize("reading", DECIDING)
def test_whole_numbers_mix_with_scalars_on_both_sides(reading: str) -> None:
    algebra, size = DECIDING[reading]
    trace, two, s = algebra.trace(algebra.generator("A", size, size)), algebra.scalar(2), algebra.symbol("s")
    for mixed, built in [
        (trace * 2, trace * two),
        (2 * trace, trace * two),
        (trace + 2, trace + two),
        (2 + trace, trace + two),
        (trace - 2, trace - two),
        (2 - trace, -(trace - two)),
        (s / 2, s / two),
        (2 / s, two / s),
    ]:
        assert algebra.difference(mixed, built) is None
    assert algebra.difference(trace * 2, trace * 3) is not None
    assert algebra.difference(2 / s, s / 2) is not None
    assert algebra.difference(2 - trace, trace - 2) is not None


@pytest.mark.parametrize("reading", DECIDING)
def test_whole_numbers_scale_matrices(reading: str) -> None:
    algebra, size = DECIDING[reading]
    A = algebra.generator("A", size, size)
    assert algebra.difference(2 * A, A + A) is None
    assert algebra.difference(0 * A, algebra.zeros(size, size)) is None
    assert algebra.difference(3 * A, A + A) is not None


def test_fractions_mix_with_the_symbolic_scalars() -> None:
    algebra = Symbolic()
    s = algebra.symbol("s")
    assert algebra.difference(Fraction(1, 2) * s + Fraction(1, 3) * s, Fraction(5, 6) * s) is None
    assert algebra.difference(Fraction(1, 2) * algebra.eye(n), (algebra.scalar(1) / 2) * algebra.eye(n)) is None
    assert algebra.difference(s * 0, algebra.scalar(0)) is None


@pytest.mark.parametrize("bad", [0.5, True, "2", None, np.float64(2)])
def test_other_numbers_do_not_mix_with_forms(bad: Any) -> None:
    s: Form = Symbolic().symbol("s")
    for operation in ("__add__", "__sub__", "__mul__", "__truediv__", "__radd__", "__rmul__", "__rtruediv__"):
        assert getattr(s, operation)(bad) is NotImplemented


@pytest.mark.parametrize("bad", [0.5, True, "2", None])
def test_other_numbers_do_not_mix_with_what_is_written_nor_with_degrees(bad: Any) -> None:
    for scalar in (Notation().symbol("s"), DegreeAlgebra().symbol("s")):
        for operation in ("__add__", "__mul__", "__truediv__", "__rtruediv__"):
            assert getattr(scalar, operation)(bad) is NotImplemented


def test_what_is_written_with_numbers_means_what_is_written_with_scalars() -> None:
    notation = Notation()
    A, s, two = notation.generator("A", n, n), notation.symbol("s"), notation.scalar(2)
    trace = notation.trace(A)
    pairs: list[tuple[NotatedScalar, NotatedScalar]] = [(2 * s, two * s), (s * 2, s * two), (2 / s, two / s), (2 - trace, two - trace)]
    pairs += [(trace + 2, trace + two), (2 + trace, two + trace), (s - 2, s - two), (s / 2, s / two)]
    for mixed, built in pairs:
        algebra = Symbolic()
        assert text(mixed) == text(built)
        assert algebra.difference(convert(mixed, algebra), convert(built, algebra)) is None
    assert text(2 * A) == text(two * A) == "2 A"


def test_bounds_know_what_numbers_cost() -> None:
    algebra, magnitude = DegreeAlgebra(), MagnitudeAlgebra(NUMERIC)
    s, two = algebra.symbol("s"), algebra.scalar(2)
    for mixed, built in ((3 * s, algebra.scalar(3) * s), (s / 2, s / two), (2 / s, two / s), (s + 2, s + two), (2 - s, two - s)):
        assert (mixed.degree, mixed.height, mixed.denominator) == (built.degree, built.height, built.denominator)
    t, trace = magnitude.symbol("s"), magnitude.trace(magnitude.generator("A", 2, 2))
    for small, large in ((2 * t, magnitude.scalar(2) * t), (1 / t, magnitude.scalar(1) / t), (trace + 1, trace + magnitude.scalar(1))):
        assert (float(np.asarray(small.terms)), small.roundings) == (float(np.asarray(large.terms)), large.roundings)
    assert (2 * magnitude.generator("A", 2, 2)).roundings == 1


def test_whole_numbers_and_sizes_make_partitions() -> None:
    assert 2 * n == n * 2 == (n, n)
    assert n + m == (n, m)
    assert n + 1 == (n, 1)
    assert 1 + n == (1, n)
    assert 2 * n + m == (n, n, m)
    algebra = Symbolic()
    assert algebra.difference(algebra.scalar(2 * n), 2 * algebra.scalar(n)) is None
    assert algebra.difference(algebra.trace(algebra.eye(2 * n)), algebra.scalar(n) * 2) is None
    assert algebra.difference(algebra.scalar(n + 1), algebra.scalar(n) + 1) is None
    assert algebra.difference(algebra.scalar(2 * n), algebra.scalar(n)) is not None


@pytest.mark.parametrize(("times", "error"), [(0, ValueError), (-1, ValueError), (0.5, TypeError), (True, TypeError)])
def test_only_positive_multiples_of_a_size_are_sizes(times: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"size \*: expected a whole number, at least 1, got"):
        times * n
    with pytest.raises(error, match="expected a whole number, at least 1"):
        n + times
