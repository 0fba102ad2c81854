"""The verdict on exact weights: a decision, with the member's numbers or a witness (statement 9.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import sympy

from equivalence.recognition.exact import solve as exact
from equivalence.recognition.field import ExactField
from equivalence.recognition.floats.bounds import certified_norm
from equivalence.recognition.floats.families import families
from equivalence.recognition.floats.nulls import null_distances, shape_of
from equivalence.recognition.layer import ExactLayer
from equivalence.recognition.members import Member, Number, identity, unit
from equivalence.recognition.question import Question
from equivalence.recognition.result import (
    DESCENT,
    GDPP,
    NONE,
    PRECONDITIONED,
    STILL,
    UNDECIDED,
    Accepted,
    Nearness,
    NoGap,
    Recognition,
    Refused,
    Still,
    Undecided,
)
from equivalence.recognition.rounding import gamma, size
from equivalence.recognition.tensor.canonical import CanonicalTensor, descent_slope, inner
from equivalence.recognition.tensor.enclosed import Ball, enclosure
from equivalence.recognition.tensor.lowrank import Array
from equivalence.recognition.witness import columns_of, single_tokens, witness_on

OPEN = "preconditioned gradient descent is excluded for the W₀ shown, not for every W₀; give the initial model to decide it"


def decided(layer: ExactLayer, question: Question) -> Recognition:
    """The decision; a W₀ outside the field of the weights (a root) enlarges the field first."""
    if question.initial is not None:
        layer, start = layer.at(question.initial)
        return _at(layer, start, question) or _refused(layer, start, "", question)
    predicted = layer.tensor.rows(slice(layer.d_x, None))
    for model in exact.initial_models(predicted, layer.d_x, layer.d_y, layer.field):
        larger, start = layer.at(model) if isinstance(model, sympy.MatrixBase) else (layer, model)
        if (verdict := _at(larger, start, question)) is not None:
            return verdict
    nearest = _refused(layer, _some_initial(layer), "", question)
    if exact.is_settled(predicted, layer.d_x, layer.d_y, layer.field):
        return nearest
    return Undecided(**{**vars(nearest), "family": UNDECIDED, "context_update": UNDECIDED, "note": OPEN})


def _at(layer: ExactLayer, start: Array, question: Question) -> Recognition | None:
    """The member with this W₀ that the layer is, if it is one."""
    member = exact.member_at(layer.tensor.rows(slice(layer.d_x, None)), start)
    return None if member is None else _accepted(layer, member, question)


def _accepted(layer: ExactLayer, member: Member, question: Question) -> Recognition:
    (d_y, d_x), tensor, field = member.initial.shape, layer.tensor, layer.field
    plain = exact.equal(member.left_factor, identity(member.initial[:, 0])), exact.equal(member.preconditioner, identity(member.initial[0]))
    curved = exact.curvature_of(tensor.rows(slice(d_x)).on_queries(member.initial), d_x, d_y) if all(plain) else None
    family = PRECONDITIONED if not all(plain) else GDPP if curved else DESCENT
    whole = CanonicalTensor((member.whole(0 * member.step if curved is None else curved),))
    same = exact.equal(tensor.dense(), whole.dense())
    if not member.step:
        return _still(layer, member, curved, STILL if not curved else GDPP, same, question)
    return Accepted(
        family=family,
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=field.to_sympy(member.step) * question.count,
        gamma=field.to_sympy(curved) if family == GDPP else None,
        preconditioner=None if all(plain) else field.matrix(member.preconditioner),
        left_factor=None if plain[0] else field.matrix(member.left_factor),
        initial=field.matrix(member.initial),
        gauge=_exact_gauge(tensor, member, field),
        relative_distance=0.0,
        context_update=family if same else NONE,
        tolerance=None,
        gap=NoGap(),
        query=question.query,
        families=() if all(plain) else (_null(layer, plain[0], question),),
    )


def _still(layer: ExactLayer, member: Member, curved: Number | None, update: str, same: bool, question: Question) -> Still:
    """Rate 0; of GD++, it may change the context all the same."""
    return Still(
        exact=True,
        step_size=sympy.Integer(0),
        learning_rate=sympy.Integer(0),
        gamma=layer.field.to_sympy(curved) if curved else None,
        initial=layer.field.matrix(member.initial),
        relative_distance=0.0,
        context_update=update if same else NONE,
        tolerance=None,
        gap=NoGap(),
        query=question.query,
    )


def _null(layer: ExactLayer, plain: bool, question: Question) -> Nearness:
    """What random heads reach, at a given W₀; or at the best one, if it was searched for."""
    nulls = null_distances(shape_of(layer.heads), layer.d_x, layer.d_y, searched=question.initial is None)
    factors = 1 if plain else 2
    return Nearness(families(layer.d_y)[factors].name, 0.0, nulls[factors])


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


def _refused(layer: ExactLayer, initial: Array, note: str, question: Question) -> Refused:
    """The nearest GD step, on tokens [x; y − W₀x] as in `floats.nearest`, and a witness: 0 and 1 as entries, the fewest ones."""
    field, (d_y, d_x) = layer.field, initial.shape
    seen, one = layer.tensor.rows(slice(d_x, None)).on_queries(initial), unit(initial[0, 0])
    plain = Member(one, 0 * initial, identity(initial[:, 0]), identity(initial[0]))
    fitted, direction = seen.on_residuals(initial), CanonicalTensor(((plain.A, plain.B),))
    step = inner(fitted, direction) / inner(direction, direction)
    member = plain._replace(step=step, initial=initial)
    difference, apart = (CanonicalTensor((*tensor.pairs, (-A, plain.B))) for tensor, A in ((seen, member.A), (fitted, plain.A * step)))
    p, r, j = next(
        (p, r, int(np.argwhere(part.astype(bool))[0][1]))
        for p, r in single_tokens(d_x + d_y)
        if (part := difference.slice(p, r)).astype(bool).any()
    )
    columns = [field.matrix(field.array(column)) for column in columns_of(p, r, j, d_x, d_y)]
    squares = field.to_sympy(inner(apart, apart)), field.to_sympy(inner(fitted, fitted))
    numbers = not any(square.free_symbols for square in squares)
    return Refused(
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=field.to_sympy(member.step) * question.count,
        initial=field.matrix(initial),
        relative_distance=max(float(sympy.sqrt(squares[0] / squares[1])), math.ulp(0.0)) if numbers else None,  # it is not 0
        tolerance=None,
        gap=ExactGap(difference, field),
        query=question.query,
        witness=witness_on(layer.matrices, [columns], field.matrix(initial), field.to_sympy(member.step)),
        note=note,
    )


@dataclass(frozen=True, eq=False)
class ExactGap:
    """T − T* in a field, not 0."""

    difference: CanonicalTensor
    field: ExactField

    def certified_norm(self) -> float:
        """The bound from the exact difference, each entry of its pairs rounded once."""
        pairs = [pair for pair in self.difference.arrays() if all(part.astype(bool).any() for part in pair)]
        exact_pairs = [[self.field.matrix(part) for part in pair] for pair in pairs]
        if any(part.free_symbols for pair in exact_pairs for part in pair):
            raise ValueError("error_bound: expected numbers, found symbols in the weights; give them values")
        lefts, rights = ([pair[side] for pair in exact_pairs] for side in (0, 1))
        (lefts, left), (rights, right) = _in_range(lefts), _in_range(rights)
        bound = certified_norm(enclosure([(_rounded(A), _rounded(B)) for A, B in zip(lefts, rights, strict=True)]))
        try:
            return math.nextafter(math.ldexp(bound, left + right), math.inf)
        except OverflowError:
            raise ValueError("error_bound: expected weights whose products are in the range of floats, got larger ones") from None


def _in_range(matrices: list[sympy.MatrixBase]) -> tuple[list[sympy.MatrixBase], int]:
    """The matrices divided by a power of 2, exactly, so that the largest entry is about 1; and its exponent."""
    largest = max(abs(entry) for matrix in matrices for entry in matrix)
    exponent = int(sympy.floor(sympy.log(largest, 2).evalf(20))) if largest else 0
    return [matrix / sympy.Integer(2) ** exponent for matrix in matrices], exponent


def _rounded(matrix: sympy.MatrixBase) -> Ball:
    array = np.array(matrix.tolist(), dtype=float)
    return Ball(array, gamma(2) * size(array))
