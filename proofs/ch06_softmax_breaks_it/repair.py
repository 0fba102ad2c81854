r"""Statement 6.9: a sink token makes softmax uncentred, hence two heads the plain step.

With a sink of value 0 and score b, ``ε = e^{−b}`` and ``S(β) = Σ_j e^{βz_j}``, the weight of token i times e^b is
``e^{βz_i} / (1 + εS(β))``: as b grows the normaliser goes away.
"""

from __future__ import annotations

import sympy

from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Part
from equivalence.models.descent.least_squares import weight_change
from equivalence.statements import Informal, Positive, statement
from equivalence.statements.steps import Items


@statement(
    "6.9",
    "A sink repairs it",
    kind="bound",
    claim="the sink's normaliser taken apart",
    source="this project; attention sinks: Xiao et al. 2023, a token that takes the weight that is not needed",
)
def sink_bound() -> Items:
    """One extra token with value 0 and score b in both heads (b through a constant coordinate), ``F = e^b/(2β) (h₊ − h₋)``,
    ``R = max|z_i|``: ``‖F − Vz‖ ≤ (β²/6) cosh(βR) Σ‖v_i‖|z_i|³ + e^{−b} e^{2βR} (N Σ‖v_i‖|z_i| + Σ‖v_i‖ Σ|z_i|)``; and ``s·Vz`` is the
    uncentred step. All N, β > 0, b.

    The weight is split exactly into e^{βz_i} and ``−ε φ_i(β)``, ``φ_i = e^{βz_i} S/(1 + εS)``. The first part leaves ``sinh(βz_i)/β``,
    compared with z_i coefficient by coefficient; the second is a difference quotient of φ_i, at most sup|φ_i'| (mean value theorem,
    cited), and
    ``0 < 1/(1 + εS) ≤ 1``, ``S ≤ N e^{βR}``, ``|S'| ≤ e^{βR} Σ|z_j|``. No contradiction with 6.4: the bound grows with the input.
    """
    t, S, epsilon = sympy.symbols("t S epsilon", positive=True)
    weight = t / (S + 1 / epsilon)
    yield "t = e^{βz_i}"
    yield "e^b times the weight of token i, the sink in the normaliser", weight / epsilon
    yield "split", t - epsilon * (t * S / (1 + epsilon * S))
    yield "1/(1 + εS) is between 0 and 1"
    yield Positive("above 0", 1 / (1 + epsilon * S), (S, epsilon))
    yield Positive("below 1", 1 - 1 / (1 + epsilon * S), (S, epsilon))


@sink_bound.claim("the first part: sinh(y) − y is at most (y³/6) cosh y for y ≥ 0, coefficient by coefficient", kind="bound")
def sinh_bound() -> Items:
    j = sympy.Symbol("j", integer=True, nonnegative=True)
    power = 2 * j + 3
    left, right = 1 / sympy.factorial(power), 1 / (6 * sympy.factorial(power - 3))
    ratio = sympy.combsimp(right / left)
    yield "the quotient of the coefficients of y^(2j+3), j = 0, 1, …"
    yield "right by left", ratio
    yield "is a product of three factors by six", (2 * j + 3) * (2 * j + 2) * (2 * j + 1) / 6
    yield Positive("at least 1", ratio - 1 + j * 0, (j,))
    yield "and with y = β|z_i|, divided by β"
    beta, z = sympy.symbols("beta z", positive=True)
    yield "(y³/6)/β", ((beta * z) ** 3 / 6) / beta
    yield "is the bound's (β²/6)|z_i|³", beta**2 * z**3 / 6
    yield Informal("that a power series with smaller coefficients is smaller for y ≥ 0")


@sink_bound.claim("the second part: φ' and its bound", kind="bound")
def quotient_bound() -> Items:
    beta, z, epsilon = sympy.symbols("beta z epsilon")
    S = sympy.Function("S")(beta)
    damped = 1 / (1 + epsilon * S)
    phi = sympy.exp(beta * z) * S * damped
    yield "the derivative of φ, by e^{βz}", sympy.expand(sympy.diff(phi, beta) / sympy.exp(beta * z))
    yield "two terms, each damped", z * S * damped + sympy.diff(S, beta) * damped**2
    total, slope, own, c, s, t, k, w = sympy.symbols("S slope e c s t k w", positive=True)
    damp = 1 / (1 + k)
    yield "S and slope = |S'|, w = |z_i|, 1/(1 + k) the damping"
    yield Positive("without the damping it is more", w * total * (1 - damp) + slope * (1 - damp**2), (total, slope, w, k))
    yield "e = e^{βz_i} with e + c = e^{βR}, S + s = N e^{βR}, slope + t = e^{βR} Σ|z_j|"
    bound = (own + c) * (w * (total + s) + slope + t)
    yield Positive("e^{βR}(w N e^{βR} + e^{βR} Σ|z_j|) is more still", bound - own * (w * total + slope), (total, slope, own, c, s, t, w))
    yield Informal("that each e^{βz_j} is at most e^{βR}, and a difference quotient at most sup|φ'| (mean value theorem, cited)")


@sink_bound.claim("summed over the tokens, a_i = ‖v_i‖ and w_i = |z_i|", kind="identity")
def summed(algebra: Algebra, N: Part) -> Items:
    a, w, ones = algebra.generator("a", N, 1), algebra.generator("w", N, 1), algebra.ones(N, 1)
    count = algebra.scalar(N)
    yield "Σ_i a_i (N w_i + Σ_j w_j)", algebra.trace(a.T @ (count * w + ones @ (ones.T @ w)))
    yield "N Σ a_i w_i + Σ a_i Σ w_j", count * algebra.trace(a.T @ w) + algebra.trace(ones.T @ a) * algebra.trace(ones.T @ w)


@sink_bound.claim("s·Vz is the step on the linear model", kind="identity")
def uncentred(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    yield "values W₀X − Y, scores XᵀQ", s * ((W0 @ X - Y) @ (X.T @ Q))
    yield "is the update of 2.1", -(weight_change(W0, X, Y, eta) @ Q)
