"""Estimates of W₀ for floating weights, each from another equation (statement 9.1); the fits choose among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from equivalence.recognition.floats.nearest import EPSILON, best_right
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, frobenius, left_slope
from equivalence.recognition.tensor.lowrank import Array, fewer_rows

ALIKE = 2.0**-40
"""Of entries of order 1, by which estimates differ that are the same to the three digits that rounding takes off."""
REFINEMENTS = 4
POLISHES = 2
UNKNOWNS = 400
"""Up to so many entries of W₀ it is searched for by least squares, of several heads,"""
ENTRIES = 1024
"""and up to so many rows of a table of the targets' entries."""
DESCENTS, HALVINGS = 20, 6
SHARES = 0.5 ** np.arange(HALVINGS)
"""Of a step, what is tried."""
SMALL = 16
"""Up to this d linear systems in all entries of the tensor are solved."""


def initial_models(tensor: CanonicalTensor, d_x: int, d_y: int) -> list[Array]:
    """Estimates of W₀, each from another equation, but none so large that −I is lost beside it in ``[W₀, −I]`` squared."""
    largest = 1 / np.sqrt((d_x + d_y) * EPSILON)
    return _distinct([initial for initial in _estimates(tensor, d_x, d_y) if np.abs(initial).max() < largest])


def _distinct(models: Sequence[Array]) -> list[Array]:
    """Without those that another one is up to rounding: several searches end at one W₀."""
    kept: list[Array] = []
    for model in models:
        reach = ALIKE * (1 + np.abs(model).max())
        if not any(np.abs(model - other).max() <= reach for other in kept):
            kept.append(model)
    return kept


def _estimates(tensor: CanonicalTensor, d_x: int, d_y: int) -> list[Array]:
    """The fixed point is the nearest GD step's where B's y columns are 0."""
    zero, size = np.zeros((d_y, d_x)), d_x * d_y
    rough = [zero, *_ratios(tensor, d_x)]
    several = len(tensor.pairs) > 1 and size <= UNKNOWNS and d_y * (d_x + d_y) <= ENTRIES
    if d_x + d_y > SMALL and not several:
        return [*(_refined(tensor, start) for start in rough), *rough[1:], zero]
    formed = tensor.formed()
    if not several:
        system = _linear_system(tensor, d_x, d_y)
        rough += [*_linear(system, d_x, d_y), *_alternated(formed, d_x)]
        return [*(_refined(tensor, start) for start in rough[:2]), *(_descended(system, start) for start in rough), *rough[1:], zero]
    gram = _gram(formed, d_x, d_y)
    system = _linear_system(tensor, d_x, d_y) if d_x + d_y <= SMALL else _root(gram)
    rough += [*_linear(system, d_x, d_y), *_alternated(formed, d_x), *_by_factors(formed, d_x), *_at_targets(formed, d_x)]
    descended = [_polished(formed, gram, _descended(system, start)) for start in rough]
    return [_refined(tensor, zero), *descended, *rough[1:], zero]


def _gram(tensor: CanonicalTensor, d_x: int, d_y: int) -> Array:
    """The inner products of the columns of `_linear_system`, the right side included: they are of heads (9.4)."""
    inputs, targets = _columns(tensor, slice(d_x)), _columns(tensor, slice(d_x, None))
    size, reads = d_x * d_y, targets.dense()
    gram = np.zeros((2 * size + 2, 2 * size + 2))
    start, step, product, right = slice(size), size, slice(size + 1, 2 * size + 1), 2 * size + 1
    gram[start, start] = np.kron(_products(targets, targets), np.eye(d_x))
    gram[start, step] = -np.einsum("kkjm->mj", reads[:, d_x:, :d_x, :]).ravel()
    gram[start, product] = reads[:, :d_x, :d_x, :].transpose(3, 2, 0, 1).reshape(size, size)
    gram[start, right] = _products(targets, inputs).ravel()
    slope = np.asarray(descent_slope(inputs))
    gram[step, step], gram[step, right] = size / 2, -np.trace(slope[:, d_x:])
    gram[product, product], gram[product, right] = (d_x + 1) / 2 * np.eye(size), slope[:, :d_x].ravel()
    gram[right, right] = np.trace(_products(inputs, inputs))
    return np.triu(gram) + np.triu(gram, 1).T


def _root(gram: Array) -> Array:
    """R with ``RᵀR = G``, as QR would give of the columns; half of the digits are lost, and `_polished` finds them again."""
    values, vectors = np.linalg.eigh(gram)
    return np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T


def _columns(tensor: CanonicalTensor, chosen: slice) -> CanonicalTensor:
    return CanonicalTensor(tuple((A, B[:, chosen]) for A, B in tensor.pairs))


def _products(left: CanonicalTensor, right: CanonicalTensor) -> Array:
    """``⟨T_m, T'_j⟩`` over rows and (p,r), for each column of one and the other."""
    terms = ((A * A2).sum() * (B.T @ B2) + ((A2 @ B).T @ (A @ B2)) for A, B in left.arrays() for A2, B2 in right.arrays())
    return np.sum(list(terms), axis=0) / 2


