r"""Statements 6.6 to 6.8: softmax as a series in the inverse temperature, what two heads leave of it, and what that descends on.

Scores z (N x 1) enter through D = diag z, so z = D1; values are the columns of V (d_v x N). Softmax at inverse temperature β gives
``V softmax(βz) = V e^{βD}1 / (1ᵀe^{βD}1)``, a quotient of two series whose coefficients are forms in D, 1 and V. C = I − 11ᵀ/N centres.
"""

from __future__ import annotations

from math import factorial
from typing import Any

import sympy

from equivalence.algebras import series
from equivalence.algebras.ball import Ball
from equivalence.models.descent.centred import centred_gradient, centring
from equivalence.models.descent.least_squares import gradient, loss
from equivalence.statements import Encloses, Less, Positive, statement
from equivalence.statements.steps import Items

ORDERS = 6


def powers(algebra: Any, diagonal: Any, size: Any) -> list[Any]:
    """1, D1, D²1, …, one for each order."""
    found = [algebra.ones(size, 1)]
    for _ in range(ORDERS - 1):
        found.append(diagonal @ found[-1])
    return found


def softmax_series(algebra: Any, V: Any, D: Any, N: Any) -> series.Series:
    """The coefficients of ``V softmax(βD1)`` in β, orders 0 to 5, each d_v x 1."""
    exponentials = series.exponential(algebra, powers(algebra, D, N))
    ones = algebra.ones(N, 1)
    normaliser = [algebra.scalar(N), *(algebra.trace(ones.T @ each) for each in exponentials[1:])]
    weights = series.product(series.inverse(normaliser, algebra.scalar(1)), exponentials)
    return tuple(V @ each for each in weights)


@statement(
    "6.6",
    "Softmax in the inverse temperature, order by order",
    kind="series",
    source="this project; von Oswald et al. 2022, eq. 16, is order 1 without C",
)
def orders(algebra: Any, d_v: Any, N: Any, *, centred: Any = centring) -> Items:
    """``V softmax(βz)`` in β: order 0 is the mean value ``(1/N)V1``, order 1 ``(1/N) V C z`` with ``C = I − 11ᵀ/N``, order 2
    ``(1/2N) V C (Cz)^{∘2}``; orders 3 to 5 in centred moments ``μ_k = (1/N) Σ (z_i − z̄)^k``. All d_v and N, orders 0 to 5.

    Order 2 is identically 0 for N = 2, where order 3 is the first nonlinear one. Printed (eq. 16) is order 1 without C: the sum in the
    denominator is expanded, and its linear term dropped.
    """
    V, D = algebra.generator("V", d_v, N), algebra.diagonal("D", N)
    found = softmax_series(algebra, V, D, N)
    C, mean = centred(algebra, N), algebra.scalar(1) / algebra.scalar(N)
    yield "order 0"
    yield "from the series", found[0]
    yield "the mean value", mean * (V @ algebra.ones(N, 1))
    yield "order 1"
    yield "from the series", found[1]
    yield "centred scores", mean * (V @ C @ (D @ algebra.ones(N, 1)))
    yield from higher_orders(algebra, V, D, N, C, found)


def higher_orders(algebra: Any, V: Any, D: Any, N: Any, C: Any, found: series.Series) -> Items:
    """Orders 2 to 5 in the powers of the centred scores and their moments μ."""
    mean = algebra.scalar(1) / algebra.scalar(N)
    ones = algebra.ones(N, 1)
    centred = D - (mean * algebra.trace(ones.T @ D @ ones)) * algebra.eye(N)
    z = powers(algebra, centred, N)
    mu = [mean * algebra.trace(ones.T @ each) for each in z]
    number = algebra.scalar
    yield "order 2"
    yield "from the series", found[2]
    yield "centred squares of the centred scores", (mean * number("1/2")) * (V @ C @ z[2])
    brackets = {
        3: z[3] - (number(3) * mu[2]) * z[1],
        4: z[4] - (number(6) * mu[2]) * z[2] - (number(4) * mu[3]) * z[1],
        5: z[5] - (number(10) * mu[2]) * z[3] - (number(10) * mu[3]) * z[2] - (number(5) * mu[4] - number(30) * mu[2] * mu[2]) * z[1],
    }
    for order, bracket in brackets.items():
        yield f"order {order}"
        yield "from the series", found[order]
        yield "centred moments", (mean / number(factorial(order))) * (V @ C @ bracket)


