"""Inverses, entrywise products and orthogonal matrices: seven identities that people need, a wrong version of each, and attacks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from random import Random
from typing import Any

import flint
import numpy as np
import pytest
import sympy

from equivalence.algebras import DegreeAlgebra, FiniteField, Numeric, Rational, Size, Symbolic, error_bound, exact
from equivalence.algebras.conversion import convert
from equivalence.algebras.flint import dense
from equivalence.algebras.hypotheses import SingularError
from equivalence.algebras.magnitude import MagnitudeAlgebra
from equivalence.algebras.notation import Notation
from equivalence.algebras.rational_functions import Exact
from equivalence.algebras.symbolic import _assignments
from equivalence.formulas import latex, text
from equivalence.statements import Statement, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.inputs import inputs_of
from equivalence.statements.report import described

d, k, N, m = Size("d"), Size("k"), Size("N"), Size("m")
Items = Iterator[tuple[str, Any]]
PRIME = 2**62 + 135


def stated(program: Callable[..., Items]) -> Statement:
    """A statement of one claim, not registered."""
    return Statement("99.9", "A test", "identity", "here", "A test.", [claim_of("A test", "identity", program)])


# Seven identities, each with what makes it wrong


def least_squares(algebra: Any, d: Any, N: Any, m: Any, *, sign: int = 1) -> Items:
    """The minimiser YXᵀ(XXᵀ)⁻¹ of ‖WX − Y‖² has gradient 0."""
    X, Y = algebra.generator("X", d, N), algebra.generator("Y", m, N)
    W = Y @ X.T @ algebra.inverse(X @ X.T)
    yield "the gradient at the minimiser", (algebra.scalar(sign) * (W @ X) - Y) @ X.T
    yield "nothing", algebra.zeros(m, d)


def hat_matrix(algebra: Any, d: Any, N: Any, *, power: int = 2) -> Items:
    """H = Xᵀ(XXᵀ)⁻¹X is a symmetric projection of trace d."""
    X = algebra.generator("X", d, N)
    H = X.T @ algebra.inverse(X @ X.T) @ X
    yield "H", H
    yield "twice", H @ H if power == 2 else algebra.scalar(2) * H
    yield "transposed", H.T


def hat_trace(algebra: Any, d: Any, N: Any, *, by_rows: bool = True) -> Items:
    X = algebra.generator("X", d, N)
    yield "the trace of H", algebra.trace(X.T @ algebra.inverse(X @ X.T) @ X)
    yield "its rank", algebra.scalar(d if by_rows else N)


def push_through(algebra: Any, d: Any, N: Any, *, sign: int = 1) -> Items:
    """Ridge regression in either space: (XXᵀ + λI)⁻¹X = X(XᵀX + λI)⁻¹."""
    X, ridge = algebra.generator("X", d, N), algebra.symbol("lambda")
    yield "in the space of inputs", algebra.inverse(X @ X.T + ridge * algebra.eye(d)) @ X
    yield "in the space of examples", X @ algebra.inverse(X.T @ X + algebra.scalar(sign) * ridge * algebra.eye(N))


def woodbury(algebra: Any, d: Any, k: Any, *, sign: int = 1) -> Items:
    (A, A_inverse), (C, C_inverse) = algebra.invertible("A", d), algebra.invertible("C", k)
    U, V = algebra.generator("U", d, k), algebra.generator("V", k, d)
    small = algebra.inverse(C_inverse + algebra.scalar(sign) * (V @ A_inverse @ U))
    yield "the inverse of the sum", algebra.inverse(A + U @ C @ V)
    yield "Woodbury", A_inverse - A_inverse @ U @ small @ V @ A_inverse


def sherman_morrison(algebra: Any, d: Any, *, sign: int = 1) -> Items:
    (A, A_inverse), u, v = algebra.invertible("A", d), algebra.generator("u", d, 1), algebra.generator("v", d, 1)
    divided = algebra.trace(algebra.inverse(algebra.eye(1) + v.T @ A_inverse @ u))
    yield "the inverse of the sum", algebra.inverse(A + u @ v.T)
    yield "Sherman and Morrison", A_inverse - algebra.scalar(sign) * divided * (A_inverse @ u @ v.T @ A_inverse)


def hadamard_trace(algebra: Any, d: Any, N: Any, *, turned: bool = True) -> Items:
    """``1ᵀ(A ⊙ B)1 = tr(ABᵀ)``."""
    A, B = algebra.generator("A", d, N), algebra.generator("B", d, N)
    yield "all entries", algebra.trace(algebra.ones(1, d) @ algebra.hadamard(A, B) @ algebra.ones(N, 1))
    yield "as a trace", algebra.trace(A @ B.T) if turned else algebra.trace(A @ A.T)


def hadamard_diagonals(algebra: Any, d: Any, N: Any, *, turned: bool = False) -> Items:
    """``D A E = A ⊙ (D1)(E1)ᵀ``."""
    A, D, E = algebra.generator("A", d, N), algebra.diagonal("D", d), algebra.diagonal("E", N)
    rank_one = (D @ algebra.ones(d, 1)) @ (E @ algebra.ones(N, 1)).T
    yield "scaled", D @ A @ E
    yield "entrywise", algebra.hadamard(algebra.scalar(2 if turned else 1) * A, rank_one)


def rotated(algebra: Any, d: Any, N: Any, *, twice: bool = False) -> Items:
    """Rotating the inputs changes no inner product."""
    Q, X = algebra.orthogonal("Q", d), algebra.generator("X", d, N)
    yield "rotated", (Q @ X).T @ (Q @ (Q @ X) if twice else Q @ X)
    yield "as they were", X.T @ X


IDENTITIES: list[tuple[Callable[..., Items], dict[str, object]]] = [
    (least_squares, {"sign": -1}),
    (hat_matrix, {"power": 1}),
    (hat_trace, {"by_rows": False}),
    (push_through, {"sign": -1}),
    (woodbury, {"sign": -1}),
    (sherman_morrison, {"sign": -1}),
    (hadamard_trace, {"turned": False}),
    (hadamard_diagonals, {"turned": True}),
    (rotated, {"twice": True}),
]


@pytest.mark.parametrize(("program", "wrong"), IDENTITIES, ids=lambda value: getattr(value, "__name__", ""))
def test_an_identity_that_people_need_holds_and_a_wrong_one_falls(program: Callable[..., Items], wrong: dict[str, object]) -> None:
    right = verify(stated(program), seed=1)
    assert right.holds, right.messages
    assert {check.algebra for check in right.checks} == {"symbolic", "finite field"}
    false = verify(stated(program), seed=1, replace=wrong)
    assert all(not check.holds for check in false.checks)
    assert all(check.outcome == "refuted" for check in false.checks if check.algebra == "finite field")


@pytest.mark.parametrize("program", [program for program, _ in IDENTITIES], ids=lambda program: program.__name__)
def test_what_is_printed_means_what_is_proved(program: Callable[..., Items]) -> None:
    claim, sizes = claim_of("A test", "identity", program), {"d": 2, "N": 3, "m": 4, "k": 1}
    written = program(Notation(), *(Size(name) for name in claim.sizes))
    read, computed = (FiniteField(PRIME, Random(4)) for _ in range(2))
    for (_, line), (_, value) in zip(written, program(computed, *(sizes[name] for name in claim.sizes)), strict=True):
        assert text(line)
        assert latex(line)
        convert(line, read, sizes)
        assert convert(line, Symbolic()) is not None
        assert computed.difference(convert(line, computed, sizes), value) is None


# What a verdict says


def test_a_verdict_says_what_it_assumes_in_words_and_in_json() -> None:
    result = verify(stated(least_squares), seed=0)
    (hypothesis,) = result.hypotheses
    assert hypothesis == "X Xᵀ is invertible (which it never is at N = 1, d = 2; N = 1, d = 3; N = 2, d = 3)"
    assert described(result)["hypotheses"] == [hypothesis]
    assert f"Where {hypothesis}." in result._repr_markdown_()
    assert "hypotheses" not in described(verify(stated(rotated), seed=0))


def test_certificates_are_where_the_hypothesis_may_hold() -> None:
    """The default sizes that have more rows than columns are taken in reverse."""
    sizes = [check.sizes for check in verify(stated(hat_matrix), seed=0).checks if check.algebra == "finite field"]
    assert len(sizes) == 3
    assert all(chosen["d"] <= chosen["N"] for chosen in sizes)


def test_sizes_at_which_nothing_is_claimed_are_listed_and_decide_nothing() -> None:
    asked = [{"d": 2, "N": 3}, {"d": 3, "N": 2}]
    result = verify(stated(hat_matrix), seed=0, sizes=asked)
    good, void = (check for check in result.checks if check.algebra == "finite field")
    assert (good.holds, void.holds, void.void) == (True, False, True)
    assert "what is to be inverted, 3 x 3, is singular at every draw, so nothing is claimed at these sizes" in void.message
    assert result.holds
    assert "| A test | finite field | d = 3, N = 2 | nothing is claimed |" in result._repr_markdown_()


def test_where_nothing_is_claimed_at_any_size_nothing_holds() -> None:
    result = verify(stated(hat_matrix), seed=0, sizes=[{"d": 3, "N": 2}])
    assert result.outcome == "not decided"
    assert any("nothing is claimed at these sizes" in message for message in result.messages)


def centring_vanishes(algebra: Any, N: Any) -> Items:
    """C² = C, so from C⁻¹ would follow C = I."""
    C = algebra.eye(N) - (algebra.scalar(1) / algebra.scalar(N)) * algebra.ones(N, N)
    yield "C", C @ C @ algebra.inverse(C)
    yield "I", algebra.eye(N)


@pytest.mark.parametrize("algebras", [("symbolic",), ("finite field",), ("symbolic", "finite field")])
def test_the_centring_matrix_has_no_inverse_in_any_reading(algebras: tuple[str, ...]) -> None:
    result = verify(stated(centring_vanishes), seed=0, algebras=algebras)
    assert result.outcome == "not decided"
    assert all("singular at every draw" in message for message in result.messages)


def cayley_hamilton(algebra: Any) -> Items:
    """True of matrices of determinant 1 only."""
    T, inverse = algebra.invertible("T", 2)
    yield "T + T⁻¹", T + inverse
    yield "tr(T) I", algebra.trace(T) * algebra.eye(2)


def test_an_identity_of_matrices_of_determinant_one_falls() -> None:
    result = verify(stated(cayley_hamilton), seed=0)
    assert [check.outcome for check in result.checks if check.algebra == "finite field"] == ["refuted"]


def rotations_only(algebra: Any) -> Items:
    """True of rotations of the plane, false of reflections."""
    Q = algebra.orthogonal("Q", 2)
    yield "Q + Qᵀ", Q + Q.T
    yield "tr(Q) I", algebra.trace(Q) * algebra.eye(2)


@pytest.mark.parametrize("seed", range(5))
def test_an_identity_of_rotations_falls_as_reflections_are_drawn_too(seed: int) -> None:
    (certificate,) = verify(stated(rotations_only), seed=seed, algebras=("finite field",)).checks
    assert certificate.outcome == "refuted"


def test_a_certificate_of_orthogonal_matrices_is_drawn_until_both_kinds_are_sure_to_have_come() -> None:
    (certificate, *_) = verify(stated(rotated), seed=0, algebras=("finite field",)).checks
    assert certificate.error_bound is not None
    assert certificate.error_bound <= 2**-50
    assert len(certificate.primes) >= 50


def cayley(algebra: Any) -> Items:
    """(I − Q)(I + Q)⁻¹ is antisymmetric: of rotations, as I + Q has no inverse for a reflection, which every second draw is."""
    Q, one = algebra.orthogonal("Q", 2), algebra.eye(2)
    K = (one - Q) @ algebra.inverse(one + Q)
    yield "minus the transpose", -K.T
    yield "K", K


def test_draws_without_an_inverse_are_passed_over_and_count_for_nothing() -> None:
    (certificate,) = verify(stated(cayley), seed=1, algebras=("finite field",)).checks
    assert certificate.outcome == "holds"
    assert certificate.error_bound is not None
    assert certificate.error_bound <= 2**-50
    assert len(certificate.primes) > 60  # some 50 draws count


# The symbolic reading, attacked

BLOCKS = (d, k)
SINGULAR: dict[str, Callable[[Any], Any]] = {
    "zero": lambda algebra: algebra.zeros(d, d),
    "a number that is zero": lambda algebra: algebra.zeros(1, 1),
    "ones": lambda algebra: algebra.ones(d, d),
    "a column times a row": lambda algebra: algebra.generator("u", d, 1) @ algebra.generator("v", 1, d),
    "the same row twice": lambda algebra: (A := algebra.generator("A", d, d), algebra.block([[A, A], [A, A]]))[1],
    "a difference that vanishes": lambda algebra: (A := algebra.generator("A", d, d), A - A)[1],
    "a projection": lambda algebra: (X := algebra.generator("X", d, N), algebra.eye(N) - X.T @ algebra.inverse(X @ X.T) @ X)[1],
}


@pytest.mark.parametrize("name", SINGULAR)
def test_what_is_singular_at_every_draw_is_refused(name: str) -> None:
    algebra = Symbolic()
    if name == "a projection":
        SINGULAR[name](algebra)
        assert "never" in str(algebra.hypotheses[0])
        return
    with pytest.raises(ValueError, match="is singular at every draw; from an inverse of it everything would follow"):
        algebra.inverse(SINGULAR[name](algebra))


def test_two_hypotheses_that_never_hold_together_are_refused() -> None:
    """At n = 2, Q − Qᵀ is invertible for rotations only, and Q + Qᵀ − tr(Q)I for reflections only."""
    algebra = Symbolic()
    Q = algebra.orthogonal("Q", 2)
    algebra.inverse(Q - Q.T)
    with pytest.raises(ValueError, match="is singular at every draw, where what was inverted before is not; from an inverse"):
        algebra.inverse(Q + Q.T - algebra.trace(Q) * algebra.eye(2))


def test_sizes_at_which_it_is_singular_are_listed() -> None:
    algebra = Symbolic()
    A, X = algebra.generator("A", d, d), algebra.generator("X", d, N)
    algebra.inverse(A - A.T)
    assert [dict(sizes) for sizes in algebra.hypotheses[0].singular_at] == [{"d": 1}, {"d": 3}]
    other = Symbolic()
    X = other.generator("X", d, N)
    other.inverse(X @ X.T)
    assert all(sizes["d"] > sizes["N"] for sizes in other.hypotheses[0].singular_at)
    assert len(other.hypotheses[0].singular_at) == 3


def test_an_inverse_is_known_from_both_sides_and_transposed() -> None:
    algebra = Symbolic()
    A = algebra.generator("A", d, d)
    V = algebra.inverse(A)
    for product in (V @ A, A @ V, A.T @ V.T, V.T @ A.T):
        assert algebra.difference(product, algebra.eye(d)) is None
    assert algebra.difference(V, V.T) is not None
    assert algebra.difference(V, A) is not None
    assert algebra.difference(A @ A @ V, A) is None
    assert not algebra.decides


def test_the_inverse_of_a_symmetric_matrix_is_symmetric() -> None:
    algebra = Symbolic()
    X = algebra.generator("X", d, N)
    V = algebra.inverse(X @ X.T)
    assert algebra.difference(V, V.T) is None
    assert algebra.difference(V @ V, V) is not None


def test_the_blocks_beside_the_diagonal_of_a_symmetric_inverse_are_not_symmetric() -> None:
    """V = [[0, X], [Xᵀ, 0]] is its own kind of inverse: V's corner is Xᵀ⁻¹, which is no more symmetric than X."""
    algebra = Symbolic()
    X, zero = algebra.generator("X", d, d), algebra.zeros(d, d)
    V = algebra.inverse(algebra.block([[zero, X], [X.T, zero]]))
    corner = algebra.block([[algebra.eye(d), zero]]) @ V @ algebra.block([[zero], [algebra.eye(d)]])
    below = algebra.block([[zero, algebra.eye(d)]]) @ V @ algebra.block([[algebra.eye(d)], [zero]])
    assert algebra.difference(corner, below.T) is None
    assert algebra.difference(corner, corner.T) is not None


