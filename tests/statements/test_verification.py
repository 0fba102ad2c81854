"""Verification: what is checked where, what a failure says, and how certain a certificate is."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
import sympy

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras.degree import primes_in_range
from equivalence.models.attention.linear import stack
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.models.descent.gdpp import Preconditioned, gdpp_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, InIdeal, Less, Positive, Statement, simulation, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.steps import Items
from equivalence.statements.verification import random_prime

CERTIFICATE = ("finite field",)


def stated(program: Callable[..., Items], kind: str = "identity") -> Statement:
    """A statement of one claim, not registered."""
    return Statement("99.9", "A test", kind, "here", "A test.", [claim_of("A test", kind, program)])


def commutes(algebra: Any, n: Any) -> Items:
    A, B = algebra.generator("A", n, n), algebra.generator("B", n, n)
    yield "the product", A @ B
    yield "turned round", B @ A


def test_a_false_identity_falls_in_every_algebra_and_says_where() -> None:
    result = verify(stated(commutes), seed=0, sizes=[{"n": 3}])
    symbolic, field = result.messages
    assert not result.holds
    assert symbolic == "99.9 A test, step 2 (turned round): in block (0, 0), left − right = -1 B A + A B [symbolic]"
    assert field.startswith("99.9 A test, step 2 (turned round): in block (0, 0), entry (0, 0): ")
    assert field.endswith("[finite field]")


def test_certificates_are_at_pairwise_different_sizes_with_one_among_them() -> None:
    sizes = [check.sizes for check in verify("2.1", seed=0, algebras=CERTIFICATE).checks]
    assert len(sizes) == 3
    assert all(set(chosen) == {"d_x", "d_y", "N", "M"} and len(set(chosen.values())) == 4 for chosen in sizes)
    assert any(1 in chosen.values() for chosen in sizes)


def test_at_size_one_all_matrices_commute_and_only_there() -> None:
    result = verify(stated(commutes), seed=0, sizes=[{"n": 1}, {"n": 2}], algebras=CERTIFICATE)
    assert [check.holds for check in result.checks] == [True, False]


def test_a_coincidence_at_one_size_is_no_proof() -> None:
    """(N + 1)qᵀq = 12qᵀq at N = 11 only."""

    def coincidence(algebra: Any, d: Any, N: Any) -> Items:
        q = algebra.generator("q", d, 1)
        square = algebra.trace(q.T @ q)
        yield "(N + 1)qᵀq", (algebra.scalar(N) + algebra.scalar(1)) * square
        yield "12qᵀq", algebra.scalar(12) * square

    result = verify(stated(coincidence), seed=0, sizes=[{"d": 3, "N": 11}, {"d": 3, "N": 10}])
    assert [check.holds for check in result.checks] == [False, True, False]


def nothing(algebra: Any) -> Items:
    yield from ()


def one_expression(algebra: Any) -> Items:
    yield "alone", algebra.scalar(1)


def an_idle_chain(algebra: Any) -> Items:
    yield "first"
    yield "alone", algebra.scalar(1)
    yield "second"
    yield "one", algebra.scalar(1)
    yield "one again", algebra.scalar(1)


def a_heading_at_the_end(algebra: Any) -> Items:
    yield "one", algebra.scalar(1)
    yield "one again", algebra.scalar(1)
    yield "and so everything follows"


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (nothing, "99.9 A test: nothing was compared"),
        (one_expression, "99.9 A test: nothing was compared"),
        (an_idle_chain, "99.9 A test, first: nothing was compared"),
        (a_heading_at_the_end, "99.9 A test, and so everything follows: nothing was compared"),
    ],
)
def test_a_chain_that_compares_nothing_fails(program: Callable[..., Items], message: str) -> None:
    result = verify(stated(program), seed=0)
    assert not any(check.holds for check in result.checks)
    assert result.messages == (f"{message} [symbolic]", f"{message} [finite field]")


def test_a_step_that_raises_fails_by_name() -> None:
    def mismatched(algebra: Any, m: Any, n: Any) -> Items:
        A = algebra.generator("A", m, n)
        yield "a matrix", A
        yield "times itself", A @ A

    result = verify(stated(mismatched), seed=0, sizes=[{"m": 2, "n": 3}])
    expected = (
        "99.9 A test, step 2 (the program raises): ValueError: @: the columns of the left, {}, are not the rows of the right, {} [{}]"
    )
    assert result.messages == (expected.format("n", "m", "symbolic"), expected.format(3, 2, "finite field"))


def test_a_program_that_only_the_degree_reading_cannot_follow_has_no_certificate() -> None:
    """Division by a sum is done in a field, but its degree is not bounded."""

    def divides(algebra: Any) -> Items:
        s = algebra.symbol("s") + algebra.scalar(1)
        yield "a quotient", s / s
        yield "one", algebra.scalar(1)

    result = verify(stated(divides), seed=0)
    symbolic, field = result.messages
    assert (
        symbolic
        == "99.9 A test, step 1 (the program raises): ValueError: division: expected a number or a product of symbols, got 1 + s [symbolic]"
    )
    division = "ValueError: division: expected a number or a product of symbols, got a sum"
    assert field == f"99.9 A test: no certificate, the degree reading raises {division}"
    assert [(check.outcome, check.decides) for check in result.checks] == [("not decided", False)] * 2


def test_sides_of_different_shape_fail_by_name() -> None:
    def reshaped(algebra: Any, m: Any, n: Any) -> Items:
        A = algebra.generator("A", m, n)
        yield "a matrix", A
        yield "its transpose", A.T

    result = verify(stated(reshaped), seed=0, sizes=[{"m": 2, "n": 3}])
    assert result.messages == (
        "99.9 A test, step 2 (its transpose): shape (m, n) against (n, m) [symbolic]",
        "99.9 A test, step 2 (its transpose): shape (2, 3) against (3, 2) [finite field]",
    )


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (Differ("two numbers", sympy.Integer(1), sympy.Integer(1)), "both sides are equal, to 1; they were to differ"),
        (Positive("a sign", -sympy.Symbol("x"), (sympy.Symbol("x"),)), "-x is -1 where all symbols are 1"),
        (Less("an order", (2, 1)), "2 is not less than 1"),
        (InIdeal("a root", (sympy.Symbol("x"),), (sympy.Symbol("x") ** 2,), (sympy.Symbol("x"),)), "x is not in the ideal"),
    ],
)
def test_a_check_that_fails_names_statement_chain_and_step(check: Any, message: str) -> None:
    def program() -> Items:
        yield "the chain"
        yield "one", sympy.Integer(1)
        yield check

    (found,) = verify(stated(program, "refutation")).messages
    assert found.startswith(f"99.9 A test, the chain, step 2 ({check.reason}): {message}")
    assert found.endswith("[exact]")


@pytest.mark.parametrize("wrong", [None, "base", "step"])
def test_an_induction_needs_its_base_and_its_step(wrong: str | None) -> None:
    def doubling(algebra: Any, n: Any) -> Items:
        """Adding A + A to the left each time A is added to the right."""
        A = algebra.generator("A", n, n)
        added = A + A if wrong != "step" else A
        yield from simulation(
            algebra,
            state={"half": (n, n)},
            begins={"half": algebra.zeros(n, n)},
            right=lambda half: {"half": half + A},
            start={"sum": algebra.zeros(n, n) if wrong != "base" else A},
            left=lambda sum: {"sum": sum + added},
            related=lambda half: {"sum": half + half},
            reasons=("nothing yet", "twice as much"),
        )

    result = verify(stated(doubling, "induction"), seed=0, sizes=[{"n": 2}])
    if wrong is None:
        assert result.holds
    else:
        reason = {"base": "nothing yet", "step": "twice as much"}[wrong]
        assert all(message.startswith(f"99.9 A test, {wrong}, sum, step 2 ({reason}): ") for message in result.messages)
        assert len(result.messages) == 2


def test_a_part_that_no_claim_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"replace: 2.1 has no part named lyer"):
        verify("2.1", replace={"lyer": None})


def test_an_algebra_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="algebras: expected some of symbolic, finite field, exact, rational, got symbolc"):
        verify("2.1", algebras=("symbolc",))


def test_a_statement_checked_in_no_algebra_does_not_hold() -> None:
    result = verify("1.4", algebras=("symbolic",))
    assert not result.holds
    assert result.messages == (f"1.4 {result.statement.title}: nothing was checked, no claim is read in the algebras asked for",)


@pytest.mark.parametrize("bound", [0, 1, 2.0, -0.5])
def test_a_bound_is_a_probability(bound: float) -> None:
    with pytest.raises(ValueError, match="bound: expected a probability between 0 and 1, got"):
        verify("2.1", bound=bound)


def test_sizes_are_complete_and_positive() -> None:
    with pytest.raises(ValueError, match="sizes: expected n, missing n"):
        verify(stated(commutes), sizes=[{"m": 2}])
    with pytest.raises(ValueError, match="sizes: n: size: expected a whole number, at least 1, got 0"):
        verify(stated(commutes), sizes=[{"n": 0}])
    with pytest.raises(TypeError, match=r"sizes: n: size: expected a whole number, at least 1, got 2\.0"):
        verify(stated(commutes), sizes=[{"n": 2.0}])  # type: ignore[dict-item]


def test_a_false_identity_is_caught_whatever_the_seed() -> None:
    assert not any(verify(stated(commutes), seed=seed, sizes=[{"n": 2}], algebras=CERTIFICATE).holds for seed in range(200))


def test_seeds_reproduce_and_without_one_draws_are_fresh() -> None:
    def message(seed: int | None) -> str:
        return verify(stated(commutes), seed=seed, sizes=[{"n": 2}], algebras=CERTIFICATE).messages[0]

    assert message(1) == message(1)
    assert message(1) != message(2)
    assert message(None) != message(None)


def scaled_by(factor: int) -> Statement:
    """cX = 0: false, but true modulo every prime that divides c."""

    def vanishes(algebra: Any, n: Any) -> Items:
        X = algebra.generator("X", n, 1)
        yield "cX", algebra.scalar(factor) * X
        yield "zero", algebra.zeros(n, 1)

    return stated(vanishes)


def test_a_multiple_of_many_primes_is_not_zero() -> None:
    """Two hundred primes out of 2^56 are no use against a prime drawn afresh; the bound counts them."""
    random = Random(1)
    factor = 1
    for _ in range(200):
        factor *= random_prime(random)
    (check,) = verify(scaled_by(factor), sizes=[{"n": 2}], algebras=CERTIFICATE).checks
    assert not check.holds
    assert check.error_bound is not None
    assert check.error_bound >= 200 / primes_in_range()
    assert "step 2 (zero): in block (0, 0), entry (0, 0): " in check.message


def test_who_knows_the_seed_can_deceive_it_and_a_fresh_draw_is_not_deceived() -> None:
    """The bound speaks of draws made after the claim: without a seed, verify makes them so."""
    factor = random_prime(Random(7))
    assert verify(scaled_by(factor), seed=7, sizes=[{"n": 2}], algebras=CERTIFICATE).holds
    assert not verify(scaled_by(factor), sizes=[{"n": 2}], algebras=CERTIFICATE).holds


def test_primes_are_drawn_from_their_range() -> None:
    random = Random(3)
    primes = {random_prime(random) for _ in range(50)}
    assert len(primes) == 50
    assert all(2**62 < prime < 2**63 and sympy.isprime(prime) for prime in primes)


def test_draws_are_repeated_until_the_bound_asked_for() -> None:
    bounds = [verify("2.1", seed=0, bound=asked, algebras=CERTIFICATE).checks[0].error_bound for asked in (2.0**-50, 2.0**-200)]
    assert bounds[0] is not None
    assert bounds[1] is not None
    assert bounds[1] <= 2.0**-200 < bounds[0] <= 2.0**-50
    assert bounds[1] == pytest.approx(bounds[0] ** 4, rel=1e-12)


def deep_gdpp(depth: int, layer: Callable[..., Layer]) -> Statement:
    """A stack of GD++ layers against the recursion on weights, unrolled: K layers, W₀ = 0."""

    def unrolled(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any) -> Items:
        X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
        eta, gamma, start = algebra.symbol("eta"), algebra.symbol("gamma"), algebra.zeros(d_y, d_x)
        heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, algebra=algebra)
        state = Preconditioned(start, algebra.eye(d_x))
        for _ in range(depth):
            state = gdpp_step(state, X, Y, eta, gamma)
        yield "prediction of the stack", prediction(stack([heads] * depth, tokens(X, Y), query_tokens(start, Q))[1], d_x, d_y)
        yield "the weights after K steps, on the queries", state.weights @ Q

    return stated(unrolled)


def test_deep_gdpp_has_a_certificate_though_its_degree_is_in_the_tens_of_thousands() -> None:
    sizes = [{"d_x": 3, "d_y": 2, "N": 5, "M": 1}]
    (check,) = verify(deep_gdpp(9, gdpp_layer), seed=0, sizes=sizes, algebras=CERTIFICATE).checks
    assert check.holds, check.message
    assert check.error_bound is not None
    assert 2.0**-110 < check.error_bound < 2.0**-50


def test_deep_gdpp_with_one_sign_wrong_is_caught() -> None:
    def flipped(*sizes: Any, gamma: Any, **rest: Any) -> Layer:
        return gdpp_layer(*sizes, gamma=-gamma, **rest)

    sizes = [{"d_x": 3, "d_y": 2, "N": 5, "M": 1}]
    (message,) = verify(deep_gdpp(9, flipped), seed=0, sizes=sizes, algebras=CERTIFICATE).messages
    assert message.startswith("99.9 A test, step 2 (the weights after K steps, on the queries): in block (0, 0), entry (0, 0): ")


def test_a_result_prints_its_checks_with_their_scope() -> None:
    text = verify("2.1", seed=0)._repr_markdown_()
    assert "**2.1 One linear self-attention layer is one gradient step**: holds" in text
    assert "| symbolic | all sizes | holds | exact |" in text
    assert "| finite field | d_x = 3, d_y = 2, N = 5, M = 4 | holds | 2^-" in text


def test_a_result_knows_its_worst_bound_and_whole_time() -> None:
    result = verify("2.1", seed=0)
    assert result.error_bound == max(check.error_bound for check in result.checks if check.error_bound is not None)
    assert result.seconds == sum(check.seconds for check in result.checks)
    assert verify("1.4").error_bound is None
