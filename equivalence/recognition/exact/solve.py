r"""The decision for exact weights: which member a canonical tensor is, over the rationals or a field with symbols (statement 9.1).

With W₀ known, ``T = T(sDF, [C; 0])`` is linear to decide: the entries of T at a target's and an input's row are ``−½ s D_km C_ij``.
With W₀ unknown, T splits into T_x and T_y, the columns of inputs and of targets, and a GD step is

    T_x = T_y W₀ + M(s, V),   V = s W₀,   M linear:

linear equations in (W₀, s, V) for all heads together, and then one quadratic one. Where the linear ones leave several W₀ open, the
quadratic ones are solved by a Gröbner basis.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import flint
import numpy as np
import sympy
from sympy.polys.domains.domainelement import DomainElement

from equivalence.recognition.field import ExactField
from equivalence.recognition.members import Member, curvature, eye, identity, normalised
from equivalence.recognition.tensor.canonical import CanonicalTensor, left_slope
from equivalence.recognition.tensor.lowrank import Array


def member_at(tensor: CanonicalTensor, initial: Array) -> Member | None:
    """The member with this W₀ that the prediction is, if it is one; where the tensor is 0, the step of rate 0.

    Args:
        tensor: the y rows of a layer's tensor, all columns.
        initial: W₀, d_y x d_x.
    """
    d_x = initial.shape[1]
    seen = tensor.on_queries(initial).dense()
    products = -2 * seen[:, d_x:, :d_x, :]
    places = np.argwhere(products.astype(bool))
    if not len(places):
        unit = Member(0 * initial[0, 0], initial, identity(initial[:, 0]), identity(initial[0]))
        return None if seen.astype(bool).any() else unit
    k, m, i, j = places[0]
    (left, D), (right, C) = normalised(products[:, :, i, j]), normalised(products[k, m] / products[k, m, i, j])
    member = Member(left * right, initial, D, C)  # type: ignore[operator]  # both of one field
    return member if equal(seen, CanonicalTensor(((member.A, member.B),)).dense()) else None


def equal(left: Array, right: Array) -> bool:
    """Whether two arrays of exact numbers are equal."""
    return not (left - right).astype(bool).any()


def curvature_of(inputs: CanonicalTensor, d_x: int, d_y: int) -> flint.fmpq | DomainElement | None:
    """γ, if the x rows of a query token's update are those of GD++, ``T(−γ[I, 0], [I; 0])``; else None."""
    dense = inputs.dense()
    gamma = -dense[0, 0, 0, 0]
    unit = CanonicalTensor(((curvature(gamma, d_x, d_y), eye(gamma, d_x + d_y, d_x)),))
    return gamma if equal(dense, unit.dense()) else None


def is_settled(tensor: CanonicalTensor, d_x: int, d_y: int, field: ExactField) -> bool:
    """Whether no W₀ makes the prediction a step if none of `initial_models` does.

    So it is for one input and one target, as there every step is a plain one; where B's y columns are not seen; and where the entries at
    two target rows, which are 0 for every step, leave one W₀ or none.
    """
    if d_x == d_y == 1 or sees_inputs_only(tensor, d_x):
        return True
    pivots = field.reduced(np.concatenate(_on_targets(tensor, d_x, d_y), axis=1))[1]
    return len(pivots) == d_y or any(pivot >= d_y for pivot in pivots)


def _on_targets(tensor: CanonicalTensor, d_x: int, d_y: int) -> tuple[Array, Array]:
    """``T_y W₀ = T_x`` at two target rows: the matrix and the right side."""
    rows = tensor.dense()[:, d_x:, d_x:, :].reshape(-1, d_x + d_y)
    return rows[:, d_x:], rows[:, :d_x]


def sees_inputs_only(tensor: CanonicalTensor, d_x: int) -> bool:
    """Whether B's y columns are not seen by any query token, so that W₀ does not enter through them."""
    return not tensor.dense()[..., d_x:].astype(bool).any()


def initial_models(tensor: CanonicalTensor, d_x: int, d_y: int, field: ExactField) -> Iterator[Array]:
    """Candidates for W₀ such that, if the prediction is a GD step for any W₀, of rate 0 or not, it is one for a candidate.

    For preconditioned steps they suffice where `is_settled` says so; elsewhere another W₀ may have been missed.

    Raises:
        ValueError: the quadratic equations have solutions that were not found.
    """
    if (start := _descent_start(tensor, d_x, d_y, field)) is not None:
        yield start
    products = -2 * tensor.dense()[:, d_x:, :d_x, :d_x]
    if len(places := np.argwhere(products.astype(bool))):
        k, m, i, j = places[0]
        yield from _ratios(tensor, products[:, :, i, j], products[k, m] / products[k, m, i, j], field)
    for A, _ in tensor.arrays():
        yield from solved(A[:, d_x:], -A[:, :d_x], field)
    yield from solved(*_on_targets(tensor, d_x, d_y), field)
    everywhere = tensor.dense().reshape(-1, d_x + d_y)
    yield from solved(everywhere[:, d_x:], everywhere[:, :d_x], field)  # the rate is 0
    yield field.array([[0] * d_x] * d_y)


def _ratios(tensor: CanonicalTensor, D: Array, C: Array, field: ExactField) -> Iterator[Array]:
    """W₀ with ``T[xx] = (DW₀) ⊙ C`` where B's y columns are 0: with C known A_x is linear, by `left_slope` on the x coordinates."""
    d_x = len(C)
    inputs = CanonicalTensor(tuple((A[:, :d_x], B[:d_x, :d_x]) for A, B in tensor.pairs))
    gram = (identity(C[0]) * (C * C).sum() + C @ C.T) / 2
    for left in solved(gram, np.asarray(left_slope(inputs, C)).T, field):
        yield from solved(D, left.T, field)


