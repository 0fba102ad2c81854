"""Tokens that carry a regression problem: ``[x; y]`` in the context, ``[q; −W₀q]`` for a query, and how a prediction is read out."""

from __future__ import annotations

from equivalence.algebras.detect import algebra_of, called
from equivalence.algebras.protocol import M
from equivalence.algebras.sizes import Dimension


def tokens(inputs: M, targets: M) -> M:
    """Context tokens ``[X; Y]``, (d_x + d_y) x N.

    Args:
        inputs: X, d_x x N.
        targets: Y, d_y x N.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or what is no matrix of an algebra.
    """
    return called("E", algebra_of(inputs).block([[inputs], [targets]]))


def query_tokens(initial: M, queries: M) -> M:
    """Query tokens ``[Q; −W₀Q]``, (d_x + d_y) x M.

    Args:
        initial: W₀, d_y x d_x.
        queries: Q, d_x x M.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or what is no matrix of an algebra.
    """
    return called("E_q", algebra_of(queries).block([[queries], [-(initial @ queries)]]))


def prediction(queries: M, d_x: Dimension, d_y: Dimension) -> M:
    """Minus the y-part of query tokens, d_y x M.

    Args:
        queries: the tokens, (d_x + d_y) x M.
        d_x, d_y: rows of the inputs and of the targets.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or what is no matrix of an algebra.
    """
    algebra = algebra_of(queries)
    return -(algebra.block([[algebra.zeros(d_y, d_x), algebra.eye(d_y)]]) @ queries)


def separate_tokens(inputs: M, targets: M, queries: M) -> M:
    """Tokens that carry an input or a target, not both (statement 4.1).

    Rows: x, y, and one-hot positions in three groups (N x-tokens, N y-tokens, M queries). Columns ``[X 0 Q; 0 Y 0]`` over the
    positions, so (d_x + d_y + 2N + M) x (2N + M).

    Args:
        inputs: X, d_x x N.
        targets: Y, d_y x N.
        queries: Q, d_x x M.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or what is no matrix of an algebra.
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


def with_constant(tokens: M) -> M:
    """The tokens with a row of ones below, (d + 1) x N.

    Args:
        tokens: d x N.

    Raises:
        TypeError: what is no matrix of an algebra.
    """
    algebra = algebra_of(tokens)
    return algebra.block([[tokens], [algebra.ones(1, tokens.shape[1])]])


def with_sink(context: M) -> M:
    """The context with one more token, all zero, d x (N + 1).

    Args:
        context: d x N.

    Raises:
        TypeError: what is no matrix of an algebra.
    """
    algebra = algebra_of(context)
    return algebra.block([[context, algebra.zeros(context.shape[0], 1)]])
