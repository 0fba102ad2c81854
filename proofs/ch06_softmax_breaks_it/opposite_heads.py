"""Statement 6.7: what two heads of opposite sign leave of the series."""

from __future__ import annotations

import sympy

from equivalence.algebras import series
from equivalence.algebras.ball import Ball
from equivalence.algebras.protocol import Algebra, GenericAlgebra, HasDiagonals, HasInverses, Matrix
from equivalence.algebras.sizes import Part
from equivalence.statements import Encloses, Informal, Less, Positive, statement
from equivalence.statements.steps import Items
from proofs.ch06_softmax_breaks_it.expansion import softmax_series


@statement(
    "6.7",
    "Two heads of opposite sign",
    kind="bound",
    claim="the third cumulant: E g² ≤ 7/108, and √(7/108)/12 < 1/47",
    source="this project; von Oswald et al. 2022, eq. 18 to 21, without a bound",
)
def pair_bound() -> Items:
    """Two heads at ±β, opposite signs: even orders vanish identically, and ``F = [V softmax(βz) − V softmax(−βz)]/(2β)`` satisfies
    ``‖F − (1/N)VCz‖ ≤ β² · diam(V) · (max z − min z)³ / 47`` for all β and N. No constant below 1/48 will do, as N = 2 attains
    it in the limit; that 1/48 itself suffices is not shown.

    Let ``h(t) = uᵀV softmax(tz)``, u a unit vector. By Taylor's theorem (cited) ``|h(β) − h(−β) − 2βh'(0)| ≤ (|β|³/3) sup|h'''|``, so F is
    off by at most ``(β²/6) sup|h'''|``. At every t, h''' is the third cumulant ``E[(a − c) g']``, a the uᵀv_i, c the middle of their range,
    ``g = z̃³ − 3σ²z̃``, g' = g − E g, so at most ``(diam(V)/2) √E g²`` by Cauchy–Schwarz. With the scores' range scaled to 1,
    ``E g² ≤ 7/108``. Each step is checked: identities for all N; inequalities as products of nonnegative factors, whose averages under
    weights are nonnegative.
    """
    s, x, m4, m6 = sympy.symbols("s x m_4 m_6")
    moments = {0: 1, 1: 0, 2: s, 3: sympy.Symbol("m_3"), 4: m4, 5: sympy.Symbol("m_5"), 6: m6}

    def mean(polynomial: sympy.Expr) -> sympy.Expr:
        return sum(c * moments[k] for (k,), c in sympy.Poly(polynomial, x).terms())

    g = x**3 - 3 * s * x
    yield "g² in centred scores x of mean 0, variance s, |x| ≤ 1"
    yield "E g²", mean(g**2)
    yield "complete to a product", 4 * s**3 + mean((x**2 - s) ** 2 * (x**2 - 4 * s))
    yield "split off 1 − x², which is nonnegative", 4 * s**3 + (1 - 4 * s) * mean((x**2 - s) ** 2) - mean((x**2 - s) ** 2 * (1 - x**2))
    yield "and so is x²(1 − x²)"
    yield "E (x² − s)²", mean((x**2 - s) ** 2)
    yield "is s − s² less an average of nonnegatives", s - s**2 - mean(x**2 * (1 - x**2))
    yield "with 1 − 4s ≥ 0 what is left is at most 7/108"
    left, below = sympy.Rational(7, 108) - (4 * s**3 + (1 - 4 * s) * (s - s**2)), sympy.Symbol("r")
    yield "7/108 minus the rest", left
    yield "is a square times a positive number", 8 * (s - sympy.Rational(1, 6)) ** 2 * (sympy.Rational(7, 24) - s)
    yield Positive("since s ≤ 1/4", (sympy.Rational(7, 24) - s).subs(s, sympy.Rational(1, 4) - below), (below,))
    yield "s ≤ 1/4: the scores lie in [−a, 1 − a], so (x + a)(1 − a − x) ≥ 0"
    a = sympy.Symbol("a")
    yield "its average", mean((x + a) * (1 - a - x))
    yield "is a(1 − a) − s", sympy.Rational(1, 4) - (a - sympy.Rational(1, 2)) ** 2 - s
    yield Less("the constant: (√(7/108)/12)² against (1/47)²", (sympy.Rational(7, 108) / 144, sympy.Rational(1, 47**2)))
    yield Informal("a vector is as long as its largest product with a unit vector u, and the range of the uᵀv_i is at most diam(V)")


@pair_bound.claim("F is even in β: the difference of the heads is odd, so its even orders vanish, not only in the series", kind="identity")
def odd_difference(algebra: HasInverses, d_v: Part, N: Part, *, second_sign: int = -1) -> Items:
    V, ones = algebra.generator("V", d_v, N), algebra.ones(N, 1)
    T, T_inverse = algebra.invertible("T", N)
    Z = {+1: algebra.symbol("Z_+"), -1: algebra.symbol("Z_-")}
    grown = {+1: T, -1: T_inverse}

    def difference(sign: int) -> Matrix:
        up, down = ((algebra.scalar(1) / Z[at]) * (V @ grown[at] @ ones) for at in (sign, -sign))
        return up + algebra.scalar(second_sign) * down

    yield "at −β: e^{βz} and its inverse change places, and so do the normalisers", difference(-1)
    yield "is minus the difference at β", -difference(1)