def solved(matrix: Array, right: Array, field: ExactField) -> Iterator[Array]:
    """One solution X of ``matrix X = right``, if there is any: free unknowns are 0."""
    unknowns = matrix.shape[1]
    form, pivots = field.reduced(np.concatenate([matrix, right], axis=1))
    if any(pivot >= unknowns for pivot in pivots):
        return
    solution = field.array([[0] * right.shape[1]] * unknowns)
    for row, pivot in enumerate(pivots):
        solution[pivot] = form[row, unknowns:]
    yield solution


def _descent_start(tensor: CanonicalTensor, d_x: int, d_y: int, field: ExactField) -> Array | sympy.MatrixBase | None:
    """W₀ of the GD step with s ≠ 0 that the prediction is, if there is one; a SymPy matrix if it may lie outside the field."""
    system = _linear_system(tensor.dense(), d_x, d_y, field)
    unknowns = system.shape[1] - 1
    form, pivots = field.reduced(system)
    if unknowns in pivots:
        return None
    base, kernel = field.array([[0] * unknowns])[0], []
    for row, pivot in enumerate(pivots):
        base[pivot] = form[row, unknowns]
    for free in (column for column in range(unknowns) if column not in pivots):
        direction = field.array([[int(column == free) for column in range(unknowns)]])[0]
        for row, pivot in enumerate(pivots):
            direction[pivot] = -form[row, free]
        kernel.append(direction)
    return _quadratic(base, kernel, d_x, d_y, field)


def _linear_system(dense: Array, d_x: int, d_y: int, field: ExactField) -> Array:
    """Rows ``T_y W₀ + M(s, V) = T_x``, one for each (k, p ≤ r, j); columns W₀, s, V, right side."""
    d, size, zero = d_x + d_y, d_x * d_y, field.number(0)
    rows = []
    for k, p, j in product(range(d_y), range(d), range(d_x)):
        for r in range(p, d):
            row = np.full(2 * size + 2, zero, dtype=object)
            row[j:size:d_x] = dense[k, p, r, d_x:]
            for entry, column in ((p, r), (r, p)):
                if column == j:
                    at, value = (size, -1) if entry == d_x + k else (size + 1 + k * d_x + entry, 1) if entry < d_x else (0, 0)
                    row[at] = row[at] + field.number(value) / 2
            row[-1] = dense[k, p, r, j]
            rows.append(row)
    return np.array(rows, dtype=object)


def _quadratic(base: Array, kernel: list[Array], d_x: int, d_y: int, field: ExactField) -> Array | sympy.MatrixBase | None:
    """W₀ with V = sW₀, s ≠ 0 in the affine space ``base + span(kernel)`` of (W₀, s, V)."""
    size = d_x * d_y
    if not any(direction[size:].astype(bool).any() for direction in kernel):
        return _constant_step(base, kernel, d_x, d_y, field)
    letters = sympy.symbols(f"t:{len(kernel)}")
    point = [
        field.to_sympy(value) + sum(t * field.to_sympy(direction[i]) for t, direction in zip(letters, kernel, strict=True))
        for i, value in enumerate(base)
    ]
    solutions = _with_a_step(point, size, letters)
    for solution, free in product(sorted(solutions, key=_is_irrational), (1, 2, 3)):
        values = [sympy.radsimp(entry.subs(solution).subs(dict.fromkeys(letters, free))) for entry in point]
        if not any(value.is_real is False for value in values) and values[size] != 0 and _is_product(values, size):
            return sympy.ImmutableDenseMatrix(d_y, d_x, values[:size])
    if all(any(value.is_real is False for value in solution.values()) for solution in solutions):
        return None
    raise ValueError("initial: the weights leave W₀ open in a way that is not decided here; give the initial model W₀")


def _with_a_step(point: list[sympy.Expr], size: int, letters: tuple[sympy.Symbol, ...]) -> list[dict[sympy.Symbol, sympy.Expr]]:
    """The letters with V = sW₀ and s ≠ 0."""
    step, inverse = point[size], sympy.Symbol("z")
    equations = [sympy.expand(V - step * W) for W, V in zip(point[:size], point[size + 1 :], strict=True)]
    basis = sympy.groebner([*equations, inverse * step - 1], inverse, *letters, order="lex").exprs
    return [] if basis == [1] else sympy.solve(basis, [inverse, *letters], dict=True)


def _is_product(values: list[sympy.Expr], size: int) -> bool:
    """Whether V = sW₀."""
    return all(sympy.simplify(V - values[size] * W) == 0 for W, V in zip(values[:size], values[size + 1 :], strict=True))


def _is_irrational(solution: dict[sympy.Symbol, sympy.Expr]) -> bool:
    return not all(value.is_rational for value in solution.values())


def _constant_step(base: Array, kernel: list[Array], d_x: int, d_y: int, field: ExactField) -> Array | None:
    """The case that s and V are the same all over the affine space: W₀ = V/s, if it lies in it."""
    size = d_x * d_y
    if not base[size]:
        return None
    initial = base[size + 1 :] / base[size]
    gap = (initial - base[:size]).reshape(-1, 1)
    if not kernel:
        inside = not gap.astype(bool).any()
    else:
        directions = np.array([direction[:size] for direction in kernel], dtype=object).T
        inside = bool(list(solved(directions, gap, field)))
    return initial.reshape(d_y, d_x) if inside else None
