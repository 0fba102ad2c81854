"""Statement 3.7: which γ conditions best."""

from __future__ import annotations

import sympy

from equivalence.statements import Differ, Informal, Less, Positive, statement
from equivalence.statements.steps import Items
from proofs.ch03_depth.spectrum import NumberMap, next_eigenvalue
from proofs.vocabulary import VON_OSWALD


@statement(
    "3.7",
    "κ⁺⁺: which γ conditions best",
    kind="bound",
    claim="the interior maximum 4/(27γ) at 1/(3γ)",
    source=f"{VON_OSWALD}, appendix A.10",
)
def conditioning(*, eigenvalue_map: NumberMap = next_eigenvalue) -> Items:
    """``f(λ) = λ(1 − γλ)²``, γ > 0, has its interior maximum 4/(27γ) at 1/(3γ).

    κ⁺⁺ is max f / min f over the spectrum, infinite if min f = 0.

    For an interval [λ_n, λ_1], 0 < λ_n < λ_1, the best γ of all reals is ``1/(λ_1 + √(λ_1λ_n) + λ_n)``, and no other is as good.
    Printed: the minimum is that of the two endpoints. For an interval this is right iff ``γ ≤ 1/λ_1`` or ``γ ≥ 1/λ_n``: between them f is 0
    inside, as at γ = ½ on [1, 4]. For a discrete spectrum the interval's γ can be bettered: {1, 6/5, 10}.
    """
    gamma, more = sympy.symbols("gamma more", positive=True)
    lam, top = sympy.Symbol("lambda"), sympy.Rational(4, 27) / gamma
    yield "the place"
    yield "f at 1/(3γ)", eigenvalue_map(1 / (3 * gamma), gamma)
    yield "is 4/(27γ)", top
    yield "the maximum"
    yield "4/(27γ) − f(λ)", top - eigenvalue_map(lam, gamma)
    ratio = 3 * gamma * lam
    yield "a square times 4 − 3γλ", (1 - ratio) ** 2 * (4 - ratio) / (27 * gamma)
    yield Positive("4 − 3γλ is positive below 4/(3γ)", (4 - ratio).subs(lam, 4 / (3 * gamma) / (1 + more)), (gamma, more))


def root_map(root: sympy.Expr, gamma: sympy.Expr) -> sympy.Expr:
    """u(r) = r(1 − γr²) at r = √λ, so f(λ) = u(r)²; linear in γ."""
    return root * (1 - gamma * root**2)


def best_gamma(largest_root: sympy.Expr, smallest_root: sympy.Expr) -> sympy.Expr:
    """1/(λ_1 + √(λ_1λ_n) + λ_n), from a = √λ_1 and b = √λ_n."""
    return 1 / (largest_root**2 + largest_root * smallest_root + smallest_root**2)