def test_small_sizes_are_all_tried_where_there_are_few_and_equal_ones_always() -> None:
    few, many = (list(_assignments([Size(name) for name in names])) for names in ("abc", "abcde"))
    assert len(few) == 27
    assert {frozenset(chosen.values()) for chosen in few} >= {frozenset({1}), frozenset({2}), frozenset({1, 2, 3})}
    assert many[-1] == dict.fromkeys("abcde", 2)
    assert all(sorted(chosen.values()) == [2, 3, 4, 5, 6] for chosen in many[:-1])


def test_equal_expressions_have_one_inverse() -> None:
    algebra = Symbolic()
    A, B = algebra.generator("A", d, d), algebra.generator("B", d, d)
    assert algebra.inverse(A + B) is algebra.inverse(B + A)
    assert algebra.difference(algebra.inverse(A @ B), algebra.inverse(B @ A)) is not None
    assert len(algebra.hypotheses) == 3


def test_inverses_of_inverses_transposes_products_and_letters() -> None:
    algebra = Symbolic()
    A, (T, T_inverse) = algebra.generator("A", d, d), algebra.invertible("T", d)
    V = algebra.inverse(A)
    assert algebra.difference(algebra.inverse(V), A) is None
    assert algebra.difference(algebra.inverse(A.T), V.T) is None
    assert algebra.difference(algebra.inverse(T), T_inverse) is None
    assert algebra.difference(algebra.inverse(A @ T), T_inverse @ V) is None
    assert algebra.difference(algebra.inverse(A @ T), V @ T_inverse) is not None


