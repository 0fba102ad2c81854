from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
import sympy
from sympy.matrices.expressions import BlockMatrix, MatMul, Transpose

import proofs  # noqa: F401  (registers the statements)
from equivalence import gd_layer, linear_attention, query_tokens, tokens
from equivalence.algebras import FiniteField, Numeric, Size, Symbolic, exact
from equivalence.algebras.conversion import convert
from equivalence.algebras.notated_scalars import NotatedScalar
from equivalence.algebras.notation import Notated, Notation
from equivalence.statements import Claim, in_order
from equivalence.statements.verification import random_prime
from tests.support.expressions import Programs, value

alg = Notation()
d, N = Size("d"), Size("N")
X, W = alg.generator("X", d, N), alg.generator("W", 1, d)
eta = alg.symbol("eta")

CLAIMS = [pytest.param(claim, id=f"{found.number} {claim.title}") for found in in_order() for claim in found.claims if claim.is_identity]


def pairs(claim: Claim, symbolic: Symbolic) -> Iterator[tuple[Notated | NotatedScalar, Any]]:
    """Each expression of a claim: as it is printed, and as it is proved."""
    sizes = [Size(name) for name in claim.sizes]
    for printed, proved in zip(claim.program(Notation(), *sizes), claim.program(symbolic, *sizes), strict=True):
        if isinstance(printed, tuple):
            assert isinstance(printed[1], Notated | NotatedScalar)
            yield printed[1], proved[1]


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_printed_is_what_is_proved(claim: Claim) -> None:
    symbolic = Symbolic()
    differences = [symbolic.difference(convert(printed, symbolic), proved) for printed, proved in pairs(claim, symbolic)]
    assert len(differences) > 1
    assert set(differences) == {None}


def tampered(printed: Notated | NotatedScalar) -> Notated | NotatedScalar:
    """The same expression, times −2."""
    return alg.scalar(-2) * printed


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_tampered_print_is_caught(claim: Claim) -> None:
    symbolic = Symbolic()
    for printed, proved in pairs(claim, symbolic):
        if symbolic.difference(proved, -proved):
            assert "left − right = " in symbolic.difference(convert(tampered(printed), symbolic), proved)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [(X @ X.T, "in block (0, 0), left − right = X Xᵀ"), (X, None), (-(eta * X), "in block (0, 0)")],
    ids=["another product", "right", "another scalar"],
)
def test_the_comparison_says_what_differs(wrong: Notated, message: str | None) -> None:
    symbolic = Symbolic()
    right = symbolic.generator("X", d, N)
    proved = symbolic.zeros(d, d) if wrong.shape == (d, d) else right
    found = symbolic.difference(convert(wrong, symbolic), proved)
    assert found is None if message is None else found.startswith(message)


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_convert_to_what_they_are(seed: int) -> None:
    sizes = {"d": Size("d"), "N": Size("N"), "one": 1}
    programs = Programs(Random(seed), invertible=seed % 2 == 0)
    symbolic = Symbolic()
    for shape in (("d", "N"), ("d", "d"), ("", "")):
        program = programs.any(*shape, 6)
        found = convert(value(program, Notation(), sizes), symbolic)
        assert symbolic.difference(found, value(program, symbolic, sizes)) is None, program


def layer_on_tokens(algebra: Any, d_x: Any, d_y: Any, n: Any, m: Any) -> Any:
    X, Y, Q = algebra.generator("X", d_x, n), algebra.generator("Y", d_y, n), algebra.generator("Q", d_x, m)
    W0 = algebra.generator("W_0", d_y, d_x)
    layer = gd_layer(d_x, d_y, learning_rate=algebra.symbol("eta"), context=n, initial=W0, algebra=algebra)
    return algebra.block([linear_attention(layer, tokens(X, Y), query_tokens(W0, Q), queries_as_keys=True)])


SIZES = {"d_x": 3, "d_y": 2, "N": 5, "M": 1}


def numbers() -> dict[str, Any]:
    random = np.random.default_rng(1)
    shapes = {"X": (3, 5), "Y": (2, 5), "Q": (3, 1), "W_0": (2, 3)}
    return {name: random.normal(size=shape) for name, shape in shapes.items()} | {"eta": 0.25}


@pytest.mark.parametrize(
    "algebra", [FiniteField(random_prime(Random(1)), Random(1)), exact, Numeric(np, float, numbers())], ids=lambda algebra: algebra.name
)
def test_symbolic_sizes_become_numbers_in_readings_of_numbers(algebra: Any) -> None:
    printed = layer_on_tokens(Notation(), *map(Size, SIZES))
    found = convert(printed, algebra, SIZES)
    direct = layer_on_tokens(algebra, *SIZES.values())
    if isinstance(found, np.ndarray):
        assert np.array_equal(found, direct)
    else:
        assert algebra.difference(found, direct) is None


@pytest.mark.parametrize("name", ["diagonal", "symmetric", "invertible"])
def test_declared_generators_convert_with_what_was_declared(name: str) -> None:
    def program(algebra: Any) -> Any:
        if name == "invertible":
            matrix, inverse = algebra.invertible("D", d)
            return matrix.T @ inverse.T @ matrix
        matrix = algebra.diagonal("D", d) if name == "diagonal" else algebra.generator("D", d, d, symmetric=True)
        return matrix.T @ matrix

    symbolic = Symbolic()
    assert symbolic.difference(convert(program(Notation()), symbolic), program(symbolic)) is None


