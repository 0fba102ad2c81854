"""Chapter 3, second part: what GD++ does to the spectrum of the inputs, where it comes from, and which γ is best."""

from __future__ import annotations

from typing import Any

import sympy

from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gdpp_layer
from equivalence.models.descent.gdpp import gdpp_features
from equivalence.models.tokens import prediction, tokens
from equivalence.statements import Differ, InIdeal, Less, Positive, simulation, statement
from equivalence.statements.steps import Items, State
from proofs.vocabulary import VON_OSWALD


def next_eigenvalue(eigenvalue: Any, gamma: Any) -> Any:
    """f(λ) = λ(1 − γλ)²: what a layer of GD++ makes of an eigenvalue of XᵀX; scalars of any one algebra."""
    shrunk = eigenvalue - gamma * eigenvalue * eigenvalue
    return shrunk - gamma * eigenvalue * shrunk


@statement("3.5", "The spectrum under GD++", kind="induction", claim="along an eigenvector, any K", source=f"{VON_OSWALD}, appendix A.10")
def spectrum(algebra: Any, d_x: Any, d_y: Any, N: Any, *, layer: Any = gdpp_layer, eigenvalue_map: Any = next_eigenvalue) -> Items:
    """If ``XᵀX v = λ₀v`` then ``R_K v = ∏_{t<K} (1 − sλ_t) R₀v`` with ``λ_{t+1} = λ_t(1 − γλ_t)²``, for K layers of 3.3 and every K.

    ``s = η/N``. R is arbitrary, so it makes no difference whether the targets have noise. Induction: at ``[Z; R]``, for *any* Z, R, v
    and λ, both equations fail after a layer by a matrix times ``Gv − λv``, ``G = ZᵀZ``; so where that is 0, they hold, and it is 0 again
    for the next. The base is the empty product. All d_x, d_y, N.

    For γ, s ≠ 0 the factor is a polynomial of degree ``(3^K − 1)/2`` in λ₀, against K for GD.
    """
    Z, R, v = algebra.generator("Z", d_x, N), algebra.generator("R", d_y, N), algebra.generator("v", N, 1)
    eta, gamma, lam, one = algebra.symbol("eta"), algebra.symbol("gamma"), algebra.symbol("lambda"), algebra.scalar(1)
    s, eye, G = eta / algebra.scalar(N), algebra.eye(N), Z.T @ Z
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, algebra=algebra)
    after, _ = linear_attention(heads, tokens(Z, R), tokens(Z, R))
    moved, residual = algebra.block([[algebra.eye(d_x), algebra.zeros(d_x, d_y)]]) @ after, -prediction(after, d_x, d_y)
    defect = G @ v - lam * v
    yield "step, v stays an eigenvector, with the next eigenvalue"
    yield "Z'ᵀZ'v − f(λ)v", moved.T @ (moved @ v) - eigenvalue_map(lam, gamma) * v
    power = G @ G + lam * G + (lam * lam) * eye
    cofactor = eye - (algebra.scalar(2) * gamma) * (G + lam * eye) + (gamma * gamma) * power
    yield "f(G) − f(λ) has the factor G − λ", cofactor @ defect
    yield "step, the residual along v"
    yield "R'v − (1 − sλ)Rv", residual @ v - (one - s * lam) * (R @ v)
    yield "R' = R(I − sG)", -(s * (R @ defect))


