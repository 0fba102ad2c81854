r"""Statements 6.1 to 6.4: what no normalised attention can do, whatever its weights and however many its heads.

All that is used of the weights is that they are nonnegative and sum to 1 over the context: softmax at any temperature, sparsemax,
hard attention, scores with biases or positions. One layer, with a residual stream and a linear read-out. Outside: an MLP,
LayerNorm, and several layers. A linear map after the layer is inside: it changes A, and what is read of the residual (6.3, 6.5).
"""

from __future__ import annotations

import sympy

from equivalence.algebras.ball import Ball
from equivalence.algebras.protocol import Algebra, HasValues, HasWeights, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Encloses, Informal, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, arbitrary_head

SOURCE = "this project; von Oswald et al. 2022, appendix A.9, asks"


@statement(
    "6.1",
    "How softmax enters",
    kind="bound",
    claim="softmax is an instance: its weights are positive and sum to 1, N = 1, 2, 3, and with one token more",
    source="Vaswani et al. 2017, eq. 1",
)
def normalised() -> Items:
    """Softmax enters the statements 6.2 to 6.5 only through an axiom: weights ≥ 0 that sum to 1 over the context. Softmax is an instance.

    With a positive symbol t_i for each e^{z_i}, checked for N = 1, 2, 3, and for one token more than any number, whose exponentials sum to
    S: so for all N. A shift of all scores changes nothing, which is what makes softmax safe to compute.
    """
    shift = sympy.Symbol("t")
    for count in (1, 2, 3):
        t = sympy.symbols(f"t_1:{count + 1}")
        weights = [exponential / sum(t) for exponential in t]
        yield f"N = {count}"
        yield "the sum of the weights", sum(weights)
        yield "is one", sympy.Integer(1)
        for weight in weights:
            yield Positive("and each is positive", weight, t)
        yield f"N = {count}, scores shifted"
        yield "the first weight", shift * t[0] / sum(shift * exponential for exponential in t)
        yield "is what it was", weights[0]
    before, own, last = sympy.symbols("S t_i t", positive=True)
    yield "one token more, of exponential t, after some whose exponentials sum to S"
    yield "the sum of the weights: (Σ t_i)/(S + t) and t/(S + t)", before / (before + last) + last / (before + last)
    yield "is one", sympy.Integer(1)
    yield Positive("a weight of before, t_i/(S + t), is positive", own / (before + last), (before, own, last))
    yield Positive("and so is the new one", last / (before + last), (before, last))


@statement("6.2", "One context token: the query is not seen", claim="the update is A c for every query, any heads", source=SOURCE)
def one_token(algebra: HasWeights, d: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    """With one context token the output does not depend on the query (beyond the residual); the step's does. No weights, no heads mend it.

    All d, d_k, d_v, M; two heads, and heads add, so any number. Exact witness for the step.
    """
    heads = two_heads(algebra, d, d_k, d_v)
    c, Q = algebra.generator("c", d, 1), algebra.generator("Q", d, M)
    yield "the update of M queries by one token", softmax_update(heads, c, Q)
    yield "is one and the same for all", written_values(heads) @ c @ algebra.ones(1, M)


def two_heads(algebra: Algebra, d: Part, d_k: Part, d_v: Part) -> Layer:
    """Two heads of generators."""
    return Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))


def written_values(layer: Layer) -> Matrix:
    """``Σ_h A_h``."""
    first, second = (head.output_value for head in layer.heads)
    return first + second


