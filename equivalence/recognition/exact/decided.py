"""The verdict on exact weights: a decision, with the member's numbers or a witness (statement 9.1)."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import sympy

from equivalence.models.heads import Head, Layer
from equivalence.recognition.exact import solve as exact
from equivalence.recognition.floats import bounds
from equivalence.recognition.members import Member, identity, one
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, Recognition
from equivalence.recognition.tensor.canonical import Array, CanonicalTensor, canonical_tensor, descent_slope, inner
from equivalence.recognition.weights import Field, Weights, read
from equivalence.recognition.witness import columns_of, single_tokens, witness_on

OPEN = "preconditioned gradient descent is excluded for the W₀ shown, not for every W₀; give the initial model to decide it"


def decided(layer: Layer, weights: Weights, d_x: int, d_y: int) -> Recognition:
    """The decision; a W₀ outside the field of the weights (a root) enlarges the field first."""
    tensor, field = canonical_tensor(weights.heads), _field(weights)
    predicted = tensor.rows(slice(d_x, None))
    known = weights.initial is not None
    for start in [weights.initial] if known else exact.initial_models(predicted, d_x, d_y, field):
        if isinstance(start, sympy.MatrixBase):
            return decided(layer, read(layer, d_x, d_y, start), d_x, d_y)
        if (member := exact.member_at(predicted, start)) is not None:
            return _accepted(tensor, member, field)
    start = weights.initial if known else _some_initial(predicted, d_x, d_y, field)
    note = "" if known or exact.sees_inputs_only(predicted, d_x) else OPEN
    return _refused(weights, predicted, start, note)


def _field(weights: Weights) -> Field:
    if weights.field is None:
        raise TypeError("weights: expected exact weights, got floats")
    return weights.field


def _accepted(tensor: CanonicalTensor, member: Member, field: Field) -> Recognition:
    d_y, d_x = member.initial.shape
    plain = exact.equal(member.left_factor, identity(member.initial[:, 0])), exact.equal(member.preconditioner, identity(member.initial[0]))
    gamma = exact.curvature_of(tensor.rows(slice(d_x)).on_queries(member.initial), d_x, d_y) if all(plain) else None
    family = PRECONDITIONED if not all(plain) else GDPP if gamma else DESCENT
    whole = CanonicalTensor((member.whole(0 * member.step if gamma is None else gamma),))
    same = exact.equal(tensor.dense(), whole.dense())
    return Recognition(
        family=family,
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=None,
        gamma=field.to_sympy(gamma) if family == GDPP else None,
        preconditioner=None if all(plain) else field.matrix(member.preconditioner),
        left_factor=None if plain[0] else field.matrix(member.left_factor),
        initial=field.matrix(member.initial),
        gauge=_exact_gauge(tensor, member, field),
        relative_distance=0.0,
        context_update=family if same else NONE,
        witness=None,
    )


def _exact_gauge(tensor: CanonicalTensor, member: Member, field: Field) -> Any:
    if len(tensor.pairs) > 1 or not member.step:
        return None
    ((_, seen),) = tensor.on_queries(member.initial).pairs
    place = tuple(np.argwhere(member.B.astype(bool))[0])
    if not seen[place]:
        return None
    c = member.B[place] / seen[place]
    return field.to_sympy(c) if exact.equal(seen * c, member.B) else None


def _some_initial(tensor: CanonicalTensor, d_x: int, d_y: int, field: Field) -> Array:
    """V/s of the nearest T(sF, [I; 0]) where B's y columns are left out of account; 0 where s is 0."""
    slope = descent_slope(CanonicalTensor(tuple((A, own[:, :d_x]) for A, own in tensor.pairs)))
    step = -2 * np.trace(slope[:, d_x:]) / (d_x * d_y)
    return slope[:, :d_x] / (step * (d_x + 1)) * 2 if step else slope[:, :d_x] * 0


def _refused(weights: Weights, tensor: CanonicalTensor, initial: Array, note: str) -> Recognition:
    """The nearest GD step, and a witness: 0 and 1 as entries, the fewest ones."""
    field, (d_y, d_x) = _field(weights), initial.shape
    unit = Member(one(initial[0, 0]), initial, identity(initial[:, 0]), identity(initial[0]))
    seen, direction = tensor.on_queries(initial), CanonicalTensor(((unit.A, unit.B),))
    member = unit._replace(step=inner(seen, direction) / inner(direction, direction))
    difference = CanonicalTensor((*seen.pairs, (-member.A, member.B)))
    p, r, j = next(
        (p, r, int(np.argwhere(part.astype(bool))[0][1]))
        for p, r in single_tokens(d_x + d_y)
        if (part := difference.slice(p, r)).astype(bool).any()
    )
    matrices = Layer(tuple(Head(*(field.matrix(weight) for weight in head)) for head in weights.heads))
    columns = [field.matrix(field.array(column)) for column in columns_of(p, r, j, d_x, d_y)]
    squares = field.to_sympy(inner(difference, difference)), field.to_sympy(inner(seen, seen))
    numbers = not any(square.free_symbols for square in squares)
    return Recognition(
        family=NONE,
        exact=True,
        step_size=field.to_sympy(member.step),
        learning_rate=None,
        gamma=None,
        preconditioner=None,
        left_factor=None,
        initial=field.matrix(initial),
        gauge=None,
        relative_distance=float(sympy.sqrt(squares[0] / squares[1])) if numbers else None,
        context_update=NONE,
        witness=witness_on(matrices, columns, field.matrix(initial), field.to_sympy(member.step)),
        note=note,
        norm=partial(_exact_norm, difference, field),
    )


def _exact_norm(difference: CanonicalTensor, field: Field) -> float:
    """The bound from the exact difference, each entry of its pairs rounded once."""
    exact_pairs = [[field.matrix(part) for part in pair] for pair in difference.pairs]
    if any(part.free_symbols for pair in exact_pairs for part in pair):
        raise ValueError("error_bound: expected numbers, found symbols in the weights; give them values")
    pairs = tuple((np.array(A.tolist(), dtype=float), np.array(B.tolist(), dtype=float)) for A, B in exact_pairs)
    sizes = sum(float(np.linalg.norm(A)) * float(np.linalg.norm(B)) for A, B in pairs)
    return bounds.certified_norm(CanonicalTensor(pairs), bounds.gamma(8 * len(pairs)) * sizes)