def test_numbers_have_inverses() -> None:
    algebra = Symbolic()
    s, v = algebra.symbol("s"), algebra.generator("v", d, 1)
    length = v.T @ v
    assert algebra.difference(algebra.inverse(s * algebra.eye(1)), (algebra.scalar(1) / s) * algebra.eye(1)) is None
    assert algebra.difference(v @ length @ algebra.inverse(length), v) is None
    assert algebra.difference(v @ algebra.inverse(length), v) is not None


def test_partitioned_matrices_have_inverses_cut_alike() -> None:
    algebra = Symbolic()
    A, B, C, D = (algebra.generator(name, *shape) for name, shape in zip("ABCD", [(d, d), (d, k), (k, d), (k, k)], strict=True))
    M = algebra.block([[A, B], [C, D]])
    V = algebra.inverse(M)
    assert V.shape == (BLOCKS, BLOCKS)
    assert algebra.difference(V @ M, algebra.eye(BLOCKS)) is None
    assert algebra.difference(M @ V, algebra.eye(BLOCKS)) is None
    assert algebra.difference(V, V.T) is not None
    lower = Symbolic()
    X = lower.generator("X", k, d)
    L = lower.block([[lower.eye(d), lower.zeros(d, k)], [X, lower.eye(k)]])
    assert lower.difference(lower.inverse(L), lower.block([[lower.eye(d), lower.zeros(d, k)], [-X, lower.eye(k)]])) is None