@spectrum.claim("the degree (3^K − 1)/2, any K")
def degree(algebra: Any, *, eigenvalue_map: Any = next_eigenvalue) -> Items:
    """Write ``λ₀ = μ/E``: a polynomial in λ₀ has degree D iff E^D times it is a polynomial in E that is not 0 at E = 0.

    Claim: ``λ_t = m/F`` with F = E^(3^t), and the factor is n/E^D with D = (3^t − 1)/2, where m and n are polynomials in E, not 0 at
    E = 0. Base: m = μ, F = E, and the factor is 1. In the step the right sides are such polynomials again: F is 0 at E = 0.
    """
    m, n, F, gamma, s = (algebra.symbol(name) for name in ("m", "n", "F", "gamma", "s"))
    one, two, three = (algebra.scalar(number) for number in (1, 2, 3))
    yield "step, the eigenvalue: its degree triples"
    yield "F³ f(m/F)", F * F * F * eigenvalue_map(m / F, gamma)
    yield "a polynomial, at E = 0 γ²m³, which is not 0", gamma * gamma * m * m * m + F * (F * m - two * gamma * m * m)
    yield "step, the factor: its degree grows by 3^t"
    yield "F n times the new factor 1 − sλ", F * n * (one - s * (m / F))
    yield "a polynomial, at E = 0 −s m n, which is not 0", -(s * m * n) + F * n
    p = algebra.symbol("p")
    yield "step, the exponent, with p = 3^t"
    yield "D + 3^t", (p - one) / two + p
    yield "(3^(t+1) − 1)/2", (three * p - one) / two


@spectrum.claim("the polynomials themselves, K = 1 … 4", kind="characterisation")
def small_degrees(*, eigenvalue_map: Any = next_eigenvalue) -> Items:
    lam, s, gamma = sympy.symbols("lambda s gamma")
    factor, eigenvalue = sympy.Poly(1, lam), sympy.Poly(lam, lam)
    for K in range(1, 5):
        factor, eigenvalue = factor * (1 - s * eigenvalue), eigenvalue_map(eigenvalue, gamma)
        yield f"K = {K}"
        yield "the degree of the factor in λ", sympy.Integer(factor.degree())
        yield "(3^K − 1)/2", sympy.Rational(3**K - 1, 2)


@statement(
    "3.6",
    "GD++ is a Newton–Schulz step of the polar decomposition",
    claim="one layer, up to scale",
    source="write-up, on GD++; Newton–Schulz: Higham 2008, Functions of Matrices, section 8.3",
)
def newton_schulz(algebra: Any, d_x: Any, N: Any, *, features: Any = gdpp_features) -> Items:
    """For γ > 0 and ``X̃ = gX``, ``g = √(3γ)``: ``(I − γXXᵀ)X = (2/3)(1/g) · ½(3I − X̃X̃ᵀ)X̃``. All d_x, N.

    g is the symbol, and ``γ = g²/3``. One layer only: K Newton–Schulz steps need ``γ_{t+1} = (9/4)γ_t``, and a γ that stays the same
    drives X to 0, provided γλ < 2 for the largest eigenvalue λ of XXᵀ: at 2 it stays as it is, and above it grows. So GD++ is that
    known technique for one layer, and not for K layers that share a γ.
    """
    X, g = algebra.generator("X", d_x, N), algebra.symbol("g")
    scaled = g * X
    yield "the inputs after a layer", features(X, third_of_square(algebra, g))
    yield "γXXᵀX = X̃X̃ᵀX̃/(3g)", (algebra.scalar(1) / g) * (scaled - algebra.scalar("1/3") * (scaled @ (scaled.T @ scaled)))
    yield "collect the Newton–Schulz step", (algebra.scalar("2/3") / g) * polar_step(algebra, scaled)


def polar_step(algebra: Any, matrix: Any) -> Any:
    """½(3I − X̃X̃ᵀ)X̃, X̃ d_x x N: Newton–Schulz for the factor U of X̃ = UH."""
    return algebra.scalar("1/2") * (algebra.scalar(3) * matrix - matrix @ (matrix.T @ matrix))


def third_of_square(algebra: Any, g: Any) -> Any:
    """γ = g²/3."""
    return algebra.scalar("1/3") * g * g


