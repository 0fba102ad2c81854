"""Chapter 10, 10.1 to 10.6: wrong layers, steps and maps are rejected by name, and small cases are checked by other means."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from equivalence.algebras import Rational
from equivalence.algebras.flint import dense
from equivalence.models.attention.linear import stack
from equivalence.models.attention.mesa import MesaState, mesa_step
from equivalence.models.constructions.linear import gd_layer, gdpp_layer, preconditioned_layer
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.models.descent.ridge import ridge_regression, ridge_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import tokens
from equivalence.statements import verify
from proofs.ch10_neighbours.reach import next_polynomials
from tests.support import oracles
from tests.support.perturbations import failures


def fractions(rows: Any) -> np.ndarray:
    return np.vectorize(lambda entry: Fraction(int(entry)), otypes=[object])(np.array(rows))


def transposed(d_x: Any, d_y: Any, *, preconditioner: Any, **rest: Any) -> Layer:
    """Cᵀ in the place of C."""
    return preconditioned_layer(d_x, d_y, preconditioner=preconditioner.T, **rest)


def unconditioned(d_x: Any, d_y: Any, *, preconditioner: Any, **rest: Any) -> Layer:
    """C left out."""
    return gd_layer(d_x, d_y, **rest)


def in_keys(d_x: Any, d_y: Any, **rest: Any) -> Layer:
    """C in W_K, so that it is transposed."""
    (head,) = preconditioned_layer(d_x, d_y, **rest).heads
    return Layer((head._replace(key=head.query, query=head.key),))


ONE, ANY = "one layer", "K layers are K such steps, any K, the same W₀ in each"


@pytest.mark.parametrize("layer", [transposed, unconditioned, in_keys])
def test_10_1_rejects_another_place_for_the_preconditioner(layer: Any) -> None:
    found = failures(verify("10.1", seed=1, replace={"layer": layer}))
    assert set(found) == {ONE, ANY}
    assert found[ONE].startswith("10.1 Preconditioned gradient descent is a layer, step 2 (the values are s(W₀X − Y)")
    assert "step, context, step 2" in found[ANY]


def doubled(M: Any, S: Any) -> Any:
    """2M − 2MSM."""
    return M + M - M @ (S @ (M + M))


def added(M: Any, S: Any) -> Any:
    """2M + MSM."""
    return newton_inverse_step(M, -S)


def misplaced(M: Any, S: Any) -> Any:
    """2M − MMS."""
    return M + M - M @ M @ S


@pytest.mark.parametrize("step", [doubled, added, misplaced])
def test_10_2_rejects_another_step(step: Any) -> None:
    found = failures(verify("10.2", seed=1, replace={"step": step}))
    assert "10.2 Newton's iteration squares what is missing of an inverse, from the right, step 2 (is a square)" in found["one step"]
    assert "step, missing, step 2" in found["K steps square K times, so they raise to the power 2^K, any K"]


def test_10_2_by_numbers() -> None:
    """S = [[2, 1], [0, 3]], M = I/4, three steps in fractions: what is missing is the eighth power."""
    S, eye = fractions([[2, 1], [0, 3]]), fractions([[1, 0], [0, 1]])
    M = eye / 4
    missing = eye - S @ M
    eighth = missing
    for _ in range(7):
        eighth = eighth @ missing
    for _ in range(3):
        M = newton_inverse_step(M, S)
    assert (eye - S @ M == eighth).all()
    assert (eye - S @ M != missing @ missing).any()


def plus(state: Any, key: Any, value: Any) -> Any:
    """The sign of the correction."""
    after = mesa_step(state, key, value)
    return after._replace(inverse=state.inverse + state.inverse - after.inverse)


def undivided(state: Any, key: Any, value: Any) -> Any:
    """Without the division by 1 + kᵀRk."""
    seen = state.inverse @ key
    return MesaState(state.memory + value @ key.T, state.inverse - seen @ (key.T @ state.inverse))


def twice(state: Any, key: Any, value: Any) -> Any:
    """The pair remembered twice."""
    return mesa_step(state, key, value)._replace(memory=state.memory + value @ key.T + value @ key.T)


@pytest.mark.parametrize(
    ("recursion", "place"),
    [
        (plus, "step, the inverse from the right, step 2 (is I)"),
        (undivided, "step, the inverse from the right, step 2 (is I)"),
        (twice, "step, the memory: V' = [V, v] and K' = [K, k], step 2 (is Σ v kᵀ with one pair more)"),
    ],
)
def test_10_3_rejects_another_recursion(recursion: Any, place: str) -> None:
    found = failures(verify("10.3", seed=1, replace={"recursion": recursion}))
    assert f"10.3 The mesa-layer is ridge regression at every token, {place}" in found["the recursion inverts, any number of tokens"]


def test_10_3_says_what_it_assumes() -> None:
    result = verify("10.3", seed=1)
    assert result.holds
    assert "1 + tr(kᵀ H⁻¹ k) is invertible" in result.hypotheses
    assert any("positive definite for λ > 0" in said for _, said in result.informal)


def test_10_3_rejects_twice_the_regulariser() -> None:
    found = failures(verify("10.3", seed=1, replace={"solution": lambda K, V, penalty: ridge_regression(K, V, penalty + penalty)}))
    assert "step 2 (vanishes)" in found["Φ_t is the minimiser, and the only one"]
    assert (
        "the first token, step 2 (Φq, into the third row)"
        in found["the layer itself, two tokens and a query, d_k = d_v = 1: each by its own prefix"]
    )


def test_10_4_rejects_a_map_with_the_state_on_one_side_only() -> None:
    def wrong(layer: Any, transformation: Any, gram: Any) -> Any:
        changed = transformation
        for head in layer.heads:
            changed = changed + head.output_value @ (transformation @ gram) @ head.key_query @ transformation
        return changed

    found = failures(verify("10.4", seed=1, replace={"following": wrong}))
    assert "step, context, step 2 (the layer reads TC" in found["any layers, any number of them"]


def test_10_4_rejects_another_sign_in_the_parts() -> None:
    def wrong(a: Any, b: Any, c: Any, d: Any, state: Any) -> Any:
        M, U, W, A = state
        return M + a @ M + b @ W, U + a @ U + b @ A, W + d @ W - c @ M, A + d @ A + c @ U

    found = failures(verify("10.4", seed=1, replace={"following": wrong}))
    assert "step 2 ([[M', U'], [−W', A']])" in found["M, u, w and a, by the recursion of Lemma 4.3, any d_y"]


LAYERS = "K steps are K layers of 2.1 with d_x tokens more, any K"
WHERE = "where it goes: the distance from YXᵀ(XXᵀ + λI)⁻¹ is multiplied by I − (η/N)(XXᵀ + λI)"


@pytest.mark.parametrize(
    "step",
    [lambda W, X, Y, eta, ridge: ridge_step(W, X, Y, eta, ridge + ridge), lambda W, X, Y, eta, ridge: gradient_step(W, X, Y, eta)],
    ids=["twice the ridge", "no ridge"],
)
def test_10_5_rejects_another_ridge(step: Any) -> None:
    found = failures(verify("10.5", seed=1, replace={"step": step}))
    assert set(found) == {LAYERS, WHERE}
    assert "10.5 The ridge step, step, context, step 2" in found[LAYERS]


GDPP, DEGREE = "layers of GD++: polynomials of XᵀX, any K", "the degree of GD++'s is exactly (3^K − 1)/2, of GD's K, any K"
TWO = "equal degree is not enough: no two layers of GD++ are two Newton steps, (1 − λ)⁴"
NEWTON = "K Newton steps from αI are 2^K gradient steps from 0 with s = α, any K"


def test_10_6_rejects_the_new_inputs_for_the_old() -> None:
    """The residual's step with f' in the place of f."""

    def wrong(f: Any, p: Any, gram: Any, step: Any, gamma: Any) -> Any:
        after, _ = next_polynomials(f, p, gram, step, gamma)
        return after, next_polynomials(after, p, gram, step, gamma)[1]

    found = failures(verify("10.6", seed=1, replace={"polynomials": wrong}))
    assert set(found) == {GDPP, DEGREE}
    assert "10.6 What K layers reach, and what K Newton steps do, step, context, step 2" in found[GDPP]
    assert "step, the residual: D becomes 3D + 1, step 2" in found[DEGREE]


@pytest.mark.parametrize("K", range(1, 5))
def test_10_6_degrees_by_multiplying_out(K: int) -> None:
    """The polynomials themselves by SymPy, with numbers for s, γ and α; from αS too."""
    lam = sympy.Symbol("lambda")
    f = p = plain = sympy.Poly(1, lam)
    newton, from_matrix = sympy.Poly(2, lam), sympy.Poly(2 * lam, lam)
    for _ in range(K):
        f, p, plain = f - sympy.Rational(1, 3) * lam * f**3, p - sympy.Rational(1, 2) * lam * p * f**2, plain * (1 - lam / 2)
        newton, from_matrix = 2 * newton - lam * newton**2, 2 * from_matrix - lam * from_matrix**2
    degrees = [polynomial.degree() for polynomial in (p, plain, newton, from_matrix)]
    assert degrees == [(3**K - 1) // 2, K, 2**K - 1, 2 ** (K + 1) - 1]
    assert 1 - lam * newton == sympy.Poly((1 - 2 * lam) ** (2**K), lam)
    assert 1 - lam * from_matrix == sympy.Poly((1 - 2 * lam**2) ** (2**K), lam)


@pytest.mark.parametrize("K", [1, 2, 3])
def test_10_6_newton_is_gradient_descent_in_fractions(K: int) -> None:
    """M_0 = αI, d_x = 2, N = 3: YXᵀM_K is what 2^K steps by the loop give, and not what 2^K − 1 do."""
    random, alpha = np.random.default_rng(K), Fraction(1, 40)
    X, Y = (fractions(random.integers(1, 4, shape)) for shape in ((2, 3), (1, 3)))
    M = alpha * fractions([[1, 0], [0, 1]])
    for _ in range(K):
        M = newton_inverse_step(M, X @ X.T)
    start = fractions([[0, 0]])
    assert (oracles.descended(start, X, Y, [3 * alpha] * 2**K) == Y @ X.T @ M).all()
    assert (oracles.descended(start, X, Y, [3 * alpha] * (2**K - 1)) != Y @ X.T @ M).any()


def test_10_6_rejects_another_rate_beside_newton() -> None:
    found = failures(verify("10.6", seed=1, replace={"step": lambda W, X, Y, rate: gradient_step(W, X, Y, rate + rate)}))
    assert set(found) == {NEWTON}
    assert "base: one gradient step, with η/N = α, step 2 (M_0 = αI)" in found[NEWTON]


def test_10_6_rejects_layers_of_plain_descent() -> None:
    def plain(d_x: Any, d_y: Any, *, gamma: Any, **rest: Any) -> Layer:
        return gd_layer(d_x, d_y, **rest)

    found = failures(verify("10.6", seed=1, replace={"layer": plain}))
    assert set(found) == {GDPP, TWO}
    assert "the factor of the residual, step 2 (with λ = x²)" in found[TWO]


def test_10_6_layers_in_fractions() -> None:
    """Three layers on one x and y: the residual is p(x²)y, by the recursion in numbers."""
    s, gamma, x, y = Fraction(1, 7), Fraction(2, 9), Fraction(3, 2), Fraction(5)
    algebra = Rational()
    layer = gdpp_layer(1, 1, learning_rate=algebra.scalar(s), gamma=algebra.scalar(gamma), context=1, algebra=algebra)
    context = tokens(algebra.value([[x]]), algebra.value([[y]]))
    left = dense(stack([layer] * 3, context, context)[0])[1][0]
    f = p = Fraction(1)
    for _ in range(3):
        f, p = f - gamma * x**2 * f**3, p - s * x**2 * p * f**2
    assert left == algebra.scalar(p * y)
    assert left != algebra.scalar(f * y)
