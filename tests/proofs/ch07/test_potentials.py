"""Chapter 7: wrong heads, slopes and conclusions are rejected; derivatives by SymPy and brute force agree with what is claimed."""

from __future__ import annotations

from itertools import product
from math import factorial
from typing import Any

import pytest
import sympy
from hypothesis import assume, given
from hypothesis import strategies as st

from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.statements import Result, verify
from proofs.ch07_what_softmax_descends.gradient_fields import covariance, dependent, on_one_line, polarised
from proofs.ch07_what_softmax_descends.potentials import energy, functional_slope, hopfield_head, outer, target_slope, value_slope
from tests.support.perturbations import block_added

IDENTITY = {"symbolic", "finite field"}


def failures(result: Result) -> dict[str, str]:
    """The claims that fail, in order, with the first message of each."""
    found: dict[str, str] = {}
    for check in result.checks:
        if not check.holds:
            found.setdefault(check.claim, check.message)
    return found


def rejected(number: str, algebras: set[str] = IDENTITY, **parts: Any) -> dict[str, str]:
    """The same for a statement with other parts, which is to fail in all of the given algebras and no other."""
    result = verify(number, seed=1, replace=parts)
    assert {check.algebra for check in result.checks if not check.holds} == algebras
    return failures(result)


def without_beta(algebra: Any, d: Any, beta: Any) -> Layer:
    return hopfield_head(algebra, d, algebra.scalar(1))


def values_with_beta(algebra: Any, d: Any, beta: Any) -> Layer:
    (head,) = hopfield_head(algebra, d, beta).heads
    return Layer((head._replace(value=beta * head.value),))


@pytest.mark.parametrize("head", [without_beta, values_with_beta])
def test_7_1_rejects_another_temperature(head: Any) -> None:
    (message,) = rejected("7.1", head=head).values()
    assert message.startswith("7.1 The Hopfield energy, both parts, to first order, step 2 (is −⟨X softmax(βXᵀξ) − ξ, h⟩)")


def undivided(X: sympy.Matrix, xi: sympy.Matrix, beta: sympy.Symbol) -> sympy.Expr:
    return xi.dot(xi) / 2 + beta * (energy(X, xi, beta) - xi.dot(xi) / 2)


@pytest.mark.parametrize("potential", [undivided, lambda *data: -energy(*data), lambda X, xi, beta: energy(X, xi, beta) + xi.dot(xi)])
def test_7_1_rejects_another_energy(potential: Any) -> None:
    (message,) = rejected("7.1", {"exact"}, potential=potential).values()
    assert "step 2 (X softmax(βXᵀξ) − ξ): in entry (0, 0), left − right =" in message


def test_7_2_rejects_a_equal_to_a_multiple_of_b() -> None:
    failed = rejected("7.2", matched=lambda B: B)
    assert set(failed) == {"if: ASB is symmetric for every symmetric S", "if: the potentials of A = cBᵀ"}
    assert failed["if: ASB is symmetric for every symmetric S"].startswith(
        "7.2 Which heads are gradient fields of the query token, A = cBᵀ, step 2 (is its own transpose): in block (0, 0), left − right ="
    )
    assert "softmax: c lse(CᵀBq), to first order, step 2 (is ⟨update, h⟩)" in failed["if: the potentials of A = cBᵀ"]


def uncentred(algebra: Any, C: Any, P: Any) -> Any:
    return C @ P @ C.T


def centred_twice(algebra: Any, C: Any, P: Any) -> Any:
    return covariance(algebra, C, P) - (C @ P @ C.T - covariance(algebra, C, P))


@pytest.mark.parametrize("spread", [uncentred, centred_twice])
def test_7_2_rejects_a_covariance_that_is_not_centred(spread: Any) -> None:
    failed = rejected("7.2", spread=spread)
    assert set(failed) == {"the Jacobian of a softmax head is ASB", "two different tokens: S = m(1 − m)(c − c')(c − c')ᵀ"}
    messages = list(failed.values())
    assert "step 2 (is ASB on h" in messages[0]
    assert "step 2 (is a multiple of eeᵀ" in messages[1]


