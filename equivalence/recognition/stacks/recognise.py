"""Are these layers K steps? The entry: layer by layer, and for rational weights as a function too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.checks import checked_fraction
from equivalence.models.heads import Layer
from equivalence.recognition.entries import rational
from equivalence.recognition.exact.decided import decided
from equivalence.recognition.exact.solve import sees_inputs_only
from equivalence.recognition.field import RATIONALS, Matrix, field_of
from equivalence.recognition.layer import Arranged, ExactLayer, FloatingLayer, arranged, is_exact
from equivalence.recognition.layout import NamedRows, Rows
from equivalence.recognition.question import Question, asked
from equivalence.recognition.recognise import assumed_of
from equivalence.recognition.result import DESCENT, GDPP, PRECONDITIONED, UNDECIDED, Refused
from equivalence.recognition.setting import Keys, Setting, setting_of
from equivalence.recognition.stacks.certificate import (
    Expected,
    certified,
    descent_steps,
    gdpp_steps,
    polynomial_step,
    preconditioned_steps,
)
from equivalence.recognition.stacks.composition import stack_norms
from equivalence.recognition.stacks.layerwise import Layerwise, is_step, layer_by_layer
from equivalence.recognition.stacks.other_keys import unjudged, with_other_keys
from equivalence.recognition.stacks.polynomial import DEGREE, as_polynomial, find_witness, one_token_polynomial, real_steps
from equivalence.recognition.stacks.result import AcceptedStack, RefusedStack, StackRecognition, UndecidedStack


def recognise_stack(
    layers: Sequence[Layer],
    *,
    d_x: int,
    d_y: int,
    initial: Matrix | str = "zeros",
    tolerance: float = 0.1,
    keys: str = "context",
    prediction: str = "minus",
    x_rows: Rows | None = None,
    y_rows: Rows | None = None,
    constant_row: int | None = None,
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

    *With other keys* (statements 2.2, 2.9, 3.8) or with "plus" read, steps after the first are other functions. A stack of which one
    layer moves anything is judged as that layer. Of two or more steps of gradient descent one is shown to be none, on a context where
    they are run, or for floats by the statement; all else is not decided.

    Args:
        layers: at least one, on tokens of d_x + d_y rows, or of more if their rows are named, all exact or all of floats.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀, d_y x d_x; "zeros"; or "unknown": that of the first layer that is a step. Floats that are GD++ are tried from 0 too.
        tolerance: for floats, as for `recognise`; each layer must keep it.
        keys, prediction, x_rows, y_rows, constant_row: as for `recognise`. A constant that a layer reads is not decided.

    Raises:
        TypeError, ValueError: as `recognise`, naming the layer; and for no layers, or exact and floating ones together.
    """
    _check(layers)
    setting, rows = setting_of(keys, prediction), NamedRows(x_rows, y_rows, None, constant_row)
    reads = [_read(number, layer, d_x, d_y, setting, rows) for number, layer in enumerate(layers, 1)]
    question = asked(initial, reads[0].core, checked_fraction("tolerance", tolerance), sympy.Integer(1), setting)
    verdict = _judged_in_setting(reads, question)
    sizes = tuple(len(head.key) for read in reads for head in read.core.heads)
    first = assumed_of(layers[0], reads[0], question, None)
    reading, writing = any(read.reads for read in reads), any(read.writes for read in reads)
    return replace(verdict, setting=setting, assumed=first._replace(key_dimensions=sizes, reads=reading, writes=writing))


def _judged_in_setting(reads: Sequence[Arranged], question: Question) -> StackRecognition:
    plain = question._replace(setting=question.setting._replace(keys=Keys.context))
    if question.setting.keys is Keys.all and question.initial is None:
        shape = reads[0].core.d_y, reads[0].core.d_x
        plain = plain._replace(initial=sympy.zeros(*shape) if isinstance(reads[0].core, ExactLayer) else np.zeros(shape))
    exact = [read.core for read in reads if isinstance(read.core, ExactLayer)]
    alone = layer_by_layer(exact or [read.core for read in reads], plain)
    if reason := unjudged(reads, alone, question.setting):
        return _open(alone, question, reason)
    if question.setting.keys is not Keys.context and not alone.reason:
        alone, found = with_other_keys(reads, alone, question)
        if found is not None:
            return found
    if not exact:
        return _measured([read.core for read in reads if isinstance(read.core, FloatingLayer)], alone, plain)
    return _as_function(exact, alone, plain) if alone.reason else _as_steps(exact, alone, plain)


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


def _read(number: int, layer: Layer, d_x: int, d_y: int, setting: Setting, rows: NamedRows) -> Arranged:
    try:
        return arranged(layer, d_x, d_y, setting.prediction, rows)
    except (TypeError, ValueError) as error:
        raise type(error)(f"layer {number}: {error}") from None


def _measured(layers: Sequence[FloatingLayer], alone: Layerwise, question: Question) -> StackRecognition:
    """Of floats the layers alone are judged. GD++ needs W₀ = 0 exactly, which an estimate never is."""
    if alone.reason and question.initial is None and any(verdict.family == GDPP for verdict in alone.verdicts):
        at_zero = layer_by_layer(layers, question._replace(initial=np.zeros((layers[0].d_y, layers[0].d_x))))
        alone = alone if at_zero.reason else at_zero
    if alone.reason:
        if question.initial is None:
            return _open(alone, question, "not found for an unknown W₀: give `initial`")
        return _open(alone, question) if alone.family == UNDECIDED else _refused(alone, question)
    return AcceptedStack(
        family=alone.family,
        layers=alone.verdicts,
        initial=alone.initial,
        step_sizes=alone.step_sizes,
        query=question.query,
        norms=stack_norms(layers, alone.verdicts),
    )


