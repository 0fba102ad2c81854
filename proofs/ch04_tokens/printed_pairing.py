"""Statement 4.2: the weights of Proposition 3 as they are printed."""

from __future__ import annotations

from collections.abc import Callable

import flint
import sympy

from equivalence.algebras.ball import Ball
from equivalence.algebras.protocol import Algebra, HasValues, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part, parts
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import tokens
from equivalence.statements import Differ, Encloses, Positive, statement
from equivalence.statements.steps import Items
from proofs.ch04_tokens.separate_tokens import among_themselves
from proofs.vocabulary import VON_OSWALD, LayerBuilder


def copying_layer(shift: Matrix, algebra: Algebra) -> Layer:
    """The head of Prop. 3 in the form printed, for any matrix S in the place of I_off, n x n, on tokens ``[c_j; p_j]`` of 2n rows.

    ``W_V = [[0, 0], [I, −S]]``, ``W_K = [[0, 0], [0, I]]``, ``W_Q = [[0, 0], [0, Sᵀ]]``, ``P = I``.
    """
    n = shift.shape[0]
    zero, eye = algebra.zeros(n, n), algebra.eye(n)
    key, query = (algebra.block([[zero, zero], [zero, right]]) for right in (eye, shift.T))
    return Layer((Head(key, query, algebra.block([[zero, zero], [eye, -shift]]), algebra.eye((*parts(n), *parts(n)))),))


def lower_off_diagonal(n: int) -> list[list[int]]:
    """I_off by rows: ones below the diagonal, so ``I_off p_j = p_{j+1}``."""
    return [[int(row == column + 1) for column in range(n)] for row in range(n)]


PAIRS = ((2, 0, 0, 0, 0), (0, 0, 0, 0, 5), (3, 0, 0, 0, 0), (0, 0, 0, 0, 7), (11, 0, 0, 0, 0))
"""A witness with two pairs: the contents x_0, y_0, x_1, y_1 and the query, with 5 rows each."""

POSITIONS = tuple(tuple(int(row == place) for row in range(5)) for place in range(5))
"""The one-hot positions p_0 … p_4."""


def columns(algebra: HasValues, *entries: tuple[int, ...]) -> Matrix:
    """The matrix of the given columns."""
    return algebra.value([list(row) for row in zip(*entries, strict=True)])


@statement(
    "4.2",
    "Proposition 3 as printed does not do what it says",
    kind="refutation",
    source=f"{VON_OSWALD}, Prop. 3 and appendix A.5, eq. 11 and 12",
    claim="the printed weights at N = 2, n = 5",
)
def printed_pairing(algebra: HasValues, *, layer: LayerBuilder = copying_layer) -> Items:
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
def repaired_pairing(algebra: HasValues, *, layer: LayerBuilder = copying_layer) -> Items:
    _, Y0, X1, Y1, LAST = PAIRS
    every = tokens(columns(algebra, *PAIRS), columns(algebra, *POSITIONS))
    swapped = algebra.value(lower_off_diagonal(5)).T
    changed = _position_rows(algebra, among_themselves(layer(swapped, algebra), every))
    yield "the position rows, with I_off and its transpose swapped", changed
    yield "the contents of the tokens after, and the last position", columns(algebra, Y0, X1, Y1, LAST, POSITIONS[4])
    first = changed @ columns(algebra, POSITIONS[0])
    yield Differ("printed: the x-token e_0 gets y_{0/2+1} = y_1; it gets y_{0/2} = y_0", first, columns(algebra, Y1))


@printed_pairing.claim("what the weights do, any matrix in the place of I_off, all n", kind="identity")
def copying(algebra: Algebra, n: Part, *, layer: LayerBuilder = copying_layer) -> Items:
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


def shift_in_blocks(m: Part, algebra: Algebra) -> Matrix:
    """I_off for n = m + 1: rows cut (1, m), columns cut (m, 1), the identity below on the left."""
    return algebra.block([[algebra.zeros(1, m), algebra.zeros(1, 1)], [algebra.eye(m), algebra.zeros(m, 1)]])


@printed_pairing.claim("what I_off selects, n = m + 1, all m and any number of rows d", kind="identity")
def shifting(algebra: Algebra, d: Part, m: Part, *, shift: Callable[..., Matrix] = shift_in_blocks) -> Items:
    off, zeros, eye = shift(m, algebra), algebra.zeros, algebra.eye
    most, column = algebra.generator("C_m", d, m), algebra.generator("c", d, 1)
    yield "as printed: column j of C I_offᵀ is column j − 1 of C, the first is 0"
    yield "C, its last column apart, times I_offᵀ", algebra.block([[most, column]]) @ off.T
    yield "0, then C without its last column", algebra.block([[zeros(d, 1), most]])
    yield "as printed: the first token keeps its position"
    yield "I − I_off I_offᵀ", eye((1, m)) - off @ off.T
    yield "is p_0 p_0ᵀ", algebra.block([[eye(1), zeros(1, m)], [zeros(m, 1), zeros(m, m)]])
    yield "swapped: column j of C I_off is column j + 1 of C, the last is 0"
    yield "C, its first column apart, times I_off", algebra.block([[column, most]]) @ off
    yield "C without its first column, then 0", algebra.block([[most, zeros(d, 1)]])
    yield "swapped: the last token keeps its position"
    yield "I − I_offᵀ I_off", eye((m, 1)) - off.T @ off
    yield "is p_{n−1} p_{n−1}ᵀ", algebra.block([[zeros(m, m), zeros(m, 1)], [zeros(1, m), eye(1)]])


