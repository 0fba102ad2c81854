r"""The bridge: weights built so that a layer is a descent, and the tokens that carry the data.

A token is ``[x; y]``, a query token ``[q; −W₀q]``; the prediction is minus the y-part of the query token. Everything is built over
the algebra that is asked for, by default the exact one, whose weights a reader can print.
"""

from __future__ import annotations

from typing import Any

from equivalence.algebras.detect import algebra_of
from equivalence.algebras.exact import exact, number_or_symbol
from equivalence.algebras.numeric import Numeric, checked_rate
from equivalence.algebras.protocol import Dimension, Part, Size, parts
from equivalence.attention import Head, Layer, Matrix


def tokens(inputs: Matrix, targets: Matrix) -> Matrix:
    """Context tokens ``[X; Y]``, (d_x + d_y) x N."""
    return algebra_of(inputs).block([[inputs], [targets]])


def query_tokens(initial: Matrix, queries: Matrix) -> Matrix:
    """Query tokens ``[Q; −W₀Q]``, (d_x + d_y) x M."""
    return tokens(queries, -(initial @ queries))


def prediction(queries: Matrix, d_x: Dimension, d_y: Dimension) -> Matrix:
    """Minus the y-part of query tokens, d_y x M."""
    algebra = algebra_of(queries)
    return -(algebra.block([[algebra.zeros(d_y, d_x), algebra.eye(d_y)]]) @ queries)


def gd_layer(d_x: Part, d_y: Part, *, learning_rate: Any, context: Any, initial: Matrix | None = None, algebra: Any = exact) -> Layer:
    r"""One head that takes one step of gradient descent (von Oswald et al. 2022, Prop. 1 and appendix A.1; statement 2.1).

    ``W_K = W_Q = diag(I, 0)``, ``W_V = [[0, 0], [W₀, −I]]``, ``P = (η/N) I``, each (d_x + d_y) square, for column tokens and
    the loss ``1/(2N) ‖WX − Y‖²``.

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        learning_rate: η: a number, text such as "1/10", or a symbol's name.
        context: N, the number of context tokens: a number or a symbol's name.
        initial: W₀, d_y x d_x; zero if not given.
        algebra: the reading to build it in.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    start = built_initial(initial, d_x, d_y, algebra)
    step = built_rate("learning_rate", learning_rate, algebra) / built_count(context, algebra)
    value = algebra.block([[algebra.zeros(d_x, d_x), algebra.zeros(d_x, d_y)], [start, -algebra.eye(d_y)]])
    inputs = _inputs_only(d_x, d_y, algebra)
    return Layer((Head(inputs, inputs, value, step * algebra.eye((d_x, d_y))),))


def gdpp_layer(
    d_x: Part, d_y: Part, *, learning_rate: Any, gamma: Any, context: Any, initial: Matrix | None = None, algebra: Any = exact
) -> Layer:
    r"""One head that takes one step of GD++ (von Oswald et al. 2022, appendix A.10, eq. 23; statement 3.2).

    As `gd_layer`, but ``W_V = [[I, 0], [W₀, −I]]`` and ``P = diag(−γI, (η/N) I)``: the inputs become ``(I − γXXᵀ)X``. γ has no 1/N.

    Args:
        d_x, d_y, learning_rate, context, initial, algebra: as for `gd_layer`.
        gamma: γ.
    """
    start = built_initial(initial, d_x, d_y, algebra)
    step = built_rate("learning_rate", learning_rate, algebra) / built_count(context, algebra)
    value = algebra.block([[algebra.eye(d_x), algebra.zeros(d_x, d_y)], [start, -algebra.eye(d_y)]])
    correction = -(built_rate("gamma", gamma, algebra) * algebra.eye(d_x))
    projection = algebra.block([[correction, algebra.zeros(d_x, d_y)], [algebra.zeros(d_y, d_x), step * algebra.eye(d_y)]])
    inputs = _inputs_only(d_x, d_y, algebra)
    return Layer((Head(inputs, inputs, value, projection),))


def separate_tokens(inputs: Matrix, targets: Matrix, queries: Matrix) -> Matrix:
    """Tokens that carry an input or a target, not both (statement 4.1).

    Rows: x, y, and one-hot positions in three groups (N x-tokens, N y-tokens, M queries). Columns ``[X 0 Q; 0 Y 0]`` over the
    positions, so (d_x + d_y + 2N + M) x (2N + M).
    """
    algebra = algebra_of(inputs)
    (d_x, count), d_y, asked = inputs.shape, targets.shape[0], queries.shape[1]
    zeros = algebra.zeros
    return algebra.block(
        [
            [inputs, zeros(d_x, count), queries],
            [zeros(d_y, count), targets, zeros(d_y, asked)],
            [algebra.eye(count), zeros(count, count), zeros(count, asked)],
            [zeros(count, count), algebra.eye(count), zeros(count, asked)],
            [zeros(asked, count), zeros(asked, count), algebra.eye(asked)],
        ]
    )


def pairing_layer(d_x: Part, d_y: Part, *, context: Part, queries: Part, algebra: Any = exact) -> Layer:
    """One head that gives each y-token its x and empties the x-tokens (Prop. 3, repaired; statement 4.1).

    A projects on the x rows; B is ``[[−I, I, 0], [0, 0, 0], [0, 0, 0]]`` on the positions of `separate_tokens`.

    Args:
        d_x, d_y: rows of the inputs and of the targets.
        context, queries: N and M, which the one-hot positions need as sizes.
        algebra: the reading to build it in.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    _check_sizes(d_x=d_x, d_y=d_y, context=context, queries=queries)
    zeros, eye = algebra.zeros, algebra.eye
    from_inputs = algebra.block([[eye(d_x), zeros(d_x, d_y), zeros(d_x, context), zeros(d_x, context), zeros(d_x, queries)]])
    data = [zeros(context, d_x), zeros(context, d_y)]
    key = algebra.block([[*data, eye(context), zeros(context, context), zeros(context, queries)]])
    query = algebra.block([[*data, -eye(context), eye(context), zeros(context, queries)]])
    return Layer((Head(key, query, from_inputs, from_inputs.T),))


