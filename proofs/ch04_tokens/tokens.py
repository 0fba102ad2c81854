"""Chapter 4: tokens that carry an input or a target, not both; and deep features."""

from __future__ import annotations

from typing import Any

import flint
import sympy

from equivalence.models.attention.linear import linear_attention, stack, update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import prediction, query_tokens, separate_tokens, tokens
from equivalence.statements import Differ, Encloses, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD

Matrix = Any


def among_themselves(layer: Layer, every: Matrix) -> Matrix:
    """One layer with residual where all tokens, d x n, are keys and queries alike, each one for itself too."""
    return every + update(layer, every, every)


@statement(
    "4.1",
    "Separate tokens for inputs and targets: a pairing layer, then a gradient step",
    source=f"{VON_OSWALD}, Prop. 3, with the weights repaired (4.2)",
    claim="the first layer pairs",
)
def pairing(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = pairing_layer) -> Items:
    """Tokens ``[X 0 Q; 0 Y 0]`` over one-hot positions become ``[0 X Q; 0 Y 0]``; the next layer, 2.1 with W₀ = 0, takes a step.

    First layer: A projects on the x rows, B is ``[[−I, I, 0], [0, 0, 0], [0, 0, 0]]`` on the positions (N x-tokens, N y-tokens, M
    queries): each y-token gets its x, each x-token is emptied, exactly. Second layer, zero on the position rows, rate η/N with N pairs:
    y-tokens ``[X; Y − ΔW X]``, prediction ``ΔW Q``, ``ΔW = −η∇L(0)``; the emptied tokens stay empty. In both layers all tokens are
    keys, the queries too. All d_x, d_y, N, M.
    """
    X, Y, Q = _data(algebra, d_x, d_y, N, M)
    heads = layer(d_x, d_y, context=N, queries=M, algebra=algebra)
    start = separate_tokens(X, Y, Q)
    yield "all tokens attend to all tokens", among_themselves(heads, start)
    written = algebra.block([[-X, X, algebra.zeros(d_x, M)], [algebra.zeros((d_y, N, N, M), (N, N, M))]])
    yield "x-token i asks with −p_i, y-token i with p_i, both at x-token i, and a query asks for nothing", start + written
    yield "an x-token loses its x, a y-token gains it", _paired(algebra, X, Y, Q, algebra.zeros(d_y, M))


@pairing.claim("the second layer steps")
def step_on_pairs(
    algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any, *, layer: Any = pairing_layer, second_layer: Any = gd_layer, pad: Any = padded
) -> Items:
    X, Y, Q = _data(algebra, d_x, d_y, N, M)
    eta, zeros, eye = algebra.symbol("eta"), algebra.zeros, algebra.eye
    first = layer(d_x, d_y, context=N, queries=M, algebra=algebra)
    second = pad(second_layer(d_x, d_y, learning_rate=eta, context=N, algebra=algebra), (N, N, M))
    paired = _paired(algebra, X, Y, Q, zeros(d_y, M))
    pairs = paired @ algebra.block([[zeros(N, N)], [eye(N)], [zeros(M, N)]])
    after = among_themselves(second, among_themselves(first, separate_tokens(X, Y, Q)))
    change = weight_change(zeros(d_y, d_x), X, Y, eta)
    stepped = _paired(algebra, X, Y - change @ X, Q, -(change @ Q))
    yield "all tokens"
    yield "both layers, all tokens as keys in both", after
    yield "the second layer on the pairs", among_themselves(second, paired)
    yield (
        "the pairs alone as keys: W₀ = 0, so a query's value is 0, and an emptied token's key is 0",
        paired + update(second, pairs, paired),
    )
    yield "2.1 with W₀ = 0: y-tokens [X; Y − ΔW X], queries [Q; −ΔW Q], emptied tokens empty", stepped
    yield "prediction"
    data_rows = algebra.block([[eye((d_x, d_y)), zeros((d_x, d_y), (N, N, M))]])
    last = algebra.block([[zeros((N, N), M)], [eye(M)]])
    yield "minus the y-part of the query tokens", prediction(data_rows @ after @ last, d_x, d_y)
    yield "is the prediction after one step from 0", change @ Q


