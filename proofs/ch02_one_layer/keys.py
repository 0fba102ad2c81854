"""Statement 2.9: which tokens are keys. What the same weights are where the query token is one too, and under a causal mask."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra
from equivalence.algebras.sizes import Part
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention, stack, update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import trajectory
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import CausalAttention, LayerBuilder, arbitrary_head, head_of


@statement(
    "2.9",
    "Which tokens are keys",
    claim="the query among the keys: the update, and an own term that no context changes",
    source="this project; 2.2 and 3.8 for the layer of 2.1",
)
def own_term(algebra: Algebra, d: Part, N: Part, d_k: Part, d_v: Part) -> Items:
    """One layer, any heads. *Keys are the context only*: the canonical tensor decides (2.4). *Under a causal mask*, the query being no key,
    it decides too: the query sees the whole context, and a context token the tokens up to itself, the second of two both of them.

    *Context and query*: the update has one more term, ``Σ_h A_h uuᵀB_h u`` of the query token u alone. The context taken twice tells the
    two apart, so two layers agree on all contexts and this query iff they do without that term, and in it. The tensor T has both, the term
    being T at (u, u, u): layers of one tensor are the same function under each choice of keys, and no others. Only a *step* has no such
    term. So a layer is the step ``W₀ + sD(Y − W₀X)XᵀC`` iff T is the step's, and T at (u, u, u) is 0: it is ``2sDW₀q·qᵀCq`` off on
    queries ``[q; −W₀q]`` (2.2 has D = C = I), 0 for all q iff s = 0, DW₀ = 0 or C is antisymmetric; and it is 0 for every W₀ on queries
    ``[q; W₀q]`` that are read with plus (2.8), as these have no residual.

    *Two layers*, each a step from W₀ = 0 of its own, are two steps with the query among the keys iff one of the rates is 0, and under a
    causal mask likewise. All sizes.
    """
    C, u = algebra.generator("C", d, N), algebra.generator("u", d, 1)
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))
    _, among = linear_attention(heads, C, u, queries_as_keys=True)
    _, apart = linear_attention(heads, C, u)
    yield "the query token with itself among the keys, less without", among - apart
    yield "is the update by itself as a context", update(heads, u, u)
    yield "the context twice, less once: what the query token adds is gone"
    _, twice = linear_attention(heads, algebra.block([[C, C]]), u, queries_as_keys=True)
    yield "the difference", twice - among
    yield "is the update of the query outside the keys", update(heads, C, u)
    yield Informal("so a layer's own term and its update by contexts are known from what it does, and the other way round")


@own_term.claim("the own term of a step: 2sDW₀q·qᵀCq, and none where plus is read", kind="identity")
def own_term_of_a_step(algebra: Algebra, d_x: Part, d_y: Part, *, factor: int = 2) -> Items:
    W0, D, C = algebra.generator("W_0", d_y, d_x), algebra.generator("D", d_y, d_y), algebra.generator("C", d_x, d_x)
    q, s, zeros = algebra.generator("q", d_x, 1), algebra.symbol("s"), algebra.zeros
    B = algebra.block([[C, zeros(d_x, d_y)], [zeros(d_y, d_x), zeros(d_y, d_y)]])
    nothing = [zeros(d_x, d_x), zeros(d_x, d_y)]
    heads = head_of(algebra, algebra.block([nothing, [s * (D @ W0), -(s * D)]]), B)
    minus, plus = query_tokens(W0, q), tokens(q, W0 @ q)
    yield "the prediction is minus the y-part"
    yield "what the query [q; −W₀q] adds to it by itself", prediction(update(heads, minus, minus), d_x, d_y)
    yield "its value is sD(W₀q + W₀q), its score qᵀCq", -((algebra.scalar(factor) * s * algebra.trace(q.T @ C @ q)) * (D @ W0 @ q))
    yield "the prediction is plus the y-part"
    yield "what the query [q; W₀q] adds", update(heads, plus, plus)
    yield "its value is sD(W₀q − W₀q), zero", zeros((d_x, d_y), 1)
    yield Informal("DW₀q·qᵀCq are products of polynomials in q: 0 for all q iff DW₀q is, or qᵀCq is, that is C antisymmetric")


@own_term.claim("two layers, the query among the keys: two steps from W₀ = 0, less s₁s₂YXᵀq·qᵀq", kind="identity")
def two_layers_among(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("q", d_x, 1)
    rates, none, n = (algebra.symbol("eta_1"), algebra.symbol("eta_2")), algebra.zeros(d_y, d_x), algebra.scalar(N)
    heads = [layer(d_x, d_y, learning_rate=rate, context=N, algebra=algebra) for rate in rates]
    _, after = stack(heads, tokens(X, Y), query_tokens(none, q), queries_as_keys=True)
    stepped = trajectory(none, X, Y, rates)[-1] @ q
    yield "the prediction", prediction(after, d_x, d_y)
    yield "two steps, and the second layer's own term", stepped - ((rates[0] / n * (rates[1] / n)) * algebra.trace(q.T @ q)) * (Y @ X.T @ q)
    yield Informal(
        "YXᵀq·qᵀq is not 0 on every context and query, so s₁s₂ is, or it is not two steps of these rates; nor of others: small q"
    )


@own_term.claim("two layers under a causal mask: on a token with y = 0 and another, two steps on the other one alone", kind="identity")
def two_causal_layers(
    algebra: Algebra, d_x: Part, d_y: Part, *, layer: LayerBuilder = gd_layer, causal: CausalAttention = causal_attention
) -> Items:
    first, second = algebra.generator("x_1", d_x, 1), algebra.generator("x_2", d_x, 1)
    y, q, none = algebra.generator("y", d_y, 1), algebra.generator("q", d_x, 1), algebra.zeros(d_y, d_x)
    rates, fitted, two = (algebra.symbol("eta_1"), algebra.symbol("eta_2")), algebra.zeros(d_y, 1), algebra.scalar(2)
    context, queries = [tokens(first, fitted), tokens(second, y)], query_tokens(none, q)
    for rate in rates:
        context, queries = causal(layer(d_x, d_y, learning_rate=rate, context=2, algebra=algebra), context, queries)
    X, Y = algebra.block([[first, second]]), algebra.block([[fitted, y]])
    yield "the first of two tokens has y = 0: the prediction of two layers from W₀ = 0", prediction(queries, d_x, d_y)
    alone = trajectory(none, second, y, [rate / two for rate in rates])[-1] @ q
    yield "is that of two steps on the second token alone", alone
    missing = (rates[0] / two * (rates[1] / two)) * (y @ second.T @ first @ first.T @ q)
    yield "and not that on both, which is less by s₁s₂ y x₂ᵀx₁ x₁ᵀq", trajectory(none, X, Y, rates)[-1] @ q + missing
