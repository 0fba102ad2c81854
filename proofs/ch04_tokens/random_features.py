"""Statement 4.6: positive random features estimate the exponential kernel."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.statements import Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import half_square, inner

CITED = "the density of N(c, I) integrates to 1 for every c, and in d coordinates it is a product"


def exponent(algebra: Algebra, omega: Matrix, x: Matrix) -> Scalar:
    """``ω·x − ½‖x‖²``, of which φ_ω(x) is the exponential; columns."""
    return inner(algebra, omega, x) - half_square(algebra, x)


@statement(
    "4.6",
    "Performers: positive random features are right on average",
    claim="the integrands are normal densities, by completing the square",
    source="Choromanski et al. 2021, lemmas 1 and 2, eq. 7 and 8",
)
def random_features(algebra: Algebra, d: Part, *, feature: Callable[..., Scalar] = exponent) -> Items:
    """``E_ω[φ_ω(q)φ_ω(k)] = exp(q·k)`` with ``φ_ω(x) = exp(ω·x − ‖x‖²/2)``, ω ~ N(0, I), in every dimension d. The mean of m independent
    such products has the variance ``e^{2q·k}(e^{‖q + k‖²} − 1)/m``.

    So attention on these features (4.4) has on average the exponentials that softmax is made of; of its output, a quotient of two such
    averages, nothing is claimed. The exponents are compared for all d. That a normal density integrates to 1 is checked in one coordinate
    by SymPy, and cited for d of them. Orthogonal ω (their theorem 2) are outside.
    """
    omega, q, k = (algebra.generator(name, d, 1) for name in ("omega", "q", "k"))
    score, total = inner(algebra, q, k), q + k
    product = feature(algebra, omega, q) + feature(algebra, omega, k)
    two = algebra.scalar(2)
    yield "the mean: the exponent of φ(q)φ(k) times the density of ω"
    yield "but for the constant", product - half_square(algebra, omega)
    yield "is q·k, and that of the density of N(q + k, I)", score - half_square(algebra, omega - total)
    yield "the second moment: the exponent of (φ(q)φ(k))² times the density"
    yield "but for the constant", two * product - half_square(algebra, omega)
    yield (
        "is 2q·k + ‖q + k‖², and that of N(2(q + k), I)",
        two * (score + half_square(algebra, total)) - half_square(algebra, omega - two * total),
    )
    yield Informal(f"{CITED}: so the moments are e^{{q·k}} and e^{{2q·k + ‖q + k‖²}}")


def density(omega: sympy.Symbol) -> sympy.Expr:
    """Of N(0, 1)."""
    return sympy.exp(-(omega**2) / 2) / sympy.sqrt(2 * sympy.pi)


@random_features.claim("one coordinate, by SymPy: E e^{sω} = e^{s²/2}", kind="expectation")
def one_coordinate(*, law: Callable[..., sympy.Expr] = density) -> Items:
    u, s = sympy.symbols("u s", real=True)
    yield "the integrand at ω = u + s", sympy.exp(s * (u + s)) * law(u + s)
    yield "e^{s²/2} times the density", sympy.exp(s**2 / 2) * law(u)
    yield "whose integral over the line"
    yield "by SymPy", sympy.integrate(law(u), (u, -sympy.oo, sympy.oo))
    yield "is 1", sympy.Integer(1)


def moments(score: sympy.Expr, square: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """The mean and the second moment of φ(q)φ(k), from q·k and ‖q + k‖²."""
    return sympy.exp(score), sympy.exp(2 * score + square)


@random_features.claim("the variance of the mean of m products", kind="expectation")
def variance(*, first_two: Callable[..., tuple[sympy.Expr, sympy.Expr]] = moments) -> Items:
    score, square, m = sympy.symbols("a s m", positive=True)
    mean, second = first_two(score, square)
    yield "independent products: m squares and m(m − 1) products of two means, by m²"
    yield "less the square of the mean", (m * second + m * (m - 1) * mean**2) / m**2 - mean**2
    yield "is e^{2q·k}(e^{‖q + k‖²} − 1)/m", sympy.exp(2 * score) * (sympy.exp(square) - 1) / m
    kernel = sympy.exp(score)
    yield "as it is printed, with SM = e^{q·k}", sympy.exp(square) * kernel**2 * (1 - sympy.exp(-square)) / m