@one_token.claim("a further head adds its own update, on any context", kind="identity")
def softmax_heads_add(algebra: HasWeights, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    both, third = two_heads(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "''")

    def own(head: Head) -> Matrix:
        return head.output_value @ C @ algebra.weights((head.key @ C).T @ (head.query @ Q))

    yield "base: one head"
    yield "the update", softmax_update(Layer((third,)), C, Q)
    yield "is A C p", own(third)
    yield "step: one head more"
    yield "the update by three heads", softmax_update(Layer((*both.heads, third)), C, Q)
    yield "is that by two, and the third's own", softmax_update(both, C, Q) + own(third)
    yield Informal("so two heads stand for any number, by induction")


@one_token.claim("the step depends on the query", kind="refutation")
def step_sees_the_query(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    unit, none = algebra.value([[1]]), algebra.value([[0]])
    step = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    context, change = tokens(unit, unit), weight_change(none, unit, unit, algebra.scalar(1))
    first, second = (algebra.value([[q]]) for q in (1, 2))
    yield Differ("the step's update of q = 1 and of q = 2", *(update(step, context, query_tokens(none, q)) for q in (first, second)))
    for q in (first, second):
        yield "x = y = η = 1, W₀ = 0: the update of a query"
        yield "by the layer of 2.1", update(step, context, query_tokens(none, q))
        yield "is the step's, [0; −ΔW q]", tokens(none, -(change @ q))


@statement("6.3", "The same for every N, by repeated tokens", claim="N copies of one token act as one", source=SOURCE)
def repeated_token(algebra: HasWeights, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    """On N copies of one token no normalised attention sees the query. All d, d_k, d_v, N, M; two heads, and heads add.

    With a linear map L behind the layer the constant is changed, and what is read of the residual, but the constant sees no query either.
    """
    heads = two_heads(algebra, d, d_k, d_v)
    c, Q = algebra.generator("c", d, 1), algebra.generator("Q", d, M)
    context = c @ algebra.ones(1, N)
    yield "the update of M queries by N copies", softmax_update(heads, context, Q)
    yield "the weights of each query sum to 1", written_values(heads) @ c @ algebra.ones(1, M)


@repeated_token.claim("with a linear map behind the layer", kind="identity")
def linear_map_behind(algebra: HasWeights, d: Part, d_out: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    heads = two_heads(algebra, d, d_k, d_v)
    c, Q, L = algebra.generator("c", d, 1), algebra.generator("Q", d, M), algebra.generator("L", d_out, d)
    yield "the layer with residual, then L", L @ (Q + softmax_update(heads, c @ algebra.ones(1, N), Q))
    yield "is linear in the query, with a constant that does not see it", L @ Q + L @ written_values(heads) @ c @ algebra.ones(1, M)


@statement("6.4", "Growth: the layer is linear, the step is cubic", kind="bound", claim="the gap grows without bound", source=SOURCE)
def growth() -> Items:
    """For every normalised layer (any H, residual and linear read-out included, the query among the keys or not) the update is O(λ) under
    ``E → λE``, ``q → λq``, and the step's is exactly cubic. So for every layer and every η ≠ 0 there is a context on which they differ, by
    an amount that grows without bound.

    Steps, all sizes: the scaled update is λ times an average of fixed vectors, with weights that may depend on λ; an average is at
    most the largest of what it averages, in each coordinate; the step is λ³ times a vector, which is not 0 for some context. Then with
    g > 0 the size of the step at λ = 1 and k the bound of the layer (its residual and read-out, linear in λ, counted in), the gap is at
    least ``λ³g − λk``, which is positive from λ² = k/g on and grows without bound. A query among the keys is one more column of C.
    """
    g, k, u = sympy.symbols("g k u", positive=True)
    squared = (k + u) / g
    yield "λ² = (k + u)/g with u > 0; the gap, by λ", squared * g - k
    yield "grows with u", u
    yield Positive("and is positive", squared * g - k, (g, k, u))
    yield Informal("that k does not depend on λ: an average of fixed vectors is no longer than the longest; and that some step is not 0")


@growth.claim("a gap in numbers: the weights of 2.1, with softmax in place of nothing", kind="bound")
def enclosed_gap(*, layer: LayerBuilder = gd_layer) -> Items:
    x, y, q = [[1, 2]], [[1, 0]], [[1]]

    def weights(algebra: HasValues) -> Layer:
        return layer(1, 1, learning_rate=algebra.scalar(2), context=2, algebra=algebra)

    ball = Ball()
    context, query = tokens(ball.value(x), ball.value(y)), query_tokens(ball.zeros(1, 1), ball.value(q))
    linear, softmax = (ball.trace(prediction(run(weights(ball), context, query), 1, 1)) for run in (update, softmax_update))
    low, high = sympy.Rational(73105, 100000), sympy.Rational(73106, 100000)
    yield "context x = (1, 2), y = (1, 0), query 1, W₀ = 0, η = N = 2: the step predicts 1, softmax on the same weights 1/(1 + e)"
    yield Encloses("the gap", linear - softmax, low, high)
    yield "that the step predicts 1"
    exact_tokens = tokens(exact.value(x), exact.value(y)), query_tokens(exact.zeros(1, 1), exact.value(q))
    yield "the layer without softmax predicts", prediction(update(weights(exact), *exact_tokens), 1, 1)
    yield "as the step does", weight_change(exact.zeros(1, 1), exact.value(x), exact.value(y), exact.scalar(2)) @ exact.value(q)
    yield "which is 1", exact.eye(1)


@growth.claim("the layer's side: λ times an average", kind="identity")
def scaled_average(algebra: HasWeights, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    heads, factor = two_heads(algebra, d, d_k, d_v), algebra.symbol("lambda")
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    scaled, asked = factor * C, factor * Q
    weights = [algebra.weights((head.key @ scaled).T @ (head.query @ asked)) for head in heads.heads]
    averages = [head.output_value @ C @ p for head, p in zip(heads.heads, weights, strict=True)]
    yield "any keys C: a query among them is one of its columns"
    yield "the update of scaled tokens", softmax_update(heads, scaled, asked)
    yield "is λ times averages of the fixed A_h e_i", factor * (averages[0] + averages[1])


@growth.claim("an average is at most the largest: convexity", kind="identity")
def convexity(algebra: HasWeights, d_k: Part, N: Part) -> Items:
    scores = algebra.generator("K", d_k, N).T @ algebra.generator("q", d_k, 1)
    p, values, largest = algebra.weights(scores), algebra.generator("a", N, 1), algebra.symbol("m")
    below = largest * algebra.ones(N, 1) - values
    yield "m minus the average of a", largest - algebra.trace(values.T @ p)
    yield "is Σ p_i (m − a_i), a sum of products of nonnegative numbers if m is the largest a_i", algebra.trace(below.T @ p)
    yield "which, turned around, is nonpositive if m is the least", -algebra.trace((values - largest * algebra.ones(N, 1)).T @ p)


@growth.claim("the step's side: exactly cubic", kind="identity")
def cubic_step(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, factor = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("lambda")
    yield "the change of the prediction on scaled data", weight_change(W0, factor * X, factor * Y, eta) @ (factor * Q)
    yield "is λ³ times the change", (factor * factor * factor) * (weight_change(W0, X, Y, eta) @ Q)


@growth.claim("on a repeated token the change is η(y − W₀x)xᵀq, which is not 0 everywhere", kind="identity")
def repeated_change(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    x, y, q = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.generator("q", d_x, 1)
    W0, eta, ones = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.ones(1, N)
    yield "the change on N copies of (x, y)", weight_change(W0, x @ ones, y @ ones, eta) @ q
    yield "collect", eta * ((y - W0 @ x) @ x.T @ q)
