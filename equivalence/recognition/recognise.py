"""Is this layer gradient descent? The entry: exact weights are decided, floating weights are measured."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import sympy

from equivalence.algebras.exact import exact as sympy_reading
from equivalence.algebras.numeric import checked_rate
from equivalence.attention import Head, Layer, linear_attention
from equivalence.canonical_tensor import Array, CanonicalTensor, canonical_tensor, frobenius, inner, left_slope
from equivalence.construction import built_count, prediction, query_tokens, tokens
from equivalence.descent import gradient_step
from equivalence.recognition import bounds, exact, nearest
from equivalence.recognition.members import Member, identity, one
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, Recognition, Witness
from equivalence.recognition.weights import Field, Weights, read

OPEN = "preconditioned gradient descent is excluded for the W₀ shown, not for every W₀; give the initial model to decide it"
PAIRS_SEARCHED = 32
"""Up to this d the witness for floats is searched among sums of two unit vectors too."""


def recognise(layer: Layer, *, d_x: int, d_y: int, initial: Any = None, context: Any = None, tolerance: float = 0.1) -> Recognition:
    r"""Which family of descents a linear-attention layer with residual belongs to (statements 2.3, 2.4, 9.1, 9.2).

    Tokens are columns ``[x; y]``, the query token is ``[q; −W₀q]`` and no key, the prediction is minus its y-part after the layer. The
    canonical tensor of all heads together decides: how heads are split, ordered or gauged does not matter.

    Exact weights (SymPy, FLINT rationals, arrays of integers or Fractions) are decided; with symbols, as rational functions of
    them. For floats the simplest family whose relative distance is below the tolerance is reported, and the nearest GD step
    otherwise. γ is invisible in the prediction of one layer (3.4): GD++ is read off the x rows of the query token's update. Where these
    are of no family they are left out of account, as for a layer that was trained on predictions only. A step of rate 0 is one too.

    Args:
        layer: the heads, on tokens of d_x + d_y rows.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀, d_y x d_x; found if not given. For exact weights that are a GD step it is found always, or a ValueError asks for it;
            for floats it is estimated.
        context: N, with which η = N·s is reported.
        tolerance: the largest relative distance ‖T − T*‖/‖T‖ at which floating weights are said to belong to a family.

    Raises:
        TypeError, ValueError: naming the argument or the weight, what was expected and what came.
    """
    if not 0 < checked_rate("tolerance", tolerance) < 1:
        raise ValueError(f"tolerance: expected a number between 0 and 1, got {tolerance}")
    weights = read(layer, d_x, d_y, initial)
    found = _measured(weights, d_x, d_y, tolerance) if weights.field is None else _decided(layer, weights, d_x, d_y)
    return replace(found, learning_rate=found.step_size * _count(context, found.exact))


def _count(context: Any, is_exact: bool) -> Any:
    if context is None:
        return sympy.Integer(1) if is_exact else 1.0
    count = built_count(context, sympy_reading)
    return count if is_exact else float(count)


def _decided(layer: Layer, weights: Weights, d_x: int, d_y: int) -> Recognition:
    """The decision; a W₀ outside the field of the weights (a root) enlarges the field first."""
    tensor, field = canonical_tensor(weights.heads), _field(weights)
    predicted = tensor.rows(slice(d_x, None))
    known = weights.initial is not None
    for start in [weights.initial] if known else exact.initial_models(predicted, d_x, d_y, field):
        if isinstance(start, sympy.MatrixBase):
            return _decided(layer, read(layer, d_x, d_y, start), d_x, d_y)
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
    B = field.array([[int(i == j) for j in range(d_x)] for i in range(d_x + d_y)])
    slope = left_slope(CanonicalTensor(tuple((A, own[:, :d_x]) for A, own in tensor.pairs)), B)
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
        for p, r in _tokens(d_x + d_y)
        if (part := difference.slice(p, r)).astype(bool).any()
    )
    matrices = Layer(tuple(Head(*(field.matrix(weight) for weight in head)) for head in weights.heads))
    columns = [field.matrix(column) for column in _witness_columns(p, r, j, d_x, d_y, field.array)]
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
        witness=_witness(matrices, columns, field.matrix(initial), field.to_sympy(member.step)),
        note=note,
        norm=partial(_exact_norm, difference, field),
    )


def _tokens(d: int) -> list[tuple[int, int]]:
    """Tokens e_p, as (p, p), then e_p + e_r: if the form is 0 on all of the first, a nonzero entry (p, r) shows on the second."""
    return [*((p, p) for p in range(d)), *combinations(range(d), 2)]


def _witness_columns(p: int, r: int, j: int, d_x: int, d_y: int, array: Any) -> list[Array]:
    token = [[int(i in (p, r))] for i in range(d_x + d_y)]
    return [array(token[:d_x]), array(token[d_x:]), array([[int(i == j)] for i in range(d_x)])]


def _witness(layer: Layer, columns: list[Any], initial: Any, step: Any) -> Witness:
    """The layer run on the columns, and the step; a witness that shows nothing is refused."""
    context_x, context_y, query = columns
    d_y, d_x = initial.shape
    _, after = linear_attention(layer, tokens(context_x, context_y), query_tokens(initial, query))
    found = prediction(after, d_x, d_y)
    expected = gradient_step(initial, context_x, context_y, step) @ query
    if isinstance(found, sympy.MatrixBase):
        found, expected = (each.applyfunc(sympy.cancel) for each in (found, expected))
    if not np.any(np.array((found - expected).tolist(), dtype=object) != 0):
        raise ArithmeticError("witness: the layer, when run, does what the step does; this is a fault of the recognition")
    return Witness(context_x, context_y, query, found, expected)


def _exact_norm(difference: CanonicalTensor, field: Field) -> float:
    """The bound from the exact difference, each entry of its pairs rounded once."""
    exact_pairs = [[field.matrix(part) for part in pair] for pair in difference.pairs]
    if any(part.free_symbols for pair in exact_pairs for part in pair):
        raise ValueError("error_bound: expected numbers, found symbols in the weights; give them values")
    pairs = tuple((np.array(A.tolist(), dtype=float), np.array(B.tolist(), dtype=float)) for A, B in exact_pairs)
    sizes = sum(float(np.linalg.norm(A)) * float(np.linalg.norm(B)) for A, B in pairs)
    return bounds.certified_norm(CanonicalTensor(pairs), bounds.gamma(8 * len(pairs)) * sizes)


def _measured(weights: Weights, d_x: int, d_y: int, tolerance: float) -> Recognition:
    """The simplest family whose nearest member is within the tolerance, or the nearest GD step."""
    tensor = canonical_tensor(weights.heads)
    predicted = tensor.rows(slice(d_x, None))
    models = [weights.initial] if weights.initial is not None else nearest.initial_models(predicted, d_x, d_y)
    starts = [nearest.Start(initial, predicted.on_queries(initial)) for initial in models]
    families = [nearest.best_descent, nearest.best_preconditioned, *([nearest.best_two_sided] if d_y > 1 else [])]
    fits = []
    for best in families:
        fits.append(best(starts))
        if fits[-1].relative_distance < tolerance:
            return _within(tensor, weights, fits[-1], len(fits) - 1, tolerance)
    return _outside(weights, fits[0])


def _within(tensor: CanonicalTensor, weights: Weights, fit: nearest.Fit, family: int, tolerance: float) -> Recognition:
    member = fit.member
    d_y, d_x = member.initial.shape
    gamma = None if family else nearest.curvature_of(tensor.rows(slice(d_x)).on_queries(member.initial), fit.tensor, d_y, tolerance)
    name = PRECONDITIONED if family else DESCENT if gamma is None else GDPP
    distance = nearest.relative(tensor, *member.whole(gamma or 0.0))
    return Recognition(
        family=name,
        exact=False,
        step_size=float(member.step),
        learning_rate=None,
        gamma=gamma,
        preconditioner=member.preconditioner if family else None,
        left_factor=member.left_factor if family == 2 else None,
        initial=member.initial,
        gauge=_gauge(fit),
        relative_distance=fit.relative_distance,
        context_update=name if distance < tolerance else NONE,
        witness=None,
        norm=partial(_float_norm, weights, fit),
    )


def _gauge(fit: nearest.Fit) -> float | None:
    """1/c is B's share of [C; 0]."""
    if len(fit.tensor.pairs) > 1:
        return None
    ((_, seen),) = fit.tensor.pairs
    share = frobenius(seen, fit.member.B)
    return float(frobenius(fit.member.B, fit.member.B) / share) if share else None


