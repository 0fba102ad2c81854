"""A name stands for one thing, in every reading alike, in whatever order its two meanings come."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest

from equivalence.algebras import Ball, DegreeAlgebra, FiniteField, Numeric, Rational, Symbolic
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.algebras.notation import Notation
from equivalence.algebras.rational_functions import Exact, exact

VALUES = {name: np.eye(2) for name in ("A", "T", "T⁻¹")} | {"A_12": np.float64(2)}
READINGS: dict[str, Callable[[], Any]] = {
    "symbolic": Symbolic,
    "notation": Notation,
    "degree": DegreeAlgebra,
    "finite field": lambda: FiniteField(2**62 + 135, Random(1)),
    "rational": lambda: Rational(lambda name, rows, cols: [i + 2 * j * j for i in range(rows) for j in range(cols)], lambda name: 2),
    "exact": Exact,
    "numeric": lambda: Numeric(np, "float64", VALUES),
    "magnitude": lambda: MagnitudeAlgebra(Numeric(np, "float64", VALUES)),
}

Asked = Callable[[Any], Any]
ARBITRARY: Asked = lambda algebra: algebra.generator("A", 2, 2)  # noqa: E731
MEANINGS: dict[str, tuple[Asked, str]] = {
    "arbitrary": (lambda algebra: algebra.generator("A", 2, 2), "an arbitrary 2 x 2 matrix"),
    "of another shape": (lambda algebra: algebra.generator("A", 2, 3), "an arbitrary 2 x 3 matrix"),
    "symmetric": (lambda algebra: algebra.generator("A", 2, 2, symmetric=True), "a symmetric 2 x 2 matrix"),
    "invertible": (lambda algebra: algebra.invertible("A", 2), "an invertible 2 x 2 matrix"),
    "diagonal": (lambda algebra: algebra.diagonal("A", 2), "a diagonal 2 x 2 matrix"),
    "symbol": (lambda algebra: algebra.symbol("A"), "a symbol"),
}
OF_ONE_NAME = [(first, second) for first in MEANINGS for second in MEANINGS if first != second]


def asked_in_turn(algebra: Any, first: Asked, second: Asked) -> str:
    """What the second question is told; a shape that the numbers do not have is refused before, so the first must stand."""
    first(algebra)
    with pytest.raises(ValueError, match="already") as refused:
        second(algebra)
    return str(refused.value)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("first", "second"), OF_ONE_NAME)
def test_a_name_has_one_meaning(reading: str, first: str, second: str) -> None:
    algebra = READINGS[reading]()
    if first in ("of another shape", "symbol", "invertible") and reading in ("numeric", "magnitude"):
        algebra = given(algebra, {"of another shape": np.ones((2, 3)), "symbol": np.float64(1), "invertible": np.eye(2)}[first])
    (before, known), (after, new) = MEANINGS[first], MEANINGS[second]
    assert asked_in_turn(algebra, before, after) == f"A: already {known}, not {new}; rename one of them"


def given(algebra: Any, value: Any) -> Any:
    """A reading at given values that has one more for A."""
    numeric = Numeric(np, "float64", VALUES | {"A": value, "A⁻¹": np.eye(2)})
    return numeric if isinstance(algebra, Numeric) else MagnitudeAlgebra(numeric)


@pytest.mark.parametrize("reading", READINGS)
def test_the_name_of_an_inverse_is_taken(reading: str) -> None:
    inverse: Asked = lambda algebra: algebra.generator("T⁻¹", 2, 2)  # noqa: E731
    both: Asked = lambda algebra: algebra.invertible("T", 2)  # noqa: E731
    meanings = "T⁻¹: already {}, not {}; rename one of them"
    arbitrary, taken = "an arbitrary 2 x 2 matrix", "the inverse of T"
    assert asked_in_turn(READINGS[reading](), both, inverse) == meanings.format(taken, arbitrary)
    assert asked_in_turn(READINGS[reading](), inverse, both) == meanings.format(arbitrary, taken)


@pytest.mark.parametrize("reading", READINGS)
def test_a_symbol_is_no_entry_of_a_matrix(reading: str) -> None:
    matrix, symbol = ARBITRARY, lambda algebra: algebra.symbol("A_12")
    assert asked_in_turn(READINGS[reading](), matrix, symbol) == "A_12: already an entry of A, not a symbol; rename one of them"
    assert asked_in_turn(READINGS[reading](), symbol, matrix) == "A_12: already a symbol, not an entry of A; rename one of them"


@pytest.mark.parametrize("reading", READINGS)
def test_the_same_meaning_may_be_asked_for_again(reading: str) -> None:
    algebra = READINGS[reading]()
    for _ in range(2):
        algebra.generator("A", 2, 2)
        algebra.invertible("T", 2)
    assert algebra.generator("A", 2, 2).shape == (2, 2)


@pytest.mark.parametrize("symbol", ["A_1", "W_0", "A_x", "B_12", "A12", "_12"])
def test_symbols_that_are_like_no_entry_pass(symbol: str) -> None:
    algebra = Symbolic()
    algebra.generator("A", 2, 2)
    assert str(algebra.symbol(symbol)) == symbol


def test_entries_of_large_matrices_have_a_comma() -> None:
    algebra = Exact()
    large = algebra.generator("A", 10, 10)
    assert str(large[0, 9]) == "A_1,10"
    with pytest.raises(ValueError, match="A_1,10: already an entry of A, not a symbol"):
        algebra.symbol("A_1,10")


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", ["p[1]", "1[N]"])
def test_names_with_brackets_are_the_algebra_s_own(reading: str, name: str) -> None:
    for asked in (lambda algebra: algebra.generator(name, 2, 2), lambda algebra: algebra.symbol(name)):
        with pytest.raises(ValueError, match="a name has no bracket; such names are the algebra's own"):
            asked(READINGS[reading]())


def test_the_exact_reading_that_all_share_keeps_no_register() -> None:
    assert exact.generator("A", 2, 3).shape == (2, 3)
    assert exact.generator("A", 1, 1).shape == (1, 1)


def test_balls_are_given_by_their_values_only() -> None:
    with pytest.raises(ValueError, match="A: this reading has no source"):
        Ball().generator("A", 2, 2)
