"""A verdict in its setting: what a constant coordinate (9.7) and the own term of a query token among the keys (2.9) change of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import sympy

from equivalence.models.heads import Layer
from equivalence.recognition.exact.decided import ExactGap
from equivalence.recognition.exact.solve import equal
from equivalence.recognition.field import Matrix
from equivalence.recognition.floats.bounds import FloatGap
from equivalence.recognition.floats.measured import EXACT, NOTHING, SEARCHED
from equivalence.recognition.floats.nearest import context_distance, enclosed, relative
from equivalence.recognition.layer import Arranged, ExactLayer, FloatingLayer
from equivalence.recognition.members import Member, member_of
from equivalence.recognition.query import Query
from equivalence.recognition.question import Question
from equivalence.recognition.result import DESCENT, GDPP, NONE, STILL, Accepted, Recognition, Refused, Undecided, Witness
from equivalence.recognition.rounding import Interval, gamma
from equivalence.recognition.setting import Keys, Sign
from equivalence.recognition.tensor.canonical import CanonicalTensor, inner
from equivalence.recognition.tensor.enclosed import Ball, Enclosure
from equivalence.recognition.tensor.lowrank import Array
from equivalence.recognition.witness import and_twice, clear_witness, single_tokens, witness_on

SHOWN = "it is excluded for the W₀ shown, not for every W₀; give the initial model to decide it"
KEPT = ("exact", "step_size", "learning_rate", "initial", "tolerance", "query", "families", "setting")
JOINT = "its x rows are those of GD++ with γ = {gamma} on the data and the query token together"


def in_setting(verdict: Recognition, read: Arranged, question: Question) -> Recognition:
    """The verdict on the core of a layer, as one on all of it in its setting."""
    setting = question.setting
    if read.whole is not None:
        verdict = _with_constant(verdict, read.whole, question)
    if setting.keys is Keys.all:
        verdict = _with_own_term(verdict, read.core if read.whole is None else read.whole, question)
    if setting.prediction is Sign.plus and isinstance(verdict, Accepted):
        verdict = replace(verdict, context_update=NONE)
    return replace(verdict, setting=setting)


def _with_constant(verdict: Recognition, layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """The same member on tokens ``[x; 1; y]``, where it reads no constant: the tensors are compared with all of their entries."""
    return _decided(verdict, layer, question) if isinstance(layer, ExactLayer) else _measured(verdict, layer, question)


def _decided(verdict: Recognition, layer: ExactLayer, question: Question) -> Recognition:
    layer, start = layer.at(_wide(verdict.initial))
    member = _member(verdict, layer)
    tensor, own = layer.tensor, CanonicalTensor(((member.A, member.B),))
    seen = tensor.rows(slice(layer.d_x, None)).on_queries(start)
    if not isinstance(verdict, Refused) and equal(seen.dense(), own.dense()):
        return _with_context(verdict, tensor, member, layer)
    difference = CanonicalTensor((*seen.pairs, (-member.A, member.B)))
    squares = [layer.field.to_sympy(inner(part, part)) for part in (each.on_residuals(start) for each in (difference, seen))]
    numbers = not any(square.free_symbols for square in squares)
    return _refused(
        verdict,
        relative_distance=float(sympy.sqrt(squares[0] / squares[1])) if numbers else None,
        gap=ExactGap(difference, layer.field),
        witness=_exact_witness(verdict, layer, _tokens_with_constant(layer), question),
    )


def _wide(initial: sympy.MatrixBase) -> sympy.MatrixBase:
    """[W₀, 0]."""
    return sympy.ImmutableDenseMatrix.hstack(initial, sympy.ImmutableDenseMatrix.zeros(initial.rows, 1))


def _member(verdict: Recognition, layer: ExactLayer) -> Member:
    """The member of the verdict, in the layer's field, on inputs ``[x; 1]``."""
    field = layer.field
    D, C = (None if factor is None else field.array(factor.tolist()) for factor in (verdict.left_factor, verdict.preconditioner))
    return member_of(field.number(verdict.step_size), field.array(verdict.initial.tolist()), D, C, constant=True)