def softmax_of(scores: sympy.Matrix) -> sympy.Matrix:
    """``e^{z_i} / Σ e^{z_j}`` of a column of scores."""
    grown = scores.applyfunc(sympy.exp)
    return grown / sum(grown)


def scores_of(algebra: HasValues, layer: LayerBuilder, n: int, place: int) -> Matrix:
    """``KᵀW_Q e`` of all n tokens for the one at a place, n x 1, where the contents are 0."""
    positions = algebra.eye(n)
    every = algebra.block([[algebra.zeros(n, n)], [positions]])
    (head,) = layer(algebra.value(lower_off_diagonal(n)), algebra).heads
    return (head.key @ every).T @ (head.query @ every) @ algebra.value([[int(row == place)] for row in range(n)])


@printed_pairing.claim("softmax puts t/(t + m) on the target: t = e^b there, and e⁰ = 1 at m = n − 1 others, all m", kind="identity")
def softmax_target(algebra: Algebra, m: Part) -> Items:
    t, unit, ones = algebra.symbol("t"), algebra.eye(1), algebra.ones((1, m), 1)
    grown = algebra.block([[t * unit, algebra.zeros(1, m)], [algebra.zeros(m, 1), algebra.eye(m)]]) @ ones
    yield "what softmax divides by: the sum of the exponentials"
    yield "1ᵀe^z", algebra.trace(ones.T @ grown)
    yield "is t + m", t + algebra.scalar(m)
    yield "what it divides, at the target"
    yield "p_targetᵀe^z", algebra.trace(algebra.block([[unit, algebra.zeros(1, m)]]) @ grown)
    yield "is t", t


def ball_weight(layer: LayerBuilder, n: int, score: int) -> flint.arb:
    """The weight at p_1 that softmax makes of the layer's own scores for e_2, enclosed."""
    ball = Ball()
    off = ball.value(lower_off_diagonal(n))
    (head,) = layer(off, ball).heads
    every = ball.block([[ball.zeros(n, n)], [ball.eye(n)]])
    asked = every @ ball.value([[int(row == 2)] for row in range(n)])
    weights = ball.weights(ball.scalar(score) * ((head.key @ every).T @ (head.query @ asked)))
    return ball.trace(ball.value([[int(row == 1) for row in range(n)]]) @ weights)


@printed_pairing.claim("softmax of a one-hot score is not one-hot, all n > 1 and all b", kind="bound")
def softmax_is_not_one_hot(
    *, softmax: Callable[[sympy.Matrix], sympy.Matrix] = softmax_of, layer: LayerBuilder = copying_layer, score: int = 1
) -> Items:
    b, t, u, others = sympy.symbols("b t u m", positive=True)
    attended = softmax(b * scores_of(exact, layer, 5, 2))
    yield "the layer's own scores for e_2 at n = 5, times b, through softmax"
    yield "the weights", attended
    target = sympy.exp(b) / (sympy.exp(b) + 4)
    yield (
        "e^b/(e^b + n − 1) at p_1, and 1/(e^b + n − 1) elsewhere",
        sympy.Matrix([target if i == 1 else (1 - target) / 4 for i in range(5)]),
    )
    weight = t / (t + others)
    yield "t = e^b, m = n − 1: what the weight lacks of 1"
    yield "one minus the weight", 1 - weight
    yield "is (n − 1)/(e^b + n − 1)", others / (t + others)
    yield Positive("which is never 0", 1 - weight, (t, others))
    yield "but as b grows"
    yield "the weight in u = e^(−b), at u = 0, where it is continuous", sympy.cancel(weight.subs(t, 1 / u)).subs(u, 0)
    yield "is one, the limit", sympy.Integer(1)
    run = ball_weight(layer, 21, score)
    yield "at b = 1, n = 21, softmax run on the layer's own scores for e_2"
    yield Encloses("the weight at p_1 is 0.1197, rounded", run, sympy.Rational(11965, 10**5), sympy.Rational(11966, 10**5))


def _position_rows(algebra: Algebra, every: Matrix) -> Matrix:
    """The lower half of tokens with 5 content and 5 position rows."""
    return algebra.block([[algebra.zeros(5, 5), algebra.eye(5)]]) @ every
