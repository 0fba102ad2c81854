"""Layer by layer: is each a step, on the query tokens that it gets and, but for the last, on the context tokens?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from equivalence.models.heads import Layer
from equivalence.recognition import Recognition, recognise
from equivalence.recognition.exact.solve import equal
from equivalence.recognition.members import Member, identity
from equivalence.recognition.result import DESCENT, GDPP, NONE
from equivalence.recognition.stacks.result import StackRecognition
from equivalence.recognition.tensor.canonical import CanonicalTensor, canonical_tensor, norm
from equivalence.recognition.weights import read

STEPS = (DESCENT, GDPP)


def layer_by_layer(layers: Sequence[Layer], initial: Any, how: dict[str, Any]) -> StackRecognition:
    """The verdict by the layers alone; from no W₀ given, that of the first layer that is a step.

    γ of the last of several layers is left out of account: the prediction does not see it (3.4).
    """
    start = _start(layers, how) if initial is None else initial
    found = tuple(recognised(f"layer {number}", layer, start, how) for number, layer in enumerate(layers, 1))
    if reason := next(_faults(layers, found, how["tolerance"]), ""):
        return StackRecognition(NONE, found, found[0].initial, reason=reason)
    family = GDPP if any(one.family == GDPP for one in found[:-1] or found) else DESCENT
    return StackRecognition(family, found, found[0].initial, tuple(one.step_size for one in found))


def recognised(name: str, layer: Layer, initial: Any, how: dict[str, Any]) -> Recognition:
    """`recognise`, whose errors name the layer."""
    try:
        return recognise(layer, initial=initial, **how)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def is_step(found: Recognition) -> bool:
    """Whether a layer by itself is a step, and not of rate 0: these fix W₀."""
    return found.family in STEPS and found.step_size != 0


def _start(layers: Sequence[Layer], how: dict[str, Any]) -> Any:
    found = (recognised(f"layer {number}", layer, None, how) for number, layer in enumerate(layers, 1))
    first = next(found)
    return first.initial if is_step(first) else next((one.initial for one in found if is_step(one)), first.initial)


def _faults(layers: Sequence[Layer], found: Sequence[Recognition], tolerance: float) -> Iterator[str]:
    """What keeps layers from being steps one after the other."""
    for number, (layer, one) in enumerate(zip(layers, found, strict=True), 1):
        if one.family not in STEPS:
            yield f"layer {number} by itself is {one.family}"
        elif one.context_update != one.family and number < len(found):
            yield f"layer {number} does not update the context tokens as its step does"
        elif number > 1 and not _is_right_for_any_query(layer, one, tolerance):
            yield f"layer {number} is a step for query tokens [q; −W₀q], but not for those that the layers before it leave"
    if any(one.family == GDPP for one in found[:-1]) and any(entry != 0 for row in found[0].initial.tolist() for entry in row):
        yield "layers of GD++ are its steps for W₀ = 0 only (3.3)"


def _is_right_for_any_query(layer: Layer, found: Recognition, tolerance: float) -> bool:
    """Whether the y rows of T are ``T(A, [B, 0])`` over all columns; `recognise` looks at what [q; −W₀q] sees of them.

    The layers before change the y-part of a query token, and so a later layer meets [q; −W q] with any W (in GD++ another q as well).
    """
    d_y, d_x = found.initial.shape
    weights = read(layer, d_x, d_y, found.initial)
    start: Any = weights.initial
    step = weights.field.number(found.step_size) if weights.field else found.step_size
    member = Member(step, start, identity(start[:, 0]), identity(start[0]))
    _, columns = member.whole(0 * step)
    predicted = canonical_tensor(weights.heads).rows(slice(d_x, None))
    if weights.field:
        return equal(predicted.dense(), CanonicalTensor(((member.A, columns),)).dense())
    gap = norm(predicted.difference(member.A, columns))
    return not gap or gap < tolerance * norm(predicted)