def _with_context(verdict: Recognition, tensor: CanonicalTensor, member: Member, layer: ExactLayer) -> Recognition:
    """Whether the constant leaves alone what the x rows, and the context tokens, do."""
    curved = layer.field.number(verdict.gamma or 0)
    whole = CanonicalTensor((member.whole(curved, constant=True),))
    if verdict.context_update != NONE and not equal(tensor.dense(), whole.dense()):
        verdict = replace(verdict, context_update=NONE)
    inputs, expected = (part.rows(slice(layer.d_x)).on_queries(member.initial).dense() for part in (tensor, whole))
    if verdict.family == GDPP and not equal(inputs, expected):
        verdict = replace(verdict, family=DESCENT, gamma=None)
    return verdict


def _tokens_with_constant(layer: ExactLayer) -> Iterator[list[Matrix]]:
    """Tokens and queries that any polynomial of degree 2 in the one and 1 in the other shows on, of zeros, ones and one −1."""
    d_x, d_y = layer.d_x - 1, layer.d_y
    places = [(), *((p,) for p in range(d_x + d_y)), *((p, r) for p, r in single_tokens(d_x + d_y) if p < r)]
    for place in places:
        for sign in (1, -1) if len(place) == 1 else (1,):
            token = [[sign * int(i in place)] for i in range(d_x + d_y)]
            for j in range(-1, d_x):
                query = [[int(i == j)] for i in range(d_x)]
                yield [sympy.ImmutableDenseMatrix(column) for column in (token[:d_x], token[d_x:], query)]


def _exact_witness(verdict: Recognition, layer: ExactLayer, columns: Iterator[list[Matrix]], question: Question) -> Witness:
    setting = question.setting
    candidates = (each for found in columns for each in (and_twice(found) if setting.keys is Keys.all else [found]))
    return witness_on(layer.matrices, candidates, verdict.initial, verdict.step_size, setting)


def _measured(verdict: Recognition, layer: FloatingLayer, question: Question) -> Recognition:
    member = _floating_member(verdict, constant=True)
    seen = layer.outputs(member.initial)
    gap = seen.difference(enclosed(member))
    reach = _relative(layer, member, 0.0)
    verdict = replace(verdict, gap=FloatGap(gap), relative_distance=reach.value)
    if isinstance(verdict, Accepted) and reach.high < question.tolerance:
        return _with_measured_context(verdict, layer, member, question.tolerance)
    if isinstance(verdict, Undecided) or (verdict.family == STILL and seen.norm().high <= NOTHING):
        return verdict
    return _outside(verdict, layer, reach, _floating_tokens(layer, gap), question)


def _floating_member(verdict: Recognition, constant: bool) -> Member:
    return member_of(float(verdict.step_size), np.asarray(verdict.initial), verdict.left_factor, verdict.preconditioner, constant=constant)


def _relative(layer: FloatingLayer, member: Member, own: float) -> Interval:
    """The relative distance on tokens [x; y − W₀x], as in `floats.nearest`, an own term of this size beside it."""
    seen = layer.outputs_on_residuals(member.initial)
    apart, whole, wide = seen.difference(enclosed(member.on_residuals)).norm(), seen.norm(), 1 + gamma(64)
    if not np.hypot(whole.low, own):
        return Interval(1.0, 0.0, np.inf)
    value, low, high = (
        float(np.hypot(part, own) / np.hypot(size, own))
        for part, size in ((apart.value, whole.value), (apart.low, whole.high), (apart.high, whole.low))
    )
    return Interval(value, low / wide, high * wide)


def _with_measured_context(verdict: Accepted, layer: FloatingLayer, member: Member, tolerance: float) -> Recognition:
    """As exactly, within the tolerance."""
    curved = float(verdict.gamma or 0.0)
    if context_distance(layer, member, curved, constant=True) >= tolerance:
        verdict = replace(verdict, context_update=NONE)
    A, _ = member.on_residuals.whole(curved, constant=True)
    inputs = layer.inputs_on_residuals(member.initial)
    if verdict.family == GDPP and relative(inputs, (Ball(A[: layer.d_x], 0.0), Ball(member.B, 0.0))) >= tolerance:
        verdict = replace(verdict, family=DESCENT, gamma=None)
    return verdict


