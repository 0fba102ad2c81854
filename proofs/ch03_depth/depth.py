"""Statements 3.1 to 3.4: layers one after another, for plain gradient descent and for GD++."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasValues, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, stack
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.descent.gdpp import Preconditioned, gdpp_features, gdpp_step
from equivalence.models.descent.least_squares import gradient_step, trajectory, weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Differ, Informal, Less, Positive, simulation, statement
from equivalence.statements.simulation import State
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder, Step


@statement("3.1", "K layers are K steps", kind="induction", claim="any K", source=f"{VON_OSWALD}, section 2 and appendix A.1")
def stacked_layers(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    """K layers of 2.1, with the *same* W₀ in each, take K gradient steps: ``[X; Y − (W_K − W₀)X]`` and ``[Q; −W_K Q]``, for every K.

    The rate of the step is arbitrary, so it may be another in each layer, or one for all (a recurrent layer). Induction on K:
    base and step, all d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield from simulation(
        algebra,
        state={"W": (d_y, d_x)},
        begins={"W": W0},
        right=lambda W: {"W": gradient_step(W, X, Y, eta)},
        start={"context": tokens(X, Y), "queries": query_tokens(W0, Q)},
        left=lambda context, queries: attended(heads, context, queries),
        related=lambda W: {"context": tokens(X, Y - (W - W0) @ X), "queries": tokens(Q, -(W @ Q))},
        reasons=("W₀ − W₀ is zero", "W₀X − (Y − (W − W₀)X) = WX − Y: the layer sees the residuals of W, so it takes the step of W"),
    )


