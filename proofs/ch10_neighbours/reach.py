"""Statement 10.6: which polynomials K layers reach, and which K steps of Newton's iteration."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, stack, update
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.descent.newton import newton_inverse_step
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, tokens
from equivalence.statements import Inconsistent, Informal, Less, Positive, simulation, statement
from equivalence.statements.steps import Items
from proofs.ch10_neighbours.newton import InverseStep
from proofs.vocabulary import LayerBuilder, Step, arbitrary_head

Polynomials = tuple[Matrix, Matrix]
"""f and p, N x N: what inputs and residual have been multiplied with."""


def next_polynomials(f: Matrix, p: Matrix, gram: Matrix, step: Scalar, gamma: Scalar) -> Polynomials:
    """``f − γ f (fᵀSf)`` and ``p − s p (fᵀSf)``, S = XᵀX: polynomials of S again, if f and p are, and so symmetric."""
    within = f.T @ (gram @ f)
    return f - gamma * (f @ within), p - step * (p @ within)


Change = Callable[[Layer, Matrix, Matrix], Matrix]
"""What a layer adds to queries, such as `update`."""

PolynomialStep = Callable[..., Polynomials]
"""A map such as `next_polynomials`."""


@statement(
    "10.6",
    "What K layers reach, and what K Newton steps do",
    kind="induction",
    claim="layers of GD++: polynomials of XᵀX, any K",
    source="Fu et al. 2023, eq. 4 and 5 (seen in a secondary text); GD++: von Oswald et al. 2022, appendix A.10; the counts: this project",
)
def reached(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    N: Part,
    *,
    layer: LayerBuilder = gdpp_layer,
    polynomials: PolynomialStep = next_polynomials,
) -> Items:
    """From W₀ = 0, K layers of GD++ leave the residual ``R₀ p(XᵀX)``, p of degree exactly ``(3^K − 1)/2`` where every γ, s ≠ 0; of GD, K.

    And no K linear layers, of any weights and any number of heads, do more: tokens are ``T e⁰`` (10.4) with T of degree at most
    ``(3^K − 1)/2`` in ``G = C Cᵀ``. K Newton steps from αI give ``W = YXᵀM_K``, which is *exactly* what 2^K gradient steps from 0 with
    s = α give: the residual is ``R₀(I − αXᵀX)^(2^K)``, of degree 2^K, M_K itself of degree ``2^K − 1``; from αS they are ``2^(K+1)`` and
    ``2^(K+1) − 1``. So one step of Newton (2) is beyond one layer (1), two of each have degree 4, and from K = 3 on layers reach further.
    Here: the simulation with f, p in the place of ``f(XᵀX)``, ``p(XᵀX)``; γ and s may be others in each layer. All d_x, d_y, N.
    """
    X, R, eye = algebra.generator("X", d_x, N), algebra.generator("R", d_y, N), algebra.eye(N)
    eta, gamma = algebra.symbol("eta"), algebra.symbol("gamma")
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, algebra=algebra)
    s = eta / algebra.scalar(N)
    yield from simulation(
        algebra,
        state={"f": (N, N), "p": (N, N)},
        begins={"f": eye, "p": eye},
        right=lambda f, p: dict(zip(("f", "p"), polynomials(f, p, X.T @ X, s, gamma), strict=True)),
        start={"context": tokens(X, R)},
        left=lambda context: {"context": linear_attention(heads, context, context)[0]},
        related=lambda f, p: {"context": tokens(X @ f, R @ p)},
        reasons=("f = p = I", "ZᵀZ = fᵀSf for Z = Xf; X and R₀ leave on the left"),
    )


@reached.claim("the degree of GD++'s is exactly (3^K − 1)/2, of GD's K, any K", kind="characterisation")
def degrees(*, polynomials: PolynomialStep = next_polynomials) -> Items:
    """Write ``λ = μ/E``: a polynomial in λ has degree D iff E^D times it is a polynomial in E that is not 0 at E = 0.

    Claim: ``f = n/F``, ``p = m/F`` with F = E^D, D = (3^K − 1)/2, m and n polynomials in E, not 0 at E = 0. Base: n = m = F = 1, D = 0.
    """
    n, m, F, E, mu, s, gamma, power = sympy.symbols("n m F E mu s gamma power")
    f, p = (exact.value([[entry / F]]) for entry in (n, m))
    next_f, next_p = (exact.trace(entry) for entry in polynomials(f, p, exact.value([[mu / E]]), s, gamma))
    yield "step, the inputs: D becomes 3D + 1"
    yield "E F³ f'", sympy.expand(E * F**3 * next_f)
    yield "a polynomial, at E = 0 −γμn³, which is not 0", -gamma * mu * n**3 + E * F**2 * n
    yield "step, the residual: D becomes 3D + 1"
    yield "E F³ p'", sympy.expand(E * F**3 * next_p)
    yield "a polynomial, at E = 0 −sμ m n², which is not 0", -s * mu * m * n**2 + E * F**2 * m
    yield "step, the exponent, with power = 3^K"
    yield "3D + 1", 3 * (power - 1) / 2 + 1
    yield "(3^(K+1) − 1)/2", (3 * power - 1) / 2
    yield "step, GD: f = 1, and D becomes D + 1"
    plain = exact.trace(polynomials(exact.eye(1), p, exact.value([[mu / E]]), s, sympy.Integer(0))[1])
    yield "E F p'", sympy.expand(E * F * plain)
    yield "a polynomial, at E = 0 −sμm, which is not 0", -s * mu * m + E * m
    yield Informal("that a polynomial in λ has the degree D iff E^D times it is one in E that is not 0 at E = 0")


@reached.claim("no K linear layers reach a higher degree in G, any K, weights and heads")
def upper_bound(algebra: Algebra, d: Part, d_k: Part, d_v: Part, N: Part, *, change: Change = update) -> Items:
    """With ``C/e`` for the context, G becomes ``G/E``, E = e². Claim: ``T = P/F`` with F = E^D, D = (3^K − 1)/2, P a polynomial in E and G.

    Base: T = I, F = 1. Step: so it is after a layer, with E F³. Two arbitrary heads stand for any number.
    """
    C, P = algebra.generator("C", d, N), algebra.generator("T", d, d)
    e, F = algebra.symbol("e"), algebra.symbol("F")
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))
    context = (algebra.scalar(1) / F / e) * (P @ C)
    yield "base: no layer, T = I, F = 1"
    yield "e times the context C/e", e * ((algebra.scalar(1) / e) * C)
    yield "is C", C
    yield "step: a layer on (P/F)(C/e)"
    yield "e E F³ times the context after it", (e * e * e * F * F * F) * (context + change(heads, context, context))
    within, after = P @ (C @ C.T) @ P.T, (e * e * F * F) * P
    for head in heads.heads:
        after = after + _bilinear(head, within) @ P
    yield "E F² P + Σ_h A_h P G Pᵀ B_h P, a polynomial, times C", after @ C
    power = algebra.symbol("power")
    yield "step, the exponent, with power = 3^K: that of E F³"
    yield "3D + 1", algebra.scalar(3) * ((power - 1) / 2) + 1
    yield "(3^(K+1) − 1)/2", (algebra.scalar(3) * power - 1) / 2


def _bilinear(head: Head, within: Matrix) -> Matrix:
    return head.output_value @ within @ head.key_query


@reached.claim("K Newton steps from αI are 2^K gradient steps from 0 with s = α, any K")
def newton_is_gradient_descent(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, step: Step = gradient_step, newton: InverseStep = newton_inverse_step
) -> Items:
    """Claim: 2^K gradient steps take W to ``W(I − S M_K) + YXᵀM_K``, S = XXᵀ; so 0 to ``YXᵀM_K``. In the step M is arbitrary."""
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    M, alpha, eye = algebra.generator("M", d_x, d_x), algebra.symbol("alpha"), algebra.eye(d_x)

    def moved(weights: Matrix, inverse: Matrix) -> Matrix:
        return weights @ (eye - X @ X.T @ inverse) + Y @ X.T @ inverse

    yield "base: one gradient step, with η/N = α"
    yield "W − α(WX − Y)Xᵀ", step(W, X, Y, alpha * algebra.scalar(N))
    yield "M_0 = αI", moved(W, alpha * eye)
    yield "step: twice as many gradient steps"
    yield "2^K, and 2^K again", moved(moved(W, M), M)
    yield "one Newton step", moved(W, newton(M, X @ X.T))
    yield "step: and the residual, from W = 0"
    yield "Y − YXᵀM'X", Y - Y @ X.T @ newton(M, X @ X.T) @ X
    yield "R₀ times a square", Y @ (algebra.eye(N) - X.T @ M @ X) @ (algebra.eye(N) - X.T @ M @ X)


@reached.claim("the degree of M_K is exactly 2^K − 1, of I − SM_K 2^K, any K; from αS twice as many", kind="characterisation")
def newton_degrees(*, newton: InverseStep = newton_inverse_step) -> Items:
    """As for GD++: ``λ = μ/E``, ``M = m/F``, F = E^D. From αI, m = α and D = 0; from αS, m = αμ and D = 1."""
    m, F, E, mu, power = sympy.symbols("m F E mu power")
    S, M = exact.value([[mu / E]]), exact.value([[m / F]])
    after = exact.trace(newton(M, S))
    yield "step: D becomes 2D + 1"
    yield "E F² M'", sympy.expand(E * F**2 * after)
    yield "a polynomial, at E = 0 −μm², which is not 0", -mu * m**2 + 2 * E * F * m
    yield "what is missing has degree D + 1"
    yield "E F (1 − λM)", sympy.expand(E * F * (1 - exact.trace(S @ M)))
    yield "a polynomial, at E = 0 −μm, which is not 0", -mu * m + E * F
    for start, begun in (("αI", 1), ("αS", 2)):
        yield f"the exponent from {start}: D + 1 doubles, with power = 2^K"
        yield "(2D + 1) + 1", 2 * (begun * power - 1) + 2
        yield f"{begun}·2^(K+1)", begun * 2 * power
    yield Informal("that a polynomial in λ has the degree D iff E^D times it is one in E that is not 0 at E = 0")


@reached.claim("(3^K − 1)/2 against 2^K: 1 < 2, 4 = 4, and above from K = 3 on", kind="bound")
def compared() -> Items:
    """D' = 3D + 1 and B' = 2B; with D = B + more, D' − B' is positive."""
    layers = [sympy.Rational(3**K - 1, 2) for K in range(4)]
    B, more = sympy.symbols("B more", positive=True)
    yield Less("K = 1", (layers[1], sympy.Integer(2)))
    yield "K = 2"
    yield "(9 − 1)/2", layers[2]
    yield "2²", sympy.Integer(4)
    yield Less("K = 3", (sympy.Integer(8), layers[3]))
    yield Positive("K + 1 from K", 3 * (B + more) + 1 - 2 * B, (B, more))


@reached.claim("equal degree is not enough: no two layers of GD++ are two Newton steps, (1 − λ)⁴", kind="characterisation")
def two_layers(*, layer: LayerBuilder = gdpp_layer) -> Items:
    """d_x = d_y = N = 1, in units where α = 1: the coefficients of ``(1 − s_1 λ)(1 − s_2 λ(1 − γλ)²) − (1 − λ)⁴`` have no common zero."""
    x, y, first, second, gamma = sympy.symbols("x y s_1 s_2 gamma")
    context = tokens(exact.value([[x]]), exact.value([[y]]))
    layers = [layer(1, 1, learning_rate=rate, gamma=gamma, context=1) for rate in (first, second)]
    factor = sympy.Poly(sympy.cancel(-prediction(stack(layers, context, context)[0], 1, 1)[0, 0] / y), x)
    missing = factor - sympy.Poly((1 - x**2) ** 4, x)
    yield "the factor of the residual"
    yield "after two layers", factor.as_expr()
    lam = x**2
    yield "with λ = x²", sympy.expand((1 - first * lam) * (1 - second * lam * (1 - gamma * lam) ** 2))
    yield Inconsistent("no s_1, s_2 and γ make it (1 − λ)⁴", tuple(missing.coeffs()), (first, second, gamma))
