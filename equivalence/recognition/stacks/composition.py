"""How far a stack of floats is, at most, from the steps that were recognised: layer bounds composed in ball arithmetic.

With τ ≥ ‖T‖, ‖T*‖ and δ ≥ ‖T − T*‖ of a layer, R and r bounds on the context and the query token before it in both runs, ε and φ bounds
on their differences, and as ``‖A C Cᵀ B u‖ ≤ ‖A‖ ‖C‖² ‖B‖ ‖u‖``,

    ε' = ε + δR³ + 3τR²ε,   φ' = φ + δR²r + τ(R²φ + 2Rεr),   R' = R + τR³,   r' = r + τR²r.

T is taken with all its columns, as only the first layer's query tokens are of the form [q; −W₀q]; with all its rows too, but for the
last layer, of which the y rows alone are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from math import inf, nextafter
from typing import NamedTuple

import flint
import numpy as np

from equivalence.recognition import Recognition
from equivalence.recognition.floats.bounds import largest_singular_value
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.members import Member

PRECISION = 128


class StackNorms(NamedTuple):
    """What the bound is made of, whatever the size of contexts and queries.

    Attributes:
        query: bounds ‖[q; −W₀q]‖/‖q‖.
        layers: τ and δ of each.
    """

    query: flint.arb
    layers: tuple[tuple[flint.arb, flint.arb], ...]


def stack_norms(layers: Sequence[FloatingLayer], verdicts: Sequence[Recognition]) -> StackNorms:
    """The norms of layers of floats, and of what each was recognised as, all at one W₀."""
    with _precisely():
        start = np.asarray(verdicts[0].initial, dtype=float)
        last, d_x = len(layers), start.shape[1]
        pairs = enumerate(zip(layers, verdicts, strict=True), 1)
        norms = tuple(layer_norms(layer, verdict, d_x if number == last else 0) for number, (layer, verdict) in pairs)
        return StackNorms((1 + spectral_norm(exactly(start)) ** 2).sqrt(), norms)


def composed_bound(norms: StackNorms, token_norm: float, query_norm: float, among_keys: bool = False) -> float:
    """The bound on the y rows of the query token after the last layer, of the layers in real arithmetic, rounded up.

    Args:
        norms: of the stack.
        token_norm, query_norm: ρ with Σ‖eᵢ‖² ≤ ρ², and r with ‖q‖ ≤ r.
        among_keys: whether the query token is a key, and so one of the tokens that R bounds; a causal mask takes keys away only.
    """
    with _precisely():
        R, r = flint.arb(token_norm), flint.arb(query_norm) * norms.query
        R = (R * R + r * r).sqrt() if among_keys else R
        context_error = query_error = flint.arb(0)
        for tau, apart in norms.layers:
            query_error = query_error + apart * R * R * r + tau * (R * R * query_error + 2 * R * context_error * r)
            context_error = context_error + apart * R * R * R + 3 * tau * R * R * context_error
            r, R = r + tau * R * R * r, R + tau * R * R * R
        return nextafter(float(query_error.upper()), inf)


@contextmanager
def _precisely() -> Iterator[None]:
    before, flint.ctx.prec = flint.ctx.prec, PRECISION
    try:
        yield
    finally:
        flint.ctx.prec = before


def layer_norms(layer: FloatingLayer, verdict: Recognition, first_row: int) -> tuple[flint.arb, flint.arb]:
    """Bounds τ and δ over all columns and the rows from `first_row` on, from the floats as exact numbers.

    T − T* is written as ``T(Σ c_h A_h − A*, B*) + Σ T(A_h, B_h − c_h B*)``; ``‖T(A, B)‖ ≤ ‖A‖‖B‖`` in spectral norms.
    """
    start = np.asarray(verdict.initial, dtype=float)
    D = np.eye(len(start)) if verdict.left_factor is None else verdict.left_factor
    C = np.eye(start.shape[1]) if verdict.preconditioner is None else verdict.preconditioner
    member = Member(float(verdict.step_size), start, D, C)
    whole, columns = member.whole(float(verdict.gamma or 0.0))
    A, B = exactly(whole[first_row:]), exactly(columns)
    pairs = [
        (exactly(head.projection[first_row:]) * exactly(head.value), exactly(head.key).transpose() * exactly(head.query))
        for head in layer.heads
    ]
    square = _inner(B, B)
    shares = [_inner(right, B) / square for _, right in pairs]
    left = -A
    for share, (own, _) in zip(shares, pairs, strict=True):
        left = left + share * own
    apart = _product(left, B) + sum(
        (_product(own, right - share * B) for share, (own, right) in zip(shares, pairs, strict=True)), flint.arb(0)
    )
    size = sum((_product(own, right) for own, right in pairs), flint.arb(0))
    return size.max(_product(A, B)), apart


def _product(left: flint.fmpq_mat, right: flint.fmpq_mat) -> flint.arb:
    return spectral_norm(left) * spectral_norm(right)


def spectral_norm(matrix: flint.fmpq_mat) -> flint.arb:
    """An upper bound: of the matrix rounded to floats, and the Frobenius norm of what the rounding took off."""
    rounded = np.array([[float(entry) for entry in row] for row in _fractions(matrix)])
    rest = matrix - exactly(rounded)
    return flint.arb(largest_singular_value(rounded)) + flint.arb(_inner(rest, rest)).sqrt()


def _fractions(matrix: flint.fmpq_mat) -> list[list[Fraction]]:
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]


def exactly(array: np.ndarray) -> flint.fmpq_mat:
    """An array of floats as the rationals that they are."""
    numbers = np.asarray(array, dtype=float)
    rows, columns = numbers.shape
    fractions = (Fraction(float(entry)) for entry in numbers.ravel())
    return flint.fmpq_mat(rows, columns, [flint.fmpq(number.numerator, number.denominator) for number in fractions])


def _inner(left: flint.fmpq_mat, right: flint.fmpq_mat) -> flint.fmpq:
    return sum((a * b for a, b in zip(left.entries(), right.entries(), strict=True)), flint.fmpq(0))
