"""Chapter 2, first half: one layer is one step, what the query's place among the keys changes, and how the step scales."""

from __future__ import annotations

from typing import Any

from equivalence.models.attention.linear import linear_attention, stack, update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step, trajectory, weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, arbitrary_head


@statement("2.1", "One linear self-attention layer is one gradient step", source=f"{VON_OSWALD}, Prop. 1 and appendix A.1, eq. 8")
def one_layer(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = gd_layer) -> Items:
    """``W_K = W_Q = diag(I, 0)``, ``W_V = [[0, 0], [W₀, −I]]``, ``P = sI`` are one step: ``[X; Y − ΔW X]`` and ``[Q; −(W₀ + ΔW)Q]``.

    ``s = η/N``, ``ΔW = −η∇L(W₀)``, keys and values are the context only, query tokens ``[Q; −W₀Q]``. All d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(X, Y), query_tokens(W0, Q))])
    error = W0 @ X - Y
    moved = [[X, Q], [Y + s * (error @ (X.T @ X)), -(W0 @ Q) + s * (error @ (X.T @ Q))]]
    yield "the values are s(W₀X − Y), the scores XᵀX and XᵀQ", algebra.block(moved)
    change = weight_change(W0, X, Y, eta)
    yield "s(W₀X − Y)Xᵀ = −ΔW", algebra.block([[X, Q], [Y - change @ X, -((W0 + change) @ Q)]])


@statement(
    "2.2",
    "With the queries among the keys",
    claim="the prediction changes by −2s W₀QQᵀQ",
    source=f"{VON_OSWALD}, section 2, “Full self-attention”",
)
def queries_among_keys(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = gd_layer) -> Items:
    """With the queries among the keys (s unchanged) the prediction changes by exactly ``−2s W₀QQᵀQ``. All d_x, d_y, N, M.

    For a single query and s ≠ 0 this is 0 for every q if and only if W₀ = 0. Printed: for W₀ ≈ 0 the exclusion of the query can be
    dropped. That holds for the *first* layer only: N = 1, x = y = q = η = 1, W₀ = 0 and two layers predict 0, two steps predict 1.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    context, queries = tokens(X, Y), query_tokens(W0, Q)
    _, among = linear_attention(heads, context, queries, queries_as_keys=True)
    _, apart = linear_attention(heads, context, queries)
    yield "prediction with the queries among the keys, minus without", prediction(among, d_x, d_y) - prediction(apart, d_x, d_y)
    yield "the contexts' share is the same in both", -prediction_part(algebra, update(heads, queries, queries), d_x, d_y)
    yield "a query's value is s(W₀q + W₀q)", -((algebra.scalar(2) * eta / algebra.scalar(N)) * (W0 @ Q @ (Q.T @ Q)))


def prediction_part(algebra: Any, change: Any, d_x: Any, d_y: Any) -> Any:
    """The y rows of an update."""
    return algebra.block([[algebra.zeros(d_y, d_x), algebra.eye(d_y)]]) @ change


@queries_among_keys.claim("one query: the change is 0 for every q iff W₀ = 0")
def iff_zero(algebra: Any, d_x: Any, d_y: Any, N: Any) -> Items:
    W0, q = algebra.generator("W_0", d_y, d_x), algebra.generator("q", d_x, 1)
    factor = algebra.scalar(2) * algebra.symbol("eta") / algebra.scalar(N)
    yield "only if: it is W₀q times a number that is not 0 unless q is, so W₀q = 0 for every q"
    yield "the change", -(factor * (W0 @ q @ q.T @ q))
    yield "qᵀq is a number", -((factor * algebra.trace(q.T @ q)) * (W0 @ q))
    yield "and the columns of I are such q, which leaves W₀ = 0"
    yield "W₀ on the columns of I", W0 @ algebra.eye(d_x)
    yield "is W₀", W0
    yield "if: with W₀ = 0 nothing is left"
    none = algebra.zeros(d_y, d_x)
    yield "the change", -(factor * (none @ q @ q.T @ q))
    yield "is zero", algebra.zeros(d_y, 1)