@stacked_layers.claim("the programs themselves, two layers with rates of their own", kind="identity")
def two_layers(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, rates = algebra.generator("W_0", d_y, d_x), [algebra.symbol("eta_1"), algebra.symbol("eta_2")]
    layers = [layer(d_x, d_y, learning_rate=rate, context=N, initial=W0, algebra=algebra) for rate in rates]
    yield "prediction of the stack", prediction(stack(layers, tokens(X, Y), query_tokens(W0, Q))[1], d_x, d_y)
    yield "the weights after two steps, on the queries", trajectory(W0, X, Y, rates)[-1] @ Q


def attended(heads: Layer, context: Matrix, queries: Matrix) -> State:
    """One layer, its results by name."""
    return dict(zip(("context", "queries"), linear_attention(heads, context, queries), strict=True))


@statement("3.2", "GD++ in one head", source=f"{VON_OSWALD}, appendix A.10, eq. 23")
def gdpp_head(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gdpp_layer) -> Items:
    """``W_V = [[I, 0], [W₀, −I]]``, ``P = diag(−γI, sI)`` map X to ``(I − γXXᵀ)X`` and Q to ``(I − γXXᵀ)Q`` while y takes its GD step.

    ``W_K = W_Q = diag(I, 0)``, ``s = η/N``, no 1/N at γ; query tokens ``[Q; −W₀Q]``, keys and values are the context only.
    All d_x, d_y, N, M.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    W0, eta, gamma = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("gamma")
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(X, Y), query_tokens(W0, Q))])
    change = weight_change(W0, X, Y, eta)
    corrected = [gdpp_features(X, gamma), Q - gamma * (X @ (X.T @ Q))]
    yield (
        "A C Cᵀ B has the blocks −γXXᵀ and s(W₀X − Y)Xᵀ = −ΔW",
        algebra.block([corrected, [Y - change @ X, -((W0 + change) @ Q)]]),
    )


@statement("3.3", "K layers of GD++ are preconditioned steps", kind="induction", claim="any K", source=f"{VON_OSWALD}, appendix A.10")
def gdpp_recursion(
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    N: Part,
    M: Part,
    *,
    layer: LayerBuilder = gdpp_layer,
    preconditioned: Callable[..., Preconditioned] = gdpp_step,
) -> Items:
    """K layers of 3.2 with W₀ = 0 are the recursion ``W ← W + s R Xᵀ MᵀM``, ``M ← (I − γZZᵀ)M``, from W = 0, M = I, for every K.

    ``R = Y − WX``, ``Z = MX``, both with the old M, X and Y the original data. The tokens are ``[MX; R]`` and ``[MQ; −WQ]``: the y rows
    of the context are the residual. γ and the rate may be others in each layer. Induction on K, all d_x, d_y, N, M.

    For K ≥ 2 and γ, s ≠ 0 it is not K steps of plain GD on the original X, whatever their rates: by degree (with 3.5), and by witness.
    """
    X, Y, Q = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)
    eta, gamma = algebra.symbol("eta"), algebra.symbol("gamma")
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, algebra=algebra)
    yield from simulation(
        algebra,
        state={"W": (d_y, d_x), "M": (d_x, d_x)},
        begins={"W": algebra.zeros(d_y, d_x), "M": algebra.eye(d_x)},
        right=lambda W, M: dict(zip(("W", "M"), preconditioned(Preconditioned(W, M), X, Y, eta, gamma), strict=True)),
        start={"context": tokens(X, Y), "queries": query_tokens(algebra.zeros(d_y, d_x), Q)},
        left=lambda context, queries: attended(heads, context, queries),
        related=lambda W, M: {"context": tokens(M @ X, Y - W @ X), "queries": tokens(M @ Q, -(W @ Q))},
        reasons=(
            "M = I and W = 0 change nothing",
            "the layer reads Z = MX and R; R Zᵀ(MX) = (R Xᵀ MᵀM)X, and M leaves on the right of both",
        ),
    )


@gdpp_recursion.claim("two layers against two steps of GD at the same rate, d_x = d_y = N = 1", kind="characterisation")
def gdpp_is_not_gd(*, layer: LayerBuilder = gdpp_layer) -> Items:
    x, y, s, gamma = sympy.symbols("x y s gamma")
    X, Y, lam = exact.value([[x]]), exact.value([[y]]), x**2
    heads = layer(1, 1, learning_rate=s, gamma=gamma, context=1)
    residual = -prediction(stack([heads, heads], tokens(X, Y), tokens(X, Y))[0], 1, 1)
    plain = Y - trajectory(exact.zeros(1, 1), X, Y, [s, s])[-1] @ X
    yield "the residual of the context after two layers, minus that after two steps", residual - plain
    yield "with λ = x²: not zero unless sλ = 1, γλ = 2 or xy = 0", (1 - s * lam) * s * gamma * lam**2 * (2 - gamma * lam) * Y


@gdpp_recursion.claim("a witness: s = γ = 1/2, x = y = q = 1", kind="refutation")
def gdpp_witness(algebra: HasValues, *, layer: LayerBuilder = gdpp_layer) -> Items:
    unit, half = algebra.value([[1]]), algebra.scalar("1/2")
    heads = layer(1, 1, learning_rate=half, gamma=half, context=1, algebra=algebra)
    _, queries = stack([heads, heads], tokens(unit, unit), query_tokens(algebra.zeros(1, 1), unit))
    plain = trajectory(algebra.zeros(1, 1), unit, unit, [half, half])[-1] @ unit
    yield "prediction of two layers of GD++", prediction(queries, 1, 1)
    yield "is 9/16", algebra.value([["9/16"]])
    yield "two steps of GD"
    yield "the weights after two steps, on the query", plain
    yield "is 3/4", algebra.value([["3/4"]])
    yield Differ("GD++ against GD", prediction(queries, 1, 1), plain)


@gdpp_recursion.claim("every K ≥ 2 and any rates: GD's residual has too low a degree in λ = x²", kind="characterisation")
def gdpp_is_not_gd_by_degree(*, step: Step = gradient_step) -> Items:
    """By 3.5 the factor of GD++ has degree D_K = (3^K − 1)/2; K steps of GD, ``∏(1 − s_t λ)``, have at most K.

    Two polynomials of different degree agree at finitely many λ only; each λ > 0 is a context with one x, and where the residuals
    ``y − W_K x`` differ, so do the weights W_K, hence the predictions.
    """
    n, E, s, mu = sympy.symbols("n E s mu")
    x, r, rate = sympy.symbols("x r s")
    start, context = exact.zeros(1, 1), (exact.value([[x]]), exact.value([[r]]))
    yield "a step of GD, of any rate, at d_x = d_y = N = 1"
    yield "the residual after it", (context[1] - step(start, *context, rate) @ context[0])[0, 0]
    yield "is the residual times 1 − sλ, λ = x²", r * (1 - rate * x**2)
    yield "so the factor of K steps has at most the degree K: with λ = μ/E it is n/E^K, n a polynomial in E (as in 3.5); base: 1/E⁰"
    yield "step: E n times the new factor 1 − sλ", E * n * (1 - s * mu / E)
    yield "is a polynomial", E * n - s * mu * n
    K, more, p = sympy.symbols("K more p", positive=True)
    yield "D_{K+1} = 3D_K + 1, with p = 3^K"
    yield "D_{K+1}", (3 * p - 1) / 2
    yield "3D_K + 1", 3 * (p - 1) / 2 + 1
    yield "D_K > K for every K ≥ 2, by induction"
    yield Less("base: K = 2 against D_2 = (9 − 1)/2", (sympy.Integer(2), sympy.Rational(3**2 - 1, 2)))
    yield Positive("step: with D_K = K + more, D_{K+1} − (K + 1)", 3 * (K + more) + 1 - (K + 1), (K, more))
    yield Informal("polynomials in λ of different degree agree at finitely many λ only, and each λ > 0 is a context")


@statement(
    "3.4",
    "One layer cannot show γ",
    claim="the last layer's γ is invisible, from any tokens",
    source="write-up, on GD++ in one-layer models",
)
def last_gamma(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gdpp_layer, plain: LayerBuilder = gd_layer
) -> Items:
    """The prediction does not depend on the last layer's γ, whatever tokens reach it; so not on γ at all for K = 1. For K ≥ 2 it does.

    Here context and query tokens are arbitrary, ``[Z; R]`` and ``[Q; U]``, and so is W₀ (and the value of γ: γ = 0 is the plain layer).
    All d_x, d_y, N, M. This answers the write-up: why GD++ shows in models of two layers and never in those of one.
    """
    Z, R = algebra.generator("Z", d_x, N), algebra.generator("R", d_y, N)
    Q, U = algebra.generator("Q", d_x, M), algebra.generator("U", d_y, M)
    W0, eta, gamma = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.symbol("gamma")
    heads = layer(d_x, d_y, learning_rate=eta, gamma=gamma, context=N, initial=W0, algebra=algebra)
    without = plain(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "prediction of a GD++ layer", prediction(linear_attention(heads, tokens(Z, R), tokens(Q, U))[1], d_x, d_y)
    moved = (eta / algebra.scalar(N)) * ((W0 @ Z - R) @ (Z.T @ Q))
    yield "γ stands in the x rows of A only, and they are not read out", -(U + moved)
    yield "prediction of the layer of 2.1", prediction(linear_attention(without, tokens(Z, R), tokens(Q, U))[1], d_x, d_y)


@last_gamma.claim("where the inputs are 0 a layer of GD++ changes nothing, so nor do any number", kind="induction")
def nothing_left(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gdpp_layer) -> Items:
    R, Q, U = algebra.generator("R", d_y, N), algebra.generator("Q", d_x, M), algebra.generator("U", d_y, M)
    heads = layer(d_x, d_y, learning_rate=algebra.symbol("eta"), gamma=algebra.symbol("gamma"), context=N, algebra=algebra)
    zero = algebra.zeros(d_x, N)
    yield from simulation(
        algebra,
        state={"R": (d_y, N), "Q": (d_x, M), "U": (d_y, M)},
        begins={"R": R, "Q": Q, "U": U},
        right=lambda **state: state,
        start={"context": tokens(zero, R), "queries": tokens(Q, U)},
        left=lambda context, queries: attended(heads, context, queries),
        related=lambda R, Q, U: {"context": tokens(zero, R), "queries": tokens(Q, U)},
        reasons=("before any layer", "the scores are zero, so the layer does what doing nothing does"),
    )


@last_gamma.claim("K ≥ 2, d_x = 1, sλ = 1/2: γ = 1/λ leaves residual 1/2, γ = 0 leaves 2^{−K}", kind="characterisation")
def first_gamma(*, layer: LayerBuilder = gdpp_layer) -> Items:
    """One x with λ = x² and any residual r. With γ = 1/λ the inputs are 0 after the first layer, and nothing moves any more."""
    x, r = sympy.symbols("x r")
    context = exact.value([[x], [r]])

    def after(gamma: Scalar) -> Matrix:
        return linear_attention(layer(1, 1, learning_rate=1 / (2 * x**2), gamma=gamma, context=1), context, context)[0]

    yield "γ = 1/λ, the first layer"
    yield "the token after it", after(1 / x**2)
    yield "no input, half the residual", exact.value([[0], [r / 2]])
    yield "γ = 0, every layer: so 2^{−K} of the residual after K"
    yield "the token after it", after(sympy.Integer(0))
    yield "the same input, half the residual", exact.value([[x], [r / 2]])
    left, gap = sympy.symbols("left gap", positive=True)
    yield "from K = 2 on they differ, by induction: that of γ = 0 stays below"
    yield Less("base: the residuals at K = 2", (sympy.Rational(1, 2) ** 2, sympy.Rational(1, 2)))
    yield Positive("step: left + gap = 1/2 before a layer, so after it 1/2 − left/2", (left + gap) - left / 2, (left, gap))


@last_gamma.claim("the programs at K = 2 and 3: γ = 1/λ and γ = 0 predict differently", kind="refutation")
def gamma_witness(algebra: HasValues, *, layer: LayerBuilder = gdpp_layer) -> Items:
    x, y, q = algebra.value([[2]]), algebra.value([[1]]), algebra.value([[2]])

    def predicted(gamma: str, depth: int) -> Matrix:
        heads = layer(1, 1, learning_rate=algebra.scalar("1/8"), gamma=algebra.scalar(gamma), context=1, algebra=algebra)
        return prediction(stack([heads] * depth, tokens(x, y), query_tokens(algebra.zeros(1, 1), q))[1], 1, 1)

    for depth, plain in ((2, "3/4"), (3, "7/8")):
        yield f"K = {depth}, x = q = 2, y = 1, s = 1/8"
        yield "prediction with γ = 1/4", predicted("1/4", depth)
        yield "a residual of 1/2 is left", algebra.value([["1/2"]])
        yield f"K = {depth}, γ = 0"
        yield "prediction with γ = 0", predicted("0", depth)
        yield f"a residual of 1/{2**depth} is left", algebra.value([[plain]])
        yield Differ("with γ against without", predicted("1/4", depth), predicted("0", depth))
