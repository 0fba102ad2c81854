"""Statements 2.1, 2.2, 2.6 and 2.7: one layer is one step, what the query's place among the keys changes, and how the step scales."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, stack, update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step, trajectory, weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder, arbitrary_head


@statement("2.1", "One linear self-attention layer is one gradient step", source=f"{VON_OSWALD}, Prop. 1 and appendix A.1, eq. 8")
def one_layer(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
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
def queries_among_keys(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
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
    yield "the contexts' share is the same in both", prediction(update(heads, queries, queries), d_x, d_y)
    yield "a query's value is s(W₀q + W₀q)", -((algebra.scalar(2) * eta / algebra.scalar(N)) * (W0 @ Q @ (Q.T @ Q)))


@queries_among_keys.claim("one query: the change is 0 for every q iff W₀ = 0")
def iff_zero(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    q, eta = algebra.generator("q", d_x, 1), algebra.symbol("eta")

    def change(initial: Matrix) -> Matrix:
        heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=initial, algebra=algebra)
        context, token = tokens(X, Y), query_tokens(initial, q)
        (_, among), (_, apart) = (linear_attention(heads, context, token, queries_as_keys=with_it) for with_it in (True, False))
        return prediction(among, d_x, d_y) - prediction(apart, d_x, d_y)

    factor = algebra.scalar(2) * eta / algebra.scalar(N)
    yield "only if: it is W₀q times a number that is not 0 unless q is, so W₀q = 0 for every q"
    yield "the prediction with the query among the keys, minus without", change(W0)
    yield "qᵀq is a number", -((factor * algebra.trace(q.T @ q)) * (W0 @ q))
    yield "and the columns of I are such q, which leaves W₀ = 0"
    yield "W₀ on the columns of I", W0 @ algebra.eye(d_x)
    yield "is W₀", W0
    yield Informal("⟨q, q⟩ is 0 for q = 0 only, and a matrix is 0 if it makes 0 of every column of I")
    yield "if: with W₀ = 0 nothing is left"
    yield "the change", change(algebra.zeros(d_y, d_x))
    yield "is zero", algebra.zeros(d_y, 1)


@queries_among_keys.claim("printed, false from the second layer on: W₀ ≈ 0 lets the exclusion be dropped", kind="refutation")
def only_first_layer(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    unit, none = algebra.value([[1]]), algebra.value([[0]])
    heads = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    context, query = tokens(unit, unit), query_tokens(none, unit)
    _, first = stack([heads], context, query, queries_as_keys=True)
    _, second = stack([heads, heads], context, query, queries_as_keys=True)
    steps = trajectory(none, unit, unit, [algebra.scalar(1)] * 2)
    yield "the first layer is right"
    yield "prediction of one layer, the query among the keys", prediction(first, 1, 1)
    yield "one step from W₀ = 0", steps[1] @ unit
    yield "the second is not"
    yield "prediction of two layers", prediction(second, 1, 1)
    yield "is zero", none
    yield "and two steps predict"
    yield "the weights after two steps, on the query", steps[2] @ unit
    yield "which is one", unit
    yield Differ("two layers against two steps", prediction(second, 1, 1), steps[2] @ unit)


@statement(
    "2.6",
    "The step is not one matrix multiplication",
    claim="the update is cubic in the tokens, linear in the query",
    source="write-up, “It's also equivalent to one matrix multiplication”",
)
def cubic(algebra: Algebra, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
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
def no_matrix(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    heads = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    unit, none, two = algebra.value([[1]]), algebra.value([[0]]), algebra.scalar(2)
    context, query = tokens(unit, unit), query_tokens(none, unit)
    once, twice = update(heads, context, query), update(heads, two * context, two * query)
    yield "x = y = q = η = 1, W₀ = 0: the update of the query"
    yield "by the layer", once
    yield "is the step's, [0; −ΔW q]", tokens(none, -(weight_change(none, unit, unit, algebra.scalar(1)) @ unit))
    yield "at twice the tokens the update is eight times as large"
    yield "the update of the doubled tokens", twice
    yield "eight times the update", algebra.scalar(8) * once
    yield Differ("a matrix would double it", twice, two * once)


@statement("2.7", "Dampening the update is a smaller rate", source=f"{VON_OSWALD}, appendix A.6")
def dampening(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
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
