r"""Statements 6.1 to 6.5: what no normalised attention can do, whatever its weights and however many its heads.

All that is used of the weights is that they are nonnegative and sum to 1 over the context: softmax at any temperature, sparsemax,
hard attention, scores with biases or positions. One layer, with a residual stream and a linear read-out. Outside: an MLP,
LayerNorm, and several layers; a linear map after the layer is inside (6.3), as it only changes A.
"""

from __future__ import annotations

import sympy

from equivalence.algebras.ball import Ball
from equivalence.algebras.protocol import Algebra, HasValues, HasWeights, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step, weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Encloses, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, arbitrary_head

SOURCE = "this project; von Oswald et al. 2022, appendix A.9, asks"


@statement(
    "6.1",
    "How softmax enters",
    kind="bound",
    claim="softmax weights are positive and sum to 1, N = 1, 2, 3",
    source="Vaswani et al. 2017, eq. 1",
)
def normalised() -> Items:
    """Softmax enters the statements 6.2 to 6.5 only through this: weights ≥ 0 that sum to 1 over the context.

    That softmax is of this kind is checked with a positive symbol t_i for each e^{z_i}, for N = 1, 2, 3 (every N is the same sum); a shift
    of all scores changes nothing, which is what makes it safe to compute.
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


@normalised.claim("any such attention: the columns of its weights sum to 1", kind="identity")
def columns_sum_to_one(algebra: HasWeights, d_k: Part, N: Part, M: Part) -> Items:
    K, Q = algebra.generator("K", d_k, N), algebra.generator("Q", d_k, M)
    yield "1ᵀ times the weights", algebra.ones(1, N) @ algebra.weights(K.T @ Q)
    yield "is 1ᵀ", algebra.ones(1, M)


@statement("6.2", "One context token: the query is not seen", claim="the update is A c for every query, any heads", source=SOURCE)
def one_token(algebra: HasWeights, d: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    """With one context token the output does not depend on the query (beyond the residual); the step's does. No weights, no heads mend it.

    All d, d_k, d_v, M; two heads, and heads add. Exact witness for the step.
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


@one_token.claim("the step depends on the query", kind="refutation")
def step_sees_the_query(algebra: HasValues, *, layer: LayerBuilder = gd_layer) -> Items:
    unit, none = algebra.value([[1]]), algebra.value([[0]])
    step = layer(1, 1, learning_rate=algebra.scalar(1), context=1, algebra=algebra)
    context = tokens(unit, unit)
    first, second = (update(step, context, query_tokens(none, algebra.value([[q]]))) for q in (1, 2))
    yield Differ("the step's update of q = 1 and of q = 2, at x = y = 1, W₀ = 0", first, second)


