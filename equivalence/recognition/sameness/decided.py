"""Exact layers: they are the same function iff the tensor of their difference is 0 on the query tokens in question."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from equivalence.recognition.assumed import Assumed
from equivalence.recognition.exact.decided import ExactGap
from equivalence.recognition.field import ExactField
from equivalence.recognition.layer import ExactLayer
from equivalence.recognition.result import NoGap
from equivalence.recognition.sameness.pair import Pair, Query
from equivalence.recognition.sameness.result import Compared, Difference, Outcome, Sameness
from equivalence.recognition.tensor.canonical import CanonicalTensor, inner
from equivalence.recognition.tensor.lowrank import Array
from equivalence.recognition.witness import single_tokens


def decided(pair: Pair, start: float | None, assumed: Assumed, other: Assumed) -> Sameness:
    """The decision, with a context on which the layers were run if they differ."""
    apart, first, second = (_seen(pair, layer) for layer in (pair.apart, pair.first, pair.second) if isinstance(layer, ExactLayer))
    tensor, field = apart
    is_same = not tensor.dense().astype(bool).any()
    squares = [own_field.to_sympy(inner(own, own)) for own, own_field in (apart, first, second)]
    numbers = not any(square.free_symbols for square in squares)
    largest = max(map(float, squares[1:])) if numbers else 0.0
    return Sameness(
        outcome=Outcome.same if is_same else Outcome.differ,
        exact=True,
        compared=pair.compared,
        relative_distance=0.0 if is_same else float(sympy.sqrt(squares[0])) / largest**0.5 if numbers else None,
        tolerance=None,
        gap=NoGap() if is_same else ExactGap(tensor, field),
        start=start,
        witness=None if is_same else _witness(pair, tensor.dense()),
        note="",
        assumed=assumed,
        other_assumed=other,
    )


def _seen(pair: Pair, layer: ExactLayer) -> tuple[CanonicalTensor, ExactField]:
    """The rows that are compared, on the query tokens in question, and their field."""
    start = None
    if pair.start is not None:
        constant = sympy.zeros(layer.d_y, int(pair.setting.constant))
        layer, start = layer.at(sympy.ImmutableDenseMatrix(sympy.Matrix.hstack(sympy.Matrix(pair.start), constant)))
    rows = layer.tensor.rows(slice(layer.d_x if pair.compared is Compared.prediction else 0, None))
    return (rows if start is None else rows.on_queries(start)), layer.field


def _witness(pair: Pair, dense: Array) -> Difference:
    layers = [layer.matrices for layer in (pair.first, pair.second) if isinstance(layer, ExactLayer)]
    for asked in _telling(pair, dense):
        first, second = (sympy.ImmutableDenseMatrix(pair.ran(layer, asked)).applyfunc(sympy.cancel) for layer in layers)
        if first != second:
            return Difference(asked.context_x, asked.context_y, asked.query_x, pair.setting.own_sign * asked.query_y, first, second)
    raise ArithmeticError("witness: the layers, when run, do the same; this is a fault of the recognition")


def _telling(pair: Pair, dense: Array) -> Iterator[Query]:
    """Contexts and queries of zeros, ones and one −1 on which T − T' is not 0; each once and twice, for the query among the keys (2.9)."""
    d_y, constant = pair.apart.d_y, int(pair.setting.constant)
    d_x = pair.apart.d_x - constant
    for token in _small_columns(d_x, d_y):
        value = _at(dense, token, d_x, constant)
        for query in _queries(d_x, d_y if pair.start is None else 0, constant):
            if (value @ _with_one(query, d_x, constant)).astype(bool).any():
                yield from _asked(pair, token, query, d_x)


def _small_columns(d_x: int, d_y: int) -> Iterator[Array]:
    unit = np.eye(d_x + d_y, dtype=int)
    yield 0 * unit[0]
    for p, r in single_tokens(d_x + d_y):
        yield from (unit[p], -unit[p]) if p == r else (unit[p] + unit[r],)


def _queries(d_x: int, rest: int, constant: int) -> Iterator[Array]:
    yield from np.eye(d_x + rest, dtype=int)
    if constant:
        yield np.zeros(d_x + rest, dtype=int)


def _with_one(column: Array, d_x: int, constant: int) -> Array:
    return np.insert(column, d_x, 1) if constant else column


def _at(dense: Array, token: Array, d_x: int, constant: int) -> Array:
    """``Σ z_p z_r T[:, p, r, :]`` at z = [x; 1; y]."""
    z = _with_one(token, d_x, constant)
    places = [(p, r) for p in np.flatnonzero(z) for r in np.flatnonzero(z)]
    return sum((dense[:, p, r, :] * int(z[p] * z[r]) for p, r in places), 0 * dense[:, 0, 0, :])


def _asked(pair: Pair, token: Array, query: Array, d_x: int) -> Iterator[Query]:
    column = sympy.ImmutableDenseMatrix(len(token), 1, [int(entry) for entry in token])
    asked = sympy.ImmutableDenseMatrix(len(query), 1, [int(entry) for entry in query])
    rest = asked[d_x:, :] if pair.start is None else -(pair.start @ asked)
    for count in (1, 2):
        context = sympy.ImmutableDenseMatrix.hstack(*[column] * count)
        yield Query(context[:d_x, :], context[d_x:, :], asked[:d_x, :], rest)
