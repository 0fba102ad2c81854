r"""The nearest member for floating weights, in the norm of the canonical tensor (statement 9.2).

At a fixed W₀ each family is a linear least-squares problem with a closed solution: GD in s, preconditioned GD in C; in C and D by
alternating. W₀ itself is not linear: it is estimated, candidates are refined by a fixed point, and the nearest is kept. So “nearest”
is meant at the W₀ that is reported. Distances depend on the tensor alone, and so not on the gauge or on how heads are split.

Members are compared by ``‖T − T*‖² = ‖T‖² − ‖T*‖²``, which holds of the nearest of a family and costs nothing more; where that has lost
half of the digits, and of the member that is reported, T − T* itself is formed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from equivalence.recognition.members import Member, curvature, residual_form
from equivalence.recognition.tensor.canonical import Array, CanonicalTensor, descent_slope, frobenius, left_slope, norm, right_slope
from equivalence.recognition.tensor.lowrank import fewer_rows, on_columns

EPSILON = float(np.finfo(float).eps)
REFINEMENTS = 4
DESCENTS, HALVINGS = 20, 6
FEW, MANY = 3, 60
"""Alternations for each W₀, and for the one that is best after these."""
SMALL = 16
"""Up to this d linear systems in all entries of the tensor are solved."""


class Start(NamedTuple):
    """A W₀ to fit at.

    Attributes:
        initial: d_y x d_x.
        seen: the y rows of a tensor on queries [q; −W₀q].
        square: its ‖T‖²; 0 where that is 0 up to rounding: no query token is changed then, which is a step of rate 0.
    """

    initial: Array
    seen: CanonicalTensor
    square: float


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

    @property
    def difference(self) -> CanonicalTensor:
        """T − T*."""
        return self.start.seen.difference(self.member.A, self.member.B)

    @cached_property
    def relative_distance(self) -> float:
        """``‖T − T*‖/‖T‖``; 0 where both are 0. Below a relative square of √ε half of the digits would be lost by subtracting squares."""
        if not self.start.square:
            return 0.0
        remaining = 1 - self.square / self.start.square
        return float(np.sqrt(remaining)) if remaining > np.sqrt(EPSILON) else relative(self.start.seen, self.member.A, self.member.B)


def starts(tensor: CanonicalTensor, models: Sequence[Array]) -> list[Start]:
    """What each W₀ is fitted to, without those at which nothing is left of a layer, if there are others.

    Args:
        tensor: the y rows of a layer's tensor, all columns.
        models: W₀, each d_y x d_x.
    """
    found = [_started(tensor, initial) for initial in models]
    return [start for start in found if start.square] or found[:1]


def _started(tensor: CanonicalTensor, initial: Array) -> Start:
    """Rounding is at most about d ε times what is summed, in the Frobenius norm."""
    seen, d = tensor.on_queries(initial), sum(initial.shape)
    summed = sum(np.sqrt(frobenius(A, A) * frobenius(B, B)) for A, B in tensor.pairs) * (1 + np.sqrt(frobenius(initial, initial)))
    size = norm(seen)
    return Start(initial, seen, 0.0 if size <= d * EPSILON * summed else size**2)


def relative(tensor: CanonicalTensor, A: Array, B: Array) -> float:
    """‖T − T(A, B)‖/‖T‖; 0 where T and T(A, B) are."""
    distance = norm(tensor.difference(A, B))
    return distance / norm(tensor) if distance else 0.0


def nearest_descent(start: Start) -> Candidate:
    """The nearest GD step: ``s = ⟨H, F⟩/‖T(F, [I; 0])‖²``, the square being ``½(d_x‖F‖² + ‖W₀‖²)``."""
    F, (d_y, d_x) = residual_form(start.initial), start.initial.shape
    size = (d_x * frobenius(F, F) + frobenius(start.initial, start.initial)) / 2
    step = float(frobenius(descent_slope(start.seen), F) / size) if start.square else 0.0
    return Candidate(start, step**2 * size, lambda: Member(step, start.initial, np.eye(d_y), np.eye(d_x)))


def curvature_of(inputs: CanonicalTensor, outputs: CanonicalTensor, d_y: int, tolerance: float) -> float | None:
    """γ, if the x rows of the query token's update are within the tolerance of GD++'s, and not 0 up to rounding; else None."""
    d, d_x = inputs.pairs[0][1].shape
    if norm(inputs) <= d * d * EPSILON * norm(outputs):
        return None
    gamma = -2 * float(np.trace(np.asarray(descent_slope(inputs)[:, :d_x]))) / (d_x * (d_x + 1))
    return gamma if relative(inputs, curvature(gamma, d_x, d_y), np.eye(d, d_x)) < tolerance else None


def context_distance(tensor: CanonicalTensor, member: Member, gamma: float | None) -> float:
    """‖T − T*‖/‖T‖ over all rows and columns, with γ in the x rows of T* if it is given, else 0.

    The rows apart: where γ is 0 nothing is taken from the x rows.
    """
    d_y, d_x = member.initial.shape
    inputs, outputs = tensor.rows(slice(d_x)), tensor.rows(slice(d_x, None))
    B = np.concatenate([member.B, np.zeros((d_x + d_y, d_y))], axis=1)
    size = norm(inputs)
    distance = norm(inputs.difference(curvature(gamma, d_x, d_y), B)) if gamma else size
    total = float(np.hypot(size, norm(outputs)))
    return float(np.hypot(distance, norm(outputs.difference(member.A, B)))) / total if total else 0.0


def nearest_preconditioned(start: Start) -> Candidate:
    """The nearest step with a preconditioner C."""
    C, square = _best_right(start.seen, residual_form(start.initial), start.initial.shape[1])
    return Candidate(start, square, partial(_scaled, start.initial, np.eye(len(start.initial)), C))


def nearest_two_sided(start: Start, rounds: int) -> Candidate:
    """A step with C and a left factor D, by alternating least squares: near, not proved nearest.

    It ends where as many more rounds as there may be, each like the last one, would not halve the square of the distance.
    """
    initial, seen = start.initial, start.seen
    F, D, outer = residual_form(initial), _first_left(seen, len(initial)), initial @ initial.T
    C, square = _best_right(seen, D @ F, initial.shape[1])
    for _ in range(rounds if square else 0):
        read, before = initial @ C, square
        gram = frobenius(C, C) * (outer + np.eye(len(initial))) + np.asarray(read @ read.T)
        slope = left_slope(seen, _below(C, len(initial)))
        try:
            D = on_columns(partial(np.linalg.solve, gram), 2 * F @ slope.T).T
        except np.linalg.LinAlgError:  # W₀ is so large that I is lost in W₀W₀ᵀ + I
            break
        C, square = _best_right(seen, D @ F, initial.shape[1])
        if square - before <= (start.square - square) / (2 * MANY):
            break
    return Candidate(start, square, partial(_scaled, initial, D, C))


def _first_left(seen: CanonicalTensor, d_y: int) -> Array:
    """D of the Kronecker product D ⊗ C nearest to ``Σ_h −A_h,y ⊗ B_h,x``, from Gram matrices of heads; I where that is 0."""
    lefts = [-A[:, -d_y:] for A, _ in seen.pairs]
    rights = [B[:-d_y] for _, B in seen.pairs]
    grams = (np.array([[frobenius(one, other) for other in side] for one in side]) for side in (rights, lefts))
    values, vectors = np.linalg.eig(np.matmul(*grams))
    first, *others = (left * share for share, left in zip(vectors[:, values.real.argmax()].real, lefts, strict=True))
    D = sum(others, first)
    return D if frobenius(D, D) else np.eye(d_y)


def _below(C: Array, d_y: int) -> Array:
    """``[C; 0]``, d x d_x."""
    return on_columns(lambda columns: np.concatenate([columns, np.zeros((d_y, columns.shape[1]))]), C)


def _best_right(seen: CanonicalTensor, A: Array, d_x: int) -> tuple[Array, float]:
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


def _scaled(initial: Array, D: Array, C: Array) -> Member:
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
    found: list[Candidate] = []
    for start in starts:
        found.append(nearest(start))
        if found[-1].relative_distance <= start.initial.size * EPSILON:
            return found[-1]
    return min(found, key=lambda candidate: candidate.relative_distance)


def initial_models(tensor: CanonicalTensor, d_x: int, d_y: int) -> list[Array]:
    """Estimates of W₀, each from another equation, but none so large that −I is lost beside it in ``[W₀, −I]`` squared."""
    largest = 1 / np.sqrt((d_x + d_y) * EPSILON)
    return [initial for initial in _estimates(tensor, d_x, d_y) if np.abs(initial).max() < largest]


def _estimates(tensor: CanonicalTensor, d_x: int, d_y: int) -> list[Array]:
    """The fixed point is the nearest GD step's where B's y columns are 0."""
    zero = np.zeros((d_y, d_x))
    rough = [zero, *_ratios(tensor, d_x)]
    if d_x + d_y > SMALL:
        return [*(_refined(tensor, start) for start in rough), *rough[1:], zero]
    system = _linear_system(tensor, d_x, d_y)
    rough += [*_linear(system, d_x, d_y), *_alternated(tensor.formed(), d_x)]
    return [*(_refined(tensor, start) for start in rough[:2]), *(_descended(system, start) for start in rough), *rough[1:], zero]


def _refined(tensor: CanonicalTensor, initial: Array) -> Array:
    """``W₀ ← V/s`` with (s, V) fitted to the tensor on queries [q; −W₀q]: ``V = 2H_x/(d_x + 1)``, ``s = −2 tr H_y/(d_x d_y)``."""
    d_y, d_x = initial.shape
    for _ in range(REFINEMENTS):
        slope = np.asarray(descent_slope(tensor.on_queries(initial)))
        step = -2 * np.trace(slope[:, d_x:]) / (d_x * d_y)
        if not step:
            break
        initial = 2 * slope[:, :d_x] / ((d_x + 1) * step)
    return initial


def _ratios(tensor: CanonicalTensor, d_x: int) -> Iterator[Array]:
    """``A_y ∝ [W₀, −I]``, for the one head there is; by least squares, which see products of columns only."""
    if len(tensor.pairs) == 1:
        ((A, _),) = tensor.pairs
        rows = fewer_rows(A)
        yield -np.linalg.lstsq(rows[:, d_x:], rows[:, :d_x], rcond=None)[0]


def _linear_system(tensor: CanonicalTensor, d_x: int, d_y: int) -> Array:
    """``T_x = T_y W₀ + M(s, V)`` (see `exact`), all heads together: columns W₀, s, V, and the right side, as the R of its QR factors."""
    d = d_x + d_y
    dense = tensor.dense()
    columns = [_placed(dense[..., d_x + m], j, d_x) for m in range(d_y) for j in range(d_x)]
    unit = np.eye(d, d_x)
    columns.append(CanonicalTensor(((-np.eye(d_y, d, d_x), unit),)).dense().ravel())
    for k in range(d_y):
        for entry in range(d_x):
            A = np.zeros((d_y, d))
            A[k, entry] = 1
            columns.append(CanonicalTensor(((A, unit),)).dense().ravel())
    return np.linalg.qr(np.stack([*columns, dense[..., :d_x].ravel()], axis=1), mode="r")


def _linear(system: Array, d_x: int, d_y: int) -> Iterator[Array]:
    """W₀ and V/s by least squares, as if W₀, s and V were free."""
    size = d_x * d_y
    solution = np.linalg.lstsq(system[:, :-1], system[:, -1], rcond=None)[0]
    yield solution[:size].reshape(d_y, d_x)
    if solution[size]:
        yield (solution[size + 1 :] / solution[size]).reshape(d_y, d_x)


def _descended(system: Array, initial: Array) -> Array:
    """W₀ by Gauss–Newton on the same system with V = sW₀, each step halved until it helps."""
    size, matrix, right = initial.size, system[:, :-1], system[:, -1]

    def apart(point: Array) -> Array:
        return right - matrix @ np.concatenate([point, point[size] * point[:size]])

    along = matrix[:, size] + matrix[:, size + 1 :] @ initial.ravel()
    step = along @ (right - matrix[:, :size] @ initial.ravel()) / (along @ along)
    point = np.append(initial, step)
    for _ in range(DESCENTS):
        slope = matrix[:, : size + 1] + matrix[:, size + 1 :] @ np.column_stack([point[size] * np.eye(size), point[:size]])
        move = np.linalg.lstsq(slope, apart(point), rcond=None)[0]
        sizes = [float(np.linalg.norm(apart(point + move / 2**halving))) for halving in range(HALVINGS)]
        best = int(np.argmin(sizes))
        if not sizes[best] < np.linalg.norm(apart(point)):
            break
        point = point + move / 2**best
    return point[:size].reshape(initial.shape)


def _placed(part: Array, j: int, d_x: int) -> Array:
    whole = np.zeros((*part.shape, d_x))
    whole[..., j] = part
    return whole.ravel()


def _alternated(tensor: CanonicalTensor, d_x: int) -> Iterator[Array]:
    """The nearest T(A, [C; 0]) with any A, by alternating; then ``A ∝ D[W₀, −I]``."""
    columns = CanonicalTensor(tuple((A, B[:, :d_x]) for A, B in tensor.pairs))
    d = columns.pairs[0][1].shape[0]
    B = np.eye(d, d_x)
    for _ in range(REFINEMENTS):
        gram = frobenius(B, B) * np.eye(d) + B @ B.T
        A = np.linalg.solve(gram, 2 * left_slope(columns, B).T).T if B.any() else left_slope(columns, B)
        B[:d_x], _ = _best_right(columns, A, d_x)
    yield -np.linalg.lstsq(A[:, d_x:], A[:, :d_x], rcond=None)[0]