@pair_bound.claim("h''' at every t: the third cumulant under the weights p", kind="series")
def third_cumulant(algebra: GenericAlgebra, d_v: Part, d_k: Part, N: Part) -> Items:
    V, D = algebra.generator("V", d_v, N), algebra.diagonal("D", N)
    p = algebra.weights(algebra.generator("K", d_k, N).T @ algebra.generator("q", d_k, 1))
    ones, number = algebra.ones(N, 1), algebra.scalar
    moments = [p, D @ p, D @ D @ p, D @ D @ D @ p]
    exponentials = series.exponential(algebra, moments)
    normaliser = [number(1), *(algebra.trace(ones.T @ term) for term in exponentials[1:])]
    third = series.product(series.inverse(normaliser, number(1)), exponentials)[3]
    centred = D - algebra.trace(ones.T @ D @ p) * algebra.eye(N)
    variance = algebra.trace(ones.T @ centred @ centred @ p)
    g = centred @ centred @ centred - (number(3) * variance) * centred
    yield "3! times the coefficient of order 3, expanded at weights p", number(6) * (V @ third)
    yield "is E[v (g − E g)]", V @ (g @ p - algebra.trace(ones.T @ g @ p) * p)


@pair_bound.claim("any c may be taken off a, and g' = g − E g has at most the second moment of g", kind="identity")
def centred(algebra: HasDiagonals, N: Part) -> Items:
    a, g, P = algebra.generator("a", N, 1), algebra.generator("g", N, 1), algebra.diagonal("P", N)
    c, ones, unit = algebra.symbol("c"), algebra.ones(N, 1), algebra.scalar(1)
    mean, total = algebra.trace(ones.T @ P @ g), algebra.trace(ones.T @ P @ ones)
    off = g - mean * ones
    yield "weights P = diag p, of the sum w"
    yield "E[(a − c)g'] − E[a g']", algebra.trace((a - c * ones).T @ P @ off) - algebra.trace(a.T @ P @ off)
    yield "is 0 for w = 1", -(c * mean * (unit - total))
    yield "the second moments"
    yield "E g² − E g'²", algebra.trace(g.T @ P @ g) - algebra.trace(off.T @ P @ off)
    yield "is (E g)² for w = 1", mean * mean * (unit + unit - total)


@pair_bound.claim("Cauchy–Schwarz under weights: the gap is a sum of products of nonnegatives", kind="identity")
def cauchy_schwarz(algebra: HasDiagonals, N: Part) -> Items:
    a, g, P = algebra.generator("a", N, 1), algebra.generator("g", N, 1), algebra.diagonal("P", N)
    wedge = a @ g.T - g @ a.T
    yield (
        "E a² E g² − (E ag)², P = diag p",
        algebra.trace(a.T @ P @ a) * algebra.trace(g.T @ P @ g) - algebra.trace(a.T @ P @ g) * algebra.trace(a.T @ P @ g),
    )
    yield "is ½ Σ p_i p_j (a_i g_j − a_j g_i)²", (algebra.scalar(1) / algebra.scalar(2)) * algebra.trace(P @ wedge @ P @ wedge.T)


@pair_bound.claim("no constant below 1/48: N = 2 attains it, to leading order", kind="series")
def attained(algebra: Algebra, d_v: Part) -> Items:
    v, w, r = algebra.generator("v", d_v, 1), algebra.generator("w", d_v, 1), algebra.symbol("r")
    half = algebra.scalar(1) / algebra.scalar(2)
    scores = algebra.block([[(half * r) * algebra.eye(1), algebra.zeros(1, 1)], [algebra.zeros(1, 1), -((half * r) * algebra.eye(1))]])
    yield (
        "the β² coefficient of F: order 3 of one head, as the other's is its opposite",
        softmax_series(algebra, algebra.block([[v, w]]), scores, (1, 1))[3],
    )
    yield "diam(V) is ‖v − w‖, the range r", -((r * r * r / algebra.scalar(48)) * (v - w))


@pair_bound.claim("the bound in numbers: N = 2, β = 1, z = (1/2, −1/2), V = (1, −1)", kind="bound")
def enclosed_error(*, constant: int = 47) -> Items:
    ball = Ball()
    values, scores = ball.value([[1, -1]]), ball.value([["1/2"], ["-1/2"]])
    up, down = (ball.trace(values @ ball.weights(signed)) for signed in (scores, -scores))
    error = ball.scalar("1/2") - (up - down) / ball.scalar(2)
    share = error * ball.scalar(constant) / ball.scalar(2)
    yield "the bound is 2/47"
    yield Encloses("the error of F as a share of it: below 1, and above 1/2, so half the bound is false", share, sympy.Rational(1, 2), 1)
