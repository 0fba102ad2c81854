r"""The nearest member for floating weights, in the norm of the canonical tensor (statement 9.2).

At a fixed W₀ each family is a linear least-squares problem with a closed solution: GD in s, preconditioned GD in C; in C and D by
alternating. W₀ itself is not linear: it is estimated, candidates are refined by a fixed point, and the nearest is kept. So “nearest”
is meant at the W₀ that is reported. Distances depend on the tensor alone, and so not on the gauge or on how heads are split.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from equivalence.canonical_tensor import Array, CanonicalTensor, frobenius, inner, left_slope, norm, right_slope
from equivalence.recognition.members import Member, curvature, residual_form

REFINEMENTS = 4
FEW, MANY = 3, 60
"""Alternations for each W₀, and for the one that is best after these."""
SMALL = 16
"""Up to this d linear systems in all entries of the tensor are solved."""


class Fit(NamedTuple):
    """A member and how far it is from the prediction.

    Attributes:
        member: of floats.
        tensor: the prediction's, on queries [q; −W₀q].
        relative_distance: ‖T − T*‖/‖T‖; 0 where both are 0.
    """

    member: Member
    tensor: CanonicalTensor
    relative_distance: float

    @property
    def difference(self) -> CanonicalTensor:
        """T − T*."""
        return self.tensor.difference(self.member.A, self.member.B)


class Start(NamedTuple):
    """A W₀, d_y x d_x, and the y rows of a tensor on queries [q; −W₀q]."""

    initial: Array
    seen: CanonicalTensor


def fitted(seen: CanonicalTensor, member: Member) -> Fit:
    """The distance of a member from the y rows of a tensor on its queries."""
    return Fit(member, seen, relative(seen, member.A, member.B))


def relative(tensor: CanonicalTensor, A: Array, B: Array) -> float:
    """‖T − T(A, B)‖/‖T‖; 0 where T and T(A, B) are."""
    distance = norm(tensor.difference(A, B))
    return distance / norm(tensor) if distance else 0.0


def nearest_descent(seen: CanonicalTensor, initial: Array) -> Member:
    """The nearest GD step at this W₀."""
    d_y, d_x = initial.shape
    unit = Member(1.0, initial, np.eye(d_y), np.eye(d_x))
    return unit._replace(step=float(scale(seen, unit.A, unit.B)))


def curvature_of(inputs: CanonicalTensor, outputs: CanonicalTensor, d_y: int, tolerance: float) -> float | None:
    """γ, if the x rows of the query token's update are within the tolerance of GD++'s, and not 0 up to rounding; else None."""
    d, d_x = inputs.pairs[0][1].shape
    unit, B = curvature(1.0, d_x, d_y), np.eye(d, d_x)
    if norm(inputs) <= d * d * np.finfo(float).eps * norm(outputs):
        return None
    gamma = float(scale(inputs, unit, B))
    return gamma if relative(inputs, gamma * unit, B) < tolerance else None


def scale(tensor: CanonicalTensor, A: Array, B: Array) -> float:
    """The factor t that brings t·T(A, B) nearest to T."""
    unit = CanonicalTensor(((A, B),))
    return inner(tensor, unit) / inner(unit, unit)


def nearest_preconditioned(seen: CanonicalTensor, initial: Array) -> Member:
    """The nearest step with a preconditioner C at this W₀."""
    d_y, d_x = initial.shape
    C = _best_right(seen, residual_form(initial), d_x)
    return _scaled(initial, np.eye(d_y), C)


def nearest_two_sided(seen: CanonicalTensor, initial: Array, rounds: int) -> Member:
    """A step with C and a left factor D at this W₀, by alternating least squares: near, not proved nearest."""
    d_y, d_x = initial.shape
    F, D = residual_form(initial), np.eye(d_y)
    for _ in range(rounds):
        C = _best_right(seen, D @ F, d_x)
        B = np.concatenate([C, np.zeros((d_y, d_x))])
        gram = frobenius(C, C) * F @ F.T + initial @ C @ C.T @ initial.T
        if not C.any():
            break
        before, D = D, np.linalg.solve(gram, 2 * F @ left_slope(seen, B).T).T
        if np.abs(D - before).max() <= d_y * np.finfo(float).eps * np.abs(D).max():
            break
    return _scaled(initial, D, C)


def _best_right(seen: CanonicalTensor, A: Array, d_x: int) -> Array:
    """C with T(A, [C; 0]) nearest: ``(‖A‖²I + A_xᵀA_x) C = 2G_x``, solved with a d_y x d_y matrix (Woodbury)."""
    if not A.any():
        return np.zeros((d_x, d_x))
    size, inputs, slope = frobenius(A, A), A[:, :d_x], 2 * right_slope(seen, A)[:d_x]
    small = size * np.eye(len(A)) + inputs @ inputs.T
    return (slope - inputs.T @ np.linalg.solve(small, inputs @ slope)) / size


def _scaled(initial: Array, D: Array, C: Array) -> Member:
    (left, D), (right, C) = _centred(D), _centred(C)
    return Member(left * right, initial, D, C)


def _centred(matrix: Array) -> tuple[float, Array]:
    """The mean diagonal and the matrix divided by it; left alone where the mean is 0 up to rounding."""
    mean = float(np.trace(matrix)) / len(matrix)
    usable = abs(mean) > len(matrix) * np.finfo(float).eps * np.abs(matrix).max(initial=0.0)
    return (mean, matrix / mean) if usable else (1.0, matrix)


def best_descent(starts: Sequence[Start]) -> Fit:
    """The nearest GD step over several W₀."""
    return best(starts, nearest_descent)


def best_preconditioned(starts: Sequence[Start]) -> Fit:
    """The nearest step with a preconditioner over several W₀."""
    return best(starts, nearest_preconditioned)


def best_two_sided(starts: Sequence[Start]) -> Fit:
    """A near step with C and D over several W₀; refined for small d, or where it is not far off."""
    rough = best(starts, partial(nearest_two_sided, rounds=FEW))
    if sum(rough.member.initial.shape) > SMALL and rough.relative_distance > 1 / 2:
        return rough
    return fitted(rough.tensor, nearest_two_sided(rough.tensor, rough.member.initial, MANY))


def best(starts: Sequence[Start], nearest: Callable[[CanonicalTensor, Array], Member]) -> Fit:
    """The nearest member of one family over several W₀; the first that is nearest up to rounding ends the search."""
    found: list[Fit] = []
    for initial, seen in starts:
        found.append(fitted(seen, nearest(seen, initial)))
        if found[-1].relative_distance <= initial.size * np.finfo(float).eps:
            return found[-1]
    return min(found, key=lambda fit: fit.relative_distance)


def initial_models(tensor: CanonicalTensor, d_x: int, d_y: int) -> list[Array]:
    """Estimates of W₀, each from another equation; the fixed point is the nearest GD step's where B's y columns are 0."""
    zero = np.zeros((d_y, d_x))
    rough = [zero, *_ratios(tensor, d_x)]
    if d_x + d_y <= SMALL:
        rough += [*_linear(tensor, d_x, d_y), *_alternated(tensor, d_x)]
    return [*(_refined(tensor, start) for start in rough[:2]), *rough[1:], zero]


def _refined(tensor: CanonicalTensor, initial: Array) -> Array:
    """``W₀ ← V/s`` with (s, V) fitted to the tensor on queries [q; −W₀q]: ``V = 2H_x/(d_x + 1)``, ``s = −2 tr H_y/(d_x d_y)``."""
    d_y, d_x = initial.shape
    B = np.eye(d_x + d_y, d_x)
    for _ in range(REFINEMENTS):
        slope = left_slope(tensor.on_queries(initial), B)
        step = -2 * np.trace(slope[:, d_x:]) / (d_x * d_y)
        if not step:
            break
        initial = 2 * slope[:, :d_x] / ((d_x + 1) * step)
    return initial


def _ratios(tensor: CanonicalTensor, d_x: int) -> Iterator[Array]:
    """``A_y ∝ [W₀, −I]``, for the one head there is."""
    if len(tensor.pairs) == 1:
        ((A, _),) = tensor.pairs
        yield -np.linalg.lstsq(A[:, d_x:], A[:, :d_x], rcond=None)[0]


def _linear(tensor: CanonicalTensor, d_x: int, d_y: int) -> Iterator[Array]:
    """``T_x = T_y W₀ + M(s, V)`` by least squares in (W₀, s, V), over all heads together; see `exact`."""
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
    solution = np.linalg.lstsq(np.stack(columns, axis=1), dense[..., :d_x].ravel(), rcond=None)[0]
    size = d_x * d_y
    yield solution[:size].reshape(d_y, d_x)
    if solution[size]:
        yield (solution[size + 1 :] / solution[size]).reshape(d_y, d_x)


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
        B[:d_x] = _best_right(columns, A, d_x)
    yield -np.linalg.lstsq(A[:, d_x:], A[:, :d_x], rcond=None)[0]