@pytest.mark.parametrize("alone", [dependent, on_one_line])
def test_7_2_needs_both_cases(alone: Any) -> None:
    failed = rejected("7.2", {"exact"}, conclusions=(alone,))
    (message,) = failed.values()
    assert "step 1 (if Ae and Bᵀe are parallel for every e)" in message
    assert "is not in the ideal: the remainder is" in message


def test_7_2_rejects_a_wrong_polarisation() -> None:
    def wrong(a: Any, u: Any, b: Any, v: Any) -> Any:
        return polarised(a, u, -b, v)

    failed = rejected("7.2", mixed=wrong)
    steps = ["step 2 (is Ae∧Bᵀf + Af∧Bᵀe", "step 3 (they combine what must be 0", "step 2 (is a combination of what must be 0)"]
    assert len(failed) == len(steps)
    for message, step in zip(failed.values(), steps, strict=True):
        assert step in message


# Rows of W_K and W_Q that read into y meet rows of zeros, so changes there are invisible; all others change A or B.
VISIBLE = [("value", 0, 0), ("value", 0, 1), ("value", 1, 0), ("value", 1, 1)] + [(w, 0, j) for w in ("key", "query") for j in (0, 1)]


@pytest.mark.parametrize("block", VISIBLE)
def test_7_2_and_7_4_see_every_visible_block_of_the_construction(block: tuple[str, int, int]) -> None:
    wrong = block_added(gd_layer, *block)
    (skew,) = failures(verify("7.2", seed=1, replace={"layer": wrong}, algebras=("symbolic", "finite field"))).values()
    assert "step 2 (is ΔW and its transpose)" in skew
    (context,) = rejected("7.4", layer=wrong).values()
    assert "step 2 (is the inputs, and the targets after the step)" in context


def test_7_2_witnesses_are_rejected_where_the_jacobian_is_symmetric() -> None:
    def silent(*sizes: Any, **named: Any) -> Layer:
        (head,) = gd_layer(*sizes, **named).heads
        return Layer((head._replace(value=head.value - head.value),))

    construction = verify("7.2", replace={"layer": silent}, algebras=("exact", "rational"))
    assert all("step 1 (the construction's Jacobian and its transpose): both sides are equal" in m for m in construction.messages)
    same = verify("7.2", replace={"scores": ((0, 1), (1, 0))}, algebras=("exact", "rational"))
    assert all("step 2 (the Jacobian at A = B, which is not Bᵀ, and its transpose): both sides are equal" in m for m in same.messages)
    assert [len(result.messages) for result in (construction, same)] == [2, 2]


def cross(u: Any, v: Any) -> list[int]:
    """The 2 x 2 minors of two columns of integers."""
    n = len(u)
    return [u[i] * v[j] - u[j] * v[i] for i in range(n) for j in range(i)]


def applied(matrix: Any, column: Any) -> list[int]:
    return [sum(entry * each for entry, each in zip(row, column, strict=True)) for row in matrix]


def is_field(A: Any, M: Any) -> bool:
    """Whether AeeᵀB is symmetric for every e, M = Bᵀ, in plain integers: a quadratic form in e is 0 iff it is at e_i and e_i + e_j."""
    n = len(A)
    units = [[int(i == k) for i in range(n)] for k in range(n)]
    asked = units + [[p + q for p, q in zip(units[i], units[j], strict=True)] for i in range(n) for j in range(i)]
    return not any(minor for e in asked for minor in cross(applied(A, e), applied(M, e)))


def is_predicted(A: Any, M: Any) -> bool:
    """Whether A and M are linearly dependent, or all their columns are on one line."""
    together = [*map(list, zip(*A, strict=True)), *map(list, zip(*M, strict=True))]
    one_line = not any(minor for i, u in enumerate(together) for v in together[:i] for minor in cross(u, v))
    return one_line or not any(cross([p for row in A for p in row], [p for row in M for p in row]))