def _polished(tensor: CanonicalTensor, gram: Array, initial: Array) -> Array:
    """W₀ by Gauss–Newton, from what is left of the tensor itself: of ``T(W₀) − sT(F, I)``, against ``T_y δ + sT([δ, 0], I) + σT(F, I)``."""
    (d_y, d_x), size = initial.shape, initial.size
    unit, targets = np.eye(d_x + d_y, d_x), _columns(tensor, slice(d_x, None))
    for _ in range(POLISHES):
        seen, F = tensor.on_queries(initial), np.concatenate([initial, -np.eye(d_y)], axis=1)
        step = (np.asarray(descent_slope(seen)) * F).sum() * 2 / (d_x * (F * F).sum() + (initial * initial).sum())
        rest = seen.difference(step * F, unit)
        slope = np.asarray(descent_slope(rest))
        right = np.append((_products(targets, rest) + step * slope[:, :d_x]).ravel(), (slope * F).sum())
        along = np.zeros((2 * size + 1, size + 1))
        along[:size, :size], along[size + 1 :, :size] = np.eye(size), step * np.eye(size)
        along[size, size], along[size + 1 :, size] = 1, initial.ravel()
        move = np.linalg.lstsq(along.T @ gram[:-1, :-1] @ along, right, rcond=None)[0]
        initial = initial + move[:size].reshape(initial.shape)
    return initial


def _by_factors(tensor: CanonicalTensor, d_x: int) -> Iterator[Array]:
    """D ⊗ C nearest to the targets' rows and inputs' columns of T, then A by least squares with that C: exact where B's y columns are 0."""
    pairs = [(A, B[:, :d_x]) for A, B in tensor.arrays()]
    d_y = pairs[0][0].shape[0]
    table = np.sum([np.outer(A[:, d_x:].ravel(), B[:d_x].ravel()) + _turned(A, B, d_x) for A, B in pairs], axis=0)
    _, _, rights = np.linalg.svd(table, full_matrices=False)
    C = rights[0].reshape(d_x, d_x)
    columns = CanonicalTensor(tuple(pairs))
    yield from _from_left(_left_of(columns, C, d_y), d_x)


def _turned(A: Array, B: Array, d_x: int) -> Array:
    """The other half of the symmetrised block: ``A_x ⊗ B_y``, its rows and columns as those of ``A_y ⊗ B_x``."""
    return np.einsum("ki,mj->kmij", A[:, :d_x], B[d_x:]).reshape(A[:, d_x:].size, -1)


def _left_of(columns: CanonicalTensor, C: Array, d_y: int) -> Array:
    """A of the nearest T(A, [C; 0])."""
    B = np.concatenate([C, np.zeros((d_y, C.shape[1]))])
    return np.linalg.solve(frobenius(B, B) * np.eye(len(B)) + B @ B.T, 2 * np.asarray(left_slope(columns, B)).T).T


def _from_left(A: Array, d_x: int) -> Iterator[Array]:
    """``A ∝ D[W₀, −I]``."""
    yield -np.linalg.lstsq(A[:, d_x:], A[:, :d_x], rcond=None)[0]


def _at_targets(tensor: CanonicalTensor, d_x: int) -> Iterator[Array]:
    """Steps are 0 at two targets' rows, so there ``T_x = T_y W₀``, whatever C and D are."""
    block = np.sum([A[:, d_x:, None, None] * B[d_x:] for A, B in tensor.arrays()], axis=0)
    block = (block + block.transpose(0, 2, 1, 3)).reshape(-1, block.shape[3])
    if block[:, d_x:].any():
        yield np.linalg.lstsq(block[:, d_x:], block[:, :d_x], rcond=None)[0]


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
    R: Array = np.linalg.qr(np.stack([*columns, dense[..., :d_x].ravel()], axis=1), mode="r")  # type: ignore[assignment]  # by its mode
    return R


def _linear(system: Array, d_x: int, d_y: int) -> Iterator[Array]:
    """W₀ and V/s by least squares, as if W₀, s and V were free."""
    size = d_x * d_y
    solution = np.linalg.lstsq(system[:, :-1], system[:, -1], rcond=None)[0]
    yield solution[:size].reshape(d_y, d_x)
    if solution[size]:
        yield (solution[size + 1 :] / solution[size]).reshape(d_y, d_x)


def _descended(system: Array, initial: Array) -> Array:
    """W₀ by Gauss–Newton on the same system with V = sW₀, each step halved until it helps.

    What is left is quadratic along a step: the system is linear in (W₀, s, V), and sW₀ is a product of two of them.
    """
    size, right = initial.size, system[:, -1]
    linear, products = system[:, : size + 1], system[:, size + 1 : -1]

    def apart(point: Array) -> Array:
        return right - linear @ point - products @ (point[size] * point[:size])

    along = linear[:, size] + products @ initial.ravel()
    step = along @ (right - linear[:, :size] @ initial.ravel()) / (along @ along)
    point = np.append(initial, step)
    rest = apart(point)
    for _ in range(DESCENTS):
        slope = linear.copy()
        slope[:, :size] += point[size] * products
        slope[:, size] += products @ point[:size]
        move = np.linalg.lstsq(slope, rest, rcond=None)[0]
        left = rest[:, None] - np.outer(slope @ move, SHARES) - np.outer(products @ (move[size] * move[:size]), SHARES**2)
        squares = (left * left).sum(axis=0)
        best = int(squares.argmin())
        if not squares[best] < rest @ rest:
            break
        point = point + SHARES[best] * move
        rest = apart(point)
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
    yield from _from_left(np.asarray(A), d_x)
