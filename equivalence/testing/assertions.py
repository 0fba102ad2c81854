"""An assertion for the test suites of others: ``from equivalence.testing import assert_gradient_descent``, in any pytest file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias, TypeGuard

import numpy as np
import sympy

from equivalence.algebras.rational_functions import exact, number_or_symbol
from equivalence.models.heads import Layer
from equivalence.predictors.predictor import Predictor

ROUNDED_WEIGHTS = 1e-5
"""The relative distance that a layer may have by default: float32 rounds a weight by 6e-8, and four are multiplied; the rest is room for
gauges that are badly conditioned."""

StepSize: TypeAlias = float | str | Fraction | sympy.Expr
Options = Mapping[str, Any]


def assert_gradient_descent(
    subject: Layer | Sequence[Layer] | Predictor,
    *,
    d_x: int,
    d_y: int,
    step_size: StepSize | Sequence[StepSize] | None = None,
    **options: Any,
) -> None:
    """Fail unless a layer is one step of gradient descent, a stack K steps, or a callable keeps the laws of one on all instances searched.

    Layers are decided (exact weights), or measured (floats); a callable can only be refuted: passing says that no law was seen to break on
    the context sizes and the number of instances that the options name, which is evidence, no proof. A step of size 0, which moves no
    prediction, fails too, unless it is asked for by ``step_size=0``.

    Args:
        subject: a linear-attention layer on tokens ``[x; y]``, a list of K of them, or a callable of context_x, context_y and query as
            for `falsify`.
        d_x, d_y: rows of the inputs and of the targets.
        step_size: s = η/N, if that is to be checked too; for a callable at every context size, for a stack the same for all steps or K of
            them, in any order, as their order makes no difference.
        options: for a layer those of `recognise` and for a stack those of `recognise_stack`, the tolerance being 1e-5 if not given:
            trained weights need a larger one; for a callable those of `falsify`.

    Raises:
        AssertionError: it is not gradient descent, or not at that step size; the message shows the counterexample.
        TypeError, ValueError: as `recognise`, `recognise_stack` and `falsify`, for what is wrong with the arguments.
    """
    __tracebackhide__ = True  # pytest then points at the caller's line
    if isinstance(subject, Sequence) and not isinstance(subject, Layer):
        complaint = _about_stack(subject, d_x, d_y, step_size, options)
    elif _is_several(step_size):
        raise TypeError(f"step_size: expected one number, got {step_size}; only a list of layers takes several")
    elif isinstance(subject, Layer):
        complaint = _about_layer(subject, d_x, d_y, step_size, options)
    else:
        complaint = _about_callable(subject, d_x, d_y, step_size, options)
    if complaint:
        raise AssertionError(complaint)


STEPS = ("gradient descent", "rate 0")
"""Rate 0 is told apart by its step size, as it may be asked for."""


def _about_layer(layer: Layer, d_x: int, d_y: int, step_size: StepSize | None, options: Options) -> str:
    from equivalence.recognition import recognise  # not needed for callables

    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    verdict = recognise(layer, d_x=d_x, d_y=d_y, **allowed)
    if verdict.family not in STEPS:
        return f"expected a layer that is gradient descent, got\n{verdict}"
    if step_size is None:
        return f"expected gradient descent, got a layer whose prediction never moves\n{verdict}" if verdict.step_size == 0 else ""
    if _is_near(verdict.step_size, step_size, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step size s = {step_size}, got {verdict.step_size}"


def _about_stack(layers: Sequence[Layer], d_x: int, d_y: int, step_size: StepSize | Sequence[StepSize] | None, options: Options) -> str:
    from equivalence.recognition.stacks import recognise_stack  # not needed for callables

    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    verdict = recognise_stack(layers, d_x=d_x, d_y=d_y, **allowed)
    if verdict.family not in STEPS:
        return f"expected a stack that is gradient descent, got\n{verdict}"
    if step_size is None:
        idle = sum(size == 0 for size in verdict.step_sizes)
        return f"expected {len(layers)} steps of gradient descent, got {idle} of size 0, which move nothing\n{verdict}" if idle else ""
    expected = list(step_size) if _is_several(step_size) else [step_size] * len(layers)
    if len(expected) != len(layers):
        raise ValueError(f"step_size: expected one number or {len(layers)}, one a layer, got {len(expected)}")
    if _are_near(verdict.step_sizes, expected, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step sizes s = {_listed(expected)}, got {_listed(verdict.step_sizes)}"


def _about_callable(predict: Predictor, d_x: int, d_y: int, step_size: StepSize | None, options: Options) -> str:
    from equivalence.falsification.search import falsify  # not needed for layers

    verdict = falsify(predict, d_x=d_x, d_y=d_y, **options)
    if verdict.refuted:
        return f"expected a callable that is gradient descent\n{verdict}"
    if step_size is None:
        return f"expected gradient descent, got a callable that targets do not move everywhere\n{verdict}" if verdict.still else ""
    expected = _number(step_size)
    tolerances = verdict.step_tolerances
    wrong = [f"{size} at N = {count}" for count, size in verdict.step_sizes.items() if not abs(size - expected) <= tolerances[count]]
    return f"expected gradient descent with step size s = {step_size}, got {', '.join(wrong)}\n{verdict}" if wrong else ""


def _is_several(step_size: StepSize | Sequence[StepSize] | None) -> TypeGuard[Sequence[StepSize]]:
    return isinstance(step_size, list | tuple | np.ndarray)


def _are_near(sizes: Sequence[StepSize], expected: Sequence[StepSize], tolerance: float) -> bool:
    """In any order. Exact ones are crossed off one by one, as symbols have no order."""
    if isinstance(sizes[0], float):
        pairs = zip(sorted(sizes), sorted(map(_number, expected)), strict=True)
        return all(_is_near(size, wanted, tolerance) for size, wanted in pairs)
    left = list(sizes)
    for wanted in expected:
        place = next((i for i, size in enumerate(left) if _is_near(size, wanted, tolerance)), None)
        if place is None:
            return False
        del left[place]
    return True


def _is_near(size: StepSize, expected: StepSize, tolerance: float) -> bool:
    """Equal, of exact numbers; within the tolerance, of floats."""
    if not isinstance(size, float):
        return exact.difference(size, exact.scalar(expected)) is None
    wanted = _number(expected)
    return abs(size - wanted) <= tolerance * abs(wanted)


def _number(step_size: StepSize) -> float:
    """A step size that floats can be compared with. Raises TypeError or ValueError with its name."""
    if isinstance(step_size, np.number):
        return float(step_size)
    number = number_or_symbol("step_size", step_size)
    if not number.is_number:
        raise TypeError(f"step_size: expected a number, as what it is compared with is in floats, got {step_size!r}")
    return float(number)


def _listed(numbers: Sequence[StepSize]) -> str:
    return ", ".join(map(str, numbers))
