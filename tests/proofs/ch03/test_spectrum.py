"""Chapter 3, second part: wrong spectra and wrong γ are rejected; fractions, iterated and on grids, agree."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
import sympy

from equivalence.algebras import Rational
from equivalence.algebras.flint import dense
from equivalence.models.attention.linear import stack
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.models.descent.gdpp import gdpp_features
from equivalence.models.tokens import tokens
from equivalence.statements import verify
from proofs.ch03_depth.conditioning import best_gamma
from proofs.ch03_depth.spectrum import next_eigenvalue
from tests.support.perturbations import BLOCKS, failures, perturbed


def once_shrunk(eigenvalue: Any, gamma: Any) -> Any:
    """λ(1 − γλ), the square forgotten."""
    return eigenvalue - gamma * eigenvalue * eigenvalue


def grown(eigenvalue: Any, gamma: Any) -> Any:
    """λ(1 + γλ)²: the sign of γ."""
    return next_eigenvalue(eigenvalue, -gamma)


ALONG = "along an eigenvector, any K"
DEGREES = {"the degree (3^K − 1)/2, any K", "the polynomials themselves, K = 1 … 4"}


def test_3_5_rejects_a_forgotten_square() -> None:
    found = failures(verify("3.5", seed=1, replace={"eigenvalue_map": once_shrunk}))
    assert set(found) == {ALONG, *DEGREES}
    assert "3.5 The spectrum under GD++, step, v stays an eigenvector, with the next eigenvalue, step 2" in found[ALONG]
    assert "K = 2, step 2 ((3^K − 1)/2): left − right = -1" in found["the polynomials themselves, K = 1 … 4"]


def test_3_5_rejects_a_sign_that_no_degree_shows() -> None:
    found = failures(verify("3.5", seed=1, replace={"eigenvalue_map": grown}))
    assert set(found) == {ALONG, "the degree (3^K − 1)/2, any K"}
    assert all("step 2" in message for message in found.values())


@pytest.mark.parametrize("block", BLOCKS, ids="".join)
def test_3_5_checks_every_block_of_the_weights(block: tuple[str, str, str]) -> None:
    result = verify("3.5", seed=1, replace={"layer": perturbed(gdpp_layer, *block)}, algebras=("symbolic", "finite field"))
    checks = [check for check in result.checks if check.claim == ALONG]
    assert not any(check.holds for check in checks)
    assert all(check.message.startswith("3.5 ") and "step 2" in check.message for check in checks)


def test_3_5_on_inputs_with_a_known_spectrum() -> None:
    """X = diag(1, 2) V with V of two orthonormal rows (3/5, 4/5, 0) and (−4/5, 3/5, 0): v is a row of V, λ = 1 and 4; K = 3."""
    s, gamma, rows = Fraction(1, 9), Fraction(2, 7), [[3, 4, 0], [-4, 3, 0]]
    algebra = Rational()
    vectors = algebra.value([[Fraction(entry, 5) for entry in row] for row in rows])
    X = algebra.value([[1, 0], [0, 2]]) @ vectors
    Y = algebra.value([[Fraction(7, 2), -1, 3]])
    heads = gdpp_layer(2, 1, learning_rate=algebra.scalar(3 * s), gamma=algebra.scalar(gamma), context=3, algebra=algebra)
    context, _ = stack([heads] * 3, tokens(X, Y), tokens(X, Y))
    seen = dense(algebra.block([[algebra.zeros(1, 2), algebra.eye(1)]]) @ context @ vectors.T)[0]
    start = dense(Y @ vectors.T)[0]
    for place, eigenvalue in enumerate((Fraction(1), Fraction(4))):
        factor = Fraction(1)
        for _ in range(3):
            factor *= 1 - s * eigenvalue
            eigenvalue *= (1 - gamma * eigenvalue) ** 2
        assert seen[place] == algebra.scalar(factor) * start[place]


def test_3_6_rejects_a_correction_of_the_wrong_sign() -> None:
    found = failures(verify("3.6", seed=1, replace={"features": lambda inputs, gamma: gdpp_features(inputs, -gamma)}))
    assert set(found) == {"one layer, up to scale", "K steps, any K, with γ_{t+1} = (9/4)γ_t"}
    assert "3.6 GD++ is a Newton–Schulz step of the polar decomposition, step 2" in found["one layer, up to scale"]


@pytest.mark.parametrize("growth", ["1", "4/9", "3/2"])
def test_3_6_needs_gamma_to_grow_by_nine_quarters(growth: str) -> None:
    found = failures(verify("3.6", seed=1, replace={"growth": growth}))
    assert set(found) == {"K steps, any K, with γ_{t+1} = (9/4)γ_t"}
    assert "step, gamma, step 2" in next(iter(found.values()))


def test_3_6_no_other_gamma() -> None:
    found = failures(verify("3.6", seed=1, replace={"gamma_from": lambda g: g**2 / 2}))
    assert set(found) == {"no other γ makes a layer a Newton–Schulz step of gX, up to scale"}
    assert "is not in the ideal" in next(iter(found.values()))


@pytest.mark.parametrize("wrong", [once_shrunk, grown])
def test_3_6_rejects_another_recursion(wrong: Any) -> None:
    found = failures(verify("3.6", seed=1, replace={"eigenvalue_map": wrong}))
    assert set(found) == {"a fixed γ drives X to 0, if γλ < 2 at the start"}
    assert "the unit of γλ, step 2" in next(iter(found.values()))


@pytest.mark.parametrize("start", [Fraction(1, 7), Fraction(2, 3), Fraction(1), Fraction(9, 5), Fraction(99, 50)])
def test_3_6_the_fall_by_iteration(start: Fraction) -> None:
    """γλ_t < 1/((2 − γλ₀)t), in fractions; rounded up to keep them short, which only makes it harder."""
    level = start
    for t in range(1, 40):
        after = level * (1 - level) ** 2
        assert after < level or after == level == 0
        level = Fraction(-(-after.numerator * 10**12 // after.denominator), 10**12) if after else after
        assert level < 1 / ((2 - start) * t)


def test_3_6_no_fall_from_two_on() -> None:
    assert next_eigenvalue(Fraction(2), 1) == 2
    assert next_eigenvalue(Fraction(21, 10), 1) > Fraction(21, 10)


EVERY, BEST, ENDPOINTS, INSIDE, DISCRETE = (
    "every γ on an interval: κ ≥ (α + β)²",
    "the best γ on an interval attains it, and no other does",
    "printed: the minimum is at an endpoint. Right for γ ≤ 1/λ_1 and for γ ≥ 1/λ_n",
    "printed, false for 1/λ_1 < γ < 1/λ_n: f is 0 inside",
    "the interval's γ is not the best on {1, 6/5, 10}: 6/47 is better",
)


def test_3_7_rejects_a_forgotten_square() -> None:
    found = failures(verify("3.7", seed=1, replace={"eigenvalue_map": once_shrunk}))
    assert set(found) == {"the interior maximum 4/(27γ) at 1/(3γ)", EVERY, INSIDE, DISCRETE}
    assert "3.7 κ⁺⁺: which γ conditions best, the place, step 2" in found["the interior maximum 4/(27γ) at 1/(3γ)"]
    assert "f(2) against f(1) and f(4)" in found[INSIDE]


@pytest.mark.parametrize(
    "wrong", [lambda a, b: 1 / (a**2 + b**2), lambda a, b: 2 / (a**2 + b**2), lambda a, b: 1 / (a**2 + 2 * a * b + b**2)]
)
def test_3_7_rejects_another_gamma(wrong: Any) -> None:
    found = failures(verify("3.7", seed=1, replace={"best": wrong}))
    assert set(found) == {BEST}
    assert "u(a) = u(b) at one γ, step 2 (is linear in γ, with the root γ*)" in found[BEST]


def test_3_7_rejects_another_root() -> None:
    found = failures(verify("3.7", seed=1, replace={"root": lambda root, gamma: root * (1 - gamma * root)}))
    assert set(found) == {EVERY, BEST, ENDPOINTS}
    assert "above the chord, step 2" in found[ENDPOINTS]


@pytest.mark.parametrize("gamma", ["1/8", "1/14", "1/20"])
def test_3_7_not_every_gamma_is_better_on_the_discrete_spectrum(gamma: str) -> None:
    found = failures(verify("3.7", seed=1, replace={"better": gamma}))
    assert set(found) == {DISCRETE}
    assert "is not less than" in found[DISCRETE]


@pytest.mark.parametrize(("a", "b"), [(2, 1), (3, 2), (5, 1)])
def test_3_7_the_best_gamma_on_grids(a: int, b: int) -> None:
    """f on a grid of [b², a²] that holds m², for a grid of γ: no κ below the formula's, which γ* attains. In fractions."""
    middle = Fraction(a**2 + a * b + b**2, 3)
    spectrum = sorted({middle, *(b**2 + Fraction((a**2 - b**2) * k, 60) for k in range(61))})
    star = Fraction(1) / (a**2 + a * b + b**2)
    least = 4 * Fraction(a**2 + a * b + b**2) ** 3 / (27 * (a * b * (a + b)) ** 2)

    def condition(gamma: Fraction) -> Fraction | None:
        values = [place * (1 - gamma * place) ** 2 for place in spectrum]
        return max(values) / min(values) if min(values) else None

    assert condition(star) == least
    for k in range(-40, 200):
        gamma = star * Fraction(k, 40)
        inside = gamma > 0 and b**2 <= 1 / gamma <= a**2
        found = condition(gamma)
        assert gamma == star or inside or (found is not None and found > least)