@orders.claim("N = 2: order 2 vanishes, order 3 does not", kind="identity")
def two_tokens(algebra: Any, d_v: Any) -> Items:
    v, w = algebra.generator("v", d_v, 1), algebra.generator("w", d_v, 1)
    a, b = algebra.symbol("a"), algebra.symbol("b")
    scores = algebra.block([[a * algebra.eye(1), algebra.zeros(1, 1)], [algebra.zeros(1, 1), b * algebra.eye(1)]])
    found = softmax_series(algebra, algebra.block([[v, w]]), scores, (1, 1))
    number, gap = algebra.scalar, a - b
    yield "order 2"
    yield "from the series", found[2]
    yield "is zero", algebra.zeros(d_v, 1)
    yield "order 3"
    yield "from the series", found[3]
    yield "is the cube of the scores' difference", -((number(1) / number(48)) * gap * gap * gap) * (v - w)


@statement(
    "6.7",
    "Two heads of opposite sign",
    kind="bound",
    claim="the third cumulant: E g² ≤ 7/108, and √(7/108)/12 < 1/47",
    source="this project; von Oswald et al. 2022, eq. 18 to 21, without a bound",
)
def pair_bound() -> Items:
    """Two heads at ±β, opposite signs: even orders vanish identically, and ``F = [V softmax(βz) − V softmax(−βz)]/(2β)`` satisfies
    ``‖F − (1/N)VCz‖ ≤ β² · diam(V) · (max z − min z)³ / 47`` for all β and N. 1/48 is best possible: N = 2 attains it in the limit.

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


@pair_bound.claim("F is even in β: the difference of the heads is odd, so its even orders vanish, not only in the series", kind="identity")
def odd_difference(algebra: Any, d_v: Any, N: Any, *, second_sign: int = -1) -> Items:
    V, ones = algebra.generator("V", d_v, N), algebra.ones(N, 1)
    T, T_inverse = algebra.invertible("T", N)
    Z = {+1: algebra.symbol("Z_+"), -1: algebra.symbol("Z_-")}
    grown = {+1: T, -1: T_inverse}

    def difference(sign: int) -> Any:
        up, down = ((algebra.scalar(1) / Z[each]) * (V @ grown[each] @ ones) for each in (sign, -sign))
        return up + algebra.scalar(second_sign) * down

    yield "at −β: e^{βz} and its inverse change places, and so do the normalisers", difference(-1)
    yield "is minus the difference at β", -difference(1)


@pair_bound.claim("h''' at every t: the third cumulant under the weights p", kind="series")
def third_cumulant(algebra: Any, d_v: Any, d_k: Any, N: Any) -> Items:
    V, D = algebra.generator("V", d_v, N), algebra.diagonal("D", N)
    p = algebra.weights(algebra.generator("K", d_k, N).T @ algebra.generator("q", d_k, 1))
    ones, number = algebra.ones(N, 1), algebra.scalar
    moments = [p, D @ p, D @ D @ p, D @ D @ D @ p]
    exponentials = series.exponential(algebra, moments)
    normaliser = [number(1), *(algebra.trace(ones.T @ each) for each in exponentials[1:])]
    third = series.product(series.inverse(normaliser, number(1)), exponentials)[3]
    centred = D - algebra.trace(ones.T @ D @ p) * algebra.eye(N)
    variance = algebra.trace(ones.T @ centred @ centred @ p)
    g = centred @ centred @ centred - (number(3) * variance) * centred
    yield "3! times the coefficient of order 3, expanded at weights p", number(6) * (V @ third)
    yield "is E[v (g − E g)]", V @ (g @ p - algebra.trace(ones.T @ g @ p) * p)


@pair_bound.claim("Cauchy–Schwarz under weights: the gap is a sum of products of nonnegatives", kind="identity")
def cauchy_schwarz(algebra: Any, N: Any) -> Items:
    a, g, P = algebra.generator("a", N, 1), algebra.generator("g", N, 1), algebra.diagonal("P", N)
    wedge = a @ g.T - g @ a.T
    yield (
        "E a² E g² − (E ag)², P = diag p",
        algebra.trace(a.T @ P @ a) * algebra.trace(g.T @ P @ g) - algebra.trace(a.T @ P @ g) * algebra.trace(a.T @ P @ g),
    )
    yield "is ½ Σ p_i p_j (a_i g_j − a_j g_i)²", (algebra.scalar(1) / algebra.scalar(2)) * algebra.trace(P @ wedge @ P @ wedge.T)


@pair_bound.claim("1/48 is attained: N = 2, to leading order", kind="series")
def attained(algebra: Any, d_v: Any) -> Items:
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
    up, down = (ball.trace(values @ ball.weights(each)) for each in (scores, -scores))
    error = ball.scalar("1/2") - (up - down) / ball.scalar(2)
    share = error * ball.scalar(constant) / ball.scalar(2)
    yield "the bound is 2/47"
    yield Encloses("the error of F as a share of it: below 1, and above 1/2, so half the bound is false", share, sympy.Rational(1, 2), 1)


@statement(
    "6.8",
    "Two softmax heads descend on the affine model",
    claim="the intercept profiled out",
    source="this project; von Oswald et al. 2022, appendix A.9, drops the term",
)
def affine(algebra: Any, d_x: Any, d_y: Any, N: Any) -> Items:
    """Centred gradient descent is one step in W on least squares *with an intercept, the intercept profiled out*:
    ``∇_W min_b 1/(2N)‖WX + b1ᵀ − Y‖² = (1/N)(WX − Y)CXᵀ``. All d_x, d_y, N.

    So two softmax heads descend on the affine model (its W-part; the intercept is not added), not on the linear one. At leading order
    they equal 2.1 iff the mean residual times ``x̄ᵀq`` is 0.
    """
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    b, ones = algebra.generator("b", d_y, 1), algebra.ones(N, 1)
    half, mean = algebra.scalar(1) / algebra.scalar(2), algebra.scalar(1) / algebra.scalar(N)
    yield "the loss with an intercept b", loss(W, X, Y - b @ ones.T)
    best = mean * ((Y - W @ X) @ ones)
    centred = (W @ X - Y) @ centring(algebra, N)
    off = b - best
    yield "split at the mean residual", (half * mean) * algebra.trace(centred @ centred.T) + half * algebra.trace(off @ off.T)


@affine.claim("its gradient, without analysis (as 1.1)", kind="identity")
def affine_gradient(algebra: Any, d_x: Any, d_y: Any, N: Any, *, slope: Any = centred_gradient) -> Items:
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    H, C = algebra.generator("H", d_y, d_x), centring(algebra, N)
    yield "the profiled loss before and after adding H", loss(W + H, X @ C, Y @ C) - loss(W, X @ C, Y @ C)
    half = algebra.scalar(1) / algebra.scalar(2) / algebra.scalar(N)
    second = H @ X @ C
    yield "the slope along H, and a square", algebra.trace(slope(W, X, Y).T @ H) + half * algebra.trace(second @ second.T)


@affine.claim("leading order of the pair: values W₀X − Y, scores Xᵀq", kind="identity")
def leading_order(algebra: Any, d_x: Any, d_y: Any, N: Any) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    q, mean = algebra.generator("q", d_x, 1), algebra.scalar(1) / algebra.scalar(N)
    yield "order 1 of softmax (6.6) on these values and scores", mean * ((W0 @ X - Y) @ centring(algebra, N) @ (X.T @ q))
    yield "is the centred gradient on the query", centred_gradient(W0, X, Y) @ q
    yield "against the linear model's gradient"
    yield "the difference", (gradient(W0, X, Y) - centred_gradient(W0, X, Y)) @ q
    ones = algebra.ones(N, 1)
    yield "is the mean residual times x̄ᵀq", (mean * ((W0 @ X - Y) @ ones)) @ ((mean * (X @ ones)).T @ q)