def copying_layer(shift: Matrix, algebra: Any) -> Layer:
    """The head of Prop. 3 in the form printed, for any matrix S in the place of I_off, n x n, on tokens ``[c_j; p_j]`` of 2n rows.

    ``W_V = [[0, 0], [I, −S]]``, ``W_K = [[0, 0], [0, I]]``, ``W_Q = [[0, 0], [0, Sᵀ]]``, ``P = I``.
    """
    n = shift.shape[0]
    zero, eye = algebra.zeros(n, n), algebra.eye(n)
    key, query = (algebra.block([[zero, zero], [zero, right]]) for right in (eye, shift.T))
    return Layer((Head(key, query, algebra.block([[zero, zero], [eye, -shift]]), algebra.eye((n, n))),))


def lower_off_diagonal(n: int) -> list[list[int]]:
    """I_off by rows: ones below the diagonal, so ``I_off p_j = p_{j+1}``."""
    return [[int(row == column + 1) for column in range(n)] for row in range(n)]


PAIRS = ((2, 0, 0, 0, 0), (0, 0, 0, 0, 5), (3, 0, 0, 0, 0), (0, 0, 0, 0, 7), (11, 0, 0, 0, 0))
"""A witness with two pairs: the contents x_0, y_0, x_1, y_1 and the query, with 5 rows each."""

POSITIONS = tuple(tuple(int(row == place) for row in range(5)) for place in range(5))
"""The one-hot positions p_0 … p_4."""


def columns(algebra: Any, *entries: tuple[int, ...]) -> Matrix:
    """The matrix of the given columns."""
    return algebra.value([list(row) for row in zip(*entries, strict=True)])


@statement(
    "4.2",
    "Proposition 3 as printed does not do what it says",
    kind="refutation",
    source=f"{VON_OSWALD}, Prop. 3 and appendix A.5, eq. 11 and 12",
    claim="the printed weights at N = 2, n = 5",
)
def printed_pairing(algebra: Any, *, layer: Any = copying_layer) -> Items:
    """Printed: with I_off ones below the diagonal, ``KᵀW_Q e_j = p_{j+1}``, and ``e_j = (x_{j/2}, p_j)`` becomes ``(x_{j/2}, y_{j/2+1})``.

    Printed weights: ``P = I``, ``W_V = [[0, 0], [I, −I_off]]``, ``W_K = [[0, 0], [0, I]]``, ``W_Q = [[0, 0], [0, I_offᵀ]]``; n = 2N + 1
    tokens, ``e_{2j}`` with x_j, ``e_{2j+1}`` with y_j, counted from 0, the query last; content and position both of n rows; all tokens
    are keys. They select position j − 1: an x-token gets the *previous* pair's y, a y-token its own x, and the first token keeps its
    position (exact witness, N = 2). One swap, I_off ↔ I_offᵀ in W_Q and W_V together, repairs this (all n, in two claims): token j
    gets the content of j + 1, so an x-token gets ``y_{j/2}``, not ``y_{j/2+1}``, and then the last token keeps its position.
    With softmax, one-hot scores b give the target ``e^b/(e^b + n − 1)`` only: 0.1197 at b = 1, n = 21, and never 1.
    """
    X0, Y0, X1, Y1, _ = PAIRS
    off = algebra.value(lower_off_diagonal(5))
    every = tokens(columns(algebra, *PAIRS), columns(algebra, *POSITIONS))
    (head,) = layer(off, algebra).heads
    selected = (head.key @ every).T @ (head.query @ every) @ columns(algebra, POSITIONS[2])
    changed = _position_rows(algebra, among_themselves(layer(off, algebra), every))
    yield "what is selected"
    yield "KᵀW_Q e_2", selected
    yield "is p_1, the element before", columns(algebra, POSITIONS[1])
    yield Differ("printed: p_{j+1}, the element after", selected, columns(algebra, POSITIONS[3]))
    yield "what stands in the position rows"
    yield "by the printed weights", changed
    yield "p_0 and the contents of the tokens before", columns(algebra, POSITIONS[0], X0, Y0, X1, Y1)
    first, third = (changed @ columns(algebra, POSITIONS[j]) for j in (0, 2))
    yield Differ("printed: the x-token e_0 gets y_{0/2+1} = y_1; it keeps p_0", first, columns(algebra, Y1))
    yield Differ(
        "printed: the x-token e_2 copies the next token, its own y_1; it gets y_0, the previous pair's", third, columns(algebra, Y1)
    )


