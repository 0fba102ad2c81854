"""Statement 2.5: what the sensitivity of a prediction to its query says of a model."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, HasValues, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder, arbitrary_head


@statement(
    "2.5",
    "What a sensitivity cosine of 1 says",
    claim="the prediction is linear in the query",
    source=f"{VON_OSWALD}, section 3; write-up, “Model cos”",
)
def sensitivity(algebra: Algebra, d: Part, d_x: Part, d_y: Part, d_k: Part, d_v: Part, N: Part) -> Items:
    """With the query outside the keys two one-layer models are the same up to a positive scalar, *on a context*, iff their (nonzero)
    sensitivities have cosine 1: Frobenius for d_y > 1. All sizes.

    The prediction is linear in q, so the sensitivity is the model. Cosine 1 means ``⟨a, b⟩ > 0`` and equality in Cauchy–Schwarz, hence by
    Lagrange's identity ``‖a‖²‖b‖² − ⟨a, b⟩² = ½‖abᵀ − baᵀ‖²`` (a, b: the sensitivities written as one column) ``a⟨b, b⟩ = b⟨a, b⟩``;
    and if b = ta with t > 0, both hold. Two caveats, each with its exact witness: it holds per context, and cosine 1 says nothing about
    the scalar.
    """
    C, q, r = algebra.generator("C", d, N), algebra.generator("q", d_x, 1), algebra.generator("r", d_x, 1)
    embed, read, t = algebra.generator("T", d, d_x), algebra.generator("S", d_y, d), algebra.symbol("t")
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v),))

    def predict(query: Matrix) -> Matrix:
        return read @ linear_attention(heads, C, embed @ query)[1]

    yield "it is a matrix times the query: its sensitivity, the predictions at the columns of I"
    yield "the prediction", predict(q)
    yield "is the sensitivity times the query", predict(algebra.eye(d_x)) @ q

    yield "it adds"
    yield "the prediction at a sum", predict(q + r)
    yield "is the sum of the predictions", predict(q) + predict(r)
    yield "it scales"
    yield "the prediction at a multiple", predict(t * q)
    yield "is the multiple of the prediction", t * predict(q)


@sensitivity.claim("Lagrange's identity: cosine 1 means proportional")
def lagrange(algebra: Algebra, n: Part) -> Items:
    a, b = algebra.generator("a", n, 1), algebra.generator("b", n, 1)
    inner = {(u, v): algebra.trace(left.T @ right) for u, left in (("a", a), ("b", b)) for v, right in (("a", a), ("b", b))}
    wedge = a @ b.T - b @ a.T
    half = algebra.scalar(1) / algebra.scalar(2)
    yield "the gap in Cauchy–Schwarz is a sum of squares"
    yield "the gap", inner["a", "a"] * inner["b", "b"] - inner["a", "b"] * inner["a", "b"]
    yield "half the square of abᵀ − baᵀ", half * algebra.trace(wedge @ wedge.T)
    yield "and where abᵀ = baᵀ, the two are proportional"
    yield "apply abᵀ − baᵀ to b", wedge @ b
    yield "which is 0 iff a⟨b,b⟩ = b⟨a,b⟩", inner["b", "b"] * a - inner["a", "b"] * b
    yield Informal("cosine 1 is no gap and ⟨a,b⟩ > 0, so a is b times the positive number ⟨a,b⟩/⟨b,b⟩")


@sensitivity.claim("and conversely: proportional, by a positive scalar, means cosine 1")
def proportional(algebra: Algebra, n: Part) -> Items:
    a, t = algebra.generator("a", n, 1), algebra.symbol("t")
    b, square = t * a, algebra.trace(a.T @ a)
    yield "b = ta: no gap in Cauchy–Schwarz, so the cosine is 1 or −1"
    yield "the gap", cauchy_schwarz_gap(algebra, a.T, b.T)
    yield "is zero", algebra.scalar(0)
    yield "and its sign is that of t"
    yield "⟨a, b⟩", algebra.trace(a.T @ b)
    yield "is t‖a‖²", t * square


@sensitivity.claim("rates η and tη have proportional sensitivities on every context")
def rates_proportional(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, eta, t = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.symbol("eta"), algebra.symbol("t")
    none = algebra.zeros(d_y, d_x)

    def sensitivity_at(rate: Scalar) -> Matrix:
        heads = layer(d_x, d_y, learning_rate=rate, context=N, algebra=algebra)
        return prediction(linear_attention(heads, tokens(X, Y), query_tokens(none, algebra.eye(d_x)))[1], d_x, d_y)

    yield "the sensitivity at tη, W₀ = 0", sensitivity_at(t * eta)
    yield "is t times that at η", t * sensitivity_at(eta)
    yield "which is ΔW", t * weight_change(none, X, Y, eta)


@sensitivity.claim("caveats: per context, and up to a scalar", kind="refutation")
def caveats(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    plain = layer(2, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    doubled = layer(2, 1, learning_rate=algebra.scalar(2), context=1, algebra=algebra)
    zeros, unit = algebra.zeros, algebra.value([[1]])
    stretch = algebra.block([[algebra.value([[1, 0], [0, 2]]), zeros(2, 1)], [zeros(1, 2), unit]])
    stretched = Layer((plain.heads[0]._replace(query=plain.heads[0].query @ stretch),))
    along, across = (tokens(algebra.value([[1], [second]]), unit) for second in (0, 1))
    yield "on the context x = (1, 0), y = 1 gradient descent and a stretched query agree"
    yield "ΔW from W₀ = 0 at the rate 1", weight_change(zeros(1, 2), algebra.value([[1], [0]]), unit, algebra.scalar(1))
    yield "is the sensitivity of the step", sensitivity_of(algebra, plain, along)
    yield "sensitivity with the second coordinate of the query stretched", sensitivity_of(algebra, stretched, along)
    yield "on x = (1, 1) their cosine is below 1: the gap in Cauchy–Schwarz is not 0"
    gap = cauchy_schwarz_gap(algebra, sensitivity_of(algebra, plain, across), sensitivity_of(algebra, stretched, across))
    yield Differ("the gap", gap, algebra.scalar(0))
    yield "rates 1 and 2 have cosine 1, here too"
    slow, fast = sensitivity_of(algebra, plain, across), sensitivity_of(algebra, doubled, across)
    yield "the gap", cauchy_schwarz_gap(algebra, slow, fast)
    yield "is zero", algebra.scalar(0)
    yield Differ("but the predictions differ", slow, fast)


def sensitivity_of(algebra: Algebra, layer: Layer, context: Matrix) -> Matrix:
    """∂prediction/∂query at W₀ = 0, 1 x 2: the prediction on the columns of I."""
    basis = query_tokens(algebra.zeros(1, 2), algebra.eye(2))
    return prediction(linear_attention(layer, context, basis)[1], 2, 1)


def cauchy_schwarz_gap(algebra: Algebra, a: Matrix, b: Matrix) -> Scalar:
    """``‖a‖²‖b‖² − ⟨a, b⟩²``, which is 0 iff the cosine is 1 or −1."""
    inner = algebra.trace(a @ b.T)
    return algebra.trace(a @ a.T) * algebra.trace(b @ b.T) - inner * inner
