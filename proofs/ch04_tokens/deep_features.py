"""Statement 4.3: the layer behind a network of features."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder


@statement(
    "4.3",
    "Deep features: a gradient step on the read-out",
    source=f"{VON_OSWALD}, Prop. 2 and appendix A.8, eq. 13",
    claim="the layer is a step on the read-out",
)
def deep_features(algebra: Algebra, d_m: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    """With ``X := m(X)``, ``Q := m(Q)`` for any function m into d_m rows, the layer of 2.1 is a GD step on the read-out W of ``W m(x)``.

    The loss is ``1/(2N) ‖W m(X) − Y‖²``; m(X) and m(Q) are arbitrary matrices, so no m is excluded; all d_m, d_y, N, M. It is not a
    step on m's own weights: ``f = w v x`` with both stepped (exact counterexample; from w = 0 the first such step leaves v alone, so
    there the difference shows from the second step on). Eq. 13 prints ``−η∇L(0) m(q) = Σ y_i m(x_i)ᵀ m(q)``, without η/N: exact
    counterexample, and with η/N it holds for all sizes.
    """
    mX, mQ = algebra.generator("m(X)", d_m, N), algebra.generator("m(Q)", d_m, M)
    Y, W0, eta = algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_m), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    heads = layer(d_m, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(mX, Y), query_tokens(W0, mQ))])
    error = W0 @ mX - Y
    moved = [[mX, mQ], [Y + s * (error @ (mX.T @ mX)), -(W0 @ mQ) + s * (error @ (mX.T @ mQ))]]
    yield "the scores are the kernels m(X)ᵀm(X) and m(X)ᵀm(Q)", algebra.block(moved)
    change = weight_change(W0, mX, Y, eta)
    yield "s(W₀m(X) − Y)m(X)ᵀ = −ΔW, the features stay", algebra.block([[mX, mQ], [Y - change @ mX, -((W0 + change) @ mQ)]])


def step_on_both(readout: sympy.Expr, features: sympy.Expr, rate: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """One GD step on w and v of ``f = w v x`` at x = 1, y = 2, N = 1, by SymPy's derivatives of ``½(f − y)²``."""
    w, v = sympy.symbols("w v")
    loss = (w * v - 2) ** 2 / 2
    here = {w: readout, v: features}
    return readout - rate * sympy.diff(loss, w).subs(here), features - rate * sympy.diff(loss, v).subs(here)


def attention_on_features(readout: sympy.Expr, features: sympy.Expr, rate: sympy.Expr, layers: int) -> sympy.Expr:
    """What a recurrent stack of 2.1 predicts at q = 1 on the same example, with m(x) = v x and W₀ = w."""
    unit = sympy.ImmutableDenseMatrix([[1]])
    layer = gd_layer(1, 1, learning_rate=rate, context=1, initial=readout * unit)
    _, queries = stack([layer] * layers, tokens(features * unit, 2 * unit), query_tokens(readout * unit, features * unit))
    return prediction(queries, 1, 1)[0, 0]


@deep_features.claim("it is not a step on m's own weights: m(x) = v x, one token", kind="refutation")
def not_on_the_features(
    *, both: Callable[..., tuple[sympy.Expr, sympy.Expr]] = step_on_both, attention: Callable[..., sympy.Expr] = attention_on_features
) -> Items:
    rate = sympy.Rational(1, 2)
    readout, features = both(1, 1, rate)
    yield "one step from w = v = 1, η = ½"
    yield "the layer's prediction", attention(1, 1, rate, 1)
    yield "is that of the read-out's step, with v left at 1", readout
    yield Differ("with v stepped too", attention(1, 1, rate, 1), readout * features)
    eta, v = sympy.symbols("eta v")
    readout, features = both(0, v, eta)
    yield "from w = 0 the first step is the same, for every v and η: the gradient in v has the factor w"
    yield "the layer's prediction", attention(0, v, eta, 1)
    yield "with both stepped", readout * features
    readout, features = both(*both(0, 1, rate), rate)
    yield "from w = 0, v = 1 the second step is not"
    yield "two layers' prediction", attention(0, 1, rate, 2)
    yield "is 3/2", sympy.Rational(3, 2)
    yield Differ("two steps on both give 9/4", attention(0, 1, rate, 2), readout * features)


@deep_features.claim("eq. 13 as printed, without η/N", kind="refutation")
def printed_kernel(algebra: HasValues, *, change: Callable[..., Matrix] = weight_change) -> Items:
    mX, Y, q = algebra.value([[1, 2]]), algebra.value([[3, 1]]), algebra.value([[1]])
    left = change(algebra.zeros(1, 1), mX, Y, algebra.scalar(1)) @ q
    yield "−η∇L(0) m(q) with η = 1, N = 2, m(X) = (1, 2), Y = (3, 1), m(q) = 1", left
    yield "is 5/2", algebra.value([["5/2"]])
    yield Differ("the printed sum is 5", left, Y @ (mX.T @ q))


@deep_features.claim("eq. 13 with η/N")
def kernel(algebra: Algebra, d_m: Part, d_y: Part, N: Part, M: Part, *, change: Callable[..., Matrix] = weight_change) -> Items:
    mX, mQ = algebra.generator("m(X)", d_m, N), algebra.generator("m(Q)", d_m, M)
    Y, eta = algebra.generator("Y", d_y, N), algebra.symbol("eta")
    yield "−η∇L(0) m(Q)", change(algebra.zeros(d_y, d_m), mX, Y, eta) @ mQ
    yield "at W = 0 the residual is Y", (eta / algebra.scalar(N)) * ((Y @ mX.T) @ mQ)
    yield "re-associate: a kernel sum, (η/N) Σ y_i m(x_i)ᵀ m(q)", (eta / algebra.scalar(N)) * (Y @ (mX.T @ mQ))
