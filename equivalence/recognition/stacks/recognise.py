"""Are these layers K steps? The entry: layer by layer, and for rational weights as a function too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.models.heads import Layer
from equivalence.recognition.exact.decided import decided
from equivalence.recognition.field import RATIONALS, Matrix, field_of, rational
from equivalence.recognition.layer import ExactLayer, FloatingLayer, is_exact, read, read_initial
from equivalence.recognition.result import DESCENT, GDPP, NONE
from equivalence.recognition.stacks.certificate import certified, descent_steps, gdpp_steps, polynomial_step
from equivalence.recognition.stacks.composition import stack_norms
from equivalence.recognition.stacks.layerwise import Layerwise, is_step, layer_by_layer
from equivalence.recognition.stacks.polynomial import DEGREE, as_polynomial, find_witness, one_token_polynomial, real_steps
from equivalence.recognition.stacks.result import AcceptedStack, RefusedStack, StackRecognition


def recognise_stack(
    layers: Sequence[Layer], *, d_x: int, d_y: int, initial: Matrix | None = None, tolerance: float = 0.1
) -> StackRecognition:
    """Whether K linear-attention layers with residual are K steps from one W₀, each at its own rate.

    *Layer by layer.* Each layer must be a step at this W₀; all but the last on the context tokens too; and from the second on for
    any query token, as that is no longer [q; −W₀q]. For GD++ W₀ must be 0. Exact weights are decided, floats measured: `error_bound`
    says how far off they are. γ of the last of several layers is not seen by the prediction (3.4) and left out of account. Weights that are
    Laurent polynomials over the rationals are also run end to end against the steps.

    *As a function*, for rational weights that are no steps singly, say as one layer undoes what another did. If the stack predicts
    ``W₀q + (Y − W₀X)Xᵀp(XXᵀ)q`` for a polynomial p, it is K steps of gradient descent exactly if ``1 − λp(λ)`` has degree at most K and
    real roots only. That there is such a p is certified over prime fields, all else is decided, for the W₀ that is shown: the one
    given, or that of all layers added up, which are the stack to first order in CCᵀ (or, if that is no step, that of the first layer
    that is one). Whether such a stack is GD++ is not decided, nor what one is whose tokens are of degree above 1000 in a single token, or
    whose degree no certificate reaches (some 40 layers of dense weights): `reason` says so.

    Args:
        layers: at least one, on tokens of d_x + d_y rows, all exact or all of floats.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀; found if not given: that of the first layer that is a step. Floats that are GD++ are tried from 0 too.
        tolerance: for floats, as for `recognise`; each layer must keep it.

    Raises:
        TypeError, ValueError: as `recognise`, naming the layer; and for no layers, or exact and floating ones together.
    """
    _check(layers)
    stack = [_read(number, layer, d_x, d_y) for number, layer in enumerate(layers, 1)]
    start = None if initial is None else read_initial(initial, stack[0])
    exact = [layer for layer in stack if isinstance(layer, ExactLayer)]
    if not exact:
        return _measured([layer for layer in stack if isinstance(layer, FloatingLayer)], start, tolerance)
    alone = layer_by_layer(exact, start, tolerance)
    return _as_steps(exact, alone) if alone.family != NONE else _as_function(exact, alone, start is None)


def _check(layers: object) -> None:
    """Whether they are layers, all exact or all of floats."""
    if isinstance(layers, Layer) or not isinstance(layers, list | tuple):
        raise TypeError(f"layers: expected a list of Layers, got {type(layers).__name__}; a single layer is [layer]")
    if not layers:
        raise ValueError("layers: expected at least one, got none")
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers: expected Layers, got {type(layer).__name__} as layer {number}")
    if len({is_exact("layers", weight) for layer in layers for head in layer.heads for weight in head}) > 1:
        raise TypeError("layers: expected weights that are all exact or all floats, got both; convert with layer.to_numpy()")


def _read(number: int, layer: Layer, d_x: int, d_y: int) -> ExactLayer | FloatingLayer:
    try:
        return read(layer, d_x, d_y)
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {number}: {error}") from None


def _measured(layers: Sequence[FloatingLayer], initial: np.ndarray | None, tolerance: float) -> StackRecognition:
    """Of floats the layers alone are judged. GD++ needs W₀ = 0 exactly, which an estimate never is."""
    alone = layer_by_layer(layers, initial, tolerance)
    if alone.family == NONE and initial is None and any(verdict.family == GDPP for verdict in alone.verdicts):
        at_zero = layer_by_layer(layers, np.zeros((layers[0].d_y, layers[0].d_x)), tolerance)
        alone = at_zero if at_zero.family != NONE else alone
    if alone.family == NONE:
        return _refused(alone)
    return AcceptedStack(
        family=alone.family,
        layers=alone.verdicts,
        initial=alone.initial,
        step_sizes=alone.step_sizes,
        norms=stack_norms(layers, alone.verdicts),
    )


def _as_steps(layers: Sequence[ExactLayer], alone: Layerwise) -> StackRecognition:
    """Layers that are steps, run end to end where that can be done."""
    run = _run(layers, alone.initial)
    if alone.family == DESCENT:
        expected, name = descent_steps(alone.step_sizes), "steps of gradient descent"
    else:
        gammas = [verdict.gamma or sympy.Integer(0) for verdict in alone.verdicts]
        expected, name = gdpp_steps(alone.step_sizes, gammas), "steps of GD++"
    result = certified(run.matrices, alone.initial, expected, name)
    if result is not None and not result.holds:
        raise ArithmeticError(f"the layers are steps singly, but not together; this is a fault of the recognition: {result.messages[0]}")
    coefficients = one_token_polynomial(run.layers, run.initial) if run.rational else None
    return AcceptedStack(
        family=alone.family,
        layers=alone.verdicts,
        initial=alone.initial,
        step_sizes=alone.step_sizes,
        polynomial=None if coefficients is None else as_polynomial(coefficients),
        certificate=None if result is None else result.error_bound,
    )


def _as_function(layers: Sequence[ExactLayer], alone: Layerwise, start_is_open: bool) -> StackRecognition:
    """Exact layers that are no steps singly: perhaps they are together."""
    if not _run(layers, alone.initial).rational:
        return _refused(alone, "as a function it was not decided, the weights not being rational")
    if start_is_open and is_step(whole := decided(_added(layers), None, sympy.Integer(1))):
        alone = layer_by_layer(layers, whole.initial, 0.0)
        if alone.family != NONE:
            return _as_steps(layers, alone)
    run = _run(layers, alone.initial)
    coefficients = one_token_polynomial(run.layers, run.initial) if run.rational else None
    if coefficients is None:
        why = f"a single token being of degree above {DEGREE}" if run.rational else "W₀ not being rational"
        return _refused(alone, f"as a function it was not decided, {why}")
    result = certified(run.matrices, alone.initial, polynomial_step([*map(rational, coefficients)]), "a polynomial step")
    if result is None or not result.holds:
        witness = find_witness(run.layers, run.initial, coefficients)
        if result is None and witness is None:
            return _refused(alone, "as a function it was not decided, its degree being too high for a certificate")
        return _refused(alone, "as a function it is W₀q + (Y − W₀X)Xᵀp(XXᵀ)q for no polynomial p", witness=witness)
    step_sizes, reason = real_steps(coefficients, len(layers))
    known = {"polynomial": as_polynomial(coefficients), "certificate": result.error_bound}
    if reason:
        return _refused(alone, f"as a function it is a polynomial step, but {reason}", **known)
    return AcceptedStack(family=DESCENT, layers=alone.verdicts, initial=alone.initial, step_sizes=step_sizes, **known)


def _refused(alone: Layerwise, about: str = "", **known: object) -> RefusedStack:
    reason = "; ".join(part for part in (alone.reason, about) if part)
    return RefusedStack(layers=alone.verdicts, initial=alone.initial, reason=reason, **known)  # type: ignore[arg-type]


def _added(layers: Sequence[ExactLayer]) -> ExactLayer:
    """One layer of all heads: the stack to first order in CCᵀ. Of rationals."""
    tensor = type(layers[0].tensor)(tuple(pair for layer in layers for pair in layer.tensor.pairs))
    heads = tuple(head for layer in layers for head in layer.heads)
    return ExactLayer(heads, layers[0].d_x, layers[0].d_y, layers[0].field, tensor)


class _Run(NamedTuple):
    """A stack that can be run end to end.

    Attributes:
        matrices: of SymPy matrices.
        layers: of arrays of numbers in the field of the weights and W₀.
        initial: W₀, such an array.
        rational: whether that field is the rationals, FLINT's.
    """

    matrices: list[Layer]
    layers: list[Layer]
    initial: np.ndarray
    rational: bool


def _run(layers: Sequence[ExactLayer], initial: sympy.MatrixBase) -> _Run:
    matrices = [layer.matrices for layer in layers]
    entries = (entry for matrix in (initial, *(w for layer in matrices for head in layer.heads for w in head)) for entry in matrix)
    field = RATIONALS if all(layer.field is RATIONALS for layer in layers) and all(e.is_Rational for e in initial) else field_of(entries)
    arrays = [Layer(layer.over(field).heads) for layer in layers]
    return _Run(matrices, arrays, field.array(initial.tolist()), field is RATIONALS)