def test_what_is_not_square_has_no_inverse() -> None:
    for algebra, shape in ((Symbolic(), (d, N)), (FiniteField(PRIME, Random(1)), (2, 3)), (DegreeAlgebra(), (2, 3)), (Notation(), (d, N))):
        with pytest.raises(ValueError, match=r"inverse: expected a square matrix, got shape \("):
            algebra.inverse(algebra.generator("A", *shape))
    with pytest.raises(ValueError, match=r"inverse: expected a square matrix, got shape \(2, 3\)"):
        exact.inverse(exact.generator("A", 2, 3))


class Drawn:
    """Random expressions with inverses, as programs that any algebra can run."""

    def __init__(self, random: Random):
        self.random = random

    def matrix(self, depth: int) -> Expression:
        """A square expression of d x d generators A and B, X (d x N) and inverses."""
        kind = self.random.choice(["A", "B", "XX", "I"] if depth == 0 else ["@", "+", "T", "inverse", "inverse", "@"])
        if kind == "I":
            return lambda algebra, sizes: algebra.eye(sizes[0])
        if kind in "AB":
            return lambda algebra, sizes: algebra.generator(kind, sizes[0], sizes[0])
        if kind == "XX":
            return lambda algebra, sizes: (X := algebra.generator("X", *sizes), X @ X.T)[1]
        left, right = self.matrix(depth - 1), self.matrix(depth - 1)
        return {
            "@": lambda algebra, sizes: left(algebra, sizes) @ right(algebra, sizes),
            "+": lambda algebra, sizes: left(algebra, sizes) + right(algebra, sizes),
            "T": lambda algebra, sizes: left(algebra, sizes).T,
            "inverse": lambda algebra, sizes: algebra.inverse(left(algebra, sizes)),
        }[kind]