@pytest.mark.parametrize("gamma", [Fraction(k, 16) for k in range(-8, 32)])
def test_3_7_where_the_printed_minimum_is_right(gamma: Fraction) -> None:
    """[1, 4], with 1/γ added to the grid where it lies inside: right iff γ ≤ 1/4 or γ ≥ 1."""
    places = [1 + Fraction(3 * k, 50) for k in range(51)] + ([1 / gamma] if Fraction(1, 4) <= gamma <= 1 else [])
    values = [next_eigenvalue(place, gamma) for place in places]
    printed = min(next_eigenvalue(Fraction(end), gamma) for end in (1, 4))
    assert (min(values) == printed) == (gamma <= Fraction(1, 4) or gamma >= 1)


def test_3_7_the_discrete_spectrum_by_roots() -> None:
    """κ on {1, 6/5, 10} at the interval's γ and at 6/47, by SymPy's algebraic numbers."""
    spectrum = [sympy.Integer(1), sympy.Rational(6, 5), sympy.Integer(10)]
    kappas = []
    for gamma in (sympy.Rational(6, 47), best_gamma(sympy.sqrt(10), sympy.Integer(1))):
        values = [sympy.radsimp(sympy.expand(place * (1 - gamma * place) ** 2)) for place in spectrum]
        kappas.append(sympy.radsimp(max(values) / min(values)))
    assert all(left < right for left, right in pairwise(kappas))