def _floating_tokens(layer: FloatingLayer, gap: Enclosure) -> list[list[Array]]:
    """Tokens and queries at the largest entries of T − T*, the constant being 1 in all of them."""
    d_x, d_y = layer.d_x - 1, layer.d_y
    pairs = gap.tensor.arrays()
    k, j = np.unravel_index(np.sum([np.outer((A * A).sum(1), (B * B).sum(0)) for A, B in pairs], axis=0).argmax(), (d_y, d_x + 1))
    half = np.sum([np.outer(A[k], B[:, j]) for A, B in pairs], axis=0)
    p, r = np.unravel_index(np.abs(half + half.T).argmax(), half.shape)
    unit = np.delete(np.eye(d_x + 1 + d_y), d_x, axis=0)
    tokens = [
        0 * unit[:, :1],
        *(sign * unit[:, [p]] for sign in (1, -1)),
        *(sign * unit[:, [r]] for sign in (1, -1)),
        unit[:, [p]] + unit[:, [r]],
    ]
    queries = [sign * np.eye(d_x, d_x + 1)[:, [j]] for sign in (1.0, -1.0)] + [np.zeros((d_x, 1))]
    return [[token[:d_x], token[d_x:], query] for token in tokens for query in queries]


def _with_own_term(verdict: Recognition, layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """A member is none where the query token adds to itself; what adds nothing stays, but for GD++, whose x rows see the query."""
    if isinstance(verdict, Undecided):
        return verdict
    if isinstance(verdict, Refused):
        return _seen_again(verdict, layer, question)
    own = _own_term(verdict, question)
    if isinstance(layer, ExactLayer):
        return _with_exact_own_term(verdict, layer, own, question)
    member = _floating_member(verdict, question.setting.constant)
    reach = _relative(layer, member, own)
    if not own or reach.high < question.tolerance:
        verdict = replace(verdict, own=own * (1 + gamma(64)), relative_distance=reach.value if own else verdict.relative_distance)
        return _without_query_in_context(verdict, own)
    return _outside(verdict, layer, reach, _own_columns(verdict), question)


def _own_term(verdict: Recognition, question: Question) -> sympy.Expr | float:
    """``‖2sDW₀‖ ‖½(C + Cᵀ)‖``, which the own term is at most at ‖q‖ = 1, and which is 0 iff it is; a square of it, of exact numbers."""
    exact = isinstance(verdict.initial, sympy.MatrixBase)
    if question.setting.prediction is Sign.plus or verdict.step_size == 0:
        return sympy.Integer(0) if exact else 0.0
    left, right = _own_factors(verdict)
    if exact:
        return sympy.cancel(sum(entry**2 for entry in left) * sum(entry**2 for entry in right))
    return float(np.linalg.norm(left) * np.linalg.norm(right))


def _own_factors(verdict: Recognition) -> tuple[Matrix, Matrix]:
    """2sDW₀ and ½(C + Cᵀ)."""
    d_y, d_x = verdict.initial.shape
    exact = isinstance(verdict.initial, sympy.MatrixBase)
    D, C = verdict.left_factor, verdict.preconditioner
    D = (sympy.eye(d_y) if exact else np.eye(d_y)) if D is None else D
    C = (sympy.eye(d_x) if exact else np.eye(d_x)) if C is None else C
    return 2 * verdict.step_size * (D @ verdict.initial), (C + C.T) / 2


def _with_exact_own_term(verdict: Recognition, layer: ExactLayer, square: sympy.Expr, question: Question) -> Recognition:
    if square == 0:
        return _without_query_in_context(verdict, 0)
    layer, start = layer.at(_wide(verdict.initial) if question.setting.constant else verdict.initial)
    seen = layer.tensor.rows(slice(layer.d_x, None)).on_queries(start)
    fitted = seen.on_residuals(start)
    whole = layer.field.to_sympy(inner(fitted, fitted))
    numbers = not (square.free_symbols | whole.free_symbols)
    return _refused(
        verdict,
        relative_distance=float(sympy.sqrt(square / (square + whole))) if numbers else None,
        gap=verdict.gap,
        own=float(sympy.sqrt(square)) * (1 + gamma(64)) if numbers else 0.0,
        witness=_exact_witness(verdict, layer, _exact_own_columns(verdict), question),
    )


def _without_query_in_context(verdict: Recognition, own: object) -> Recognition:
    """No own term: then the query token's value is 0 for the context tokens too, unless it was C that made its score 0."""
    left, _ = _own_factors(verdict)
    if any(entry != 0 for entry in np.asarray(left).ravel()) and verdict.family != STILL:
        verdict = replace(verdict, context_update=NONE)
    if verdict.gamma is None:
        return verdict
    note = JOINT.format(gamma=verdict.gamma)
    family = DESCENT if verdict.family == GDPP else verdict.family
    return replace(verdict, family=family, gamma=None, context_update=NONE, note="; ".join(filter(None, [verdict.note, note])))


def _seen_again(verdict: Refused, layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """The witness, run with the query among the keys."""
    if (seen := verdict.witness) is None:
        return verdict
    columns = [seen.context_x, seen.context_y, seen.query]
    if isinstance(layer, ExactLayer):
        return replace(verdict, witness=_exact_witness(verdict, layer, iter([columns]), question))
    return _outside(verdict, layer, Interval(1.0, 1.0, 1.0), and_twice(columns), question, relative_distance=verdict.relative_distance)


def _exact_own_columns(verdict: Recognition) -> Iterator[list[Matrix]]:
    """The token 0 and a query q with DW₀q·qᵀCq ≠ 0: v + tw, of qᵀCq ≠ 0 at v and DW₀q ≠ 0 at w, for one of four t."""
    left, right = _own_factors(verdict)
    d_y, d_x = verdict.initial.shape
    units = [sympy.ImmutableDenseMatrix(sympy.eye(d_x)[:, j]) for j in range(d_x)]
    v = next(q for p, r in single_tokens(d_x) if sympy.cancel((q := units[p] + (units[r] if p < r else 0 * units[p])).dot(right * q)) != 0)
    w = next(unit for unit in units if any(sympy.cancel(entry) != 0 for entry in left * unit))
    for t in range(4):
        yield [sympy.zeros(d_x, 1), sympy.zeros(d_y, 1), sympy.ImmutableDenseMatrix(v + t * w)]


def _own_columns(verdict: Recognition) -> list[list[Array]]:
    """The token 0 and queries where DW₀q or qᵀCq is largest, and the sums of these."""
    left, right = _own_factors(verdict)
    d_y, d_x = verdict.initial.shape
    w = np.linalg.svd(left)[2][0]
    values, vectors = np.linalg.eigh(right)
    v = vectors[:, np.abs(values).argmax()]
    return [[np.zeros((d_x, 1)), np.zeros((d_y, 1)), q[:, None]] for q in (v + t * w for t in (0.0, 1.0, -1.0, 2.0))]


def _refused(verdict: Recognition, **found: object) -> Recognition:
    """None; of what is a step at a W₀ that was found nothing is decided, as it may be one at another too."""
    if verdict.exact and verdict.query is Query.unknown and not isinstance(verdict, Refused):
        return _undecided(verdict, SHOWN, found)
    return Refused(**{**{name: getattr(verdict, name) for name in KEPT}, "note": verdict.note, **found})


def _outside(
    verdict: Recognition,
    layer: FloatingLayer,
    reach: Interval,
    columns: Sequence[Sequence[Array]],
    question: Question,
    relative_distance: float | None = None,
) -> Recognition:
    """None, by a witness that rounding cannot account for; else not decided."""
    numbers = {"relative_distance": reach.value if relative_distance is None else relative_distance, "gap": verdict.gap}
    if reach.low < question.tolerance:
        return _undecided(
            verdict, f"cannot tell at this precision: the relative distance is {reach.low:.4g} to {reach.high:.4g}; {EXACT}", numbers
        )
    if question.initial is None:
        return _undecided(verdict, SEARCHED, numbers)
    try:
        witness = clear_witness(Layer(layer.heads), columns, verdict.initial, float(verdict.step_size), question.setting)
    except ArithmeticError as error:
        return _undecided(verdict, f"cannot tell at this precision: {error}; {EXACT}", numbers)
    return _refused(verdict, witness=witness, **numbers)


def _undecided(verdict: Recognition, note: str, numbers: Mapping[str, object]) -> Undecided:
    return Undecided(**{**{name: getattr(verdict, name) for name in KEPT}, "note": note, **numbers})
