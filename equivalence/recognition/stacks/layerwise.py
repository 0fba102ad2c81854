"""Layer by layer: is each a step, on the query tokens that it gets and, but for the last, on the context tokens?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.recognition import Recognition
from equivalence.recognition.exact.solve import equal
from equivalence.recognition.field import Matrix
from equivalence.recognition.layer import ExactLayer, FloatingLayer
from equivalence.recognition.members import Member, Number, identity
from equivalence.recognition.recognise import judged
from equivalence.recognition.result import DESCENT, GDPP, NONE
from equivalence.recognition.tensor.canonical import CanonicalTensor
from equivalence.recognition.tensor.enclosed import Ball

STEPS = (DESCENT, GDPP)
Layers = Sequence[ExactLayer | FloatingLayer]


class Layerwise(NamedTuple):
    """What the layers by themselves say.

    Attributes:
        family: "gradient descent", "GD++" or "none".
        verdicts: on each layer, all at one W₀.
        reason: why the family is none; else empty.
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


def layer_by_layer(layers: Layers, initial: Matrix | None, tolerance: float) -> Layerwise:
    """The verdict by the layers alone; from no W₀ given, that of the first layer that is a step.

    γ of the last of several layers is left out of account: the prediction does not see it (3.4).
    """
    start = _start(layers, tolerance) if initial is None else initial
    verdicts = tuple(_judged(number, layer, start, tolerance) for number, layer in enumerate(layers, 1))
    if reason := next(_faults(layers, verdicts, tolerance), ""):
        return Layerwise(NONE, verdicts, reason)
    curved = any(verdict.family == GDPP for verdict in verdicts[:-1] or verdicts)
    return Layerwise(GDPP if curved else DESCENT, verdicts, "")


def _judged(number: int, layer: ExactLayer | FloatingLayer, initial: Matrix | None, tolerance: float) -> Recognition:
    try:
        return judged(layer, initial, tolerance, sympy.Integer(1))
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {number}: {error}") from None


def is_step(verdict: Recognition) -> bool:
    """Whether a layer by itself is a step, and not of rate 0: these fix W₀."""
    return verdict.family in STEPS and verdict.step_size != 0


def _start(layers: Layers, tolerance: float) -> Matrix:
    verdicts = (_judged(number, layer, None, tolerance) for number, layer in enumerate(layers, 1))
    first = next(verdicts)
    return first.initial if is_step(first) else next((verdict.initial for verdict in verdicts if is_step(verdict)), first.initial)


def _faults(layers: Layers, verdicts: Sequence[Recognition], tolerance: float) -> Iterator[str]:
    """What keeps layers from being steps one after the other."""
    for number, (layer, verdict) in enumerate(zip(layers, verdicts, strict=True), 1):
        if verdict.family not in STEPS:
            yield f"layer {number} by itself is {verdict.family}"
        elif verdict.context_update != verdict.family and number < len(verdicts):
            yield f"layer {number} does not update the context tokens as its step does"
        elif number > 1 and not _is_right_for_any_query(layer, verdict, tolerance):
            yield f"layer {number} is a step for query tokens [q; −W₀q], but not for those that the layers before it leave"
    if any(verdict.family == GDPP for verdict in verdicts[:-1]) and any(
        entry != 0 for row in verdicts[0].initial.tolist() for entry in row
    ):
        yield "layers of GD++ are its steps for W₀ = 0 only (3.3)"


def _is_right_for_any_query(layer: ExactLayer | FloatingLayer, verdict: Recognition, tolerance: float) -> bool:
    """Whether the y rows of T are ``T(A, [B, 0])`` over all columns; a single verdict looks at what [q; −W₀q] sees of them.

    The layers before change the y-part of a query token, and so a later layer meets [q; −W q] with any W (in GD++ another q as well).
    """
    if isinstance(layer, ExactLayer):
        layer, start = layer.at(verdict.initial)
        A, columns = _member(layer.field.number(verdict.step_size), start)
        return equal(layer.tensor.rows(slice(layer.d_x, None)).dense(), CanonicalTensor(((A, columns),)).dense())
    A, columns = _member(float(verdict.step_size), verdict.initial)
    predicted = layer.outputs()
    gap = predicted.difference((Ball(A, 0.0), Ball(columns, 0.0))).value()
    return not gap or gap < tolerance * predicted.value()


def _member(step: Number, initial: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The y rows of A, and B for all columns."""
    member = Member(step, initial, identity(initial[:, 0]), identity(initial[0]))
    return member.A, member.whole(0 * step)[1]
