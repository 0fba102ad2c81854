"""Statement 5.4: softmax attention has no dual form with weights that do not depend on the query."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras import series
from equivalence.algebras.protocol import Algebra, GenericAlgebra, HasWeights, Matrix
from equivalence.algebras.sizes import Part
from equivalence.statements import Differ, Informal, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import inner


def third_moment(algebra: Algebra, V: Matrix, D: Matrix, p: Matrix) -> Matrix:
    """``Σ p_i (v_i − v̄)(m_i − m̄)²``, D = diag(m), bars: means under p; d_v x 1."""
    N = p.shape[0]
    ones = algebra.ones(N, 1)
    off = D - inner(algebra, ones, D @ p) * algebra.eye(N)
    return (V - V @ p @ ones.T) @ off @ off @ p


@statement(
    "5.4",
    "Softmax attention has no dual form",
    kind="series",
    claim="its second derivative in the query, along every h",
    source="this project; Dai et al. 2022 go from their eq. 10 to 11 by dropping softmax",
)
def softmax_updates(algebra: GenericAlgebra, d_k: Part, d_v: Part, N: Part, *, curvature: Callable[..., Matrix] = third_moment) -> Items:
    """Softmax attention has no form ``(W_ZSL + ΔW)q`` with a ΔW that does not depend on q, unless its update is 0.

    Its Hessian in q is ``Σ p_i (v_i − v̄)(k_i − k̄)(k_i − k̄)ᵀ``, bars: means under p; a third moment, not 0 in general. The output is an
    average of the values, so it is bounded, and an affine function of q that is bounded is constant: so the output is affine in q iff it is
    constant, and linear iff it is 0. The same for what demonstrations change, the difference of two outputs, which is bounded as well.

    For all N along every direction h to second order, where q moves by th and the scores by t(k_i·h), D = diag(k_i·h); that
    ``e^{a+b} = e^a e^b`` and the expansion of exp are cited. By SymPy's own derivatives at d_k = N = 2.
    """
    K, V = algebra.generator("K", d_k, N), algebra.generator("V", d_v, N)
    p, D = algebra.weights(K.T @ algebra.generator("q", d_k, 1)), algebra.diagonal("D", N)
    ones, half = algebra.ones(N, 1), algebra.scalar("1/2")
    grown = (p, D @ p, half * (D @ D @ p))
    normaliser = (algebra.scalar(1), *(inner(algebra, ones, term) for term in grown[1:]))
    weights = series.product(series.inverse(normaliser, algebra.scalar(1)), grown)
    yield "order 1 in t"
    yield "from the quotient of the two series, by Z", V @ weights[1]
    yield "the covariance Σ p_i (v_i − v̄)(m_i − m̄), m_i = k_i·h", (V - V @ p @ ones.T) @ (D @ p)
    yield "order 2 in t, half the second derivative"
    yield "from the quotient of the two series", V @ weights[2]
    yield "½ Σ p_i (v_i − v̄)(m_i − m̄)²", half * curvature(algebra, V, D, p)


def average(V: sympy.Matrix, grown: sympy.Matrix) -> sympy.Expr:
    """``V softmax(z)`` from the exponentials e^z, d_v = 1."""
    return (V * grown)[0] / sum(grown)


@softmax_updates.claim("the Hessian by SymPy's derivatives, d_k = N = 2, d_v = 1, every K, V, q", kind="characterisation")
def hessian(*, output: Callable[..., sympy.Expr] = average) -> Items:
    """The exponentials ``t_i = e^{k_i·q}`` are symbols, with ``∂t_i/∂q = t_i k_i``: so all is rational."""
    K, V = sympy.Matrix(2, 2, sympy.symbols("k_1:3(1:3)")), sympy.Matrix([sympy.symbols("v_1:3")])
    t = sympy.Matrix(sympy.symbols("t_1:3"))

    def slope(function: sympy.Expr, row: int) -> sympy.Expr:
        return sum((sympy.diff(function, t[i]) * t[i] * K[row, i] for i in range(2)), sympy.Integer(0))

    p = t / sum(t)
    off = K - K * p * sympy.ones(1, 2)
    moments = [p[i] * (V[i] - (V * p)[0]) * off[:, i] * off[:, i].T for i in range(2)]
    yield "by SymPy, factored", sympy.Matrix(2, 2, lambda row, col: slope(slope(output(V, t), row), col)).applyfunc(sympy.factor)
    yield "Σ p_i (v_i − v̄)(k_i − k̄)(k_i − k̄)ᵀ, factored", sum(moments, sympy.zeros(2, 2)).applyfunc(sympy.factor)


@softmax_updates.claim("bounded: an output is an average of the values, a change of outputs the difference of two", kind="identity")
def bounded(algebra: HasWeights, d_k: Part, d_v: Part, n: Part, N: Part) -> Items:
    q, u = algebra.generator("q", d_k, 1), algebra.generator("u", d_v, 1)
    most, more = algebra.symbol("m"), algebra.symbol("m'")
    (V, p), (W, w) = (
        (algebra.generator(f"V{mark}", d_v, count), algebra.weights(algebra.generator(f"K{mark}", d_k, count).T @ q))
        for mark, count in (("", n), ("'", N))
    )
    below, above = most * algebra.ones(n, 1) - V.T @ u, more * algebra.ones(N, 1) + W.T @ u
    yield "with m at least every u·v_i"
    yield "m less u·output", most - inner(algebra, u, V @ p)
    yield "is Σ p_i (m − u·v_i), so not negative", inner(algebra, below, p)
    yield "with m' at least every −u·v'_j besides"
    yield "m + m' less the change of u·output", most + more - inner(algebra, u, V @ p - W @ w)
    yield "is a sum of two such", inner(algebra, below, p) + inner(algebra, above, w)


def line(start: sympy.Expr, slope: sympy.Expr, t: sympy.Expr) -> sympy.Expr:
    """``a + tg``: an affine function along q = th."""
    return start + t * slope


@softmax_updates.claim("affine and bounded is constant", kind="bound")
def constant(*, function: Callable[..., sympy.Expr] = line) -> Items:
    """Along q = th an affine function is ``a + tg``. If g > 0 it exceeds every bound m, and if g < 0 it does at −t."""
    a, m = sympy.symbols("a m", real=True)
    g, over = sympy.symbols("g over", positive=True)
    value = function(a, g, (m - a + over) / g)
    yield "at t = (m − a + over)/g"
    yield "the value, less the bound", value - m
    yield "is any number over > 0", over
    yield Positive("so m is no bound", value - m, (over,))
    yield Informal("so g = 0 along every h: affine is constant; and W q is 0 at q = 0, so linear is 0")


@softmax_updates.claim("a witness: keys and values 0 and 1, queries 0, log 2 and 2 log 2", kind="refutation")
def not_affine(*, output: Callable[..., sympy.Expr] = average) -> Items:
    values = sympy.Matrix([[0, 1]])
    outputs = [output(values, sympy.Matrix([0, times * sympy.log(2)]).applyfunc(sympy.exp)) for times in (0, 1, 2)]
    yield "the outputs"
    yield "at 0, log 2 and 2 log 2", sympy.ImmutableMatrix(outputs)
    yield "are 1/2, 2/3 and 4/5", sympy.ImmutableMatrix([sympy.Rational(1, 2), sympy.Rational(2, 3), sympy.Rational(4, 5)])
    yield Differ("two equal moves of the query move the output by", outputs[1] - outputs[0], outputs[2] - outputs[1])
