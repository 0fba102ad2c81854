"""Chapter 4, statements 4.4 to 4.6: wrong attention, counts and features are rejected; loops, JAX and a seeded Monte Carlo agree."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence.algebras import exact
from equivalence.algebras.detect import weighing
from equivalence.models.attention.features import efficient_attention, feature_attention, normalised_attention, scores_first
from equivalence.models.descent.least_squares import gradient_step
from equivalence.statements import Result, verify
from proofs.ch04_tokens.random_features import exponent, moments


def failures(result: Result) -> dict[str, str]:
    """The failed claims, with the first message of each."""
    found: dict[str, str] = {}
    for check in result.checks:
        if not check.holds:
            found.setdefault(check.claim, check.message)
    return found


def negated(keys: Any, values: Any, queries: Any) -> Any:
    return -feature_attention(keys, values, queries)


def test_4_4_rejects_another_sign_in_every_algebra() -> None:
    result = verify("4.4", seed=1, replace={"attention": negated}, algebras=("symbolic", "finite field"))
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert all(message.startswith("4.4 Feature-map attention is a gradient step") and "step 2" in message for message in result.messages)


def test_4_4_needs_the_count_in_the_rate() -> None:
    def uncounted(weights: Any, inputs: Any, targets: Any, rate: Any) -> Any:
        return gradient_step(weights, inputs, targets, 2 * rate)

    found = failures(verify("4.4", seed=1, replace={"step": uncounted}))
    assert "step 2 (the step from 0 with rate N, at the queries)" in found["without the normaliser: one step for all queries"]
    assert "step 2 (is the prediction after a step from 0 with rate 2/Z)" in "".join(found.values())


def test_4_4_without_the_normaliser_one_step_would_do() -> None:
    result = verify("4.4", replace={"attention": feature_attention}, algebras=("exact",))
    assert any("step 2 (as at q = 1)" in message for message in result.messages)


def test_4_4_the_rate_is_that_of_jax_grad() -> None:
    """Features of elu + 1, as in the paper; the loss written out, its gradient by JAX."""
    random = np.random.default_rng(4)
    keys, queries, values = (random.normal(size=shape) for shape in ((3, 5), (3, 2), (2, 5)))
    phi_keys, phi_queries = (jax.nn.elu(jnp.asarray(matrix)) + 1 for matrix in (keys, queries))
    slope = jax.grad(lambda W: ((W @ phi_keys - values) ** 2).sum() / (2 * 5))(jnp.zeros((2, 3)))
    for query in range(2):
        column = phi_queries[:, query : query + 1]
        rate = 5 / sum(float(phi_keys[:, token] @ column[:, 0]) for token in range(5))
        np.testing.assert_allclose(normalised_attention(phi_keys, jnp.asarray(values), column), -rate * slope @ column, rtol=1e-12)
    assert float(phi_keys.min()) > 0


def test_4_5_rejects_orders_that_are_none() -> None:
    def doubled(keys: Any, values: Any, queries: Any) -> Any:
        return feature_attention(keys, values + values, queries)

    found = failures(verify("4.5", seed=1, replace={"fast": doubled}, algebras=("symbolic",)))
    assert "step 2 (by way of the memory, d_v x d_k)" in found["V(KᵀQ) = (VKᵀ)Q"]


COUNTED = "the multiplications and what is kept in between, counted"


def test_4_5_counts_are_those_of_the_programs() -> None:
    found = failures(verify("4.5", replace={"fast": scores_first}, algebras=("exact",)))
    assert "N keys, N queries, (VKᵀ)Q, step 2 (d_k d_v for each key and each query)" in found[COUNTED]
    assert "step 2 (are 10 times those at N)" in found["ten times as many tokens"]
    found = failures(verify("4.5", replace={"slow": feature_attention}, algebras=("exact",)))
    assert "N keys, N queries, V(KᵀQ), step 2 (N² for each row of K and of V)" in found[COUNTED]


@pytest.mark.parametrize(("d_k", "d_v"), [(4, 4), (3, 6), (2, 8)])
def test_4_5_the_crossing_by_counting_in_loops(d_k: int, d_v: int) -> None:
    def looped(rows: int, inner: int, cols: int) -> int:
        return len([None for _ in range(rows) for _ in range(cols) for _ in range(inner)])

    gaps = {N: looped(N, d_k, N) + looped(d_v, N, N) - looped(d_v, N, d_k) - looped(d_v, d_k, N) for N in range(1, 12)}
    crossing = 2 * d_k * d_v / (d_k + d_v)
    assert all((gap > 0) == (crossing < N) and (gap == 0) == (crossing == N) for N, gap in gaps.items())
    assert any(gap < 0 for gap in gaps.values())


def over_features(keys: Any, values: Any, queries: Any) -> Any:
    """Efficient attention with ρ_k over the features, as ρ_q is."""
    algebra = weighing(keys)
    return (values @ algebra.weights(keys).T) @ algebra.weights(queries)


def test_4_5_normalising_keys_over_features_is_another_attention() -> None:
    found = failures(verify("4.5", seed=1, replace={"attention": over_features}))
    assert "step 2 (the step from 0 on features SA" in found["efficient attention is a preconditioned step, its rate of the query's making"]
    assert "with all values 1, step 2 (is 1)" in found["its weights sum to 1, and at d_k = 1 it does not see the query"]


def test_4_5_softmax_attention_is_not_taken_for_efficient_attention() -> None:
    result = verify("4.5", replace={"softmax": efficient_attention}, algebras=("exact",))
    assert len(result.messages) == 1
    assert "softmax attention, ½ and e/(1 + e), step 1" in result.messages[0]


def test_4_5_efficient_attention_by_jax_grad() -> None:
    """Features e^K, targets V, the diagonal preconditioner and the rate of one query, written out."""
    random = np.random.default_rng(5)
    keys, query, values = (random.normal(size=shape) for shape in ((3, 5), (3, 1), (2, 5)))
    features = jnp.exp(jnp.asarray(keys))
    slope = jax.grad(lambda W: ((W @ features - values) ** 2).sum() / (2 * 5))(jnp.zeros((2, 3)))
    preconditioner = np.diag([1 / sum(np.exp(keys[row, token]) for token in range(5)) for row in range(3)])
    rate = 5 / np.exp(query).sum()
    np.testing.assert_allclose(efficient_attention(keys, values, query), -rate * slope @ preconditioner @ np.exp(query), rtol=1e-12)
    plain = -rate * slope @ np.exp(query)
    assert np.abs(efficient_attention(keys, values, query) - plain).max() > 0.1


def test_4_6_rejects_features_without_their_norm() -> None:
    def bare(algebra: Any, omega: Any, x: Any) -> Any:
        return algebra.trace(omega.T @ x)

    result = verify("4.6", seed=1, replace={"feature": bare}, algebras=("symbolic", "finite field"))
    assert all(message.startswith("4.6 Performers") and "step 2" in message for message in result.messages)
    assert {check.algebra for check in result.checks if not check.holds} == {"symbolic", "finite field"}


def test_4_6_rejects_another_law() -> None:
    def wider(omega: sympy.Symbol) -> sympy.Expr:
        return sympy.exp(-(omega**2) / 4) / sympy.sqrt(4 * sympy.pi)

    result = verify("4.6", replace={"law": wider}, algebras=("exact",))
    assert len(result.messages) == 1
    assert "step 2 (e^{s²/2} times the density)" in result.messages[0]


def test_4_6_rejects_a_second_moment_that_forgets_the_norm() -> None:
    def small(score: sympy.Expr, square: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
        return moments(score, square / 2)

    result = verify("4.6", replace={"first_two": small}, algebras=("exact",))
    assert "step 2 (is e^{2q·k}(e^{‖q + k‖²} − 1)/m)" in result.messages[0]


def test_4_6_the_exponent_is_of_one_column() -> None:
    omega, x = exact.value([[2], [1]]), exact.value([[3], [4]])
    assert exponent(exact, omega, x) == 10 - sympy.Rational(25, 2)


Q, K = np.array([0.3, -0.4, 0.1]), np.array([0.2, 0.5, -0.3])
DRAWS = 400_000
Z = 5.0
"""A normal variable is further off than this many deviations with probability 6e-7."""


def products() -> np.ndarray:
    """φ_ω(q)φ_ω(k) for seeded ω, by a loop over coordinates."""
    omega = np.random.default_rng(20).normal(size=(DRAWS, 3))
    exponents = np.zeros(DRAWS)
    for x in (Q, K):
        for coordinate in range(3):
            exponents += omega[:, coordinate] * x[coordinate] - x[coordinate] ** 2 / 2
    return np.exp(exponents)


def power_mean(power: int) -> float:
    """``E (φφ)^n = e^{n q·k + (n² − n)‖q + k‖²/2}``, from the density of ω, completing the square."""
    score, square = float(Q @ K), float((Q + K) @ (Q + K))
    return float(np.exp(power * score + (power**2 - power) * square / 2))


def variance_of_square() -> float:
    """Of ``(f − μ)²``, by the first four moments of f."""
    first, second, third, fourth = map(power_mean, (1, 2, 3, 4))
    centred = fourth - 4 * third * first + 6 * second * first**2 - 3 * first**4
    return centred - (second - first**2) ** 2


def inside(claimed: float, sampled: float, variance: float) -> bool:
    """Whether a claimed mean is within Z deviations of that of DRAWS samples; by the central limit theorem, the variance being exact."""
    return bool(abs(sampled - claimed) <= Z * (variance / DRAWS) ** 0.5)


EXACT_MEAN = float(np.exp(Q @ K))
EXACT_VARIANCE = float(np.exp(2 * Q @ K) * (np.exp((Q + K) @ (Q + K)) - 1))
NORMS = float(Q @ Q + K @ K)


def test_4_6_monte_carlo_finds_the_mean_and_the_variance() -> None:
    sampled = products()
    assert inside(EXACT_MEAN, sampled.mean(), EXACT_VARIANCE)
    assert inside(EXACT_VARIANCE, ((sampled - EXACT_MEAN) ** 2).mean(), variance_of_square())


@pytest.mark.parametrize(
    "wrong", [EXACT_MEAN * np.exp(NORMS / 2), EXACT_MEAN**0.5, np.exp(-((Q - K) @ (Q - K)) / 2)], ids=["no norm", "half", "Gaussian"]
)
def test_4_6_monte_carlo_rejects_a_wrong_mean(wrong: float) -> None:
    assert not inside(wrong, products().mean(), EXACT_VARIANCE)


@pytest.mark.parametrize(
    "wrong", [EXACT_VARIANCE / 2, EXACT_VARIANCE * np.exp(-2 * Q @ K), EXACT_VARIANCE + EXACT_MEAN**2], ids=["half", "no scores", "moment"]
)
def test_4_6_monte_carlo_rejects_a_wrong_variance(wrong: float) -> None:
    assert not inside(wrong, ((products() - EXACT_MEAN) ** 2).mean(), variance_of_square())


@pytest.mark.parametrize(("claimed", "holds"), [(EXACT_VARIANCE / 8, True), (EXACT_VARIANCE, False), (EXACT_VARIANCE / 64, False)])
def test_4_6_a_mean_of_eight_features_has_an_eighth_of_the_variance(claimed: float, holds: bool) -> None:
    """The fourth central moment of a mean of m is ``(μ₄ + 3(m − 1)σ⁴)/m³``; a variance is sampled from DRAWS/m such means."""
    m, squared = 8, EXACT_VARIANCE**2
    fourth = (variance_of_square() + squared + 3 * (m - 1) * squared) / m**3
    means = products().reshape(-1, m).mean(axis=1)
    assert inside(claimed, ((means - EXACT_MEAN) ** 2).mean(), m * (fourth - squared / m**2)) is holds