@newton_schulz.claim("K steps, any K, with γ_{t+1} = (9/4)γ_t", kind="induction")
def polar_iteration(algebra: Any, d_x: Any, N: Any, *, features: Any = gdpp_features, growth: str = "9/4") -> Items:
    X, scaled, g = algebra.generator("X", d_x, N), algebra.generator("X̃", d_x, N), algebra.symbol("g")

    def left(inputs: Any, gamma: Any) -> State:
        return {"inputs": features(inputs, gamma), "gamma": algebra.scalar(growth) * gamma}

    yield from simulation(
        start={"inputs": X, "gamma": third_of_square(algebra, g)},
        related=lambda state: {"inputs": (algebra.scalar(1) / state[1]) * state[0], "gamma": third_of_square(algebra, state[1])},
        state=(scaled, g),
        begins=(g * X, g),
        left=left,
        right=lambda state: (polar_step(algebra, state[0]), algebra.scalar("3/2") * state[1]),
        reasons=("X̃₀ = gX", "X' = (2/3)(1/g)X̃' = X̃'/g' with g' = (3/2)g, so γ' = g'²/3 = (9/4)γ"),
    )


@newton_schulz.claim("no other γ makes a layer a Newton–Schulz step of gX, up to scale", kind="characterisation")
def only_this_gamma(*, gamma_from: Any = lambda g: g**2 / 3) -> Items:
    """One singular value x: ``x − γx³ = (c/2)(3gx − g³x³)`` as polynomials in x, for some scale c. The coefficients leave ``γ = g²/3``."""
    x, gamma, g, c = sympy.symbols("x gamma g c")
    equal = sympy.Poly(x - gamma * x**3 - c * (3 * g * x - (g * x) ** 3) / 2, x)
    yield InIdeal("γ − g²/3, from the coefficients", (gamma - gamma_from(g),), tuple(equal.coeffs()), (c, gamma, g))


@newton_schulz.claim("a fixed γ drives X to 0, if γλ < 2 at the start", kind="bound")
def fixed_gamma(*, eigenvalue_map: Any = next_eigenvalue) -> Items:
    """With ``μ = γλ``: ``μ' = μ(1 − μ)²``. For 0 < μ < 2 it falls, and 1/μ grows by more than 2 − μ, so by more than ``2 − μ₀`` each time.

    Hence ``γλ_t < 1/((2 − γλ₀)t)``, for each eigenvalue (3.5), and ``‖X_t‖² = Σλ_t → 0``. Where μ = 1, nothing is left at once.
    """
    mu, gamma, more = sympy.symbols("mu gamma more", positive=True)
    after = eigenvalue_map(mu, 1)
    yield "the unit of γλ"
    yield "γ f(μ/γ)", gamma * eigenvalue_map(mu / gamma, gamma)
    yield "μ(1 − μ)²", mu * (1 - mu) ** 2
    yield "the fall"
    yield "μ − μ'", mu - after
    yield "is positive for μ < 2, is 0 at 2, and negative above", mu**2 * (2 - mu)
    yield Positive("it falls for 0 < μ = 2/(1 + more) < 2", (mu - after).subs(mu, 2 / (1 + more)), (more,))
    yield Positive("it grows for μ = 2 + more > 2", (after - mu).subs(mu, 2 + more), (more,))
    yield "how fast"
    yield "1/μ' − 1/μ", 1 / after - 1 / mu
    yield "2 − μ and what is not negative", (2 - mu) + mu * (2 - mu) ** 2 / (1 - mu) ** 2


