"""What an adversary who built nothing of this got past `verify`, each once: none of it holds, and what is true is not refuted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import flint
import pytest
import sympy

from equivalence.statements import Differ, Encloses, Inconsistent, InIdeal, Less, Positive, Result, simulation, statement, verify
from equivalence.statements.registry import registry

A, B = sympy.symbols("A B", commutative=False)
M, N = sympy.MatrixSymbol("M", 2, 2), sympy.MatrixSymbol("N", 2, 2)
POLE = sympy.Pow(0, -1, evaluate=False)
HIDDEN_ZERO = sympy.sqrt(3 + 2 * sympy.sqrt(2)) - 1 - sympy.sqrt(2)
ZERO, PRIME = sympy.Symbol("o", zero=True), sympy.Symbol("q", prime=True)
ROOT = sympy.sqrt(2)


def checked(program: Callable[..., Iterator[Any]], kind: str, **options: Any) -> Result:
    program.__doc__ = "A claim."
    try:
        return verify(statement("99.1", "A claim", source="this test", kind=kind)(program), seed=1, **options)
    finally:
        del registry["99.1"]


def yields(*items: Any) -> Callable[[], Iterator[Any]]:
    def program() -> Iterator[Any]:
        yield from items

    return program


@pytest.mark.parametrize(
    ("kind", "items", "message"),
    [
        ("characterisation", [("AB", A * B), ("BA", B * A)], "left − right = A*B - B*A"),
        ("characterisation", [("in a matrix", sympy.Matrix([[A * B]])), ("swapped", sympy.Matrix([[B * A]]))], "left − right = A*B - B*A"),
        ("characterisation", [("MN", M * N), ("NM", N * M)], "expected exact numbers, got M*N"),
        ("characterisation", [InIdeal("a commutator", (A * B - B * A,), (A**2,), (A, B))], "expected symbols that commute"),
        ("refutation", [Differ("1/0 is not 5", POLE, 5)], "expected exact numbers, got 1/0"),
        ("characterisation", [("1/0", POLE), ("1/0 again", POLE)], "expected exact numbers"),
        ("refutation", [Differ("1/z is not 0, but z is", 1 / HIDDEN_ZERO, 0)], "expected exact numbers"),
        ("refutation", [Differ("log 0 is not 1", sympy.log(0, evaluate=False), 1)], "expected exact numbers, got log(0)"),
        ("refutation", [Differ("two names of I", sympy.Identity(2), sympy.ImmutableMatrix.eye(2))], "expected exact numbers, got I"),
        ("bound", [Encloses("√2² > 2", math.sqrt(2) ** 2, sympy.Integer(2), sympy.Integer(3))], "expected a ball of FLINT's, got 2.0"),  # type: ignore[arg-type]
        ("characterisation", [("o", ZERO), ("which is 0", sympy.Integer(0))], "left − right = o, which proves nothing here"),
        ("bound", [Positive("q > 1", PRIME - 1, (PRIME,))], "q - 1 is not positive by its coefficients"),
        (
            "characterisation",
            [Inconsistent("√2 = 1", (ROOT - 1,), (ROOT,))],
            "expected symbols that commute and stand for any number, got sqrt(2)",
        ),
        ("bound", [10**5000], "expected a heading, a step (reason, expression) or a check, got one of type int"),
    ],
)
def test_nothing_is_decided(kind: str, items: list[Any], message: str) -> None:
    result = checked(yields(*items), kind)
    assert result.outcome == "not decided"
    assert message in result.messages[0]


def test_a_simulation_of_one_shape_says_nothing_of_another() -> None:
    """AAᵀ is AᵀA where A is 1 x 1."""

    def program(algebra: Any, n: Any) -> Iterator[Any]:
        start = algebra.generator("A", n, n)
        parts: dict[str, Any] = {"state": {"w": (1, 1)}, "begins": {"w": start}, "start": {"a": start}, "reasons": ["base", "step"]}
        machines: dict[str, Any] = {"right": lambda w: {"w": w.T @ w}, "left": lambda a: {"a": a @ a.T}, "related": lambda w: {"a": w}}
        yield from simulation(algebra, **parts, **machines)

    result = checked(program, "induction")
    assert result.outcome == "not decided"
    assert "simulation: w of begins has shape ('n', 'n'), expected (1, 1)".replace("'", "") in result.messages[0]


@pytest.mark.parametrize(
    "sides",
    [
        lambda algebra, n: (algebra.scalar(n), algebra.scalar(2)),
        lambda algebra, n: (algebra.generator("X", n, n), algebra.generator("Y", n, n)),
        lambda algebra, n: (algebra.symbol("x"), algebra.scalar(1)),
    ],
    ids=["n is not 2", "X is not Y", "x is not 1"],
)
def test_letters_that_stand_for_anything_are_no_witness(sides: Callable[..., tuple[Any, Any]]) -> None:
    def program(algebra: Any, n: Any) -> Iterator[Any]:
        yield Differ("of some, not of all", *sides(algebra, n))

    result = checked(program, "identity")
    assert {check.outcome for check in result.checks} == {"not decided"}
    assert "letters stand for anything, and some may be equal" in result.messages[0]


def changed(container: Callable[[Any], Any], cell: Any, change: Callable[[Any], None]) -> Callable[[], Iterator[Any]]:
    def program() -> Iterator[Any]:
        yield "before", container(cell)
        change(cell)
        yield "after", container(cell)

    return program


def set_entry(matrix: Any) -> None:
    matrix[0, 0] = 5


def set_item(items: Any) -> None:
    items[0] = sympy.Integer(5)


@pytest.mark.parametrize(
    ("container", "cell", "change"),
    [
        (list, [sympy.Integer(1)], set_item),
        (lambda m: (m,), sympy.Matrix([[1]]), set_entry),
        (lambda m: m, flint.fmpq_mat(1, 1, [0]), set_entry),
    ],
    ids=["a list", "a matrix in a tuple", "FLINT's"],
)
def test_what_is_changed_after_it_was_yielded_does_not_hold(container: Any, cell: Any, change: Any) -> None:
    assert checked(changed(container, cell, change), "characterisation").outcome != "holds"


@pytest.mark.parametrize("number", [2, Fraction(2)])
def test_a_plain_number_is_the_scalar_that_it_is(number: Any) -> None:
    def program(algebra: Any, n: Any) -> Iterator[Any]:
        yield "two", algebra.scalar(2)
        yield "as a plain number", number

    def false(algebra: Any, n: Any) -> Iterator[Any]:
        yield "three", algebra.scalar(3)
        yield "is two", number

    assert checked(program, "identity").outcome == "holds"
    assert checked(false, "identity").outcome == "refuted"


def test_a_rational_reading_knows_fractions() -> None:
    def equal(algebra: Any) -> Iterator[Any]:
        yield "a half", algebra.scalar("1/2")
        yield "of Python's", Fraction(1, 2)

    def differ(algebra: Any) -> Iterator[Any]:
        yield Differ("two halves", algebra.scalar("1/2"), Fraction(1, 2))

    assert checked(equal, "characterisation").outcome == "holds"
    assert checked(differ, "refutation").outcome == "refuted"


def test_residues_have_no_order() -> None:
    def less(algebra: Any, n: Any) -> Iterator[Any]:
        yield Less("0 < −1", (algebra.scalar(0), -algebra.scalar(1)))

    def positive(algebra: Any, n: Any) -> Iterator[Any]:
        yield Positive("−x > 0", -algebra.symbol("x"), (sympy.Symbol("x"),))  # type: ignore[arg-type]

    for program in (less, positive):
        result = checked(program, "identity", algebras=["finite field"])
        assert result.outcome == "not decided"
        assert "residues modulo a prime have no order" in result.messages[0]


def test_a_certificate_does_not_refute_what_is_true_of_softmax() -> None:
    """Softmax of zeros is 1/n; drawn weights only add up to 1."""

    def program(algebra: Any, n: Any, m: Any) -> Iterator[Any]:
        yield "weights of zeros", algebra.scalar(n) * algebra.weights(algebra.zeros(n, m))
        yield "are equal", algebra.ones(n, m)

    result = checked(program, "identity")
    assert "refuted" not in {check.outcome for check in result.checks}
    assert "which proves nothing here" in result.messages[-1]


def test_a_program_that_exits_is_not_decided() -> None:
    def program() -> Iterator[Any]:
        yield "one", sympy.Integer(1)
        raise SystemExit(3)

    assert "SystemExit: 3" in checked(program, "bound").messages[0]


def test_one_assignment_of_sizes_is_no_list_and_none_is_refused() -> None:
    def program(algebra: Any, n: Any) -> Iterator[Any]:
        yield "X", algebra.generator("X", n, n)
        yield "again", algebra.generator("X", n, n)

    with pytest.raises(TypeError, match=r"sizes: expected a list of assignments, got one assignment; write \[\{'n': 3\}\]"):
        checked(program, "identity", sizes={"n": 3})
    with pytest.raises(ValueError, match=r"sizes: expected at least one assignment, got none; to check in one algebra only, name it"):
        checked(program, "identity", sizes=[])