def test_7_2_holds_for_every_pair_of_two_by_two_matrices_of_minus_one_zero_one() -> None:
    square = [((a, b), (c, d)) for a, b, c, d in product((-1, 0, 1), repeat=4)]
    verdicts = [(is_field(A, M), is_predicted(A, M)) for A in square for M in square]
    assert all(found == predicted for found, predicted in verdicts)
    assert 0 < sum(found for found, _ in verdicts) < len(verdicts) == 81**2


entries = st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=3, max_size=3)


@given(entries, entries, st.integers(-2, 2))
def test_7_2_holds_at_three_dimensions(A: Any, M: Any, c: int) -> None:
    assert is_field(A, M) == is_predicted(A, M)
    assert is_field([[c * entry for entry in row] for row in M], M)


column = st.lists(st.integers(-2, 2), min_size=3, max_size=3)


@given(column, column, column, column)
def test_7_2_one_column_space_is_needed_at_rank_one(u: Any, other: Any, a: Any, b: Any) -> None:
    assume(any(cross(a, b)) and any(cross(u, other)))
    A, M, off = ([[p * q for q in row] for p in line] for line, row in ((u, a), (u, b), (other, b)))
    assert is_field(A, M)
    assert not is_field(A, off)


def softmax_head(A: sympy.Matrix, B: sympy.Matrix, C: sympy.Matrix, q: sympy.Matrix) -> sympy.Matrix:
    """The head's output, by a loop over tokens."""
    written, below = sympy.zeros(A.rows, 1), sympy.Integer(0)
    for i in range(C.cols):
        grown = sympy.exp(sum(C[j, i] * (B * q)[j] for j in range(B.rows)))
        written, below = written + grown * A * C[:, i], below + grown
    return written / below


A_MATRIX, B_MATRIX = sympy.Matrix([[1, 2], [-1, 3]]), sympy.Matrix([[1, 0], [1, 1]])
CONTEXT = sympy.Matrix([[1, 0, -1], [0, 1, 2]])


def is_zero(matrix: sympy.Matrix) -> bool:
    return all(sympy.cancel(sympy.expand(entry)) == 0 for entry in matrix)


def test_7_2_jacobian_by_sympy_is_a_sigma_b() -> None:
    q = sympy.Matrix(sympy.symbols("q_1:3"))
    grown = [sympy.exp((CONTEXT[:, i].T * B_MATRIX * q)[0]) for i in range(3)]
    p = [each / sum(grown) for each in grown]
    mean = sum((p[i] * CONTEXT[:, i] for i in range(3)), sympy.zeros(2, 1))
    spread = sum((p[i] * (CONTEXT[:, i] - mean) * (CONTEXT[:, i] - mean).T for i in range(3)), sympy.zeros(2, 2))
    found = softmax_head(A_MATRIX, B_MATRIX, CONTEXT, q).jacobian(q)
    assert is_zero(found - A_MATRIX * spread * B_MATRIX)
    assert not is_zero(found - found.T)


@pytest.mark.parametrize(("values", "is_gradient"), [(3 * B_MATRIX.T, True), (3 * B_MATRIX, False)])
def test_7_2_potential_by_sympy(values: sympy.Matrix, is_gradient: bool) -> None:
    q = sympy.Matrix(sympy.symbols("q_1:3"))
    potential = 3 * sympy.log(sum(sympy.exp((CONTEXT[:, i].T * B_MATRIX * q)[0]) for i in range(3)))
    slope = sympy.Matrix([potential]).jacobian(q).T
    assert is_zero(slope - softmax_head(values, B_MATRIX, CONTEXT, q)) is is_gradient


def flipped_values(algebra: Any, v: Any, V: Any, grown: Any) -> Any:
    return -value_slope(algebra, v, V, grown)


