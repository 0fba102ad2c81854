"""Are these layers K steps? The entry: layer by layer, and for rational weights as a function too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import flint
import numpy as np
import sympy

from equivalence.models.heads import Head, Layer
from equivalence.recognition.result import DESCENT, GDPP, NONE
from equivalence.recognition.stacks.certificate import certified, descent_steps, gdpp_steps, polynomial_step
from equivalence.recognition.stacks.layerwise import is_step, layer_by_layer, recognised
from equivalence.recognition.stacks.polynomial import DEGREE, as_polynomial, find_witness, one_token_polynomial, rational, real_steps
from equivalence.recognition.stacks.result import StackRecognition
from equivalence.recognition.weights import is_exact, read


def recognise_stack(layers: Sequence[Layer], *, d_x: int, d_y: int, initial: Any = None, tolerance: float = 0.1) -> StackRecognition:
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
    exact = _checked(layers)
    how = {"d_x": d_x, "d_y": d_y, "tolerance": tolerance}
    found = layer_by_layer(layers, initial, how)
    if not exact:
        return _measured(layers, found, initial is None, how)
    return _as_steps(layers, found) if found.family != NONE else _as_function(layers, found, initial is None, how)


def _checked(layers: Any) -> bool:
    """Whether the layers are exact, if they are layers."""
    if isinstance(layers, Layer) or not isinstance(layers, list | tuple):
        raise TypeError(f"layers: expected a list of Layers, got {type(layers).__name__}; a single layer is [layer]")
    if not layers:
        raise ValueError("layers: expected at least one, got none")
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise TypeError(f"layers: expected Layers, got {type(layer).__name__} as layer {number}")
    if len(kinds := {is_exact("layers", weight) for layer in layers for head in layer.heads for weight in head}) > 1:
        raise TypeError("layers: expected weights that are all exact or all floats, got both; convert with layer.to_numpy()")
    return kinds == {True}


def _measured(layers: Sequence[Layer], found: StackRecognition, at_zero_too: bool, how: dict[str, Any]) -> StackRecognition:
    """Of floats the layers alone are judged. GD++ needs W₀ = 0 exactly, which an estimate never is."""
    if found.family == NONE and at_zero_too and any(layer.family == GDPP for layer in found.layers):
        at_zero = layer_by_layer(layers, np.zeros((how["d_y"], how["d_x"])), how)
        found = at_zero if at_zero.family != NONE else found
    return replace(found, weights=tuple(layers))


def _as_steps(layers: Sequence[Layer], found: StackRecognition) -> StackRecognition:
    """Layers that are steps, run end to end where that can be done."""
    run = _run(layers, found.initial)
    if found.family == DESCENT:
        expected, name = descent_steps(found.step_sizes), "steps of gradient descent"
    else:
        expected, name = gdpp_steps(found.step_sizes, [layer.gamma or sympy.Integer(0) for layer in found.layers]), "steps of GD++"
    result = certified(run.matrices, found.initial, expected, name)
    if result is not None and not result.holds:
        raise ArithmeticError(f"the layers are steps singly, but not together; this is a fault of the recognition: {result.messages[0]}")
    coefficients = one_token_polynomial(run.layers, run.initial) if run.rational else None
    polynomial = None if coefficients is None else as_polynomial(coefficients)
    return replace(found, polynomial=polynomial, certificate=None if result is None else result.error_bound)


def _as_function(layers: Sequence[Layer], found: StackRecognition, start_is_open: bool, how: dict[str, Any]) -> StackRecognition:
    """Exact layers that are no steps singly: perhaps they are together."""
    if not _run(layers, found.initial).rational:
        return _refused(found, "as a function it was not decided, the weights not being rational")
    if start_is_open and is_step(whole := recognised("all layers added up", _added(layers), None, how)):
        found = layer_by_layer(layers, whole.initial, how)
        if found.family != NONE:
            return _as_steps(layers, found)
    run = _run(layers, found.initial)
    coefficients = one_token_polynomial(run.layers, run.initial) if run.rational else None
    if coefficients is None:
        why = f"a single token being of degree above {DEGREE}" if run.rational else "W₀ not being rational"
        return _refused(found, f"as a function it was not decided, {why}")
    expected = polynomial_step([rational(each) for each in coefficients])
    result = certified(run.matrices, found.initial, expected, "a polynomial step")
    if result is None or not result.holds:
        witness = find_witness(run.layers, run.initial, coefficients)
        if result is None and witness is None:
            return _refused(found, "as a function it was not decided, its degree being too high for a certificate")
        return replace(_refused(found, "as a function it is W₀q + (Y − W₀X)Xᵀp(XXᵀ)q for no polynomial p"), witness=witness)
    step_sizes, reason = real_steps(coefficients, len(layers))
    found = replace(found, polynomial=as_polynomial(coefficients), certificate=result.error_bound)
    if reason:
        return _refused(found, f"as a function it is a polynomial step, but {reason}")
    return replace(found, family=DESCENT, reason="", step_sizes=step_sizes)


def _refused(found: StackRecognition, more: str) -> StackRecognition:
    return replace(found, reason=f"{found.reason}; {more}")


def _added(layers: Sequence[Layer]) -> Layer:
    """One layer with the heads of all."""
    return Layer(tuple(head for layer in layers for head in layer.heads))


class _Run(NamedTuple):
    """Exact layers, to be run.

    Attributes:
        matrices: of SymPy matrices.
        layers: of arrays of numbers in the field of the weights and W₀.
        initial: W₀, such an array.
        rational: whether that field is the rationals, FLINT's.
    """

    matrices: list[Layer]
    layers: list[Layer]
    initial: Any
    rational: bool


def _run(layers: Sequence[Layer], initial: Any) -> _Run:
    d_y, d_x = initial.shape
    weights = read(_added(layers), d_x, d_y, initial)
    if weights.field is None:
        raise TypeError("layers: expected exact weights, got floats")
    heads = iter(weights.heads)
    arrays = [Layer(tuple(Head(*next(heads)) for _ in layer.heads)) for layer in layers]
    matrices = [Layer(tuple(Head(*map(weights.field.matrix, head)) for head in layer.heads)) for layer in arrays]
    return _Run(matrices, arrays, weights.initial, isinstance(weights.field.number(0), flint.fmpq))
