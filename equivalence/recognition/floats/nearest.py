r"""The nearest member for floating weights, in the norm of the canonical tensor (statement 9.2).

Tokens are taken in the coordinates [x; r], r = y − W₀x: there every step is one from W₀ = 0, so that a family is a linear space with a
closed solution, and no distance depends on the size of W₀. W₀ itself is not linear: it is estimated, candidates are refined by a fixed
point, and the nearest is kept. So “nearest” is meant at the W₀ that is reported. Distances depend on the tensor alone, and so not on the
gauge or on how heads are split.

Members are compared by ``‖T − T*‖² = ‖T‖² − ‖T*‖²``, which holds of the nearest of a family and costs nothing more; where that has lost
half of the digits, and of the member that is reported, T − T* itself is formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.members import Member, curvature
from equivalence.recognition.rounding import UNIT, Interval, gamma, size
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, frobenius, right_slope
from equivalence.recognition.tensor.enclosed import Ball, Enclosure
from equivalence.recognition.tensor.lowrank import Array, Matrix, fewer_rows, on_columns

EPSILON = float(np.finfo(float).eps)
LOST = 4
"""Slacks that a fit may be off by: that of what is fitted, of the slopes, of their solution, and one more."""


class Start(NamedTuple):
    """A W₀ to fit at.

    Attributes:
        initial: d_y x d_x.
        whole: the y rows of a tensor on queries [q; −W₀q], with its rounding.
        seen: the same in the coordinates [x; y − W₀x] of tokens, in which distances are taken.
        square: ‖T‖² in these; 0 where that is 0 up to rounding.
    """

    initial: Array
    whole: Enclosure
    seen: Enclosure
    square: float


@dataclass(frozen=True, eq=False)
class Candidate:
    """The nearest member of a family at a W₀.

    Attributes:
        start: with the W₀.
        square: ``‖T*‖² = ⟨T, T*⟩``.
        formed: the member, as it is formed when it is asked for.
        proved: whether it is the nearest of its family; else it was searched for.
    """

    start: Start
    square: float
    formed: Callable[[], Member]
    proved: bool = True

    @cached_property
    def member(self) -> Member:
        """The member, of floats."""
        return self.formed()

    @cached_property
    def difference(self) -> Enclosure:
        """T − T* on tokens [x; y]: for bounds and witnesses."""
        return self.start.whole.difference(enclosed(self.member))

    @cached_property
    def apart(self) -> Enclosure:
        """T − T* on [x; y − W₀x]: for distances."""
        return self.start.seen.difference(enclosed(self.member.on_residuals))

    @cached_property
    def relative_distance(self) -> float:
        """``‖T − T*‖/‖T‖``; 0 where both are 0. Below a relative square of √ε half of the digits would be lost by subtracting squares."""
        if not self.start.square:
            return 0.0
        if self._is_far:
            return float(np.sqrt(1 - self.square / self.start.square))
        return self.apart.value() / float(np.sqrt(self.start.square))

    @property
    def _is_far(self) -> bool:
        """Whether squares may be subtracted: half of the digits are left of their difference, and a hundredth of it at most is slack."""
        remaining = 1 - self.square / self.start.square
        return remaining > np.sqrt(EPSILON) + 100 * LOST * self.start.seen.slack / np.sqrt(self.start.square)

    def interval(self) -> Interval:
        """Where the relative distance of the family lies, rounding included.

        The fit of a linear family is off by about the slack itself, across the remaining distance: so that has its square taken off.
        """
        seen = self.start.seen
        size, slack = seen.norm(), LOST * seen.slack
        if self._is_far:
            d = sum(self.start.initial.shape)
            off = 4 * size.high * (slack + gamma(4 * d * d) * seen.size())
            square = self.start.square - self.square
            low, high = np.sqrt(max(square - off, 0.0)) / size.high, np.sqrt(square + off) / size.low
            return Interval(self.relative_distance, float(low), float(high))
        apart = self.apart.norm()
        low = np.sqrt(max(apart.low**2 - slack**2, 0.0)) / size.high
        return Interval(apart.value / size.value, float(low), apart.high / size.low)


def enclosed(member: Member) -> tuple[Ball, Ball]:
    """A and B of a member, rounding included."""
    A = member.A
    form = float(np.hypot(size(member.initial), np.sqrt(len(member.initial))))
    rounded = gamma(len(member.initial) + 4) * abs(member.step) * size(member.left_factor) * form
    return Ball(A, rounded * (1 + 8 * UNIT)), Ball(member.B, 0.0)


def starts(layer: FloatingLayer, models: Sequence[Array]) -> list[Start]:
    """What each W₀ is fitted to, without those at which nothing is left of a layer, if there are others.

    Args:
        layer: of which the y rows are fitted.
        models: W₀, each d_y x d_x.
    """
    tried = [_started(layer, initial) for initial in models]
    return [start for start in tried if start.square] or tried[:1]


def _started(layer: FloatingLayer, initial: Array) -> Start:
    whole = layer.outputs(initial)
    seen = layer.outputs_on_residuals(initial) if initial.any() else whole
    norm = seen.norm()
    return Start(initial, whole, seen, norm.value**2 if norm.low else 0.0)


def relative(tensor: Enclosure, member: tuple[Ball, Ball]) -> float:
    """‖T − T(A, B)‖/‖T‖; 0 where T and T(A, B) are."""
    distance = tensor.difference(member).value()
    return distance / tensor.value() if distance else 0.0


def nearest_descent(start: Start) -> Candidate:
    """The nearest GD step: ``s = −2 tr H_r/(d_x d_y)``, the square being ``½ d_x d_y s²``."""
    d_y, d_x = start.initial.shape
    size = d_x * d_y / 2
    step = -float(np.trace(np.asarray(descent_slope(start.seen.tensor)[:, d_x:]))) / size if start.square else 0.0
    return Candidate(start, step**2 * size, lambda: Member(step, start.initial, np.eye(d_y), np.eye(d_x)))


def curvature_of(layer: FloatingLayer, start: Start, tolerance: float) -> float | None:
    """γ, if the x rows of the query token's update are within the tolerance of GD++'s, and not 0 up to rounding; else None."""
    inputs, (d_y, d_x) = layer.inputs_on_residuals(start.initial), start.initial.shape
    if not inputs.norm().low or inputs.value() <= (d_x + d_y) ** 2 * EPSILON * start.seen.value():
        return None
    curved = -2 * float(np.trace(np.asarray(descent_slope(inputs.tensor)[:, :d_x]))) / (d_x * (d_x + 1))
    member = Ball(curvature(curved, d_x, d_y), 0.0), Ball(np.eye(d_x + d_y, d_x), 0.0)
    return curved if relative(inputs, member) < tolerance else None


def context_distance(layer: FloatingLayer, member: Member, curved: float | None, *, constant: bool = False) -> float:
    """‖T − T*‖/‖T‖ over all columns, the update of the context's own tokens, with γ in the x rows of T* if it is given, else 0.

    The x rows and the y rows each against their own size, as one may be so large that the other drowns. Where γ is 0 the x rows have to be
    small against the y rows.
    """
    inputs, outputs = layer.context_on_residuals(member.initial)
    A, B = member.on_residuals.whole(curved or 0.0, constant)
    steps = relative(outputs, (Ball(A[layer.d_x :], 0.0), Ball(B, 0.0)))
    if curved:
        return max(steps, relative(inputs, (Ball(A[: layer.d_x], 0.0), Ball(B, 0.0))))
    moved = inputs.value()
    return max(steps, float(moved / np.hypot(moved, outputs.value())) if moved else 0.0)


def nearest_preconditioned(start: Start) -> Candidate:
    """The nearest step with a preconditioner C."""
    d_y, d_x = start.initial.shape
    C, square = best_right(start.seen.tensor, -np.eye(d_y, d_x + d_y, d_x), d_x)
    return Candidate(start, square, partial(scaled, start.initial, np.eye(d_y), C))


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


def scaled(initial: Array, D: Matrix, C: Matrix) -> Member:
    """The step of D and C, which get mean diagonals of 1 where they can."""
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


def best(starts: Sequence[Start], nearest: Callable[[Start], Candidate]) -> Candidate:
    """The nearest member of one family over several W₀; the first that is nearest up to rounding ends the search."""
    candidates: list[Candidate] = []
    for start in starts:
        candidates.append(nearest(start))
        if candidates[-1].relative_distance <= start.initial.size * EPSILON:
            return candidates[-1]
    return min(candidates, key=lambda candidate: candidate.relative_distance)