@printed_pairing.claim("the repaired weights at N = 2, n = 5, and the index")
def repaired_pairing(algebra: Any, *, layer: Any = copying_layer) -> Items:
    _, Y0, X1, Y1, LAST = PAIRS
    every = tokens(columns(algebra, *PAIRS), columns(algebra, *POSITIONS))
    swapped = algebra.value(lower_off_diagonal(5)).T
    changed = _position_rows(algebra, among_themselves(layer(swapped, algebra), every))
    yield "the position rows, with I_off and its transpose swapped", changed
    yield "the contents of the tokens after, and the last position", columns(algebra, Y0, X1, Y1, LAST, POSITIONS[4])
    first = changed @ columns(algebra, POSITIONS[0])
    yield Differ("printed: the x-token e_0 gets y_{0/2+1} = y_1; it gets y_{0/2} = y_0", first, columns(algebra, Y1))


@printed_pairing.claim("what the weights do, any matrix in the place of I_off, all n", kind="identity")
def copying(algebra: Any, n: Any, *, layer: Any = copying_layer) -> Items:
    C, S = algebra.generator("C", n, n), algebra.generator("S", n, n)
    every = algebra.block([[C], [algebra.eye(n)]])
    for name, shift in (("as printed, S for I_off", S), ("swapped, Sᵀ for I_off", S.T)):
        yield name
        yield "all tokens attend to all tokens", among_themselves(layer(shift, algebra), every)
        yield (
            "the scores are the transpose, the values [0; C − S] or [0; C − Sᵀ]",
            every + algebra.block([[algebra.zeros(n, n)], [(C - shift) @ shift.T]]),
        )
        yield "expand; the contents stay", algebra.block([[C], [algebra.eye(n) + C @ shift.T - shift @ shift.T]])


def shift_in_blocks(m: Any, algebra: Any) -> Matrix:
    """I_off for n = m + 1: rows cut (1, m), columns cut (m, 1), the identity below on the left."""
    return algebra.block([[algebra.zeros(1, m), algebra.zeros(1, 1)], [algebra.eye(m), algebra.zeros(m, 1)]])


@printed_pairing.claim("what I_off selects, n = m + 1, all m and any number of rows d", kind="identity")
def shifting(algebra: Any, d: Any, m: Any, *, shift: Any = shift_in_blocks) -> Items:
    off, zeros, eye = shift(m, algebra), algebra.zeros, algebra.eye
    most, one = algebra.generator("C_m", d, m), algebra.generator("c", d, 1)
    yield "as printed: column j of C I_offᵀ is column j − 1 of C, the first is 0"
    yield "C, its last column apart, times I_offᵀ", algebra.block([[most, one]]) @ off.T
    yield "0, then C without its last column", algebra.block([[zeros(d, 1), most]])
    yield "as printed: the first token keeps its position"
    yield "I − I_off I_offᵀ", eye((1, m)) - off @ off.T
    yield "is p_0 p_0ᵀ", algebra.block([[eye(1), zeros(1, m)], [zeros(m, 1), zeros(m, m)]])
    yield "swapped: column j of C I_off is column j + 1 of C, the last is 0"
    yield "C, its first column apart, times I_off", algebra.block([[one, most]]) @ off
    yield "C without its first column, then 0", algebra.block([[most, zeros(d, 1)]])
    yield "swapped: the last token keeps its position"
    yield "I − I_offᵀ I_off", eye((m, 1)) - off.T @ off
    yield "is p_{n−1} p_{n−1}ᵀ", algebra.block([[zeros(m, m), zeros(m, 1)], [zeros(1, m), eye(1)]])


def softmax_target(target: Any, rest: Any, others: Any) -> Any:
    """The softmax weight of one position among ``others`` further ones; ``target`` and ``rest`` are the exponentials of their scores."""
    return target / (target + others * rest)