def test_whatever_the_symbolic_reading_takes_for_equal_is_equal_at_draws() -> None:
    """Sums, products and inverses at random, many equal in disguise: no pair that is taken for equal differs modulo a prime."""
    drawn, accepted, different = Drawn(Random(8)), 0, 0
    for number in range(16):
        left, right = disguised(number, drawn.matrix(1), drawn.matrix(1))
        equal = symbolically_equal(left, right)
        if equal is None:
            continue
        field = FiniteField(PRIME, Random(number))
        truth = field.difference(left(field, (2, 3)), right(field, (2, 3))) is None
        accepted, different = accepted + equal, different + (not truth)
        assert truth or not equal
    assert accepted > 3
    assert different > 1


Expression = Callable[[Any, Any], Any]


def disguised(number: int, first: Expression, second: Expression) -> tuple[Expression, Expression]:
    """A pair of programs: equal in disguise, the inverse of a product in the right or in the wrong order, or just two."""

    def inverse_of_product(algebra: Any, sizes: Any) -> Any:
        return algebra.inverse(first(algebra, sizes) @ second(algebra, sizes))

    def inverses(algebra: Any, sizes: Any) -> list[Any]:
        return [algebra.inverse(factor(algebra, sizes)) for factor in (first, second)]

    def cancelled(algebra: Any, sizes: Any) -> Any:
        return algebra.inverse(first(algebra, sizes)) @ first(algebra, sizes)

    def right_order(algebra: Any, sizes: Any) -> Any:
        one, other = inverses(algebra, sizes)
        return other @ one

    def wrong_order(algebra: Any, sizes: Any) -> Any:
        one, other = inverses(algebra, sizes)
        return one @ other

    pairs: list[tuple[Expression, Expression]] = [
        (cancelled, lambda algebra, sizes: algebra.eye(sizes[0])),
        (inverse_of_product, right_order),
        (inverse_of_product, wrong_order),
        (first, second),
    ]
    return pairs[number % len(pairs)]


