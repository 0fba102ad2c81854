"""The two readings on FLINT: the field, the draws, and agreement with an interpreter of programs that shares no code."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import flint
import numpy as np
import pytest

from equivalence.algebras import FiniteField, Rational, Size
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import dense
from tests.support.expressions import Programs, Values, value

PRIME = 2**62 + 135
SIZES = {"d": 3, "N": 2, "one": 1}


def test_programs_mean_what_an_independent_interpreter_says() -> None:
    """The rationals at integers, reduced modulo a prime, against NumPy modulo that prime."""
    programs, values = Programs(Random(8), invertible=True), Values(Random(9), SIZES)
    algebra = Rational(
        lambda name, rows, cols: values.draw(name, rows, cols).ravel().tolist(), lambda name: int(values.draw(name, 1, 1)[0, 0])
    )
    for number in range(300):
        rows, cols = (("d", "N"), ("N", "one"), ("d", "d"))[number % 3]
        program = programs.matrix(rows, cols, 6)
        found = dense(value(program, algebra, SIZES))
        residues = [[int(entry.p) * pow(int(entry.q), -1, values.prime) % values.prime for entry in row] for row in found]
        assert np.array_equal(residues, values.entries(program)), program


def test_the_prime_field_computes_modulo_its_prime() -> None:
    algebra = FiniteField(PRIME, Random(1))
    A, B = algebra.generator("A", 2, 3), algebra.generator("B", 3, 1)
    by_hand = [sum(int(A.blocks[0, 0][i, k]) * int(B.blocks[0, 0][k, 0]) for k in range(3)) % PRIME for i in range(2)]
    assert [int(row[0]) for row in dense(A @ B)] == by_hand


def test_entries_are_drawn_below_two_to_the_62_and_symbols_are_not_zero() -> None:
    algebra = FiniteField(PRIME, Random(2))
    entries = [int(entry) for row in dense(algebra.generator("A", 40, 40)) for entry in row]
    assert max(entries) < 2**62
    assert max(entries) > 2**61
    assert len(set(entries)) == 1600
    assert all(0 < int(algebra.symbol(f"s{number}")) <= 2**62 for number in range(200))


def test_rationals_in_the_prime_field_are_exact() -> None:
    algebra = FiniteField(PRIME, Random(2))
    assert algebra.scalar("1/3") * algebra.scalar(3) == algebra.scalar(1)
    assert algebra.scalar(Fraction(-2, 7)) * algebra.scalar(7) == algebra.scalar(-2)


def test_a_symmetric_generator_is_symmetric() -> None:
    algebra = FiniteField(PRIME, Random(3))
    S = dense(algebra.generator("S", 4, 4, symmetric=True))
    assert [list(column) for column in zip(*S, strict=True)] == S


@pytest.mark.parametrize("size", [1, 2, 5])
def test_an_invertible_matrix_is_any(size: int) -> None:
    """Its entries are drawn as a generator's are, so its determinant is not 1, at size 1 neither."""
    T, inverse = FiniteField(PRIME, Random(4)).invertible("T", size)
    assert dense(T) == dense(FiniteField(PRIME, Random(4)).generator("T", size, size))
    assert T.blocks[0, 0].det() != 1  # type: ignore[attr-defined]
    assert dense(T @ inverse) == [[int(i == j) for j in range(size)] for i in range(size)]


def test_scores_that_differ_have_weights_that_differ() -> None:
    """Equal weights for [[1], [0]] and [[2], [0]] would certify that softmax does not see its scores."""
    algebra = FiniteField(PRIME, Random(5))
    first, second, nothing = (Blocked(algebra, (2,), (1,), {(0, 0): algebra.matrix(2, 1, scores)}) for scores in ([1, 0], [2, 0], [0, 0]))
    weights = [dense(algebra.weights(scores)) for scores in (first, second, nothing, algebra.zeros(2, 1))]
    assert weights[0] != weights[1]
    assert weights[0] != weights[2]
    assert weights[1] != weights[2]
    assert weights[2] == weights[3]
    assert weights[0] == dense(algebra.weights(first))
    assert all(top + bottom == 1 for (top,), (bottom,) in weights)


def test_a_matrix_that_has_no_inverse_is_refused_by_name() -> None:
    algebra = Rational(lambda name, rows, cols: [1] * (rows * cols))
    with pytest.raises(ValueError, match="T: expected an invertible matrix, got one of determinant 0"):
        algebra.invertible("T", 2)


def test_symbolic_sizes_are_refused() -> None:
    with pytest.raises(TypeError, match="size: expected integers, got d; only the symbolic and notation readings take symbols"):
        FiniteField(PRIME, Random(4)).generator("A", Size("d"), 2)


def test_differences_name_block_entry_and_both_values() -> None:
    algebra = Rational()
    left = algebra.block([[algebra.value([[1, 2]]), algebra.value([["1/2"]])]])
    right = algebra.block([[algebra.value([[1, 2]]), algebra.value([["1/3"]])]])
    assert algebra.difference(left, right) == "in block (0, 1), entry (0, 0): 1/2 against 1/3"
    assert algebra.difference(left, left) is None
    assert algebra.difference(algebra.value([[0, 7]]), algebra.zeros(1, 2)) == "in block (0, 0), entry (0, 1): 7 against 0"
    assert algebra.difference(algebra.value([[0, 0]]), algebra.zeros(1, 2)) is None
    assert algebra.difference(algebra.eye(2), algebra.eye(3)) == "shape (2, 2) against (3, 3)"
    assert algebra.difference(algebra.scalar(1), algebra.scalar(2)) == "1 against 2"


def test_without_a_source_there_are_no_generators_and_no_symbols() -> None:
    with pytest.raises(ValueError, match="A: this reading has no source of 2 x 3 generators; give one as entries"):
        Rational().generator("A", 2, 3)
    with pytest.raises(ValueError, match="s: this reading has no source of symbols; give one as nonzero"):
        Rational().symbol("s")


def test_numbers_of_another_field_do_not_scale() -> None:
    algebra = Rational()
    with pytest.raises(TypeError, match=r"scalar \*: expected a scalar of the rational algebra"):
        flint.nmod(2, PRIME) * algebra.eye(2)
