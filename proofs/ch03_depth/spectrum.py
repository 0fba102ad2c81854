"""Statement 3.5: what GD++ does to the spectrum of the inputs."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.models.tokens import prediction, tokens
from equivalence.statements import Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder


def next_eigenvalue(eigenvalue: Scalar, gamma: Scalar) -> Scalar:
    """f(λ) = λ(1 − γλ)²: what a layer of GD++ makes of an eigenvalue of XᵀX; scalars of any one algebra."""
    shrunk = eigenvalue - gamma * eigenvalue * eigenvalue
    return shrunk - gamma * eigenvalue * shrunk


EigenvalueMap = Callable[[Scalar, Scalar], Scalar]
"""A map such as `next_eigenvalue`."""

NumberMap = Callable[[sympy.Expr, sympy.Expr], sympy.Expr]
"""The same, of SymPy's numbers."""


@statement("3.5", "The spectrum under GD++", kind="induction", claim="along an eigenvector, any K", source=f"{VON_OSWALD}, appendix A.10")
def spectrum(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    N: Part,
    *,
    layer: LayerBuilder = gdpp_layer,
    eigenvalue_map: EigenvalueMap = next_eigenvalue,
) -> Items:
    """If ``XᵀX v = λ₀v`` then ``R_K v = ∏_{t<K} (1 − sλ_t) R₀v`` with ``λ_{t+1} = λ_t(1 − γλ_t)²``, for K layers of 3.3 and every K.

    ``s = η/N``. R is arbitrary, so it makes no difference whether the targets have noise. Induction: at ``[Z; R]``, for *any* Z, R, v
    and λ, both equations fail after a layer by a matrix times ``Gv − λv``, ``G = ZᵀZ``; so where that is 0, they hold, and it is 0 again
    for the next. The base is the empty product. All d_x, d_y, N.

    For γ, s ≠ 0 the factor is a polynomial of degree ``(3^K − 1)/2`` in λ₀, against K for GD.
    """
    Z, R, v = algebra.generator("Z", d_x, N), algebra.generator("R", d_y, N), algebra.generator("v", N, 1)
    eta, gamma, lam, unit = algebra.symbol("eta"), algebra.symbol("gamma"), algebra.symbol("lambda"), algebra.scalar(1)
    s, eye, G = eta / algebra.scalar(N), algebra.eye(N), Z.T @ Z
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, algebra=algebra)
    after, _ = linear_attention(heads, tokens(Z, R), tokens(Z, R))
    moved, residual = algebra.block([[algebra.eye(d_x), algebra.zeros(d_x, d_y)]]) @ after, -prediction(after, d_x, d_y)
    defect = G @ v - lam * v
    yield "base, no layer"
    yield "R₀v", R @ v
    yield "the empty product times R₀v", unit * (R @ v)
    yield "step, v stays an eigenvector, with the next eigenvalue"
    yield "Z'ᵀZ'v − f(λ)v", moved.T @ (moved @ v) - eigenvalue_map(lam, gamma) * v
    power = G @ G + lam * G + (lam * lam) * eye
    cofactor = eye - (algebra.scalar(2) * gamma) * (G + lam * eye) + (gamma * gamma) * power
    yield "f(G) − f(λ) has the factor G − λ", cofactor @ defect
    yield "step, the residual along v"
    yield "R'v − (1 − sλ)Rv", residual @ v - (unit - s * lam) * (R @ v)
    yield "R' = R(I − sG)", -(s * (R @ defect))


@spectrum.claim("the degree (3^K − 1)/2, any K")
def degree(algebra: Algebra, *, eigenvalue_map: EigenvalueMap = next_eigenvalue) -> Items:
    """Write ``λ₀ = μ/E``: a polynomial in λ₀ has degree D iff E^D times it is a polynomial in E that is not 0 at E = 0.

    Claim: ``λ_t = m/F`` with F = E^(3^t), and the factor is n/E^D with D = (3^t − 1)/2, where m and n are polynomials in E, not 0 at
    E = 0. Base: m = μ, F = E, and the factor is 1. In the step the right sides are such polynomials again: F is 0 at E = 0.
    """
    m, n, F, gamma, s = (algebra.symbol(name) for name in ("m", "n", "F", "gamma", "s"))
    unit, two, three = (algebra.scalar(number) for number in (1, 2, 3))
    mu, E = algebra.symbol("mu"), algebra.symbol("E")
    yield "base, the eigenvalue: F = E"
    yield "E λ₀ with λ₀ = μ/E", E * (mu / E)
    yield "m = μ, which is not 0", mu
    yield "base, the exponent: 3^0 = 1"
    yield "D = (1 − 1)/2", (unit - unit) / two
    yield "the factor is 1, of degree 0", algebra.scalar(0)
    yield "step, the eigenvalue: its degree triples"
    yield "F³ f(m/F)", F * F * F * eigenvalue_map(m / F, gamma)
    yield "a polynomial, at E = 0 γ²m³, which is not 0", gamma * gamma * m * m * m + F * (F * m - two * gamma * m * m)
    yield "step, the factor: its degree grows by 3^t"
    yield "F n times the new factor 1 − sλ", F * n * (unit - s * (m / F))
    yield "a polynomial, at E = 0 −s m n, which is not 0", -(s * m * n) + F * n
    p = algebra.symbol("p")
    yield "step, the exponent, with p = 3^t"
    yield "D + 3^t", (p - unit) / two + p
    yield "(3^(t+1) − 1)/2", (three * p - unit) / two
    yield Informal("that a polynomial in λ₀ has the degree D iff E^D times it is one in E that is not 0 at E = 0")


@spectrum.claim("the polynomials themselves, K = 1 … 4", kind="characterisation")
def small_degrees(*, eigenvalue_map: NumberMap = next_eigenvalue) -> Items:
    lam, s, gamma = sympy.symbols("lambda s gamma")
    factor, eigenvalue = sympy.Poly(1, lam), sympy.Poly(lam, lam)
    for K in range(1, 5):
        factor, eigenvalue = factor * (1 - s * eigenvalue), eigenvalue_map(eigenvalue, gamma)
        yield f"K = {K}"
        yield "the degree of the factor in λ", sympy.Integer(factor.degree())
        yield "(3^K − 1)/2", sympy.Rational(3**K - 1, 2)
        yield f"K = {K}, the leading coefficient, where λ_t has γ^(3^t − 1)"
        yield "of the factor", factor.LC()
        yield "the product of −s γ^(3^t − 1), t < K", sympy.prod(-s * gamma ** (3**t - 1) for t in range(K))
