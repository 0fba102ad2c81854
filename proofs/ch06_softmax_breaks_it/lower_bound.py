"""Statement 6.5: how far off a normalised layer is at least, on a repeated token; what a linear read-out changes of that."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy

from equivalence.algebras.protocol import Algebra, HasValues, HasWeights, Matrix, Scalar
from equivalence.algebras.sizes import Part
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Head, Layer
from equivalence.models.tokens import query_tokens, tokens
from equivalence.statements import Differ, Informal, Positive, statement
from equivalence.statements.steps import Items
from proofs.ch06_softmax_breaks_it.impossibility import SOURCE
from proofs.vocabulary import Step


@statement("6.5", "How far off at least", kind="bound", claim="the worst of 2 or 4 squares is at least their mean", source=SOURCE)
def lower_bound() -> Items:
    """On a repeated token (x, y), over ±q, the worst error of any normalised layer with keys = context is at least ``‖η(y − W₀x)‖·|x·q|``:
    what predicting W₀q costs. That is for the read-out of this project, minus the y-part of the query token ``[q; −W₀q]``.

    For any linear read-out L it is at least ``‖Dq − ΔWq‖`` with ``D = L[I; −W₀] − W₀`` and ``ΔWq = η(y − W₀x)x·q``; for the y-part D = 0.
    A read-out that reads the residual's x-part too may so be right on one context (exact witness: values 0, L = [1, 0]), but not on two:
    over ±q and the targets y and ``2W₀x − y`` the worst error for any L is at least ``‖η(y − W₀x)‖·|x·q|`` again.

    The errors' differences do not depend on the layer (all sizes, two heads, and heads add); so the worst of the errors is bounded by the
    parallelogram law, for two and for four of them (all sizes).
    """
    for count in (2, 4):
        short = sympy.symbols(f"a_1:{count + 1}", positive=True)
        g, rest = sympy.symbols("g rest", positive=True)
        mean = sum(g - below for below in short) / count
        yield f"{count} squares of errors of mean g + rest, rest ≥ 0: all below g, as g − a_i, is impossible"
        yield "their mean", mean
        yield "is below g", g - sum(short) / count
        yield Positive("while it was to be g + rest", g + rest - mean, (rest, *short))
    yield Informal("how the claims below fit: the difference of two errors, or the combination of four, is one of the squares")


def read_out(algebra: Algebra, d_x: Part, d_y: Part) -> Matrix:
    """Any linear read-out L of a token, d_y x d."""
    return algebra.block([[algebra.generator("L_x", d_y, d_x), algebra.generator("L_y", d_y, d_y)]])


def minus_targets(algebra: Algebra, d_x: Part, d_y: Part) -> Matrix:
    """``[0, −I]``: the read-out of this project, minus the y-part."""
    return algebra.block([[algebra.zeros(d_y, d_x), -algebra.eye(d_y)]])


@lower_bound.claim("any linear read-out: the errors at q and −q differ by 2(ΔWq − Dq); D = 0 for the y-part", kind="identity")
def errors(
    algebra: HasWeights, d_x: Part, d_y: Part, N: Part, d_k: Part, d_v: Part, *, own: Callable[..., Matrix] = minus_targets
) -> Items:
    x, y, q = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.generator("q", d_x, 1)
    W0, eta, two = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.scalar(2)
    heads, L = two_heads_on_parts(algebra, d_x, d_y, d_k, d_v), read_out(algebra, d_x, d_y)
    change, basis = eta * ((y - W0 @ x) @ x.T), query_tokens(W0, algebra.eye(d_x))

    def error(query: Matrix) -> Matrix:
        return error_on_copies(algebra, heads, L, W0, (x, y, N), eta, query)

    yield "the difference of the errors", error(-q) - error(q)
    yield "is twice the step's change, less what the read-out has of the query", two * (change @ q - (L @ basis - W0) @ q)
    yield "D = L[I; −W₀] − W₀ for L = [0, −I]"
    yield "D", own(algebra, d_x, d_y) @ basis - W0
    yield "is zero", algebra.zeros(d_y, d_x)
    yield "predicting W₀q is off by that change once"
    ones = algebra.ones(1, N)
    yield "the error of W₀q", W0 @ q - gradient_step(W0, x @ ones, y @ ones, eta) @ q
    yield "is minus the change", -(change @ q)


def error_on_copies(
    algebra: HasWeights, heads: Layer, L: Matrix, W0: Matrix, example: tuple[Matrix, Matrix, Part], eta: Scalar, query: Matrix
) -> Matrix:
    """What a softmax layer, read out by L, predicts of a query on N copies of (x, y), minus what a step from W₀ predicts."""
    x, y, N = example
    ones, token = algebra.ones(1, N), query_tokens(W0, query)
    X, Y = x @ ones, y @ ones
    return L @ (token + softmax_update(heads, tokens(X, Y), token)) - gradient_step(W0, X, Y, eta) @ query


@lower_bound.claim("any linear read-out, the targets y and 2W₀x − y: the four errors combine to 4ΔWq", kind="identity")
def four_errors(algebra: HasWeights, d_x: Part, d_y: Part, N: Part, d_k: Part, d_v: Part) -> Items:
    x, y, q = algebra.generator("x", d_x, 1), algebra.generator("y", d_y, 1), algebra.generator("q", d_x, 1)
    W0, eta, two = algebra.generator("W_0", d_y, d_x), algebra.symbol("eta"), algebra.scalar(2)
    heads, L = two_heads_on_parts(algebra, d_x, d_y, d_k, d_v), read_out(algebra, d_x, d_y)

    def error(target: Matrix, query: Matrix) -> Matrix:
        return error_on_copies(algebra, heads, L, W0, (x, target, N), eta, query)

    other = two * (W0 @ x) - y
    yield "e(y, −q) − e(y, q) − e(y', −q) + e(y', q), y' = 2W₀x − y", error(y, -q) - error(y, q) - error(other, -q) + error(other, q)
    yield "is four times the change", algebra.scalar(4) * (eta * ((y - W0 @ x) @ x.T @ q))


@lower_bound.claim("one context does not do for every read-out: values 0, L = [1, 0], x = y = η = 1, W₀ = 0", kind="refutation")
def right_on_one_context(algebra: HasValues, *, step: Step = gradient_step) -> Items:
    unit, none, rate = algebra.value([[1]]), algebra.value([[0]]), algebra.scalar(1)
    L, written = algebra.block([[unit, none]]), algebra.zeros((1, 1), 1)
    for q in (unit, -unit):
        yield "the layer writes nothing (6.2 with A = 0), so its read-out is of the query token [q; 0]"
        yield "the prediction", L @ (query_tokens(none, q) + written)
        yield "is the step's on (1, 1)", step(none, unit, unit, rate) @ q
    yield "so the error is 0, where the bound for the y-part is |q| = 1"
    error = L @ (query_tokens(none, unit) + written) - step(none, unit, unit, rate) @ unit
    yield Differ("the bound for the y-part, and the error", unit, error)
    yield "on (1, −1), the target 2W₀x − y, it is not right"
    yield Differ("the prediction, and the step's", L @ query_tokens(none, unit), step(none, unit, -unit, rate) @ unit)


def two_heads_on_parts(algebra: Algebra, d_x: Part, d_y: Part, d_k: Part, d_v: Part) -> Layer:
    """Two heads of generators on tokens that are cut into x and y."""

    def cut(name: str, rows: Part) -> Matrix:
        return algebra.block([[algebra.generator(f"{name}x", rows, d_x), algebra.generator(f"{name}y", rows, d_y)]])

    def head(mark: str) -> Head:
        output = algebra.block([[algebra.generator(f"Px{mark}", d_x, d_v)], [algebra.generator(f"Py{mark}", d_y, d_v)]])
        return Head(cut(f"K{mark}", d_k), cut(f"Q{mark}", d_k), cut(f"V{mark}", d_v), output)

    return Layer((head(""), head("'")))


@lower_bound.claim("parallelogram: a mean of squares is that of the combination in question, and further squares", kind="identity")
def parallelogram(algebra: Algebra, d_y: Part) -> Items:
    errors = [algebra.generator(name, d_y, 1) for name in ("e_1", "e_2", "e_3", "e_4")]
    signs = ((1, -1, -1, 1), (1, 1, 1, 1), (1, -1, 1, -1), (1, 1, -1, -1))

    def square(v: Matrix) -> Scalar:
        return algebra.trace(v.T @ v)

    def combined(row: Sequence[int]) -> Matrix:
        first, *others = (algebra.scalar(sign) * error for sign, error in zip(row, errors, strict=False))
        return sum(others, first)

    yield "two errors: the mean of their squares", algebra.scalar("1/2") * (square(errors[0]) + square(errors[1]))
    yield "is (1/4)‖e₁ − e₂‖² and (1/4)‖e₁ + e₂‖²", algebra.scalar("1/4") * (square(combined((1, -1))) + square(combined((1, 1))))
    yield "four errors"
    yield "the mean of their squares", algebra.scalar("1/4") * sum((square(error) for error in errors[1:]), square(errors[0]))
    squares = [square(combined(row)) for row in signs]
    yield "is (1/16)‖e₁ − e₂ − e₃ + e₄‖² and three more squares", algebra.scalar("1/16") * sum(squares[1:], squares[0])
