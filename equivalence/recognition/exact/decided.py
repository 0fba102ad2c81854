"""The verdict on exact weights: a decision, with the member's numbers or a witness (statement 9.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sympy

from equivalence.recognition.exact import solve as exact
from equivalence.recognition.field import ExactField
from equivalence.recognition.floats.bounds import certified_norm
from equivalence.recognition.layer import ExactLayer
from equivalence.recognition.members import Member, identity, unit
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, Accepted, NoGap, Recognition, Refused
from equivalence.recognition.rounding import gamma, size
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, inner
from equivalence.recognition.tensor.enclosed import Ball, enclosure
from equivalence.recognition.tensor.lowrank import Array
from equivalence.recognition.witness import columns_of, single_tokens, witness_on

OPEN = "preconditioned gradient descent is excluded for the W₀ shown, not for every W₀; give the initial model to decide it"


def decided(layer: ExactLayer, initial: sympy.MatrixBase | None, count: sympy.Expr) -> Recognition:
    """The decision; a W₀ outside the field of the weights (a root) enlarges the field first."""
    if initial is not None:
        layer, start = layer.at(initial)
        return _at(layer, start, count) or _refused(layer, start, "", count)
    predicted = layer.tensor.rows(slice(layer.d_x, None))
    for model in exact.initial_models(predicted, layer.d_x, layer.d_y, layer.field):
        if isinstance(model, sympy.MatrixBase):
            return decided(layer, model, count)
        if (verdict := _at(layer, model, count)) is not None:
            return verdict
    note = "" if exact.sees_inputs_only(predicted, layer.d_x) else OPEN
    return _refused(layer, _some_initial(layer), note, count)


def _at(layer: ExactLayer, start: Array, count: sympy.Expr) -> Accepted | None:
    """The member with this W₀ that the layer is, if it is one."""
    member = exact.member_at(layer.tensor.rows(slice(layer.d_x, None)), start)
    return None if member is None else _accepted(layer, member, count)


def _accepted(layer: ExactLayer, member: Member, count: sympy.Expr) -> Accepted:
    (d_y, d_x), tensor, field = member.initial.shape, layer.tensor, layer.field
    plain = exact.equal(member.left_factor, identity(member.initial[:, 0])), exact.equal(member.preconditioner, identity(member.initial[0]))
    curved = exact.curvature_of(tensor.rows(slice(d_x)).on_queries(member.initial), d_x, d_y) if all(plain) else None
    family = PRECONDITIONED if not all(plain) else GDPP if curved else DESCENT
    whole = CanonicalTensor((member.whole(0 * member.step if curved is None else curved),))
    same = exact.equal(tensor.dense(), whole.dense())
    return Accepted(
        family=family,
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=field.to_sympy(member.step) * count,
        gamma=field.to_sympy(curved) if family == GDPP else None,
        preconditioner=None if all(plain) else field.matrix(member.preconditioner),
        left_factor=None if plain[0] else field.matrix(member.left_factor),
        initial=field.matrix(member.initial),
        gauge=_exact_gauge(tensor, member, field),
        relative_distance=0.0,
        context_update=family if same else NONE,
        tolerance=None,
        gap=NoGap(),
    )


def _exact_gauge(tensor: CanonicalTensor, member: Member, field: ExactField) -> sympy.Expr | None:
    if len(tensor.pairs) > 1 or not member.step:
        return None
    ((_, seen),) = tensor.on_queries(member.initial).pairs
    place = tuple(np.argwhere(member.B.astype(bool))[0])
    if not seen[place]:
        return None
    c = member.B[place] / seen[place]
    return field.to_sympy(c) if exact.equal(seen * c, member.B) else None


def _some_initial(layer: ExactLayer) -> Array:
    """V/s of the nearest T(sF, [I; 0]) where B's y columns are left out of account; 0 where s is 0."""
    d_x, tensor = layer.d_x, layer.tensor.rows(slice(layer.d_x, None))
    slope = np.asarray(descent_slope(CanonicalTensor(tuple((A, own[:, :d_x]) for A, own in tensor.pairs))))
    step = -2 * np.trace(slope[:, d_x:]) / (d_x * layer.d_y)
    return slope[:, :d_x] / (step * (d_x + 1)) * 2 if step else slope[:, :d_x] * 0


def _refused(layer: ExactLayer, initial: Array, note: str, count: sympy.Expr) -> Refused:
    """The nearest GD step, and a witness: 0 and 1 as entries, the fewest ones."""
    field, (d_y, d_x) = layer.field, initial.shape
    direction_of = Member(unit(initial[0, 0]), initial, identity(initial[:, 0]), identity(initial[0]))
    seen = layer.tensor.rows(slice(d_x, None)).on_queries(initial)
    direction = CanonicalTensor(((direction_of.A, direction_of.B),))
    member = direction_of._replace(step=inner(seen, direction) / inner(direction, direction))
    difference = CanonicalTensor((*seen.pairs, (-member.A, member.B)))
    p, r, j = next(
        (p, r, int(np.argwhere(part.astype(bool))[0][1]))
        for p, r in single_tokens(d_x + d_y)
        if (part := difference.slice(p, r)).astype(bool).any()
    )
    columns = [field.matrix(field.array(column)) for column in columns_of(p, r, j, d_x, d_y)]
    squares = field.to_sympy(inner(difference, difference)), field.to_sympy(inner(seen, seen))
    numbers = not any(square.free_symbols for square in squares)
    return Refused(
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=field.to_sympy(member.step) * count,
        initial=field.matrix(initial),
        relative_distance=float(sympy.sqrt(squares[0] / squares[1])) if numbers else None,
        tolerance=None,
        gap=ExactGap(difference, field),
        witness=witness_on(layer.matrices, columns, field.matrix(initial), field.to_sympy(member.step)),
        note=note,
    )


@dataclass(frozen=True, eq=False)
class ExactGap:
    """T − T* in a field, not 0."""

    difference: CanonicalTensor
    field: ExactField

    def certified_norm(self) -> float:
        """The bound from the exact difference, each entry of its pairs rounded once."""
        exact_pairs = [[self.field.matrix(part) for part in pair] for pair in self.difference.arrays()]
        if any(part.free_symbols for pair in exact_pairs for part in pair):
            raise ValueError("error_bound: expected numbers, found symbols in the weights; give them values")
        return certified_norm(enclosure([(_rounded(A), _rounded(B)) for A, B in exact_pairs]))


def _rounded(matrix: sympy.MatrixBase) -> Ball:
    array = np.array(matrix.tolist(), dtype=float)
    return Ball(array, gamma(2) * size(array))
