"""Statement 3.8: layers one after another under a causal mask."""

from __future__ import annotations

from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.causal import causal_attention
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient_step, trajectory, weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import Differ, Informal, simulation, statement
from equivalence.statements.simulation import State
from equivalence.statements.steps import Items
from proofs.vocabulary import CausalAttention, LayerBuilder, arbitrary_head


@statement(
    "3.8",
    "Under a causal mask every token has weights of its own",
    kind="induction",
    claim="any token, any depth",
    source="Ding et al. 2023, “CausalLM is not optimal for in-context learning”, which reads it as online gradient descent",
)
def causal_tokens(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    n: Part,
    N: Part,
    M: Part,
    *,
    layer: LayerBuilder = gd_layer,
    causal: CausalAttention = causal_attention,
) -> Items:
    """Token j is ``[x_j; y_j − (W_j − W₀)x_j]`` with ``W_j ← W_j − s Σ_{i≤j} (W_i x_i − y_i)x_iᵀ``, and queries have the last token's W_N.

    ``s = η/N``, W_j = W₀ at the start, the queries are no keys. n tokens stand before token j, with the inputs P and *any* y rows T: by the
    hypothesis ``T − W₀P`` are their residuals ``y_i − W_i x_i``. (The first token has none before it: P = 0.) Induction on the depth, all
    d_x, d_y, M, N and j. At depth 1 it is a step on the *summed* loss of the prefix, of rate s; from depth 2 on it is not.
    """
    P, T, Q = algebra.generator("P", d_x, n), algebra.generator("T", d_y, n), algebra.generator("Q", d_x, M)
    x, y = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)

    def left(token: Matrix, queries: Matrix) -> State:
        updated, asked = causal(heads, [tokens(P, T), token], queries)
        return {"token": updated[-1], "queries": asked}

    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": W - s * ((W0 @ P - T) @ P.T + (W @ x - y) @ x.T)},
        start={"token": tokens(x, y), "queries": query_tokens(W0, Q)},
        left=left,
        related=lambda W: {"token": tokens(x, y - (W - W0) @ x), "queries": tokens(Q, -(W @ Q))},
        reasons=("W₀ − W₀ is zero", "the values of the prefix are s times its residuals, each token's by its own weights"),
    )
    yield Informal("the induction on the token's place: all tokens before it are related by hypothesis")


@causal_tokens.claim("the prefix's residuals are those of its tokens, each by its own weights, and add up", kind="identity")
def prefix_residuals(algebra: Algebra, d_x: Part, d_y: Part, n: Part) -> Items:
    """``T = Y − …`` token by token: what the induction on the token's place needs of the tokens before."""
    P, T, W0 = algebra.generator("P", d_x, n), algebra.generator("T", d_y, n), algebra.generator("W_0", d_y, d_x)
    x, y, W = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.generator("W", d_y, d_x)
    yield "one token: W₀x minus its y rows"
    yield "the y rows are y − (W − W₀)x", W0 @ x - (y - (W - W0) @ x)
    yield "is minus its residual", W @ x - y
    yield "a token more"
    both, targets = algebra.block([[P, x]]), algebra.block([[T, y - (W - W0) @ x]])
    yield "(W₀P − T)Pᵀ of the longer prefix", (W0 @ both - targets) @ both.T
    yield "is that of the shorter, and (Wx − y)xᵀ", (W0 @ P - T) @ P.T + (W @ x - y) @ x.T


@causal_tokens.claim("causal attention is attention over the prefix: any layer, a block of n tokens before the last", kind="identity")
def prefix_attention(
    algebra: Algebra, d: Part, d_k: Part, d_v: Part, n: Part, M: Part, *, causal: CausalAttention = causal_attention
) -> Items:
    """A block of columns stands for the tokens before: the memory adds up, so the last token does not see how they were grouped."""
    before, last, queries = algebra.generator("C", d, n), algebra.generator("e", d, 1), algebra.generator("Q", d, M)
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v), arbitrary_head(algebra, d, d_k, d_v, "'")))
    updated, asked = causal(heads, [before, last], queries)
    yield "the last token and the queries, by the recurrence", algebra.block([[updated[-1], asked]])
    prefix = algebra.block([[before, last]])
    _, expected = linear_attention(heads, prefix, algebra.block([[last, queries]]))
    yield "the last token and the queries as queries to the prefix", expected