@conditioning.claim("every γ on an interval: κ ≥ (α + β)²", kind="bound")
def least_condition(*, eigenvalue_map: NumberMap = next_eigenvalue, root: NumberMap = root_map) -> Items:
    """``a = √λ_1 > b = √λ_n > 0``, u as in `root_map`, and m between them with ``m² = (a² + ab + b²)/3``.

    If u(a) and u(b) differ in sign or one is 0, f is 0 in the interval. Else ``|u(m)| = α|u(b)| + β|u(a)|`` with α, β > 0, so
    ``κ ≥ u(m)²/min ≥ (α + β)²``, with equality only if |u(a)| = |u(b)|, so u(a) = u(b). For γ ≤ 0 both are positive.
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
    yield "the signs of u are those of 1 − γr²: of both ends, and how they differ"
    yield "u(b)u(a)", root(b, gamma) * root(a, gamma)
    yield "ab(1 − γb²)(1 − γa²)", a * b * (1 - gamma * b**2) * (1 - gamma * a**2)
    yield "so if γ > 0 and not both have one sign, γb² ≤ 1 ≤ γa²: 1/γ is in the interval"
    yield Positive("1 − γb² is the greater, as a = b + more", (gamma * (a**2 - b**2)).subs(a, b + more).subs(gamma, p), (b, more, p))
    yield "and there f is 0"
    yield "f(1/γ)", eigenvalue_map(1 / gamma, gamma)
    yield "is zero", sympy.Integer(0)
    yield "if γ = −p < 0 both are positive; at γ = 0 they are b and a"
    for place in (a, b):
        yield Positive(f"u at the root {place}", root(place, -p), (place, p))
    yield "if both have one sign and differ: |u(m)| is more than α + β times the smaller of their absolute values, p and p + more"
    shares = (alpha, beta, p, more)
    yield Positive("|u(b)| the smaller", alpha * p + beta * (p + more) - (alpha + beta) * p, shares)
    yield Positive("|u(a)| the smaller", alpha * (p + more) + beta * p - (alpha + beta) * p, shares)
    yield Informal("that the least value of f on the interval is at most that at either end, and its greatest at least f(m²)")


def middle_square(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    """m² = (a² + ab + b²)/3."""
    return (a**2 + a * b + b**2) / 3


@conditioning.claim("the best γ on an interval attains it, and no other does", kind="bound")
def best_on_interval(*, best: NumberMap = best_gamma, root: NumberMap = root_map) -> Items:
    """u(a) = u(b) at γ* alone. There f is at most f(m²), m² being the place of the interior maximum, and at least f(a²) = f(b²)."""
    gamma = sympy.symbols("gamma", real=True)
    a, b, more = sympy.symbols("a b more", positive=True)
    yield "u(a) = u(b) at one γ"
    yield "u(a) − u(b)", root(a, gamma) - root(b, gamma)
    yield "is linear in γ, with the root γ*", (a - b) * (1 - gamma / best(a, b))
    yield "the maximum at γ*"
    yield "1/(3γ*)", 1 / (3 * best(a, b))
    yield "m²", middle_square(a, b)
    share = (2 * a + b) / (3 * b * (a + b)) + (a + 2 * b) / (3 * a * (a + b))
    yield "κ(γ*) = f(m²)/f(a²) = (u(m)/u(a))² is (α + β)² = m²(α' + β')², the bound for every γ"
    at_m = sympy.cancel(1 - best(a, b) * middle_square(a, b))
    yield "u(m)/(m u(a))", at_m / sympy.factor(root(a, best(a, b)))
    yield "α' + β'", sympy.factor(share)
    yield "the interval, with a = b + more"
    ordered = {
        "b² < m²": middle_square(a, b) - b**2,
        "m² < a²": a**2 - middle_square(a, b),
        "γ*a² < 1: see the printed rule": 1 - best(a, b) * a**2,
    }
    for reason, gap in ordered.items():
        yield Positive(reason, gap.subs(a, b + more), (b, more))
    yield Informal("that f rises up to m² and falls after it, so its least value on the interval is at an end")


@conditioning.claim("printed: the minimum is at an endpoint. Right for γ ≤ 1/λ_1 and for γ ≥ 1/λ_n", kind="bound")
def minimum_at_endpoints(*, root: NumberMap = root_map) -> Items:
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
def zero_inside(*, eigenvalue_map: NumberMap = next_eigenvalue) -> Items:
    gamma = sympy.symbols("gamma", positive=True)
    yield "λ = 1/γ lies in the interval, and the endpoints' f is positive, being 0 at 0 and 1/γ only"
    yield "f(1/γ)", eigenvalue_map(1 / gamma, gamma)
    yield "is zero", sympy.Integer(0)
    at = {place: eigenvalue_map(sympy.Integer(place), sympy.Rational(1, 2)) for place in (1, 2, 4)}
    yield "λ_n = 1, λ_1 = 4, γ = 1/2"
    yield Less("f(2) against f(1) and f(4)", (at[2], at[1], at[4]))
    yield Differ("the least value inside, at 2, against the printed one", at[2], min(at[1], at[4]))
    yield "the printed one"
    yield "the least of f(1) and f(4)", min(at[1], at[4])
    yield "is 1/4", sympy.Rational(1, 4)


@conditioning.claim("the interval's γ is not the best on {1, 6/5, 10}: 6/47 is better", kind="refutation")
def discrete_spectrum(*, eigenvalue_map: NumberMap = next_eigenvalue, better: str = "6/47") -> Items:
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
