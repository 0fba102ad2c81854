r"""Chapter 7: what softmax attention descends instead, in four spaces (7.2, where it descends on nothing, is in `gradient_fields`).

A gradient is read off an expansion: what is linear in the change h is ⟨gradient, h⟩. For squares the expansion is exact. For exponentials
it is of first order in t along th; that e^{a + b} = e^a e^b, and the chain rule for exp and log, are cited, and the rest is checked. There
``e^z = Zp``, with Z a symbol for Σ e^{z_i} and p any weights that sum to 1; or ``T = diag(e^z)``.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy

from equivalence.algebras.protocol import Algebra, HasDiagonals, HasWeights, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.linear import linear_attention, update
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.descent.least_squares import gradient
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.statements import Informal, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder, Slope, arbitrary_head, half_square, head_of, inner


def lse_slope(algebra: HasWeights, scores: Matrix, moved: Matrix) -> Scalar:
    """Order 1 in t of ``log Σ e^{z_i + t m_i}``, z and m N x 1: by the chain rule that of the sum, ``Σ e^{z_i} m_i``, over the sum Z."""
    Z = algebra.symbol("Z")
    grown = Z * algebra.weights(scores)
    return (algebra.scalar(1) / Z) * inner(algebra, moved, grown)


def hopfield_head(algebra: Algebra, d: Part, beta: Scalar) -> Layer:
    """Scores ``βx_iᵀξ``, values x_i: A = I, B = βI."""
    return head_of(algebra, algebra.eye(d), beta * algebra.eye(d))


@statement("7.1", "The Hopfield energy", kind="series", claim="its slope along every h", source="Ramsauer et al. 2020, eq. 2 and 3")
def hopfield(algebra: HasWeights, d: Part, N: Part, *, head: LayerBuilder = hopfield_head) -> Items:
    """``X softmax(βXᵀξ) − ξ = −∇E(ξ)`` with ``E(ξ) = ½‖ξ‖² − (1/β) lse(βXᵀξ)``, lse(z) = log Σ e^{z_i}, β ≠ 0. All d, N.

    So Ramsauer et al.'s update ξ ← X softmax(βXᵀξ) is the step of rate 1 on E; a layer with residual, ξ ← ξ + X softmax(βXᵀξ), is that on
    ``−(1/β) lse`` alone. Their E has constants besides. Checked to first order along every direction h for all sizes, where the chain rule
    for exp and log is cited, and by SymPy's derivatives at d = 2, N = 3.
    """
    X, xi, h = algebra.generator("X", d, N), algebra.generator("xi", d, 1), algebra.generator("h", d, 1)
    beta = algebra.symbol("beta")
    yield "the square, exactly"
    yield "½‖ξ + h‖² − ½‖ξ‖²", half_square(algebra, xi + h) - half_square(algebra, xi)
    yield "linear in h, and a square", inner(algebra, xi, h) + half_square(algebra, h)
    yield "both parts, to first order"
    log_part = (algebra.scalar(1) / beta) * lse_slope(algebra, beta * (X.T @ xi), beta * (X.T @ h))
    yield "the slope of E along h: the scores move by βXᵀh", inner(algebra, xi, h) - log_part
    yield "is −⟨X softmax(βXᵀξ) − ξ, h⟩", -inner(algebra, softmax_update(head(algebra, d, beta), X, xi) - xi, h)


def energy(X: sympy.Matrix, xi: sympy.Matrix, beta: sympy.Symbol) -> sympy.Expr:
    """``½‖ξ‖² − (1/β) log Σ e^{βx_iᵀξ}``."""
    return xi.dot(xi) / 2 - sympy.log(sum(sympy.exp(beta * score) for score in X.T * xi)) / beta


@hopfield.claim("SymPy's derivatives of E, d = 2, N = 3, every X, ξ, β", kind="characterisation")
def hopfield_gradient(*, potential: Callable[..., sympy.Expr] = energy) -> Items:
    X, xi, beta = sympy.Matrix(2, 3, sympy.symbols("x_1:3(1:4)")), sympy.Matrix(sympy.symbols("xi_1:3")), sympy.Symbol("beta")
    grown = (X.T * xi).applyfunc(lambda score: sympy.exp(beta * score))
    yield "−∇E", -sympy.Matrix([potential(X, xi, beta)]).jacobian(xi).T
    yield "X softmax(βXᵀξ) − ξ", X * grown / sum(grown) - xi


def value_slope(algebra: Algebra, v: Matrix, V: Matrix, grown: Matrix) -> Matrix:
    """``Σ e^{z_i}(v − v_i)``, v d_v x 1, V d_v x N, grown = e^z N x 1."""
    return (v @ algebra.ones(1, V.shape[1]) - V) @ grown


@statement(
    "7.3",
    "In value space: one step with a rate that the context sets",
    claim="the gradient, exactly",
    source="Nadaraya 1964; Watson 1964",
)
def kernel_average(algebra: HasDiagonals, d_v: Part, N: Part, *, slope: Callable[..., Matrix] = value_slope) -> Items:
    """Softmax attention is one gradient step, from any start v₀, with rate 1/Z(q) on ``½ Σ e^{z_i}‖v − v_i‖²``, Z(q) = Σ e^{z_i}
    (the Nadaraya–Watson estimate): a context-adaptive rate. All sizes.

    The loss has curvature Z in every direction, so 1/Z is the rate that lands on the minimum: why the start is forgotten. That
    ``T1 = Zp``, T = diag(e^z), is the definition of softmax.
    """
    v, h, V = algebra.generator("v", d_v, 1), algebra.generator("h", d_v, 1), algebra.generator("V", d_v, N)
    T, ones = algebra.diagonal("T", N), algebra.ones(N, 1)

    def loss(start: Matrix) -> Scalar:
        off = start @ ones.T - V
        return (algebra.scalar(1) / algebra.scalar(2)) * algebra.trace(off @ T @ off.T)

    yield "the loss before and after adding h", loss(v + h) - loss(v)
    curvature = inner(algebra, ones, T @ ones)
    yield "the slope along h, and Z times a square", inner(algebra, slope(algebra, v, V, T @ ones), h) + curvature * half_square(algebra, h)


@kernel_average.claim("the step of rate 1/Z from any start is softmax attention")
def forgotten_start(algebra: HasWeights, d: Part, N: Part, d_k: Part, d_v: Part, *, slope: Callable[..., Matrix] = value_slope) -> Items:
    head, Z = arbitrary_head(algebra, d, d_k, d_v), algebra.symbol("Z")
    C, q, start = algebra.generator("C", d, N), algebra.generator("q", d, 1), algebra.generator("v_0", d, 1)
    grown = Z * algebra.weights((head.key @ C).T @ (head.query @ q))
    yield "v₀ minus 1/Z times the gradient, e^z = Zp", start - (algebra.scalar(1) / Z) * slope(algebra, start, head.output_value @ C, grown)
    yield "is what the head writes", softmax_update(Layer((head,)), C, q)


def target_slope(W0: Matrix, X: Matrix, Y: Matrix) -> Matrix:
    """``(Y − W₀X)XᵀX``, d_y x N."""
    return (Y - W0 @ X) @ (X.T @ X)


@statement("7.4", "In data space: the targets descend", claim="the gradient, exactly", source="this project; von Oswald et al. 2022, eq. 4")
def data_space(algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, slope: Slope = target_slope) -> Items:
    """``Y ← Y + s(W₀X − Y)XᵀX``, what the layer 2.1 does to its context, is a gradient step on ``½‖(Y − W₀X)Xᵀ‖²`` with rate s = η/N.
    All d_x, d_y, N.

    The variable is Y, with W₀ and X fixed. The loss is N² times half the square of ∇L(W₀): the targets move until W₀ has no gradient left.
    """
    X, Y, H = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("H", d_y, N)
    W0 = algebra.generator("W_0", d_y, d_x)
    before, after = (half_square(algebra, (targets - W0 @ X) @ X.T) for targets in (Y, Y + H))
    yield "the loss before and after adding H", after - before
    yield "the slope along H, and a square", inner(algebra, slope(W0, X, Y), H) + half_square(algebra, H @ X.T)


@data_space.claim("the step of rate η/N is the layer on its context")
def layer_on_targets(
    algebra: Algebra, d_x: Part, d_y: Part, N: Part, *, layer: LayerBuilder = gd_layer, slope: Callable[..., Matrix] = target_slope
) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    eta = algebra.symbol("eta")
    heads = layer(d_x, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    context = tokens(X, Y)
    yield "the context after the layer", context + update(heads, context, context)
    yield "is the inputs, and the targets after the step", tokens(X, Y - (eta / algebra.scalar(N)) * slope(W0, X, Y))


@data_space.claim("the loss is (N²/2)‖∇L(W₀)‖²")
def squared_gradient(algebra: Algebra, d_x: Part, d_y: Part, N: Part) -> Items:
    X, Y, W0 = algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_x)
    count = algebra.scalar(N)
    yield "½‖(Y − W₀X)Xᵀ‖²", half_square(algebra, (Y - W0 @ X) @ X.T)
    yield "is the square of the gradient", (count * count) * half_square(algebra, gradient(W0, X, Y))


def functional_slope(fitted: Matrix, targets: Matrix) -> Matrix:
    """``f(k_i) − y_i``, d_y x N: the coefficients of the functional gradient ``Σ (f(k_i) − y_i) K(k_i, ·)``."""
    return fitted - targets


@statement(
    "7.5",
    "In function space: unnormalised exponential attention",
    claim="the functional gradient, any kernel",
    source="this project; Cheng et al. 2023 take this view of attention",
)
def function_space(algebra: Algebra, d_y: Part, N: Part, n: Part, *, slope: Callable[..., Matrix] = functional_slope) -> Items:
    """Unnormalised exponential attention ``Σ v_i exp(k_i·q)`` is the value at q of one functional gradient step from f = 0, with rate 1, on
    ``½ Σ ‖f(k_i) − v_i‖²`` (no 1/N; with it the rate is N) in the RKHS of exp(k·q), d_y copies of it.

    Checked for all sizes and any kernel, on functions spanned by the kernel at the N keys and any n other points; nothing is used but that
    the Gram matrix is symmetric. A function of the whole RKHS enters only through its values at the keys, which are its inner products with
    the K(k_i, ·) by the reproducing property (cited, it defines the space), so nothing is lost; that last step is informal. Softmax divides
    by Z(q): a rate of its own for each query (7.3). That exp(k·q) is a kernel: its powers are inner products, by induction; that a limit of
    nonnegative Gram matrices is nonnegative is cited.
    """
    gram = gram_matrix(algebra, N, n)
    at_keys = algebra.block([[algebra.eye(N)], [algebra.zeros(n, N)]])
    f, g = (algebra.block([[algebra.generator(f"{name}_k", d_y, N), algebra.generator(f"{name}_o", d_y, n)]]) for name in "fg")
    Y = algebra.generator("Y", d_y, N)
    before, after = (half_square(algebra, values @ gram @ at_keys - Y) for values in (f, f + g))
    yield "the loss at f + g minus that at f, each by its coefficients on the points", after - before
    coefficients = slope(f @ gram @ at_keys, Y) @ at_keys.T
    yield "⟨gradient, g⟩ in the RKHS, and a square", algebra.trace(coefficients @ gram @ g.T) + half_square(algebra, g @ gram @ at_keys)
    yield Informal("that a function of the whole space enters only through its values at the keys")


def gram_matrix(algebra: Algebra, N: Part, n: Part) -> Matrix:
    """Any symmetric matrix over N keys and n other points."""
    across = algebra.generator("K_ko", N, n)
    own, others = algebra.generator("K_kk", N, N, symmetric=True), algebra.generator("K_oo", n, n, symmetric=True)
    return algebra.block([[own, across], [across.T, others]])


@function_space.claim("the step, read at the queries")
def read_at_queries(algebra: Algebra, d_y: Part, N: Part, M: Part, *, slope: Callable[..., Matrix] = functional_slope) -> Items:
    values, kernel, s = algebra.generator("V", d_y, N), algebra.generator("K_kq", N, M), algebra.symbol("s")
    fitted, asked_for = algebra.generator("F", d_y, N), algebra.generator("F_q", d_y, M)
    yield "from f = 0, with rate s"
    yield "minus s times the gradient at the queries", -(s * (slope(algebra.zeros(d_y, N), values) @ kernel))
    yield "is attention, with K(k_i, q_j) = exp(k_i·q_j) for weights", s * (values @ kernel)
    yield "from any f, the values are its residuals"
    yield "f minus s times the gradient at the queries", asked_for - s * (slope(fitted, values) @ kernel)
    yield "is attention with a residual stream", asked_for + s * ((values - fitted) @ kernel)


@function_space.claim("where K(k, q) = φ(k)·φ(q) in finite dimension, the layer 2.1 on φ is that step")
def layer_on_features(algebra: Algebra, d_f: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = gd_layer) -> Items:
    keys, asked_at = algebra.generator("Phi", d_f, N), algebra.generator("Phi_q", d_f, M)
    values, eta = algebra.generator("V", d_y, N), algebra.symbol("eta")
    none = algebra.zeros(d_y, d_f)
    heads = layer(d_f, d_y, learning_rate=eta, context=N, algebra=algebra)
    _, queries = linear_attention(heads, tokens(keys, values), query_tokens(none, asked_at))
    yield "the prediction of the layer on features, W₀ = 0", prediction(queries, d_f, d_y)
    kernel = keys.T @ asked_at
    yield "sees them only through the kernel", -((eta / algebra.scalar(N)) * (functional_slope(none @ keys, values) @ kernel))


def outer(features: Matrix, token: Matrix) -> Matrix:
    """``akᵀ``: the features of one power more."""
    return features @ token.T


@function_space.claim("exp(k·q) is a kernel: its powers are inner products, any power", kind="induction")
def exponential_kernel(algebra: Algebra, d: Part, m: Part, N: Part, *, lift: Callable[..., Matrix] = outer) -> Items:
    k, q, a, b = (algebra.generator(name, size, 1) for name, size in (("k", d), ("q", d), ("a", m), ("b", m)))
    features, c = algebra.generator("Phi", m, N), algebra.generator("c", N, 1)
    score = algebra.trace(k.T @ q)
    yield "base: power 1"
    yield "k·q", score
    yield "is an inner product of features k and q", inner(algebra, k, q)
    yield "step: if (k·q)ⁿ = ⟨a, b⟩, a made of k, b of q, then one power more"
    yield "⟨a, b⟩ (k·q)", inner(algebra, a, b) * score
    yield "is an inner product of features akᵀ and bqᵀ", inner(algebra, lift(a, k), lift(b, q))
    yield "so at n = 2"
    yield "(k·q)²", score * score
    yield "is ⟨kkᵀ, qqᵀ⟩", inner(algebra, lift(k, k), lift(q, q))
    yield "and Gram matrices of features, hence their sums with weights 1/n! > 0, are nonnegative"
    yield "cᵀ Φᵀ Φ c", algebra.trace(c.T @ (features.T @ features) @ c)
    yield "is ‖Φc‖²", inner(algebra, features @ c, features @ c)