@printed_pairing.claim("softmax of a one-hot score is not one-hot, all n > 1 and all b", kind="bound")
def softmax_is_not_one_hot(*, softmax: Any = softmax_target, score: int = 1) -> Items:
    t, u, others = sympy.symbols("t u m", positive=True)
    weight = softmax(t, 1, others)
    yield "the target's weight at score b, t = e^b, m = n − 1"
    yield "softmax of b at one place and 0 at m others", weight
    yield "e^b/(e^b + n − 1)", t / (t + others)
    yield "what it lacks of 1"
    yield "one minus the weight", 1 - weight
    yield "is (n − 1)/(e^b + n − 1)", others / (t + others)
    yield Positive("which is never 0", 1 - weight, (t, others))
    yield "but as b grows"
    yield "the weight in u = e^(−b), at u = 0, where it is continuous", sympy.cancel(weight.subs(t, 1 / u)).subs(u, 0)
    yield "is one, the limit", sympy.Integer(1)
    power = flint.arb(score).exp()
    yield "at b = 1, n = 21"
    yield "the weight at m = 20", weight.subs(others, 20)
    yield "is e/(e + 20)", t / (t + 20)
    yield Encloses("which is 0.1197, rounded", power / (power + 20), sympy.Rational(11965, 10**5), sympy.Rational(11966, 10**5))


@statement(
    "4.3",
    "Deep features: a gradient step on the read-out",
    source=f"{VON_OSWALD}, Prop. 2 and appendix A.8, eq. 13",
    claim="the layer is a step on the read-out",
)
def deep_features(algebra: Any, d_m: Any, d_y: Any, N: Any, M: Any, *, layer: Any = gd_layer) -> Items:
    """With ``X := m(X)``, ``Q := m(Q)`` for any function m into d_m rows, the layer of 2.1 is a GD step on the read-out W of ``W m(x)``.

    The loss is ``1/(2N) ‖W m(X) − Y‖²``; m(X) and m(Q) are arbitrary matrices, so no m is excluded; all d_m, d_y, N, M. It is not a
    step on m's own weights: ``f = w v x`` with both stepped (exact counterexample; from w = 0 the first such step leaves v alone, so
    there the difference shows from the second step on). Eq. 13 prints ``−η∇L(0) m(q) = Σ y_i m(x_i)ᵀ m(q)``, without η/N: exact
    counterexample, and with η/N it holds for all sizes.
    """
    mX, mQ = algebra.generator("m(X)", d_m, N), algebra.generator("m(Q)", d_m, M)
    Y, W0, eta = algebra.generator("Y", d_y, N), algebra.generator("W_0", d_y, d_m), algebra.symbol("eta")
    s = eta / algebra.scalar(N)
    heads = layer(d_m, d_y, learning_rate=eta, context=N, initial=W0, algebra=algebra)
    yield "the layer, on context and queries", algebra.block([linear_attention(heads, tokens(mX, Y), query_tokens(W0, mQ))])
    error = W0 @ mX - Y
    moved = [[mX, mQ], [Y + s * (error @ (mX.T @ mX)), -(W0 @ mQ) + s * (error @ (mX.T @ mQ))]]
    yield "the scores are the kernels m(X)ᵀm(X) and m(X)ᵀm(Q)", algebra.block(moved)
    change = weight_change(W0, mX, Y, eta)
    yield "s(W₀m(X) − Y)m(X)ᵀ = −ΔW, the features stay", algebra.block([[mX, mQ], [Y - change @ mX, -((W0 + change) @ mQ)]])


def step_on_both(readout: Any, features: Any, rate: Any) -> tuple[Any, Any]:
    """One GD step on w and v of ``f = w v x`` at x = 1, y = 2, N = 1, by SymPy's derivatives of ``½(f − y)²``."""
    w, v = sympy.symbols("w v")
    loss = (w * v - 2) ** 2 / 2
    here = {w: readout, v: features}
    return readout - rate * sympy.diff(loss, w).subs(here), features - rate * sympy.diff(loss, v).subs(here)