@statement(
    "3.7",
    "κ⁺⁺: which γ conditions best",
    claim="the interior maximum 4/(27γ) at 1/(3γ)",
    source=f"{VON_OSWALD}, appendix A.10",
)
def conditioning(algebra: Any, *, eigenvalue_map: Any = next_eigenvalue) -> Items:
    """``f(λ) = λ(1 − γλ)²``, γ > 0, has its interior maximum 4/(27γ) at 1/(3γ).

    κ⁺⁺ is max f / min f over the spectrum, infinite if min f = 0.

    For an interval [λ_n, λ_1], 0 < λ_n < λ_1, the best γ of all reals is ``1/(λ_1 + √(λ_1λ_n) + λ_n)``, and no other is as good.
    Printed: the minimum is that of the two endpoints. For an interval this is right iff ``γ ≤ 1/λ_1`` or ``γ ≥ 1/λ_n``: between them f is 0
    inside, as at γ = ½ on [1, 4]. For a discrete spectrum the interval's γ can be bettered: {1, 6/5, 10}.
    """
    gamma, lam = algebra.symbol("gamma"), algebra.symbol("lambda")
    three, four, top = algebra.scalar(3), algebra.scalar(4), algebra.scalar("4/27") / gamma
    one = algebra.scalar(1)
    yield "the place"
    yield "f at 1/(3γ)", eigenvalue_map(one / (three * gamma), gamma)
    yield "is 4/(27γ)", top
    yield "the maximum"
    yield "4/(27γ) − f(λ)", top - eigenvalue_map(lam, gamma)
    ratio = three * gamma * lam
    yield (
        "a square times 4 − 3γλ: not negative for λ ≤ 4/(3γ)",
        (one - ratio) * (one - ratio) * (four - ratio) / (algebra.scalar(27) * gamma),
    )


def root_map(root: Any, gamma: Any) -> Any:
    """u(r) = r(1 − γr²) at r = √λ, so f(λ) = u(r)²; linear in γ."""
    return root * (1 - gamma * root**2)


def best_gamma(largest_root: Any, smallest_root: Any) -> Any:
    """1/(λ_1 + √(λ_1λ_n) + λ_n), from a = √λ_1 and b = √λ_n."""
    return 1 / (largest_root**2 + largest_root * smallest_root + smallest_root**2)


@conditioning.claim("every γ on an interval: κ ≥ (α + β)²", kind="bound")
def least_condition(*, eigenvalue_map: Any = next_eigenvalue, root: Any = root_map) -> Items:
    """``a = √λ_1 > b = √λ_n > 0``, u as in `root_map`, and m between them with ``m² = (a² + ab + b²)/3``.

    If u(a) and u(b) differ in sign or one is 0, f is 0 in the interval. Else ``|u(m)| = α|u(b)| + β|u(a)|`` with α, β > 0, so
    ``κ ≥ u(m)²/min ≥ (α + β)²``, with equality only if |u(a)| = |u(b)|, so u(a) = u(b).
    """
    gamma = sympy.symbols("gamma", real=True)
    a, b, m, p, more, alpha, beta = sympy.symbols("a b m p more alpha beta", positive=True)
    at_b, at_a = (2 * a + b) / (3 * b * (a + b)), (a + 2 * b) / (3 * a * (a + b))
    yield "f is the square of u"
    yield "f(b²)", eigenvalue_map(b**2, gamma)
    yield "u(b)²", root(b, gamma) ** 2
    yield "u(m) = α u(b) + β u(a), with α = mα', β = mβ'"
    yield "u(m)/m", sympy.expand(root(m, gamma) / m).subs(m**2, middle_square(a, b))
    yield "α' u(b) + β' u(a)", at_b * root(b, gamma) + at_a * root(a, gamma)
    yield "if both have one sign and differ: |u(m)| is more than α + β times the smaller of their absolute values, p and p + more"
    shares = (alpha, beta, p, more)
    yield Positive("|u(b)| the smaller", alpha * p + beta * (p + more) - (alpha + beta) * p, shares)
    yield Positive("|u(a)| the smaller", alpha * (p + more) + beta * p - (alpha + beta) * p, shares)


def middle_square(a: Any, b: Any) -> Any:
    """m² = (a² + ab + b²)/3."""
    return (a**2 + a * b + b**2) / 3