def padded(layer: Layer, extra: Dimension) -> Layer:
    """The same layer on tokens with further rows below, which it neither reads nor writes."""

    def pad(head: Head) -> Head:
        algebra = algebra_of(head.key)

        def blind(weight: Matrix) -> Matrix:
            return algebra.block([[weight, algebra.zeros(weight.shape[0], extra)]])

        silent = algebra.block([[head.projection], [algebra.zeros(extra, head.projection.shape[1])]])
        return Head(blind(head.key), blind(head.query), blind(head.value), silent)

    return Layer(tuple(pad(head) for head in layer.heads))


def _inputs_only(d_x: Part, d_y: Part, algebra: Any) -> Matrix:
    """diag(I, 0)."""
    zeros = algebra.zeros
    return algebra.block([[algebra.eye(d_x), zeros(d_x, d_y)], [zeros(d_y, d_x), zeros(d_y, d_y)]])


def _check_sizes(**sizes: Part) -> None:
    """Raise ValueError or TypeError with the argument's name for what is no size."""
    for name, size in sizes.items():
        try:
            parts(size)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None


def built_initial(initial: Matrix | None, d_x: Part, d_y: Part, algebra: Any) -> Matrix:
    """W₀ as given, its shape checked, or zero; the sizes are checked too."""
    _check_sizes(d_x=d_x, d_y=d_y)
    if initial is None:
        return algebra.zeros(d_y, d_x)
    if not hasattr(initial, "shape"):
        raise TypeError(f"initial: expected W₀ as a matrix, d_y x d_x, got {initial!r} of type {type(initial).__name__}")
    if tuple(initial.shape) != (d_y, d_x):
        raise ValueError(f"initial: expected W₀ of shape (d_y, d_x) = {(d_y, d_x)}, got {tuple(initial.shape)}")
    return initial


def built_rate(name: str, value: Any, algebra: Any) -> Any:
    """A rate as a scalar of the algebra: text and names are read by the exact algebra, scalars of an algebra are taken as they are."""
    if algebra is exact:
        return number_or_symbol(name, value)
    found = algebra.scalar(value) if isinstance(value, str) else value
    return checked_rate(name, found) if isinstance(algebra, Numeric) else found


def built_count(context: Any, algebra: Any) -> Any:
    """N as a scalar of the algebra: a size, at least 1, or what `built_rate` takes."""
    if isinstance(context, Size | int) and not isinstance(context, bool):
        try:
            return algebra.scalar(*parts(context))
        except ValueError as error:
            raise ValueError(f"context: {error}") from None
    count = built_rate("context", context, algebra)
    if algebra is exact and count.is_number and not (count.is_Integer and count > 0):
        raise ValueError(f"context: expected a whole number, at least 1, or a symbol such as N, got {context!r}")
    return count