def symbolically_equal(left: Expression, right: Expression) -> bool | None:
    """Whether the symbolic reading takes both for equal; None if it refuses to invert what is in them."""
    algebra = Symbolic()
    try:
        return algebra.difference(left(algebra, (d, N)), right(algebra, (d, N))) is None
    except ValueError:
        return None


# Entrywise products


def test_entrywise_products_are_bilinear_commutative_associative_and_turn_with_their_factors() -> None:
    algebra = Symbolic()
    A, B, C = (algebra.generator(name, d, N) for name in "ABC")
    product, two = algebra.hadamard, algebra.scalar(2)
    assert algebra.difference(product(A, B), product(B, A)) is None
    assert algebra.difference(product(A, B).T, product(A.T, B.T)) is None
    assert algebra.difference(product(product(A, B), C), product(B, product(C, A))) is None
    assert algebra.difference(product(two * A + C, B), two * product(A, B) + product(C, B)) is None
    assert algebra.difference(product(A, B), product(A, C)) is not None
    assert algebra.difference(product(A, B), A @ B.T @ B) is not None
    assert algebra.difference(product(A, A), A) is not None


def test_entrywise_products_with_ones_and_of_rank_one_are_known() -> None:
    algebra = Symbolic()
    A, D = algebra.generator("A", d, N), algebra.diagonal("D", d)
    u, v, x, y = (algebra.generator(name, size, 1) for name, size in zip("uvxy", (d, N, d, N), strict=True))
    product, ones = algebra.hadamard, algebra.ones
    assert algebra.difference(product(A, ones(d, N)), A) is None
    assert algebra.difference(product(D @ ones(d, N), A), D @ A) is None
    assert algebra.difference(product(u @ v.T, x @ y.T), product(u, x) @ product(v, y).T) is None
    assert algebra.difference(product(u @ v.T, x @ y.T), product(u, x) @ product(v, v).T) is not None
    assert algebra.difference(product(u, ones(d, 1)), u) is None
    assert algebra.difference(product(algebra.eye(d), algebra.eye(d)), algebra.eye(d)) is None
    small = u.T @ u
    assert algebra.difference(product(small, small), small @ small) is None