@causal_tokens.claim("the program on three single tokens, all row sizes", kind="identity")
def three_tokens(algebra: Algebra, d: Part, d_k: Part, d_v: Part, M: Part, *, causal: CausalAttention = causal_attention) -> Items:
    columns = [algebra.generator(name, d, 1) for name in ("e_1", "e_2", "e_3")]
    queries = algebra.generator("Q", d, M)
    heads = Layer((arbitrary_head(algebra, d, d_k, d_v),))
    updated, asked = causal(heads, columns, queries)
    for j, column in enumerate(columns, start=1):
        yield f"token {j}"
        yield "by the recurrence", updated[j - 1]
        yield "as a query to its prefix", linear_attention(heads, algebra.block([columns[:j]]), column)[1]
    yield "the queries"
    yield "by the recurrence", asked
    yield "as queries to all tokens", linear_attention(heads, algebra.block([columns]), queries)[1]


@causal_tokens.claim("depth 1 is a step on the prefix's summed loss", kind="identity")
def first_causal_layer(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    n: Part,
    N: Part,
    *,
    layer: LayerBuilder = gd_layer,
    causal: CausalAttention = causal_attention,
) -> Items:
    """The prefix has n tokens; the token is one of its columns, ``[P; Y]e`` (e a column of I; true for any e).

    The summed loss is ``½‖WP − Y‖²``, n times the mean loss of the prefix: the rate is s on the sum, ηn/N on the mean.
    """
    P, Y, e = algebra.generator("P", d_x, n), algebra.generator("Y", d_y, n), algebra.generator("e", n, 1)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "the token after a layer, as a query to its prefix", causal(heads, [tokens(P, Y)], tokens(P, Y) @ e)[1]
    summed = (W0 @ P - Y) @ P.T
    yield "(W₀P − Y)Pᵀ is the gradient of the summed loss", tokens(P, Y + (eta / algebra.scalar(N)) * (summed @ P)) @ e
    change = weight_change(W0, P, Y, eta * algebra.scalar(n) / algebra.scalar(N))
    yield "and n times that of the mean loss", tokens(P, Y - change @ P) @ e


@causal_tokens.claim(
    "from depth 2 on it is not: x = y = (1, 1), s = 1 gives 1, where steps on the loss give 0 and 2 by turns", kind="refutation"
)
def deeper_causal_layers(algebra: HasValues, *, layer: LayerBuilder = gd_layer, causal: CausalAttention = causal_attention) -> Items:
    """The second token's prefix is the whole context, so it and the query would follow GD on it: η = 2, N = 2, W₀ = 0, q = 1."""
    unit, none, two, eta = *(algebra.value([[number]]) for number in (1, 0, 2)), algebra.scalar(2)
    X = Y = algebra.value([[1, 1]])
    heads = layer(1, 1, learning_rate=eta, context=2, algebra=algebra)

    def after(depth: int, context: list[Matrix], queries: Matrix) -> Matrix:
        for _ in range(depth):
            context, queries = causal(heads, context, queries)
        return algebra.block([[*context, queries]])

    start, fitted = ([tokens(unit, unit)] * 2, query_tokens(none, unit)), ([tokens(unit, none)] * 2, query_tokens(unit, unit))
    _, first, second = trajectory(none, X, Y, [eta, eta])
    yield "depth 1, the tokens and the query"
    yield "after a causal layer", after(1, *start)
    stepped = [tokens(unit, none), tokens(unit, unit - first @ unit), query_tokens(first, unit)]
    yield "the last token and the query are as a step on the loss has them", algebra.block([stepped])
    yield "depth 2 and more, the tokens and the query"
    yield "after two causal layers", after(2, *start)
    yield "no residual is left, and the prediction is 1", after(0, *fitted)
    yield "so a further layer changes nothing", after(1, *fitted)
    yield "depth 2 and more, steps on the loss"
    yield (
        "W₂, and the step after W = 0, and that after W = 2",
        algebra.block([[second, *(gradient_step(W, X, Y, eta) for W in (none, two))]]),
    )
    yield "0, then 2 and 0 by turns", algebra.block([[none, two, none]])
    yield Differ("the query against [q; −Wq], W = 0", after(2, *start), algebra.block([[*fitted[0], query_tokens(second, unit)]]))
    yield Differ("the query against [q; −Wq], W = 2", after(2, *start), algebra.block([[*fitted[0], query_tokens(two, unit)]]))