def _float_norm(weights: Weights, fit: nearest.Fit) -> float:
    return bounds.certified_norm(fit.difference, bounds.rounding(weights.heads, fit.member))


def _outside(weights: Weights, fit: nearest.Fit) -> Recognition:
    member = fit.member
    d_y, d_x = member.initial.shape
    p, r, j = _largest_gap(fit.difference, d_x + d_y)
    columns = _witness_columns(p, r, j, d_x, d_y, partial(np.array, dtype=float))
    layer = Layer(tuple(Head(*head) for head in weights.heads))
    return Recognition(
        family=NONE,
        exact=False,
        step_size=float(member.step),
        learning_rate=None,
        gamma=None,
        preconditioner=None,
        left_factor=None,
        initial=member.initial,
        gauge=None,
        relative_distance=fit.relative_distance,
        context_update=NONE,
        witness=_witness(layer, columns, member.initial, float(member.step)),
        norm=partial(_float_norm, weights, fit),
    )


def _largest_read(difference: CanonicalTensor) -> tuple[int, int, int]:
    """A token e_p and a query for large d: p where ``Σ ‖A_hp‖ ‖B_hp‖`` is largest."""
    sizes = sum(np.linalg.norm(A, axis=0) * np.linalg.norm(B, axis=1) for A, B in difference.pairs)
    p = int(np.argmax(sizes))
    return p, p, int(np.abs(difference.slice(p, p)).max(axis=0).argmax())


def _largest_gap(difference: CanonicalTensor, d: int) -> tuple[int, int, int]:
    """The token e_p or e_p + e_r and the query e_j with the largest gap of one entry of the prediction."""
    if d > PAIRS_SEARCHED:
        return _largest_read(difference)
    places = _tokens(d)
    parts = {(p, r): difference.slice(p, r) for p, r in places}

    def gap(p: int, r: int) -> Array:
        form = parts[p, r] if p == r else parts[p, p] + 2 * parts[p, r] + parts[r, r]
        return np.abs(form).max(axis=0)

    p, r = max(places, key=lambda place: gap(*place).max())
    return p, r, int(gap(p, r).argmax())