def test_entrywise_products_of_cut_matrices_go_block_by_block() -> None:
    algebra = Symbolic()
    A, B = algebra.generator("A", d, N), algebra.generator("B", d, k)
    both = algebra.block([[A, B]])
    assert algebra.difference(algebra.hadamard(both, both), algebra.block([[algebra.hadamard(A, A), algebra.hadamard(B, B)]])) is None
    with pytest.raises(ValueError, match="hadamard: expected equal shapes"):
        algebra.hadamard(A, B)


# The readings at numbers


def test_the_exact_readings_invert_multiply_and_agree() -> None:
    rows, other = [[2, 1], [Fraction(1, 2), 3]], [[0, 1], [-1, 5]]
    rational = Rational()
    left, right = exact.value(rows), exact.value(other)
    inverse = rational.inverse(rational.value(rows))
    assert [[sympy.Rational(int(x.p), int(x.q)) for x in row] for row in dense(inverse)] == exact.inverse(left).tolist()
    assert exact.inverse(left) * left == sympy.eye(2)
    product = rational.hadamard(rational.value(rows), rational.value(other))
    assert [[sympy.Rational(int(x.p), int(x.q)) for x in row] for row in dense(product)] == exact.hadamard(left, right).tolist()
    assert exact.hadamard(left, right).tolist() == [[0, 1], [-sympy.Rational(1, 2), 15]]


def test_blocks_are_inverted_as_one_matrix() -> None:
    field = FiniteField(PRIME, Random(2))
    blocks = [[field.generator(f"A{i}{j}", m, n) for j, n in enumerate((2, 1))] for i, m in enumerate((2, 1))]
    M = field.block(blocks)
    assert field.inverse(M).shape == ((2, 1), (2, 1))
    assert field.difference(field.inverse(M) @ M, field.eye((2, 1))) is None


def test_singular_numbers_are_named() -> None:
    for algebra in (Rational(), exact, Numeric(np, float)):
        with pytest.raises(SingularError, match=r"singular|determinant 0"):
            algebra.inverse(algebra.value([[1, 2], [2, 4]]))
    field = FiniteField(PRIME, Random(1))
    X = field.generator("X", 3, 2)
    with pytest.raises(SingularError, match="what is to be inverted, 3 x 3, is singular"):
        field.inverse(X @ X.T)
    assert field.singular


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_orthogonal_matrices_of_both_determinants_are_drawn(size: int) -> None:
    determinants = set()
    for seed in range(12):
        field = FiniteField(PRIME, Random(seed))
        Q = field.orthogonal("Q", size)
        assert field.difference(Q @ Q.T, field.eye(size)) is None
        grid: Any = Q.blocks[0, 0]
        determinants.add(int(grid.det()))
    assert determinants == {1, PRIME - 1}


def test_the_degree_reading_bounds_an_inverse_and_counts_its_determinant() -> None:
    """Against SymPy: X Xᵀ with X 2 x 3 has entries of degree 2; the inverse has the determinant, of degree 4, below."""
    X = exact.generator("X", 2, 3)
    determinant = sympy.Poly(sympy.expand((X * X.T).det()))
    algebra = DegreeAlgebra()
    A = algebra.generator("X", 2, 3)
    bound = algebra.inverse(A @ A.T).blocks[0, 0]
    ((atom, power),) = bound.denominator
    assert (power, atom.degree) == (1, determinant.total_degree())  # type: ignore[union-attr]
    assert sum(map(abs, determinant.coeffs())) <= 2**atom.height  # type: ignore[union-attr]
    for entry in (X * X.T).adjugate():
        numerator = sympy.Poly(sympy.expand(entry), *sorted(X.free_symbols, key=str))
        assert numerator.total_degree() <= bound.degree
        assert sum(map(abs, numerator.coeffs())) <= 2**bound.height


