"""Layer by layer: is each a step, on the query tokens that it gets and, but for the last, on the context tokens?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.recognition import Recognition
from equivalence.recognition.exact.solve import equal, solved
from equivalence.recognition.field import Matrix, field_of
from equivalence.recognition.floats.nearest import relative
from equivalence.recognition.layer import ExactLayer, FloatingLayer
from equivalence.recognition.members import Number, member_of
from equivalence.recognition.question import Question
from equivalence.recognition.recognise import judged
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, STILL, UNDECIDED, Accepted
from equivalence.recognition.setting import Sign
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.enclosed import Ball

MOVING = (DESCENT, PRECONDITIONED, GDPP)
Layers = Sequence[ExactLayer | FloatingLayer]


class Layerwise(NamedTuple):
    """What the layers by themselves say.

    Attributes:
        family: "gradient descent", "preconditioned gradient descent", "GD++", "rate 0", "none" or "not decided".
        verdicts: on each layer, all at one W₀.
        reason: why it is none of the families, or not decided; else empty.
    """

    family: str
    verdicts: tuple[Recognition, ...]
    reason: str

    @property
    def initial(self) -> Matrix:
        """W₀."""
        return self.verdicts[0].initial

    @property
    def step_sizes(self) -> tuple[sympy.Expr | float, ...]:
        """Of each layer."""
        return tuple(verdict.step_size for verdict in self.verdicts)


def layer_by_layer(layers: Layers, question: Question) -> Layerwise:
    """The verdict by the layers alone; for an unknown W₀, at that of the first layer that is a step.

    γ of the last of several layers is left out of account: the prediction does not see it (3.4).
    """
    if question.initial is None:
        question = question._replace(initial=_start(layers, question))
    verdicts = tuple(_judged(number, layer, question) for number, layer in enumerate(layers, 1))
    if reason := next(_faults(layers, verdicts, question.tolerance), ""):
        undecided = any(verdict.family == UNDECIDED for verdict in verdicts)
        return Layerwise(UNDECIDED if undecided else NONE, verdicts, reason)
    families = {_family(verdict) for verdict in verdicts[:-1] or verdicts} | ({_family(verdicts[-1])} - {GDPP})
    alone = DESCENT if verdicts[-1].family == GDPP else STILL  # of layers of rate 0 before the last one
    return Layerwise(next((family for family in (GDPP, PRECONDITIONED, DESCENT) if family in families), alone), verdicts, "")


def _family(verdict: Recognition) -> str:
    """That of a step, as a part of a stack: GD++ of rate 0 changes the context."""
    return GDPP if verdict.family == STILL and verdict.context_update == GDPP else verdict.family


def _judged(number: int, layer: ExactLayer | FloatingLayer, question: Question) -> Recognition:
    """The verdict with the keys the context; where plus is read, the layer's own update of the context is not that of the data (2.8)."""
    try:
        verdict = judged(layer, question)
        is_other = question.setting.prediction is Sign.plus and isinstance(verdict, Accepted)
        return replace(verdict, context_update=NONE) if is_other else verdict
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {number}: {error}") from None


def is_step(verdict: Recognition) -> bool:
    """Whether a layer by itself is a step, and not of rate 0: these fix W₀."""
    return verdict.family in MOVING


def _start(layers: Layers, question: Question) -> Matrix:
    """Of exact layers one at which all are steps, if there is any; else that of the first that is a step."""
    verdicts = (_judged(number, layer, question) for number, layer in enumerate(layers, 1))
    if isinstance(layers[0], ExactLayer):
        found = [*verdicts]
        steps = [verdict for verdict in found if is_step(verdict)]
        return (_joint_start(steps) or steps[0].initial) if steps else found[0].initial
    first = next(verdicts)
    return first.initial if is_step(first) else next((verdict.initial for verdict in verdicts if is_step(verdict)), first.initial)


def _joint_start(steps: Sequence[Recognition]) -> sympy.MatrixBase | None:
    """W₀ with the D_k W₀ of each step: a singular D_k does not tell all of it."""
    identity = sympy.eye(len(steps[0].initial.tolist()))
    factors = [identity if step.left_factor is None else step.left_factor for step in steps]
    left = sympy.Matrix.vstack(*factors)
    right = sympy.Matrix.vstack(*(D * step.initial for D, step in zip(factors, steps, strict=True)))
    field = field_of([*left, *right])
    solution = next(solved(field.array(left.tolist()), field.array(right.tolist()), field), None)
    return None if solution is None else field.matrix(solution)


def _faults(layers: Layers, verdicts: Sequence[Recognition], tolerance: float) -> Iterator[str]:
    """What keeps layers from being steps one after the other."""
    for number, (layer, verdict) in enumerate(zip(layers, verdicts, strict=True), 1):
        if verdict.family not in (*MOVING, STILL):
            yield f"layer {number} by itself is {verdict.family}"
        elif verdict.context_update != _family(verdict) and number < len(verdicts):
            yield f"layer {number} does not update the context tokens as its step does"
        elif number > 1 and not _is_right_for_any_query(layer, verdict, tolerance):
            yield f"layer {number} is a step for query tokens [q; −W₀q], but not for those that the layers before it leave"
    before = {_family(verdict) for verdict in verdicts[:-1]}
    if GDPP in before and any(entry != 0 for row in verdicts[0].initial.tolist() for entry in row):
        yield "layers of GD++ are its steps for W₀ = 0 only (3.3)"
    if GDPP in before and PRECONDITIONED in map(_family, verdicts):
        yield "layers of GD++ and preconditioned ones are not judged together"


def _is_right_for_any_query(layer: ExactLayer | FloatingLayer, verdict: Recognition, tolerance: float) -> bool:
    """Whether the y rows of T are ``T(A, [B, 0])`` over all columns; a single verdict looks at what [q; −W₀q] sees of them.

    The layers before change the y-part of a query token, and so a later layer meets [q; −W q] with any W (in GD++ another q as well).
    """
    if isinstance(layer, ExactLayer):
        field = layer.at(verdict.initial)[0].field
        A, columns = _member(verdict, field.number(verdict.step_size), lambda matrix: field.array(matrix.tolist()), verdict.initial)
        own = layer.over(field).tensor.rows(slice(layer.d_x, None))
        return equal(own.dense(), CanonicalTensor(((A, columns),)).dense())
    _, predicted = layer.context_on_residuals(verdict.initial)
    A, columns = _member(verdict, float(verdict.step_size), np.asarray, 0 * verdict.initial)
    return relative(predicted, (Ball(A, 0.0), Ball(columns, 0.0))) < tolerance


def _member(verdict: Recognition, step: Number, number: Callable[[Matrix], np.ndarray], initial: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """The y rows of A, and B for all columns."""
    D, C = (None if factor is None else number(factor) for factor in (verdict.left_factor, verdict.preconditioner))
    member = member_of(step, number(initial), D, C)
    return member.A, member.whole(0 * member.initial[0, 0])[1]
