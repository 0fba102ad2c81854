"""Products of floating weights and their tensors, with a bound on what rounding moved (statement 9.2).

A radius is a Frobenius norm. Sums of products of K roundings are off by γ_K times the same sums of absolute values (see `rounding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equivalence.models.heads import Head
from equivalence.recognition.rounding import TINY, UNIT, Interval, gamma, size, underflow
from equivalence.recognition.tensor.canonical import CanonicalTensor, norm
from equivalence.recognition.tensor.lowrank import Array, LowRank, Matrix, combined, formed_if_small, is_thin, lost_in_forming

FORMED = 16
"""Up to this d a tensor is formed; of several heads, which may cancel,"""
NUMBERS = 3_000_000
"""as long as it has no more numbers."""


class Ball(NamedTuple):
    """A matrix that is known up to its radius."""

    matrix: Matrix
    radius: float


class Scores(NamedTuple):
    """B of a head, all columns.

    Attributes:
        matrix: d x d.
        d_x: how many columns are of inputs.
        radii: of these, and of the rest.
    """

    matrix: Matrix
    d_x: int
    radii: tuple[float, float]

    def on(self, initial: Array | None) -> Ball:
        """``B[I; −W₀]``, d x d_x, or B for none."""
        if initial is None:
            return Ball(self.matrix, sum(self.radii))
        inputs = self.matrix[:, : self.d_x]
        if not initial.any():
            return Ball(inputs, self.radii[0])
        targets, scale = self.matrix[:, self.d_x :], size(initial)
        radius = self.radii[0] + self.radii[1] * scale + gamma(len(initial) + 2) * (size_of(inputs) + size_of(targets) * scale)
        return Ball(inputs - targets @ initial, radius)


class EnclosedHead(NamedTuple):
    """A and B of a head: the x rows and the y rows of A apart, and B."""

    input: Ball
    output: Ball
    scores: Scores


def enclosed_head(head: Head, d_x: int) -> EnclosedHead:
    """A = P W_V and B = W_KᵀW_Q of weights that are floats; what is thin is kept as its factors."""
    inputs, targets, whole = slice(d_x), slice(d_x, None), slice(None)
    with np.errstate(over="ignore", invalid="ignore"):  # sizes are checked afterwards
        A, reach = _product(head.projection, head.value, [(inputs, whole), (targets, whole)])
        B, radii = _product(head.key.T, head.query, [(whole, inputs), (whole, targets)])
        first, second = (Ball(formed_if_small(A[rows]), radius) for rows, radius in zip((inputs, targets), reach, strict=True))
    return EnclosedHead(first, second, Scores(B, d_x, (radii[0], radii[1])))


def _product(left: Array, right: Array, blocks: Sequence[tuple[slice, slice]]) -> tuple[Matrix, list[float]]:
    """The product and the radii of some of its blocks. A thin one gets an orthonormal left factor: see `lowrank`."""
    inner = left.shape[1]
    if not is_thin(left, right):
        sizes = np.abs(left) @ np.abs(right)
        return left @ right, [gamma(2 * inner + 2) * size(sizes[block]) for block in blocks]
    basis, rest = np.linalg.qr(left)
    product = LowRank(basis, rest @ right)
    return product, [_thin_radius(left[rows], basis[rows], rest, right[:, columns]) for rows, columns in blocks]


def _thin_radius(left: Array, basis: Array, rest: Array, right: Array) -> float:
    """``LR − Q(RR')``: what the factors of L leave of it, and the rounding of the second product."""
    inner = left.shape[1]
    left_over = size(left - basis @ rest) + gamma(inner + 2) * (size(left) + size(basis) * size(rest))
    return left_over * size(right) + gamma(inner + 2) * size(basis) * size(np.abs(rest) @ np.abs(right))


def size_of(matrix: Matrix) -> float:
    """The Frobenius norm, rounded up."""
    return matrix.size if isinstance(matrix, LowRank) else size(matrix)


@dataclass(frozen=True, eq=False)
class Enclosure:
    """A tensor as computed, and how far the true one is at most.

    Attributes:
        tensor: its pairs.
        dense: the same formed, where it is small.
        slack: the Frobenius distance to the true one, at most; of both.
    """

    tensor: CanonicalTensor
    dense: Array | None
    slack: float

    def value(self) -> float:
        """‖T‖, as computed."""
        return norm(self.tensor) if self.dense is None else float(np.linalg.norm(self.dense))

    def norm(self) -> Interval:
        """‖T‖."""
        value = self.value()
        if self.dense is not None:
            lost = gamma(self.dense.size + 4) * value
            return Interval(value, max(value - lost - self.slack, 0.0), value + lost + self.slack + underflow(self.dense))
        (rows, d), columns = self.tensor.pairs[0][0].shape, self.tensor.pairs[0][1].shape[1]
        roundings = 2 * d + rows * d + columns * d + rows * columns + len(self.tensor.pairs) ** 2 + 8
        lost = np.sqrt(gamma(roundings)) * self.size()
        low = value - lost**2 / value if value else 0.0
        return Interval(value, max(low - self.slack, 0.0), float(np.hypot(value, lost)) * (1 + 8 * UNIT) + self.slack)

    def size(self) -> float:
        """``Σ ‖A‖‖B‖``, which ‖T‖ is far below where heads cancel."""
        return sum(size_of(A) * size_of(B) for A, B in self.tensor.pairs)

    def block(self, tokens: slice) -> Enclosure:
        """T at some rows of both tokens that it multiplies."""
        seen = enclosure([(Ball(A[:, tokens], 0.0), Ball(B[tokens], 0.0)) for A, B in self.tensor.pairs])
        return Enclosure(seen.tensor, seen.dense, seen.slack + self.slack)

    def mixed(self, first: slice, second: slice) -> Array:
        """T at some rows of one token and others of the other, formed: rows k, first, second, columns j."""
        terms = (
            np.einsum("kb,aj->kbaj", np.asarray(A[:, first]), np.asarray(B[second]))
            + np.einsum("ka,bj->kbaj", np.asarray(A[:, second]), np.asarray(B[first]))
            for A, B in self.tensor.pairs
        )
        return np.sum(list(terms), axis=0) / 2

    def difference(self, member: tuple[Ball, Ball]) -> Enclosure:
        """T − T(A, B); see `CanonicalTensor.difference`."""
        (A, radius), (B, spread) = member
        tensor = self.tensor.difference(A, B)
        size_A, size_B = size_of(A), size_of(B)
        moved = gamma(len(self.tensor.pairs) + 4) * sum(
            size_of(own) * (size_of(right) + 2 * share * size_B)
            for (own, right), share in zip(self.tensor.pairs, _shares(self.tensor, B, size_B), strict=True)
        )
        slack = self.slack + moved + radius * size_B + (size_A + radius) * spread + gamma(len(self.tensor.pairs) + 8) * size_A * size_B
        if self.dense is None:
            return Enclosure(tensor, None, slack)
        member_dense = CanonicalTensor(((A, B),)).dense()
        return Enclosure(tensor, self.dense - member_dense, slack + gamma(2) * float(np.linalg.norm(self.dense)))


def on_residuals(ball: Ball, initial: Array) -> Ball:
    """The columns of A in the coordinates [x; r], r = y − W₀x, of tokens [x; y]: ``A[[I, 0], [W₀, I]]``.

    Args:
        ball: rows x d.
        initial: W₀, d_y x d_x.
    """
    if not initial.any():
        return ball
    (d_y, d_x), scale = initial.shape, 1 + size(initial)
    turn = np.eye(d_x + d_y)
    turn[d_x:, :d_x] = initial
    return Ball(ball.matrix @ turn, (ball.radius + gamma(d_y + 3) * size_of(ball.matrix)) * scale)


def rows_on_residuals(ball: Ball, initial: Array) -> Ball:
    """The same of the rows of B."""
    turned = on_residuals(Ball(ball.matrix.T, ball.radius), initial)
    return Ball(turned.matrix.T, turned.radius)


def _shares(tensor: CanonicalTensor, B: Matrix, size_B: float) -> list[float]:
    """``|c_h|`` at most."""
    return [size_of(own) / size_B if size_B > 2 * TINY else 0.0 for _, own in tensor.pairs]


def is_formed(heads: int, rows: int, d: int, columns: int) -> bool:
    """Whether a tensor is formed; one head cannot cancel, so there that is for small sizes only."""
    return d <= FORMED or (heads > 1 and rows * d * d * columns <= NUMBERS)


def enclosure(pairs: Sequence[tuple[Ball, Ball]]) -> Enclosure:
    """The tensor of heads that are known up to radii."""
    tensor = CanonicalTensor(tuple((A.matrix, B.matrix) for A, B in pairs))
    sizes = [(size_of(A.matrix), size_of(B.matrix)) for A, B in pairs]
    slack = sum(A.radius * right + (left + A.radius) * B.radius for (A, B), (left, right) in zip(pairs, sizes, strict=True))
    (rows, d), columns = tensor.pairs[0][0].shape, tensor.pairs[0][1].shape[1]
    if not is_formed(len(pairs), rows, d, columns):
        return Enclosure(tensor, None, slack)
    forming = gamma(len(pairs) + 4) * sum(left * right for left, right in sizes)
    return Enclosure(tensor, tensor.dense(), slack + forming)


def compressed(pairs: Sequence[tuple[Ball, Scores]]) -> list[tuple[Ball, Scores]]:
    """The same tensor, written with orthonormal A, so that what cancels in ``Σ A ⊗ B`` is gone: for what is too large to be formed.

    ``a_h = Σ_i q_i r_ih`` by QR, and so ``Σ_h A_h ⊗ B_h = Σ_i Q_i ⊗ Σ_h r_ih B_h``. What rounding moved is put in the first radii.
    """
    (rows, d), own = pairs[0][0].matrix.shape, [scores for _, scores in pairs]
    stacked = np.stack([np.asarray(A.matrix).ravel() for A, _ in pairs], axis=1)
    basis, shares = np.linalg.qr(stacked)
    whole = combined(shares, [scores.matrix for scores in own])
    missed = [size(column) for column in (stacked - basis @ shares).T]
    extra = [0.0, 0.0]
    for h, (A, scores) in enumerate(pairs):
        length, weight = size(stacked[:, h]), size(shares[:, h])
        for block, columns in enumerate((slice(scores.d_x), slice(scores.d_x, None))):
            part = scores.matrix[:, columns]
            reach = size_of(part)
            off = missed[h] + A.radius + gamma(len(pairs) + 4) * (length + size(basis) * weight)
            extra[block] += off * (reach + scores.radii[block]) + length * scores.radii[block]
            extra[block] += size(basis) * weight * (gamma(len(pairs) + 4) * reach + lost_in_forming(part))
    radii = [(1.01 * extra[0], 1.01 * extra[1]), *[(0.0, 0.0)] * (len(whole) - 1)]
    return [
        (Ball(basis[:, i].reshape(rows, d), 0.0), Scores(B, own[0].d_x, radius))
        for i, (B, radius) in enumerate(zip(whole, radii, strict=True))
    ]