def _as_steps(layers: Sequence[ExactLayer], alone: Layerwise, question: Question) -> StackRecognition:
    """Layers that are steps, run end to end where that can be done."""
    run = _run(layers, alone.initial)
    expected, name = _expected(alone)
    result = certified(run.matrices, alone.initial, expected, name)
    if result is not None and not result.holds:
        raise ArithmeticError(f"the layers are steps singly, but not together; this is a fault of the recognition: {result.messages[0]}")
    is_polynomial = run.rational and alone.family != PRECONDITIONED
    coefficients = one_token_polynomial(run.layers, run.initial) if is_polynomial else None
    return AcceptedStack(
        family=alone.family,
        layers=alone.verdicts,
        initial=alone.initial,
        step_sizes=alone.step_sizes,
        query=question.query,
        polynomial=None if coefficients is None else as_polynomial(coefficients),
        certificate=None if result is None else result.error_bound,
    )


def _expected(alone: Layerwise) -> tuple[Expected, str]:
    """The steps, and what they are called."""
    if alone.family == PRECONDITIONED:
        factors = [(verdict.left_factor, verdict.preconditioner) for verdict in alone.verdicts]
        return preconditioned_steps(alone.step_sizes, factors), "preconditioned steps of gradient descent"
    if alone.family == GDPP:
        return gdpp_steps(alone.step_sizes, [verdict.gamma or sympy.Integer(0) for verdict in alone.verdicts]), "steps of GD++"
    return descent_steps(alone.step_sizes), "steps of gradient descent"


def _as_function(layers: Sequence[ExactLayer], alone: Layerwise, question: Question) -> StackRecognition:
    """Exact layers that are no steps singly: perhaps they are together."""
    if not _run(layers, alone.initial).rational:
        return _open(alone, question, "as a function it was not decided, the weights not being rational")
    if question.initial is None and is_step(whole := decided(_added(layers), question)):
        alone = layer_by_layer(layers, question._replace(initial=whole.initial))
        if not alone.reason:
            return _as_steps(layers, alone, question)
    run = _run(layers, alone.initial)
    coefficients = one_token_polynomial(run.layers, run.initial) if run.rational else None
    if coefficients is None:
        why = f"a single token being of degree above {DEGREE}" if run.rational else "W₀ not being rational"
        return _open(alone, question, f"as a function it was not decided, {why}")
    result = certified(run.matrices, alone.initial, polynomial_step([*map(rational, coefficients)]), "a polynomial step")
    if result is None or not result.holds:
        witness = find_witness(run.layers, run.initial, coefficients)
        if result is None and witness is None:
            return _open(alone, question, "as a function it was not decided, its degree being too high for a certificate")
        about = "as a function it is W₀q + (Y − W₀X)Xᵀp(XXᵀ)q for no polynomial p"
        return _at_any_start(_refused(alone, question, about, witness=witness), layers, question)
    step_sizes, reason = real_steps(coefficients, len(layers))
    known = {"polynomial": as_polynomial(coefficients), "certificate": result.error_bound}
    if reason:
        return _at_any_start(_refused(alone, question, f"as a function it is a polynomial step, but {reason}", **known), layers, question)
    return AcceptedStack(family=DESCENT, layers=alone.verdicts, initial=alone.initial, step_sizes=step_sizes, query=question.query, **known)


def _at_any_start(verdict: RefusedStack, layers: Sequence[ExactLayer], question: Question) -> RefusedStack:
    """The verdict; not decided, where W₀ was searched for and not every one is excluded."""
    if question.initial is not None or _is_settled(layers, question):
        return verdict
    reason = f"{verdict.reason}: so at the W₀ shown, not at every one; give the initial model to decide it"
    return UndecidedStack(**{**vars(verdict), "family": UNDECIDED, "reason": reason})


def _is_settled(layers: Sequence[ExactLayer], question: Question) -> bool:
    """Whether no other W₀ would do, for layers that are steps singly, or for all heads together, which is the stack to first order.

    Where no B's y columns are seen, each layer fixes D W₀, and W₀ is such a one; and a step of all heads together fixes W₀.
    """
    unseen = all(sees_inputs_only(layer.tensor.rows(slice(layer.d_x, None)), layer.d_x) for layer in layers)
    whole = decided(_added(layers), question)
    singly = unseen or any(isinstance(decided(layer, question), Refused) for layer in layers)
    return singly and (isinstance(whole, Refused) or (unseen and is_step(whole)))


def _refused(alone: Layerwise, question: Question, about: str = "", **known: object) -> RefusedStack:
    reason = _joined(alone.reason, about)
    return RefusedStack(layers=alone.verdicts, initial=alone.initial, reason=reason, query=question.query, **known)  # type: ignore[arg-type]


def _open(alone: Layerwise, question: Question, about: str = "") -> UndecidedStack:
    return UndecidedStack(layers=alone.verdicts, initial=alone.initial, reason=_joined(alone.reason, about), query=question.query)


def _joined(*reasons: str) -> str:
    return "; ".join(reason for reason in reasons if reason)


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
