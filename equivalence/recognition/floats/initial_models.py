"""Estimates of W₀ for floating weights, each from another equation (statement 9.1); the fits choose among them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equivalence.recognition.floats.nearest import EPSILON, best_right
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, frobenius, left_slope
from equivalence.recognition.tensor.lowrank import Array, fewer_rows

REFINEMENTS = 4
DESCENTS, HALVINGS = 20, 6
SMALL = 16
"""Up to this d linear systems in all entries of the tensor are solved."""


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
    return np.linalg.qr(np.stack([*columns, dense[..., :d_x].ravel()], axis=1)).R


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
        B[:d_x], _ = best_right(columns, A, d_x)
    yield -np.linalg.lstsq(A[:, d_x:], A[:, :d_x], rcond=None)[0]
