"""Statement 4.1: tokens that carry an input or a target, not both."""

from __future__ import annotations

from collections.abc import Callable

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.sizes import Dimension, Part, parts
from equivalence.models.attention.linear import update
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.constructions.pairing import padded, pairing_layer
from equivalence.models.descent.least_squares import weight_change
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, separate_tokens
from equivalence.statements import statement
from equivalence.statements.steps import Items
from proofs.vocabulary import VON_OSWALD, LayerBuilder


def among_themselves(layer: Layer, every: Matrix) -> Matrix:
    """One layer with residual where all tokens, d x n, are keys and queries alike, each one for itself too."""
    return every + update(layer, every, every)


@statement(
    "4.1",
    "Separate tokens for inputs and targets: a pairing layer, then a gradient step",
    source=f"{VON_OSWALD}, Prop. 3, with the weights repaired (4.2)",
    claim="the first layer pairs",
)
def pairing(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part, *, layer: LayerBuilder = pairing_layer) -> Items:
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
    algebra: Algebra,
    d_x: Part,
    d_y: Part,
    N: Part,
    M: Part,
    *,
    layer: LayerBuilder = pairing_layer,
    second_layer: LayerBuilder = gd_layer,
    pad: Callable[[Layer, Dimension], Layer] = padded,
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


def _data(algebra: Algebra, d_x: Part, d_y: Part, N: Part, M: Part) -> tuple[Matrix, Matrix, Matrix]:
    return algebra.generator("X", d_x, N), algebra.generator("Y", d_y, N), algebra.generator("Q", d_x, M)


def _paired(algebra: Algebra, inputs: Matrix, targets: Matrix, queries: Matrix, outputs: Matrix) -> Matrix:
    """``[0 X Q; 0 Y y]`` over the positions: x-tokens emptied, y-tokens with their inputs."""
    (d_x, count), d_y = inputs.shape, targets.shape[0]
    data = [[algebra.zeros(d_x, count), inputs, queries], [algebra.zeros(d_y, count), targets, outputs]]
    return algebra.block([[algebra.block(data)], [algebra.eye((*parts(count), *parts(count), *parts(queries.shape[1])))]])
