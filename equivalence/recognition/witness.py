"""Inputs on which a layer is not a step: one context token and one query, each of zeros and one other number (statements 2.4, 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import sympy

from equivalence.models.attention.linear import linear_attention
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens
from equivalence.recognition.field import Matrix
from equivalence.recognition.result import Witness
from equivalence.recognition.rounding import gamma
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.lowrank import Array

VISIBLE = float(np.sqrt(np.finfo(float).eps))
"""A gap of this share of a prediction keeps half of its digits when both are run."""


def single_tokens(d: int) -> list[tuple[int, int]]:
    """Tokens e_p, as (p, p), then e_p + e_r: if the form is 0 on all of the first, a nonzero entry (p, r) shows on the second."""
    return [*((p, p) for p in range(d)), *combinations(range(d), 2)]


def columns_of(p: int, r: int, j: int, d_x: int, d_y: int) -> list[list[list[int]]]:
    """The token e_p, or e_p + e_r, as its x and y, and the query e_j: columns of integers."""
    token = [[int(i in (p, r))] for i in range(d_x + d_y)]
    return [token[:d_x], token[d_x:], [[int(i == j)] for i in range(d_x)]]


def clearest_columns(difference: CanonicalTensor, initial: Array) -> list[Array]:
    """A token and a query, of floats, on which one entry of the prediction is off by much for their size.

    The token is scaled, by a power of 2, where the gap would drown in ``W₀q``: it grows as the token's square.

    Args:
        difference: T − T*, not 0, as arrays.
        initial: W₀, d_y x d_x.
    """
    d_y, d_x = initial.shape
    k, j = np.unravel_index(_squares(difference).argmax(), initial.shape)
    half = np.sum([np.outer(A[k], B[:, j]) for A, B in difference.arrays()], axis=0) / 2
    form = half + half.T
    p, r = (int(place) for place in np.unravel_index(np.abs(form).argmax(), form.shape))
    gaps = {(i, m): abs(form[i, i] if i == m else form[i, i] + 2 * form[i, m] + form[m, m]) for i, m in ((p, p), (r, r), (p, r))}
    chosen = max(gaps, key=lambda place: gaps[place])
    context_x, context_y, query = (np.array(column, dtype=float) for column in columns_of(*chosen, int(j), d_x, d_y))
    hidden = gaps[chosen] < VISIBLE * np.abs(initial[:, j]).max()
    scale = 2.0 ** np.ceil(-np.log2(gaps[chosen]) / 2) if hidden else 1.0
    return [scale * context_x, scale * context_y, query]


def _squares(difference: CanonicalTensor) -> Array:
    """``2‖T_kj‖²`` of each slice, rows x columns: ``Σ ⟨A_k,A'_k⟩⟨B_j,B'_j⟩ + (AB')_kj (A'B)_kj`` over pairs of heads."""
    pairs = difference.arrays()
    terms = (np.outer((A * A2).sum(axis=1), (B * B2).sum(axis=0)) + (A @ B2) * (A2 @ B) for A, B in pairs for A2, B2 in pairs)
    return np.sum(list(terms), axis=0)


def witness_on(layer: Layer, columns: Sequence[Matrix], initial: Matrix, step: sympy.Expr) -> Witness:
    """The exact layer run on the columns, and the step; a witness that shows nothing is refused."""
    predicted, expected = (sympy.ImmutableDenseMatrix(side).applyfunc(sympy.cancel) for side in _run(layer, columns, initial, step))
    if predicted == expected:
        raise ArithmeticError("witness: the layer, when run, does what the step does; this is a fault of the recognition")
    return Witness(columns[0], columns[1], columns[2], predicted, expected)


def clear_witness(layer: Layer, columns: Sequence[Array], initial: Array, step: float) -> Witness:
    """The same in floats, where the two must be further apart than rounding can account for.

    Raises:
        ArithmeticError: they are not, as the weights cancel nearly all of what they multiply.
    """
    predicted, expected = _run(layer, columns, initial, step)
    gap, slack = np.abs(predicted - expected), _run_rounding(layer, columns, initial, step)
    if not (gap > slack).any():
        lost = f"rounding may account for {slack[gap.argmax(), 0]:.1e}"
        raise ArithmeticError(f"of a gap of {gap.max():.1e} to the nearest step, when run, {lost}")
    return Witness(columns[0], columns[1], columns[2], predicted, expected)


def _run(layer: Layer, columns: Sequence[Matrix], initial: Matrix, step: sympy.Expr) -> tuple[Matrix, Matrix]:
    """What the layer predicts, and what the step does."""
    context_x, context_y, query = columns
    d_y, d_x = initial.shape
    _, after = linear_attention(layer, tokens(context_x, context_y), query_tokens(initial, query))
    return prediction(after, d_x, d_y), gradient_step(initial, context_x, context_y, step) @ query


def _run_rounding(layer: Layer, columns: Sequence[Array], initial: Array, step: float) -> Array:
    """What rounding may do to both sides, d_y x 1: ``γ_K Σ|terms|``, and γ_2K as the sum itself is computed too."""
    x, y, q = (np.abs(column) for column in columns)
    (d_y, d_x), W0 = initial.shape, np.abs(initial)
    token, asked = np.concatenate([x, y]), np.concatenate([q, W0 @ q])
    terms = W0 @ q + abs(step) * (y + W0 @ x) * (x.T @ q)
    inner = 0
    for head in layer.heads:
        key, query, value, projection = (np.abs(weight) for weight in head)
        terms = terms + (projection[d_x:] @ (value @ token)) * ((key @ token).T @ (query @ asked))
        inner = max(inner, len(key) + len(value))
    return gamma(2 * (5 * (d_x + d_y) + inner + len(layer.heads) + 16)) * terms
