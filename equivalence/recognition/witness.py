"""Inputs on which a layer is not a step: one context token and one query, each of zeros and one other number (statements 2.4, 9.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import sympy

from equivalence.algebras.detect import algebra_of
from equivalence.models.attention.linear import update
from equivalence.models.descent.least_squares import gradient_step
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, tokens, with_constant
from equivalence.recognition.field import Matrix
from equivalence.recognition.result import Witness
from equivalence.recognition.rounding import TINY, gamma
from equivalence.recognition.setting import PLAIN, Keys, Setting
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


def and_twice(columns: Sequence[Matrix]) -> list[Sequence[Matrix]]:
    """A context and a query, and the same context taken twice: what the query token adds by itself cannot hide a gap in both (2.9)."""
    context_x, context_y, query = columns
    return [columns, [_twice(context_x), _twice(context_y), query]]


def _twice(matrix: Matrix) -> Matrix:
    return algebra_of(matrix).block([[matrix, matrix]])


def witness_on(
    layer: Layer, candidates: Iterable[Sequence[Matrix]], initial: Matrix, step: sympy.Expr, setting: Setting = PLAIN
) -> Witness:
    """The exact layer run on the first of some columns where it is not the step; a witness that shows nothing is refused."""
    for columns in candidates:
        predicted, expected = (
            sympy.ImmutableDenseMatrix(side).applyfunc(sympy.cancel) for side in _run(layer, columns, initial, step, setting)
        )
        if predicted != expected:
            return Witness(columns[0], columns[1], columns[2], predicted, expected)
    raise ArithmeticError("witness: the layer, when run, does what the step does; this is a fault of the recognition")


def clear_witness(layer: Layer, candidates: Iterable[Sequence[Array]], initial: Array, step: float, setting: Setting = PLAIN) -> Witness:
    """The same in floats, on the clearest of some columns; the two must be further apart than rounding can account for.

    Raises:
        ArithmeticError: they are not, as the weights cancel nearly all of what they multiply.
    """
    tried = []
    for columns in candidates:
        predicted, expected = _run(layer, columns, initial, step, setting)
        gap, slack = np.abs(predicted - expected), _run_rounding(layer, columns, initial, step, setting)
        place = int((gap - slack).argmax())
        tried.append((float(gap[place, 0]), float(slack[place, 0]), Witness(columns[0], columns[1], columns[2], predicted, expected)))
    apart, lost, clearest = max(tried, key=lambda found: found[0] / (found[1] or TINY))
    if not apart > lost:
        raise ArithmeticError(f"of a gap of {apart:.1e} to the nearest step, when run, rounding may account for {lost:.1e}")
    return clearest


def _run(layer: Layer, columns: Sequence[Matrix], initial: Matrix, step: sympy.Expr, setting: Setting = PLAIN) -> tuple[Matrix, Matrix]:
    """What the layer predicts, and what the step does."""
    context_x, context_y, query = columns
    d_y, d_x = initial.shape
    context, token = _tokens(context_x, context_y, setting), _tokens(query, -(initial @ query), setting)
    keys = context
    if setting.keys is Keys.all:
        keys = algebra_of(context).block([[context, _tokens(query, -setting.own_sign * (initial @ query), setting)]])
    after = prediction(token + update(layer, keys, token), d_x + setting.constant, d_y)
    return after, gradient_step(initial, context_x, context_y, step * context_x.shape[1]) @ query


def _tokens(inputs: Matrix, targets: Matrix, setting: Setting) -> Matrix:
    return tokens(with_constant(inputs) if setting.constant else inputs, targets)


def _run_rounding(layer: Layer, columns: Sequence[Array], initial: Array, step: float, setting: Setting = PLAIN) -> Array:
    """What rounding may do to both sides, d_y x 1: ``γ_K Σ|terms|``, and γ_2K as the sum itself is computed too."""
    x, y, q = (np.abs(column) for column in columns)
    W0, count = np.abs(initial), x.shape[1]
    asked = _tokens(q, W0 @ q, setting)
    keys = np.concatenate([_tokens(x, y, setting), *([asked] if setting.keys is Keys.all else [])], axis=1)
    terms = W0 @ q + abs(step) * (y + W0 @ x) @ (x.T @ q) + terms_of_update(layer, keys, asked)[-len(W0) :]
    return gamma(2 * (5 * len(asked) + inner_size(layer) + len(layer.heads) + 2 * count + 16)) * terms


def terms_of_update(layer: Layer, keys: Array, token: Array) -> Array:
    """The sum of the absolute values of all products that make up the update of a token, all of which are given as absolute values."""
    changes = []
    for head in layer.heads:
        key, query, value, projection = (np.abs(weight) for weight in head)
        changes.append(projection @ ((value @ keys) @ ((key @ keys).T @ (query @ token))))
    return np.sum(changes, axis=0)


def inner_size(layer: Layer) -> int:
    """The largest d_k + d_v."""
    return max(len(head.key) + len(head.value) for head in layer.heads)
