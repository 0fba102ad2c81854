r"""The nearest member for floating weights, in the norm of the canonical tensor (statement 9.2).

At a fixed W₀ each family is a linear least-squares problem with a closed solution: GD in s, preconditioned GD in C; in C and D by
alternating. W₀ itself is not linear: it is estimated, candidates are refined by a fixed point, and the nearest is kept. So “nearest”
is meant at the W₀ that is reported. Distances depend on the tensor alone, and so not on the gauge or on how heads are split.

Members are compared by ``‖T − T*‖² = ‖T‖² − ‖T*‖²``, which holds of the nearest of a family and costs nothing more; where that has lost
half of the digits, and of the member that is reported, T − T* itself is formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from equivalence.recognition.members import Member, curvature, residual_form
from equivalence.recognition.result import DESCENT, PRECONDITIONED
from equivalence.recognition.rounding import UNIT, Interval, gamma, size
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, frobenius, left_slope, right_slope
from equivalence.recognition.tensor.enclosed import Ball, Enclosure
from equivalence.recognition.tensor.lowrank import Array, Matrix, fewer_rows, on_columns, summed

EPSILON = float(np.finfo(float).eps)
LOST = 4
"""Slacks that a fit may be off by: that of what is fitted, of the slopes, of their solution, and one more."""
FEW, MANY = 3, 60
"""Alternations for each W₀, and for the one that is best after these."""


class Start(NamedTuple):
    """A W₀ to fit at.

    Attributes:
        initial: d_y x d_x.
        whole: the y rows of a tensor on queries [q; −W₀q], with its rounding.
        square: its ‖T‖²; 0 where that is 0 up to rounding.
    """

    initial: Array
    whole: Enclosure
    square: float

    @property
    def seen(self) -> CanonicalTensor:
        """The tensor as computed."""
        return self.whole.tensor


@dataclass(frozen=True, eq=False)
class Candidate:
    """The nearest member of a family at a W₀.

    Attributes:
        start: with the W₀.
        square: ``‖T*‖² = ⟨T, T*⟩``.
        formed: the member, as it is formed when it is asked for.
    """

    start: Start
    square: float
    formed: Callable[[], Member]

    @cached_property
    def member(self) -> Member:
        """The member, of floats."""
        return self.formed()

    @cached_property
    def difference(self) -> Enclosure:
        """T − T*."""
        return self.start.whole.difference(enclosed(self.member))

    @cached_property
    def relative_distance(self) -> float:
        """``‖T − T*‖/‖T‖``; 0 where both are 0. Below a relative square of √ε half of the digits would be lost by subtracting squares."""
        if not self.start.square:
            return 0.0
        if self._is_far:
            return float(np.sqrt(1 - self.square / self.start.square))
        return self.difference.value() / float(np.sqrt(self.start.square))

    @property
    def _is_far(self) -> bool:
        """Whether squares may be subtracted: half of the digits are left of their difference, and a hundredth of it at most is slack."""
        remaining = 1 - self.square / self.start.square
        return remaining > np.sqrt(EPSILON) + 100 * LOST * self.start.whole.slack / np.sqrt(self.start.square)

    def interval(self) -> Interval:
        """Where the relative distance of the family lies, rounding included.

        The fit of a linear family is off by about the slack itself, across the remaining distance: so that has its square taken off.
        """
        size, slack = self.start.whole.norm(), LOST * self.start.whole.slack
        if self._is_far:
            d = sum(self.start.initial.shape)
            off = 4 * size.high * (slack + gamma(4 * d * d) * self.start.whole.size())
            square = self.start.square - self.square
            low, high = np.sqrt(max(square - off, 0.0)) / size.high, np.sqrt(square + off) / size.low
            return Interval(self.relative_distance, float(low), float(high))
        apart = self.difference.norm()
        low = np.sqrt(max(apart.low**2 - slack**2, 0.0)) / size.high
        return Interval(apart.value / size.value, float(low), apart.high / size.low)


def enclosed(member: Member) -> tuple[Ball, Ball]:
    """A and B of a member, rounding included."""
    A = member.A
    form = float(np.hypot(size(member.initial), np.sqrt(len(member.initial))))
    rounded = gamma(len(member.initial) + 4) * abs(member.step) * size(member.left_factor) * form
    return Ball(A, rounded * (1 + 8 * UNIT)), Ball(member.B, 0.0)


def starts(outputs: Callable[[Array], Enclosure], models: Sequence[Array]) -> list[Start]:
    """What each W₀ is fitted to, without those at which nothing is left of a layer, if there are others.

    Args:
        outputs: the y rows of a layer's tensor on queries [q; −W₀q].
        models: W₀, each d_y x d_x.
    """
    tried = [_started(outputs(initial), initial) for initial in models]
    return [start for start in tried if start.square] or tried[:1]


def _started(seen: Enclosure, initial: Array) -> Start:
    norm = seen.norm()
    return Start(initial, seen, norm.value**2 if norm.low else 0.0)


def relative(tensor: Enclosure, member: tuple[Ball, Ball]) -> float:
    """‖T − T(A, B)‖/‖T‖; 0 where T and T(A, B) are."""
    distance = tensor.difference(member).value()
    return distance / tensor.value() if distance else 0.0


def nearest_descent(start: Start) -> Candidate:
    """The nearest GD step: ``s = ⟨H, F⟩/‖T(F, [I; 0])‖²``, the square being ``½(d_x‖F‖² + ‖W₀‖²)``."""
    F, (d_y, d_x) = residual_form(start.initial), start.initial.shape
    size = (d_x * frobenius(F, F) + frobenius(start.initial, start.initial)) / 2
    step = float(frobenius(descent_slope(start.seen), F) / size) if start.square else 0.0
    return Candidate(start, step**2 * size, lambda: Member(step, start.initial, np.eye(d_y), np.eye(d_x)))


def curvature_of(inputs: Enclosure, outputs: Enclosure, d_y: int, tolerance: float) -> float | None:
    """γ, if the x rows of the query token's update are within the tolerance of GD++'s, and not 0 up to rounding; else None."""
    d, d_x = inputs.tensor.pairs[0][1].shape
    if not inputs.norm().low or inputs.value() <= d * d * EPSILON * outputs.value():
        return None
    curved = -2 * float(np.trace(np.asarray(descent_slope(inputs.tensor)[:, :d_x]))) / (d_x * (d_x + 1))
    return curved if relative(inputs, (Ball(curvature(curved, d_x, d_y), 0.0), Ball(np.eye(d, d_x), 0.0))) < tolerance else None


def context_distance(inputs: Enclosure, outputs: Enclosure, member: Member, curved: float | None) -> float:
    """‖T − T*‖/‖T‖ over all rows and columns, with γ in the x rows of T* if it is given, else 0.

    The rows apart: where γ is 0 nothing is taken from the x rows.
    """
    d_y, d_x = member.initial.shape
    B = Ball(np.concatenate([member.B, np.zeros((d_x + d_y, d_y))], axis=1), 0.0)
    size = inputs.value()
    gap = inputs.difference((Ball(curvature(curved, d_x, d_y), 0.0), B)).value() if curved else size
    total = float(np.hypot(size, outputs.value()))
    return float(np.hypot(gap, outputs.difference((Ball(member.A, 0.0), B)).value())) / total if total else 0.0


def nearest_preconditioned(start: Start) -> Candidate:
    """The nearest step with a preconditioner C."""
    C, square = best_right(start.seen, residual_form(start.initial), start.initial.shape[1])
    return Candidate(start, square, partial(_scaled, start.initial, np.eye(len(start.initial)), C))


def nearest_two_sided(start: Start, rounds: int) -> Candidate:
    """A step with C and a left factor D, by alternating least squares: near, not proved nearest.

    It ends where as many more rounds as there may be, each like the last one, would not halve the square of the distance.
    """
    initial, seen = start.initial, start.seen
    F, D, outer = residual_form(initial), _first_left(seen, len(initial)), initial @ initial.T
    C, square = best_right(seen, D @ F, initial.shape[1])
    for _ in range(rounds if square else 0):
        read, before = initial @ C, square
        gram = frobenius(C, C) * (outer + np.eye(len(initial))) + np.asarray(read @ read.T)
        slope = left_slope(seen, _below(C, len(initial)))
        try:
            D = on_columns(partial(np.linalg.solve, gram), 2 * F @ slope.T).T
        except np.linalg.LinAlgError:  # W₀ is so large that I is lost in W₀W₀ᵀ + I
            break
        C, square = best_right(seen, D @ F, initial.shape[1])
        if square - before <= (start.square - square) / (2 * MANY):
            break
    return Candidate(start, square, partial(_scaled, initial, D, C))


def least_two_sided(start: Start) -> float:
    """What the relative distance to every step with C and D is at least, whatever they are, if it is below 1.

    A step multiplies a residual by an input. So its tensor is 0 on two tokens [0; y], and on two tokens [x; W₀x], whose residual is 0; and
    on one of each it is a product D ⊗ C, so that all singular values but the first are 0.
    """
    initial, whole = start.initial, start.whole.norm()
    d_y, d_x = initial.shape
    targets, fitted = np.eye(d_x + d_y, d_y, -d_x), np.linalg.qr(np.concatenate([np.eye(d_x), initial]))[0]
    off = 4 * gamma(8 * (d_x + d_y)) * (1 + size(initial)) * whole.high  # as [W₀, −I] times this basis is 0 up to rounding only
    apart = [start.whole.on_tokens(basis).norm().low for basis in (targets, fitted)]
    if (mixed := start.whole.mixed(targets, fitted)) is not None:
        product, slack = mixed
        values = np.linalg.svd(product.reshape(d_y * d_y, d_x * d_x), compute_uv=False)
        apart.append(float(np.linalg.norm(values[1:])) - slack - gamma(product.size) * float(values[0]))
    return max(max(apart) - off, 0.0) / whole.high * (1 - 8 * UNIT)


def _first_left(seen: CanonicalTensor, d_y: int) -> Matrix:
    """D of the Kronecker product D ⊗ C nearest to ``Σ_h −A_h,y ⊗ B_h,x``, from Gram matrices of heads; I where that is 0."""
    lefts = [-A[:, -d_y:] for A, _ in seen.pairs]
    rights = [B[:-d_y] for _, B in seen.pairs]
    grams = (np.array([[frobenius(left, right) for right in side] for left in side]) for side in (rights, lefts))
    values, vectors = np.linalg.eig(np.matmul(*grams))
    D = summed(left * share for share, left in zip(vectors[:, values.real.argmax()].real, lefts, strict=True))
    return D if frobenius(D, D) else np.eye(d_y)


def _below(C: Matrix, d_y: int) -> Matrix:
    """``[C; 0]``, d x d_x."""
    return on_columns(lambda columns: np.concatenate([columns, np.zeros((d_y, columns.shape[1]))]), C)


def best_right(seen: CanonicalTensor, A: Matrix, d_x: int) -> tuple[Matrix, float]:
    """C with T* = T(A, [C; 0]) nearest, and ‖T*‖²: ``(‖A‖²I + A_xᵀA_x) C = 2G_x``, solved with a matrix of d_y rows at most (Woodbury)."""
    size, inputs = frobenius(A, A), fewer_rows(A[:, :d_x])
    if not size:
        return np.zeros((d_x, d_x)), 0.0
    small = size * np.eye(len(inputs)) + inputs @ inputs.T

    def solved(columns: Array) -> Array:
        return 2 * (columns - inputs.T @ np.linalg.solve(small, inputs @ columns)) / size

    slope = right_slope(seen, A)[:d_x]
    C = on_columns(solved, slope)
    return C, frobenius(slope, C)


def _scaled(initial: Array, D: Matrix, C: Matrix) -> Member:
    (left, D), (right, C) = _centred(np.asarray(D)), _centred(np.asarray(C))
    return Member(left * right, initial, D, C)


def _centred(matrix: Array) -> tuple[float, Array]:
    """The mean diagonal and the matrix divided by it; left alone where the mean is 0 up to rounding."""
    mean = float(np.trace(matrix)) / len(matrix)
    usable = abs(mean) > len(matrix) * EPSILON * np.abs(matrix).max(initial=0.0)
    return (mean, matrix / mean) if usable else (1.0, matrix)


def best_descent(starts: Sequence[Start]) -> Candidate:
    """The nearest GD step over several W₀."""
    return best(starts, nearest_descent)


def best_preconditioned(starts: Sequence[Start]) -> Candidate:
    """The nearest step with a preconditioner over several W₀."""
    return best(starts, nearest_preconditioned)


def best_two_sided(starts: Sequence[Start]) -> Candidate:
    """A near step with C and D over several W₀; the nearest of these is refined."""
    return nearest_two_sided(best(starts, partial(nearest_two_sided, rounds=FEW)).start, MANY)


def best(starts: Sequence[Start], nearest: Callable[[Start], Candidate]) -> Candidate:
    """The nearest member of one family over several W₀; the first that is nearest up to rounding ends the search."""
    candidates: list[Candidate] = []
    for start in starts:
        candidates.append(nearest(start))
        if candidates[-1].relative_distance <= start.initial.size * EPSILON:
            return candidates[-1]
    return min(candidates, key=lambda candidate: candidate.relative_distance)


class Family(NamedTuple):
    """A family of steps.

    Attributes:
        name: as it is listed.
        best: its nearest member over several W₀.
        factors: how many of C and D are free.
    """

    name: str
    best: Callable[[Sequence[Start]], Candidate]
    factors: int


ALL = (
    Family(DESCENT, best_descent, 0),
    Family(PRECONDITIONED, best_preconditioned, 1),
    Family(f"{PRECONDITIONED} with a left factor", best_two_sided, 2),
)


def families(d_y: int) -> tuple[Family, ...]:
    """The simplest one first. For one target a left factor is a number."""
    return ALL if d_y > 1 else ALL[:2]