@queries_among_keys.claim("printed, false from the second layer on: W₀ ≈ 0 lets the exclusion be dropped", kind="refutation")
def only_first_layer(algebra: Any, *, layer: Any = gd_layer) -> Items:
    one, none = algebra.value([[1]]), algebra.value([[0]])
    heads = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    context, query = tokens(one, one), query_tokens(none, one)
    _, first = stack([heads], context, query, queries_as_keys=True)
    _, second = stack([heads, heads], context, query, queries_as_keys=True)
    steps = trajectory(none, one, one, [algebra.scalar(1)] * 2)
    yield "the first layer is right"
    yield "prediction of one layer, the query among the keys", prediction(first, 1, 1)
    yield "one step from W₀ = 0", steps[1] @ one
    yield "the second is not"
    yield "prediction of two layers", prediction(second, 1, 1)
    yield "is zero", none
    yield "and two steps predict"
    yield "the weights after two steps, on the query", steps[2] @ one
    yield "which is one", one
    yield Differ("two layers against two steps", prediction(second, 1, 1), steps[2] @ one)


@statement(
    "2.5",
    "What a sensitivity cosine of 1 says",
    claim="the prediction is linear in the query",
    source=f"{VON_OSWALD}, section 3; write-up, “Model cos”",
)
def sensitivity(algebra: Any, d: Any, d_x: Any, d_y: Any, d_k: Any, d_v: Any, N: Any) -> Items:
    """With the query outside the keys two one-layer models are the same up to a positive scalar, *on a context*, iff their (nonzero)
    sensitivities have cosine 1: Frobenius for d_y > 1. All sizes.

    The prediction is linear in q, so the sensitivity is the model. Cosine 1 means equality in Cauchy–Schwarz, hence by Lagrange's identity
    ``‖a‖²‖b‖² − ⟨a, b⟩² = ½‖abᵀ − baᵀ‖²`` (a, b: the sensitivities written as one column) ``a⟨b, b⟩ = b⟨a, b⟩``. Two caveats, each with
    its exact witness: it holds per context, and cosine 1 says nothing about the scalar.
    """
    C, q, r = algebra.generator("C", d, N), algebra.generator("q", d_x, 1), algebra.generator("r", d_x, 1)
    embed, read, t = algebra.generator("T", d, d_x), algebra.generator("S", d_y, d), algebra.symbol("t")
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v),))

    def predict(query: Any) -> Any:
        return read @ linear_attention(heads, C, embed @ query)[1]

    yield "it adds"
    yield "the prediction at a sum", predict(q + r)
    yield "is the sum of the predictions", predict(q) + predict(r)
    yield "it scales"
    yield "the prediction at a multiple", predict(t * q)
    yield "is the multiple of the prediction", t * predict(q)


@sensitivity.claim("Lagrange's identity: cosine 1 means proportional")
def lagrange(algebra: Any, n: Any) -> Items:
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