def test_weights_convert_to_weights_of_the_same_scores() -> None:
    symbolic = Symbolic()
    x = symbolic.generator("X", d, N)
    assert symbolic.difference(convert(alg.weights(X.T @ X), symbolic), symbolic.weights(x.T @ x)) is None
    assert symbolic.difference(convert(alg.weights(X.T @ X), symbolic), symbolic.weights(-(x.T @ x))) is not None


def test_sizes_and_symbols_of_one_name_stay_apart() -> None:
    symbolic = Symbolic()
    found = convert(alg.scalar(N) * alg.symbol("N"), symbolic)
    assert symbolic.difference(found, symbolic.scalar(N) * symbolic.symbol("N")) is None


def test_nothing_is_evaluated() -> None:
    product = X.T.T @ (X.T @ X)
    assert isinstance(product.expression, MatMul)
    assert isinstance(product.expression.args[0], Transpose)
    assert isinstance(product.expression.args[1], MatMul)
    assert (X - X).expression.args == (X.expression, (-X).expression)


def test_coefficients_are_gathered_and_products_go_on_flat() -> None:
    product = -(eta * ((alg.scalar(1) / alg.scalar(N)) * (W @ X))) @ X.T
    coefficient, *factors = product.expression.args
    assert coefficient == -sympy.Symbol("eta") / sympy.Symbol("N", integer=True, positive=True)
    assert factors == [W.expression, X.expression, X.T.expression]


def test_blocks_of_blocks_become_one_grid() -> None:
    above = alg.block([[X, X]])
    whole = alg.block([[above], [alg.zeros(1, (N, N))]])
    assert isinstance(whole.expression, BlockMatrix)
    assert whole.expression.blockshape == (2, 2)
    assert whole.shape == ((d, 1), (N, N))


def test_blocks_that_are_not_given_by_parts_stay_whole() -> None:
    total = alg.block([[X], [X]]) + alg.block([[X], [X]])
    ragged = alg.block([[alg.block([[X], [X]]), total], [alg.zeros(1, N), alg.zeros(1, N)]])
    assert ragged.shape == ((d, d, 1), (N, N))
    symbolic = Symbolic()
    x, zero = symbolic.generator("X", d, N), symbolic.zeros(1, N)
    assert symbolic.difference(convert(ragged, symbolic), symbolic.block([[x, x + x], [x, x + x], [zero, zero]])) is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: X @ X, ValueError, "@: the columns of the left, N, are not the rows of the right, d"),
        (lambda: X + X.T, ValueError, r"\+: expected equal shapes, got \(d, N\) and \(N, d\)"),
        (lambda: X + 1, TypeError, r"\+: expected a matrix of the notation algebra, got int"),
        (lambda: X @ np.eye(2), TypeError, "@: expected a matrix of the notation algebra, got ndarray"),
        (lambda: X - eta, TypeError, "-: expected a matrix of the notation algebra, got NotatedScalar"),
        (lambda: 0.5 * X, TypeError, r"scalar \*: expected a scalar of the notation algebra, got 0.5; build it with algebra.scalar"),
        (lambda: eta + 0.5, TypeError, "unsupported operand"),
        (lambda: eta / (eta + eta), ValueError, "division: expected a nonzero number or a product of symbols, got η \\+ η"),
        (lambda: eta / alg.scalar(0), ValueError, "division: expected a nonzero number or a product of symbols, got 0"),
        (lambda: alg.trace(X), ValueError, r"trace: expected a square matrix, got shape \(d, N\)"),
        (lambda: alg.block([]), ValueError, "block: expected at least one matrix in each row, got none"),
        (lambda: alg.block([[X], []]), ValueError, "block: expected at least one matrix in each row, got none"),
        (lambda: alg.block([[X], [X.T]]), ValueError, "block: row 1 does not line up"),
        (lambda: alg.block([[X, W]]), ValueError, "block: row 0 does not line up"),
        (lambda: alg.block([[X, 1]]), TypeError, "block: expected a matrix of the notation algebra, got int"),
        (lambda: alg.generator("G", (d, N), d), ValueError, "G: a generator has one part a side"),
        (lambda: alg.generator("G", d, N, symmetric=True), ValueError, "G: a symmetric matrix is square, got d x N"),
        (lambda: alg.generator("G", 0, N), ValueError, "size: expected a whole number, at least 1, got 0"),
        (lambda: alg.scalar(float("nan")), ValueError, "number: expected a finite number, got nan"),
        (lambda: convert(NotatedScalar(sympy.sin(1)), exact), TypeError, "convert: a sin is nothing that the notation reading writes"),
    ],
)
def test_bad_input_is_named(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_rationals_are_exact() -> None:
    assert alg.scalar("0.1").expression == sympy.Rational(1, 10)
    assert alg.scalar(Fraction(1, 3)).expression == sympy.Rational(1, 3)
