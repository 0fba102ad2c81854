r"""Statement 6.6: softmax as a series in the inverse temperature.

Scores z (N x 1) enter through D = diag z, so z = D1; values are the columns of V (d_v x N). Softmax at inverse temperature β gives
``V softmax(βz) = V e^{βD}1 / (1ᵀe^{βD}1)``, a quotient of two series whose coefficients are forms in D, 1 and V. C = I − 11ᵀ/N centres.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

from equivalence.algebras import series
from equivalence.algebras.protocol import Algebra, HasDiagonals, Matrix
from equivalence.algebras.sizes import Dimension, Part
from equivalence.models.descent.centred import centring
from equivalence.statements import statement
from equivalence.statements.steps import Items

ORDERS = 6


def powers(algebra: Algebra, diagonal: Matrix, size: Dimension) -> list[Matrix]:
    """1, D1, D²1, …, one for each order."""
    raised = [algebra.ones(size, 1)]
    for _ in range(ORDERS - 1):
        raised.append(diagonal @ raised[-1])
    return raised


def softmax_series(algebra: Algebra, V: Matrix, D: Matrix, N: Dimension) -> series.Series:
    """The coefficients of ``V softmax(βD1)`` in β, orders 0 to 5, each d_v x 1."""
    exponentials = series.exponential(algebra, powers(algebra, D, N))
    ones = algebra.ones(N, 1)
    normaliser = [algebra.scalar(N), *(algebra.trace(ones.T @ term) for term in exponentials[1:])]
    weights = series.product(series.inverse(normaliser, algebra.scalar(1)), exponentials)
    return tuple(V @ term for term in weights)


@statement(
    "6.6",
    "Softmax in the inverse temperature, order by order",
    kind="series",
    source="this project; von Oswald et al. 2022, eq. 16, is order 1 without C",
)
def orders(algebra: HasDiagonals, d_v: Part, N: Part, *, centred: Callable[..., Matrix] = centring) -> Items:
    """``V softmax(βz)`` in β: order 0 is the mean value ``(1/N)V1``, order 1 ``(1/N) V C z`` with ``C = I − 11ᵀ/N``, order 2
    ``(1/2N) V C (Cz)^{∘2}``; orders 3 to 5 in centred moments ``μ_k = (1/N) Σ (z_i − z̄)^k``. All d_v and N, orders 0 to 5.

    Order 2 is identically 0 for N = 2, where order 3 is the first nonlinear one. Printed (eq. 16) is order 1 without C: the sum in the
    denominator is expanded, and its linear term dropped.
    """
    V, D = algebra.generator("V", d_v, N), algebra.diagonal("D", N)
    coefficients = softmax_series(algebra, V, D, N)
    C, mean = centred(algebra, N), algebra.scalar(1) / algebra.scalar(N)
    yield "order 0"
    yield "from the series", coefficients[0]
    yield "the mean value", mean * (V @ algebra.ones(N, 1))
    yield "order 1"
    yield "from the series", coefficients[1]
    yield "centred scores", mean * (V @ C @ (D @ algebra.ones(N, 1)))
    yield from higher_orders(algebra, V, D, N, C, coefficients)


def higher_orders(algebra: Algebra, V: Matrix, D: Matrix, N: Part, C: Matrix, coefficients: series.Series) -> Items:
    """Orders 2 to 5 in the powers of the centred scores and their moments μ."""
    mean = algebra.scalar(1) / algebra.scalar(N)
    ones = algebra.ones(N, 1)
    centred = D - (mean * algebra.trace(ones.T @ D @ ones)) * algebra.eye(N)
    z = powers(algebra, centred, N)
    mu = [mean * algebra.trace(ones.T @ term) for term in z]
    number = algebra.scalar
    yield "order 2"
    yield "from the series", coefficients[2]
    yield "centred squares of the centred scores", (mean * number("1/2")) * (V @ C @ z[2])
    brackets = {
        3: z[3] - (number(3) * mu[2]) * z[1],
        4: z[4] - (number(6) * mu[2]) * z[2] - (number(4) * mu[3]) * z[1],
        5: z[5] - (number(10) * mu[2]) * z[3] - (number(10) * mu[3]) * z[2] - (number(5) * mu[4] - number(30) * mu[2] * mu[2]) * z[1],
    }
    for order, bracket in brackets.items():
        yield f"order {order}"
        yield "from the series", coefficients[order]
        yield "centred moments", (mean / number(factorial(order))) * (V @ C @ bracket)


@orders.claim("N = 2: order 2 vanishes, order 3 does not", kind="identity")
def two_tokens(algebra: Algebra, d_v: Part) -> Items:
    v, w = algebra.generator("v", d_v, 1), algebra.generator("w", d_v, 1)
    a, b = algebra.symbol("a"), algebra.symbol("b")
    scores = algebra.block([[a * algebra.eye(1), algebra.zeros(1, 1)], [algebra.zeros(1, 1), b * algebra.eye(1)]])
    coefficients = softmax_series(algebra, algebra.block([[v, w]]), scores, (1, 1))
    number, gap = algebra.scalar, a - b
    yield "order 2"
    yield "from the series", coefficients[2]
    yield "is zero", algebra.zeros(d_v, 1)
    yield "order 3"
    yield "from the series", coefficients[3]
    yield "is the cube of the scores' difference", -((number(1) / number(48)) * gap * gap * gap) * (v - w)