def test_the_degree_reading_clears_what_the_inverted_is_over() -> None:
    """(A/s)⁻¹ = s A⁻¹: one degree more."""
    algebra = DegreeAlgebra()
    A, s = algebra.generator("A", 3, 3), algebra.symbol("s")
    plain, scaled = (algebra.inverse(matrix).blocks[0, 0] for matrix in (A, (algebra.scalar(1) / s) * A))
    assert scaled.degree == plain.degree + 1


def test_the_degree_reading_clears_the_numbers_that_the_inverted_is_over() -> None:
    """(A/6)⁻¹ = 6 A⁻¹: three bits more."""
    algebra = DegreeAlgebra()
    A = algebra.generator("A", 3, 3)
    plain, scaled = (algebra.inverse(matrix).blocks[0, 0] for matrix in (A, (algebra.scalar(1) / algebra.scalar(6)) * A))
    assert (scaled.degree, scaled.height) == (plain.degree, plain.height + 3)


def test_a_draw_with_a_determinant_that_vanishes_is_paid_for_by_a_degree() -> None:
    """T⁻¹ at n = 3 has degree 2, and a sum with itself no more; without a determinant below it would be 2/2^62."""
    algebra = DegreeAlgebra()
    _, inverse = algebra.invertible("T", 3)
    plain = algebra.generator("A", 3, 3) @ algebra.generator("B", 3, 3)
    assert error_bound(inverse, inverse, 62) == 3 / 2**62
    assert error_bound(plain, plain, 62) == 2 / 2**62


def test_orthogonal_matrices_make_draws_blind() -> None:
    algebra = DegreeAlgebra()
    Q, R = algebra.orthogonal("Q", 2), algebra.orthogonal("R", 2)
    bounds = [error_bound(matrix, algebra.eye(2), 62) for matrix in (algebra.eye(2), Q, Q @ R)]
    assert [round(bound, 6) for bound in bounds] == [0, 0.5, 0.75]


def test_numbers_are_inverted_in_floats_but_without_a_bound() -> None:
    numeric = Numeric(np, float, {"A": np.array([[2.0, 1.0], [0.0, 4.0]])})
    A = numeric.generator("A", 2, 2)
    assert np.allclose(np.asarray(numeric.inverse(A) @ A), np.eye(2))
    magnitude = MagnitudeAlgebra(numeric).generator("A", 2, 2)
    with pytest.raises(TypeError, match="inverse: the magnitude reading has no bound on the rounding of an inverse"):
        MagnitudeAlgebra(numeric).inverse(magnitude)


def test_the_rounding_of_an_entrywise_product_is_bounded() -> None:
    numeric = Numeric(np, float, {"A": np.array([[0.1]]), "B": np.array([[0.3]])})
    magnitude = MagnitudeAlgebra(numeric)
    product = magnitude.hadamard(magnitude.generator("A", 1, 1), magnitude.generator("B", 1, 1))
    assert product.roundings == 1
    assert abs(Fraction(0.1 * 0.3) - Fraction(0.1) * Fraction(0.3)) <= Fraction(float(np.asarray(product.bound())[0, 0]))


def test_inputs_know_of_inverses_and_orthogonal_matrices() -> None:
    inputs = inputs_of(claim_of("A test", "identity", rotated), {"d": 3, "N": 2}, {})
    assert (inputs.orthogonal, inputs.inverses) == ({"Q": 3}, 0)
    assert inputs_of(claim_of("A test", "identity", hat_matrix), {"d": 3, "N": 2}, {}).inverses == 1


def test_the_exact_reading_s_symbols_invert() -> None:
    algebra = Exact()
    A = algebra.generator("A", 2, 2)
    assert algebra.difference(algebra.inverse(A) * A, algebra.eye(2)) is None
    assert isinstance(FiniteField(PRIME, Random(0)).scalar(1), flint.nmod)


def test_inverses_and_entrywise_products_are_printed_with_brackets() -> None:
    notation = Notation()
    X, A, Q = notation.generator("X", d, N), notation.generator("A", d, d), notation.orthogonal("Q", d)
    assert text(notation.inverse(X @ X.T).T) == "(X Xᵀ)⁻ᵀ"
    assert text(notation.inverse(A + Q)) == "(A + Q)⁻¹"
    assert text(notation.hadamard(A, Q) @ X) == "(A ⊙ Q) X"
    assert latex(notation.hadamard(A, Q)) == r"A \odot Q"
