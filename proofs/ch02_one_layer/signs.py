"""Statement 2.8: the sign of the rate, and that of the read-out."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient, loss, weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder, Slope, half_square, inner


def negated(layer: Layer) -> Layer:
    """P → −P in each head."""
    return Layer(tuple(head._replace(projection=-head.projection) for head in layer.heads))


def mirrored(layer: Layer, mirror: Matrix) -> Layer:
    """Each head as it is on tokens that are mirrored: W_K, W_Q and W_V read them, and P writes them, through the mirror."""
    heads = (head._replace(key=head.key @ mirror, query=head.query @ mirror, value=head.value @ mirror) for head in layer.heads)
    return Layer(tuple(head._replace(projection=mirror @ head.projection) for head in heads))


@statement("2.8", "Signs: of the rate, and of the read-out", claim="P → −P is the rate −η", source=f"{VON_OSWALD}, Prop. 1, any real rate")
def ascent(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    """Any real rate can be had: P → −P turns η into −η, ascent, and then the loss rises to first order, by ``η‖∇L‖²``. All sizes.

    The sign of the read-out is another matter. Conjugation by diag(I, −I) turns tokens [x; y], queries [q; −W₀q] and the prediction
    *minus* the y-part into tokens [x; −y], queries [q; W₀q] and the prediction *plus* it, and takes the same step: a gauge of tokens,
    weights and read-out together. Weights that predict plus the y-part of tokens [x; y], read as minus, look like ascent. So a sign found
    in weights alone means nothing until the read-out's sign is named.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    heads = negated(layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra))
    uphill = weight_change(W0, X, Y, -eta)
    yield "the layer with −P, on context and queries", algebra.block([linear_attention(heads, tokens(X, Y), query_tokens(W0, Q))])
    yield "the step of rate −η", algebra.block([[X, Q], [Y - uphill @ X, -((W0 + uphill) @ Q)]])


@ascent.claim("the loss then rises to first order, by η‖∇L‖²")
def rising(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: Slope = gradient) -> Items:
    X, Y, W = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W", d_y, d_x)
    eta, steepest = algebra.symbol("eta"), slope(W, X, Y)
    yield "the loss after a step of rate −η, minus that before", loss(W - weight_change(W, X, Y, eta), X, Y) - loss(W, X, Y)
    second = (eta * eta / algebra.scalar(N)) * half_square(algebra, steepest @ X)
    yield "η‖∇L‖², and a square of second order in η", eta * inner(algebra, steepest, steepest) + second


@ascent.claim("a gauge: diag(I, −I) on tokens and weights, and the other sign at the read-out")
def read_out_sign(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, zeros = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.zeros
    mirror = algebra.block([[algebra.eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), -algebra.eye(d_y)]])
    heads = mirrored(layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra), mirror)
    context, queries = tokens(X, -Y), tokens(Q, W0 @ Q)
    change = weight_change(W0, X, Y, eta)
    yield "tokens [X; −Y], queries [Q; W₀Q]"
    yield "the mirrored layer on both", algebra.block([linear_attention(heads, context, queries)])
    yield "the same step, mirrored", mirror @ algebra.block([[X, Q], [Y - change @ X, -((W0 + change) @ Q)]])
    yield "the prediction"
    yield "plus the y-part of the queries", -prediction(linear_attention(heads, context, queries)[1], d_x, d_y)
    yield "is that of a step", (W0 + change) @ Q


@ascent.claim("tokens [X; Y], W₀ = 0: the layer with −P read as plus is a step, and read as minus is ascent")
def misread(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, Q, eta = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M), algebra.symbol("eta")
    none = algebra.zeros(d_y, d_x)
    heads = negated(layer(d_x, d_y, learning_rate=eta, context=N, algebra=algebra))
    _, queries = linear_attention(heads, tokens(X, Y), query_tokens(none, Q))
    yield "plus the y-part"
    yield "of the queries", -prediction(queries, d_x, d_y)
    yield "is ΔW Q", weight_change(none, X, Y, eta) @ Q
    yield "minus the y-part"
    yield "of the queries", prediction(queries, d_x, d_y)
    yield "is that of the rate −η", weight_change(none, X, Y, -eta) @ Q


@ascent.claim("tokens [X; Y] as they are, queries [Q; W₀Q], read as plus: the layer of W_Q diag(I, −I) and diag(I, −I) P, read as minus")
def read_as_plus(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, d_k: Part, d_v: Part) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, zeros, C = algebra.generator("W_0", d_y, d_x), algebra.zeros, tokens(X, Y)
    key, asked, value, out = (
        algebra.block([[algebra.generator(f"{name}_{rows}", width, size) for rows, size in (("x", d_x), ("y", d_y))]])
        for name, width in (("W_K", d_k), ("W_Q", d_k), ("W_V", d_v), ("P", d_v))
    )
    head = Head(key, asked, value, out.T)
    mirror = algebra.block([[algebra.eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), -algebra.eye(d_y)]])
    other = Layer((head._replace(query=head.query @ mirror, projection=mirror @ head.projection),))
    yield (
        "any head, on any context: plus the y-part of [Q; W₀Q]",
        -prediction(linear_attention(Layer((head,)), C, tokens(Q, W0 @ Q))[1], d_x, d_y),
    )
    yield "minus that of [Q; −W₀Q], by the other", prediction(linear_attention(other, C, query_tokens(W0, Q))[1], d_x, d_y)