@statement("6.3", "The same for every N, by repeated tokens", claim="N copies of one token act as one", source=SOURCE)
def repeated_token(algebra: HasWeights, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    """On N copies of one token no normalised attention sees the query. All d, d_k, d_v, N, M; two heads, and heads add.

    A linear map behind the layer changes nothing: it only changes A.
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


@growth.claim("a gap in numbers: the weights of 2.1, with softmax in place of nothing", kind="bound")
def enclosed_gap(*, layer: LayerBuilder = gd_layer) -> Items:
    ball = Ball()
    weights = layer(1, 1, learning_rate=ball.scalar(1), context=1, algebra=ball)
    context = tokens(ball.value([[1, 2]]), ball.value([[1, 0]]))
    query = query_tokens(ball.value([[0]]), ball.value([[1]]))
    linear, softmax = (
        ball.trace(prediction(change, 1, 1)) for change in (update(weights, context, query), softmax_update(weights, context, query))
    )
    low, high = sympy.Rational(73105, 100000), sympy.Rational(73106, 100000)
    yield "context x = (1, 2), y = (1, 0), query 1, W₀ = 0, P = I: the step predicts 1, softmax 1/(1 + e)"
    yield Encloses("the gap", linear - softmax, low, high)


@growth.claim("the layer's side: λ times an average", kind="identity")
def scaled_average(algebra: HasWeights, d: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    heads, factor = two_heads(algebra, d, d_k, d_v), algebra.symbol("lambda")
    C, Q = algebra.generator("C", d, N), algebra.generator("Q", d, M)
    scaled, asked = factor * C, factor * Q
    weights = [algebra.weights((head.key @ scaled).T @ (head.query @ asked)) for head in heads.heads]
    averages = [head.output_value @ C @ p for head, p in zip(heads.heads, weights, strict=True)]
    yield "the update of scaled tokens", softmax_update(heads, scaled, asked)
    yield "is λ times averages of the fixed A_h e_i", factor * (averages[0] + averages[1])


@growth.claim("an average is at most the largest: convexity", kind="identity")
def convexity(algebra: HasWeights, d_k: Part, N: Part) -> Items:
    scores = algebra.generator("K", d_k, N).T @ algebra.generator("q", d_k, 1)
    p, values, largest = algebra.weights(scores), algebra.generator("a", N, 1), algebra.symbol("m")
    below = largest * algebra.ones(N, 1) - values
    yield "m minus the average of a", largest - algebra.trace(values.T @ p)
    yield "is Σ p_i (m − a_i), a sum of products of nonnegative numbers if m is the largest a_i", algebra.trace(below.T @ p)


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


@statement("6.5", "How far off at least", kind="bound", claim="the worse of two errors is at least half their distance", source=SOURCE)
def lower_bound() -> Items:
    """On a repeated token (x, y), over ±q, the worst error of any normalised layer with keys = context is at least ``‖η(y − W₀x)‖·|x·q|``:
    what predicting W₀q costs.

    The two errors differ by twice the step's change g, whatever the layer (all sizes, two heads, and heads add); so the worse of them is at
    least ‖g‖, by the parallelogram law (all sizes).
    """
    e, f, g, rest = sympy.symbols("e f g rest", nonnegative=True)
    mean = (e + f) / 2
    yield "if the squares e, f of two errors have the mean g + rest, with rest ≥ 0, one is at least g: both below g is impossible"
    yield "e + f at e = g − a, f = g − b", (mean.subs({e: g - e, f: g - f}) - g) * 2
    yield "is below 2g", -(e + f)
    yield Positive("while it was to be 2g + 2 rest", g + rest - mean.subs({e: g - e, f: g - f}), (e, f, rest))


@lower_bound.claim("the errors at q and −q differ by 2g", kind="identity")
def errors(algebra: HasWeights, d_x: Part, d_y: Part, N: Part, d_k: Part, d_v: Part) -> Items:
    x, y, q = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.generator("q", d_x, 1)
    W0, eta, ones = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.ones(1, N)
    heads = two_heads_on_parts(algebra, d_x, d_y, d_k, d_v)
    X, Y = x @ ones, y @ ones
    stepped = gradient_step(W0, X, Y, eta)

    def error(query: Matrix) -> Matrix:
        token = query_tokens(W0, query)
        return prediction(token + softmax_update(heads, tokens(X, Y), token), d_x, d_y) - stepped @ query

    yield "the difference of the errors", error(-q) - error(q)
    yield "is twice the step's change", algebra.scalar(2) * (eta * ((y - W0 @ x) @ x.T @ q))
    yield "predicting W₀q is off by that change once"
    yield "the error of W₀q", W0 @ q - stepped @ q
    yield "is minus the change", -(eta * ((y - W0 @ x) @ x.T @ q))


def two_heads_on_parts(algebra: Algebra, d_x: Part, d_y: Part, d_k: Part, d_v: Part) -> Layer:
    """Two heads of generators on tokens that are cut into x and y."""

    def cut(name: str, rows: Part) -> Matrix:
        return algebra.block([[algebra.generator(f"{name}x", rows, d_x), algebra.generator(f"{name}y", rows, d_y)]])

    def head(mark: str) -> Head:
        output = algebra.block([[algebra.generator(f"Px{mark}", d_x, d_v)], [algebra.generator(f"Py{mark}", d_y, d_v)]])
        return Head(cut(f"K{mark}", d_k), cut(f"Q{mark}", d_k), cut(f"V{mark}", d_v), output)

    return Layer((head(""), head("'")))


@lower_bound.claim("parallelogram: the mean of ‖u + g‖² and ‖u − g‖² is ‖u‖² + ‖g‖²", kind="identity")
def parallelogram(algebra: Algebra, d_y: Part) -> Items:
    g, u = algebra.generator("g", d_y, 1), algebra.generator("u", d_y, 1)

    def square(v: Matrix) -> Scalar:
        return algebra.trace(v.T @ v)

    yield "the mean of the squared errors, u their mean", (algebra.scalar(1) / algebra.scalar(2)) * (square(u + g) + square(u - g))
    yield "is at least ‖g‖²", square(u) + square(g)