def remembering(algebra: Any, v: Any, V: Any, grown: Any) -> Any:
    return value_slope(algebra, v + v, V, grown)


@pytest.mark.parametrize("slope", [flipped_values, remembering])
def test_7_3_rejects_a_wrong_gradient_in_both_claims(slope: Any) -> None:
    failed = rejected("7.3", slope=slope)
    assert "step 2 (the slope along h, and Z times a square)" in failed["the gradient, exactly"]
    assert "step 2 (is what the head writes)" in failed["the step of rate 1/Z from any start is softmax attention"]


def test_7_3_by_sympy() -> None:
    v, z = sympy.Matrix(sympy.symbols("v_1:3")), sympy.symbols("z_1:4")
    loss = sum(sympy.exp(z[i]) * (v - CONTEXT[:, i]).dot(v - CONTEXT[:, i]) for i in range(3)) / 2
    Z = sum(map(sympy.exp, z))
    step = v - sympy.Matrix([loss]).jacobian(v).T / Z
    assert is_zero(step - sum((sympy.exp(z[i]) / Z * CONTEXT[:, i] for i in range(3)), sympy.zeros(2, 1)))


@pytest.mark.parametrize("slope", [lambda W0, X, Y: -target_slope(W0, X, Y), lambda W0, X, Y: Y - W0 @ X])
def test_7_4_rejects_a_wrong_gradient_in_both_claims(slope: Any) -> None:
    failed = rejected("7.4", slope=slope)
    assert set(failed) == {"the gradient, exactly", "the step of rate η/N is the layer on its context"}
    assert "step 2 (the slope along H, and a square)" in failed["the gradient, exactly"]


def test_7_4_by_sympy() -> None:
    X, Y, W0 = (sympy.Matrix(m, n, sympy.symbols(f"{name}_1:{m + 1}(1:{n + 1})")) for name, m, n in (("x", 2, 3), ("y", 1, 3), ("w", 1, 2)))
    error = (Y - W0 * X) * X.T
    assert is_zero(sympy.Matrix([error.dot(error) / 2]).jacobian(Y) - (Y - W0 * X) * X.T * X)


@pytest.mark.parametrize("slope", [lambda F, Y: -functional_slope(F, Y), lambda F, Y: F + Y, lambda F, Y: F + F - Y])
def test_7_5_rejects_a_wrong_functional_gradient(slope: Any) -> None:
    failed = rejected("7.5", slope=slope)
    assert "step 2 (⟨gradient, g⟩ in the RKHS, and a square)" in failed["the functional gradient, any kernel"]
    assert "step 2 (is attention" in failed["the step, read at the queries"]


def test_7_5_rejects_features_of_a_wrong_size() -> None:
    failed = rejected("7.5", lift=lambda features, token: outer(features, token) + outer(features, token))
    (message,) = failed.values()
    assert "then one power more, step 2 (is an inner product of features akᵀ and bqᵀ)" in message


@pytest.mark.parametrize("block", [("value", 1, 1), ("query", 0, 0)])
def test_7_5_rejects_a_wrong_layer(block: tuple[str, int, int]) -> None:
    (message,) = rejected("7.5", layer=block_added(gd_layer, *block)).values()
    assert "step 2 (sees them only through the kernel)" in message


def test_7_5_gram_matrices_of_the_truncated_exponential_are_nonnegative_and_those_of_a_wrong_sign_are_not() -> None:
    points = [(1, 0), (-1, 2), (0, 1), (1, 1)]

    def gram(sign: int) -> sympy.Matrix:
        scores = sympy.Matrix(4, 4, lambda i, j: sum(a * b for a, b in zip(points[i], points[j], strict=True)))
        return scores.applyfunc(lambda score: sum(sympy.Rational((sign * score) ** n, factorial(n)) for n in range(6)))

    assert gram(1).is_positive_semidefinite is True
    assert gram(-1).is_positive_semidefinite is False