@conditioning.claim("the best γ on an interval attains it, and no other does", kind="bound")
def best_on_interval(*, best: Any = best_gamma, root: Any = root_map) -> Items:
    """u(a) = u(b) at γ* alone. There f is at most f(m²), m² being the place of the interior maximum, and at least f(a²) = f(b²)."""
    gamma = sympy.symbols("gamma", real=True)
    a, b, more = sympy.symbols("a b more", positive=True)
    yield "u(a) = u(b) at one γ"
    yield "u(a) − u(b)", root(a, gamma) - root(b, gamma)
    yield "is linear in γ, with the root γ*", (a - b) * (1 - gamma / best(a, b))
    yield "the maximum at γ*"
    yield "1/(3γ*)", 1 / (3 * best(a, b))
    yield "m²", middle_square(a, b)
    yield "the interval, with a = b + more"
    ordered = {
        "b² < m²": middle_square(a, b) - b**2,
        "m² < a²": a**2 - middle_square(a, b),
        "γ*a² < 1: see the printed rule": 1 - best(a, b) * a**2,
    }
    for reason, gap in ordered.items():
        yield Positive(reason, gap.subs(a, b + more), (b, more))


@conditioning.claim("printed: the minimum is at an endpoint. Right for γ ≤ 1/λ_1 and for γ ≥ 1/λ_n", kind="bound")
def minimum_at_endpoints(*, root: Any = root_map) -> Items:
    """With r between b and a, three cases that leave |u(r)| no smaller than the smaller of |u(b)| and |u(a)|.

    0 ≤ γ ≤ 1/a²: u lies on or above its chord, whose ends are not negative. γ < 0: u grows with r. γ ≥ 1/b²: −u ≥ 0 does not fall with r.
    """
    a, b, r, gamma = sympy.symbols("a b r gamma")
    at_a, at_b, at_r = (root(place, gamma) for place in (a, b, r))
    yield "0 ≤ γ ≤ 1/a²: above the chord"
    yield "u(r) minus the chord", at_r - ((a - r) * at_b + (r - b) * at_a) / (a - b)
    yield "no factor is negative", gamma * (r - b) * (a - r) * (a + b + r)
    yield "the other two: monotone"
    yield "u(r) − u(b)", at_r - at_b
    yield "positive for γ < 0; −u grows by as much for γ ≥ 1/b², where γ(r² + rb + b²) > 1", (r - b) * (1 - gamma * (r**2 + r * b + b**2))


@conditioning.claim("printed, false for 1/λ_1 < γ < 1/λ_n: f is 0 inside", kind="refutation")
def zero_inside(*, eigenvalue_map: Any = next_eigenvalue) -> Items:
    gamma = sympy.symbols("gamma", positive=True)
    yield "λ = 1/γ lies in the interval, and the endpoints' f is positive, being 0 at 0 and 1/γ only"
    yield "f(1/γ)", eigenvalue_map(1 / gamma, gamma)
    yield "is zero", sympy.Integer(0)
    yield "λ_n = 1, λ_1 = 4, γ = 1/2"
    at = {place: eigenvalue_map(sympy.Integer(place), sympy.Rational(1, 2)) for place in (1, 2, 4)}
    yield Less("f(2) against f(1) and f(4)", (at[2], at[1], at[4]))
    yield Differ("the least value inside, at 2, against the printed one", at[2], min(at[1], at[4]))


@conditioning.claim("the interval's γ is not the best on {1, 6/5, 10}: 6/47 is better", kind="refutation")
def discrete_spectrum(*, eigenvalue_map: Any = next_eigenvalue, better: str = "6/47") -> Items:
    """Exact: √10 enters as a symbol r > 0 with λ_1 = 10, so γ* = 1/(11 + r), and what is shown of it holds for every r > 0."""
    r = sympy.symbols("r", positive=True)
    low, middle, high = sympy.Integer(1), sympy.Rational(6, 5), sympy.Integer(10)
    values = [eigenvalue_map(place, sympy.Rational(better)) for place in (low, high, middle)]
    bound = middle * sympy.Rational(49, 50) ** 2
    yield "γ = 6/47"
    yield Less("f(1) is the least, f(6/5) the greatest", tuple(values))
    yield Less("κ against (6/5)(49/50)²", (values[2] / values[0], bound))
    yield "the interval's γ"
    star = 1 / (high + r + low)
    yield Positive("κ ≥ f(6/5)/f(1) > (6/5)(49/50)²", eigenvalue_map(middle, star) / eigenvalue_map(low, star) - bound, (r,))