@sensitivity.claim("caveats: per context, and up to a scalar", kind="refutation")
def caveats(algebra: Any, *, layer: Any = gd_layer) -> Items:
    plain = layer(2, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    doubled = layer(2, 1, learning_rate=algebra.scalar(2), context=1, algebra=algebra)
    zeros, one = algebra.zeros, algebra.value([[1]])
    stretch = algebra.block([[algebra.value([[1, 0], [0, 2]]), zeros(2, 1)], [zeros(1, 2), one]])
    stretched = Layer((plain.heads[0]._replace(query=plain.heads[0].query @ stretch),))
    along, across = (tokens(algebra.value([[1], [second]]), one) for second in (0, 1))
    yield "on the context x = (1, 0), y = 1 gradient descent and a stretched query agree"
    yield "sensitivity of the step", sensitivity_of(algebra, plain, along)
    yield "sensitivity with the second coordinate of the query stretched", sensitivity_of(algebra, stretched, along)
    yield "on x = (1, 1) their cosine is below 1: the gap in Cauchy–Schwarz is not 0"
    gap = cauchy_schwarz_gap(algebra, sensitivity_of(algebra, plain, across), sensitivity_of(algebra, stretched, across))
    yield Differ("the gap", gap, algebra.scalar(0))
    yield "rates 1 and 2 have cosine 1 on every context"
    slow, fast = sensitivity_of(algebra, plain, across), sensitivity_of(algebra, doubled, across)
    yield "the gap", cauchy_schwarz_gap(algebra, slow, fast)
    yield "is zero", algebra.scalar(0)
    yield Differ("but the predictions differ", slow, fast)


def sensitivity_of(algebra: Any, layer: Layer, context: Any) -> Any:
    """∂prediction/∂query at W₀ = 0, 1 x 2: the prediction on the columns of I."""
    basis = query_tokens(algebra.zeros(1, 2), algebra.eye(2))
    return prediction(linear_attention(layer, context, basis)[1], 2, 1)


def cauchy_schwarz_gap(algebra: Any, a: Any, b: Any) -> Any:
    """``‖a‖²‖b‖² − ⟨a, b⟩²``, which is 0 iff the cosine is 1 or −1."""
    inner = algebra.trace(a @ b.T)
    return algebra.trace(a @ a.T) * algebra.trace(b @ b.T) - inner * inner


@statement(
    "2.6",
    "The step is not one matrix multiplication",
    claim="the update is cubic in the tokens, linear in the query",
    source="write-up, “It's also equivalent to one matrix multiplication”",
)
def cubic(algebra: Any, d: Any, N: Any, M: Any, d_k: Any, d_v: Any) -> Items:
    """Under ``E → λE``, ``q → λq`` the update of every linear-attention layer scales as λ³, so no matrix does it. All sizes.

    It is linear in the query only once the context is fixed. The write-up's “equivalent to one matrix multiplication” holds in that sense.
    """
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v),))
    C, Q, factor = algebra.generator("C", d, N), algebra.generator("Q", d, M), algebra.symbol("lambda")
    yield "tokens and queries scaled together"
    yield "the update of scaled tokens", update(heads, factor * C, factor * Q)
    yield "is the scaled update", (factor * factor * factor) * update(heads, C, Q)
    yield "the query alone, the context fixed"
    yield "the update of a scaled query", update(heads, C, factor * Q)
    yield "scales by the same", factor * update(heads, C, Q)


@cubic.claim("no matrix does the step", kind="refutation")
def no_matrix(algebra: Any, *, layer: Any = gd_layer) -> Items:
    heads = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    one, two = algebra.value([[1]]), algebra.scalar(2)
    context, query = tokens(one, one), query_tokens(algebra.value([[0]]), one)
    once, twice = update(heads, context, query), update(heads, two * context, two * query)
    yield "at twice the tokens the update is eight times as large"
    yield "the update of the doubled tokens", twice
    yield "eight times the update", algebra.scalar(8) * once
    yield Differ("a matrix would double it", twice, two * once)


@statement("2.7", "Dampening the update is a smaller rate", source=f"{VON_OSWALD}, appendix A.6")
def dampening(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = gd_layer) -> Items:
    """The layer's update times δ is the step with rate δη, on context and queries. All d_x, d_y, N, M."""
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, delta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("delta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    context, queries = tokens(X, Y), query_tokens(W0, Q)
    both = algebra.block([[context, queries]])
    yield "the tokens with the update times δ", both + delta * update(heads, context, both)
    change = weight_change(W0, X, Y, delta * eta)
    stepped = gradient_step(W0, X, Y, delta * eta)
    yield "are those of a step with rate δη", algebra.block([[X, Q], [Y - change @ X, -(stepped @ Q)]])