def attention_on_features(readout: Any, features: Any, rate: Any, layers: int) -> Any:
    """What a recurrent stack of 2.1 predicts at q = 1 on the same example, with m(x) = v x and W₀ = w."""
    one = sympy.ImmutableDenseMatrix([[1]])
    layer = gd_layer(1, 1, learning_rate=rate, context=1, initial=readout * one)
    _, queries = stack([layer] * layers, tokens(features * one, 2 * one), query_tokens(readout * one, features * one))
    return prediction(queries, 1, 1)[0, 0]


@deep_features.claim("it is not a step on m's own weights: m(x) = v x, one token", kind="refutation")
def not_on_the_features(*, both: Any = step_on_both, attention: Any = attention_on_features) -> Items:
    rate = sympy.Rational(1, 2)
    readout, features = both(1, 1, rate)
    yield "one step from w = v = 1, η = ½"
    yield "the layer's prediction", attention(1, 1, rate, 1)
    yield "is that of the read-out's step, with v left at 1", readout
    yield Differ("with v stepped too", attention(1, 1, rate, 1), readout * features)
    eta, v = sympy.symbols("eta v")
    readout, features = both(0, v, eta)
    yield "from w = 0 the first step is the same, for every v and η: the gradient in v has the factor w"
    yield "the layer's prediction", attention(0, v, eta, 1)
    yield "with both stepped", readout * features
    readout, features = both(*both(0, 1, rate), rate)
    yield "from w = 0, v = 1 the second step is not"
    yield "two layers' prediction", attention(0, 1, rate, 2)
    yield "is 3/2", sympy.Rational(3, 2)
    yield Differ("two steps on both give 9/4", attention(0, 1, rate, 2), readout * features)


@deep_features.claim("eq. 13 as printed, without η/N", kind="refutation")
def printed_kernel(algebra: Any, *, change: Any = weight_change) -> Items:
    mX, Y, q = algebra.value([[1, 2]]), algebra.value([[3, 1]]), algebra.value([[1]])
    left = change(algebra.zeros(1, 1), mX, Y, algebra.scalar(1)) @ q
    yield "−η∇L(0) m(q) with η = 1, N = 2, m(X) = (1, 2), Y = (3, 1), m(q) = 1", left
    yield "is 5/2", algebra.value([["5/2"]])
    yield Differ("the printed sum is 5", left, Y @ (mX.T @ q))


@deep_features.claim("eq. 13 with η/N")
def kernel(algebra: Any, d_m: Any, d_y: Any, N: Any, M: Any, *, change: Any = weight_change) -> Items:
    mX, mQ = algebra.generator("m(X)", d_m, N), algebra.generator("m(Q)", d_m, M)
    Y, eta = algebra.generator("Y", d_y, N), algebra.symbol("eta")
    yield "−η∇L(0) m(Q)", change(algebra.zeros(d_y, d_m), mX, Y, eta) @ mQ
    yield "at W = 0 the residual is Y", (eta / algebra.scalar(N)) * ((Y @ mX.T) @ mQ)
    yield "re-associate: a kernel sum, (η/N) Σ y_i m(x_i)ᵀ m(q)", (eta / algebra.scalar(N)) * (Y @ (mX.T @ mQ))


def _data(algebra: Any, d_x: Any, d_y: Any, N: Any, M: Any) -> tuple[Matrix, Matrix, Matrix]:
    return algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)


def _paired(algebra: Any, inputs: Matrix, targets: Matrix, queries: Matrix, outputs: Matrix) -> Matrix:
    """``[0 X Q; 0 Y y]`` over the positions: x-tokens emptied, y-tokens with their inputs."""
    (d_x, count), d_y = inputs.shape, targets.shape[0]
    data = [[algebra.zeros(d_x, count), inputs, queries], [algebra.zeros(d_y, count), targets, outputs]]
    return algebra.block([[algebra.block(data)], [algebra.eye((count, count, queries.shape[1]))]])


def _position_rows(algebra: Any, every: Matrix) -> Matrix:
    """The lower half of tokens with 5 content and 5 position rows."""
    return algebra.block([[algebra.zeros(5, 5), algebra.eye(5)]]) @ every
