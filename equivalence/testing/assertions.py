"""An assertion for the test suites of others: ``from equivalence.testing import assert_gradient_descent``, in any pytest file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from equivalence.algebras.rational_functions import exact
from equivalence.falsification.search import falsify
from equivalence.models.heads import Layer
from equivalence.predictors.predictor import Predictor

ROUNDED_WEIGHTS = 1e-5
"""The relative distance that a layer may have by default: float32 rounds a weight by 6e-8, and four are multiplied; the rest is room for
gauges that are badly conditioned."""


def assert_gradient_descent(
    subject: Layer | Sequence[Layer] | Predictor, *, d_x: int, d_y: int, step_size: float | Sequence[float] | None = None, **options: Any
) -> None:
    """Fail unless a layer is one step of gradient descent, a stack K steps, or a callable keeps the laws of one on all instances searched.

    Layers are decided (exact weights), or measured (floats); a callable can only be refuted: passing is evidence, no proof.

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
    is_stack = isinstance(subject, list | tuple) and not isinstance(subject, Layer)
    if _is_several(step_size) and not is_stack:
        raise TypeError(f"step_size: expected one number, got {step_size}; only a list of layers takes several")
    about: Any = _about_stack if is_stack else _about_layer if isinstance(subject, Layer) else _about_callable
    complaint = about(subject, d_x, d_y, step_size, options)
    if complaint:
        raise AssertionError(complaint)


def _about_layer(layer: Any, d_x: int, d_y: int, step_size: float | None, options: dict[str, Any]) -> str:
    from equivalence.recognition import recognise  # not needed for callables

    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    found = recognise(layer, d_x=d_x, d_y=d_y, **allowed)
    if found.family != "gradient descent":
        return f"expected a layer that is gradient descent, got\n{found}"
    if step_size is None or _is_near(found.step_size, step_size, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step size s = {step_size}, got {found.step_size}"


def _about_stack(layers: Any, d_x: int, d_y: int, step_size: Any, options: dict[str, Any]) -> str:
    from equivalence.recognition.stacks import recognise_stack  # not needed for callables

    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    found = recognise_stack(layers, d_x=d_x, d_y=d_y, **allowed)
    if found.family != "gradient descent":
        return f"expected a stack that is gradient descent, got\n{found}"
    if step_size is None:
        return ""
    expected = list(step_size) if _is_several(step_size) else [step_size] * len(layers)
    if len(expected) != len(layers):
        raise ValueError(f"step_size: expected one number or {len(layers)}, one a layer, got {len(expected)}")
    if _are_near(found.step_sizes, expected, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step sizes s = {_listed(expected)}, got {_listed(found.step_sizes)}"


def _is_several(step_size: Any) -> bool:
    return isinstance(step_size, list | tuple | np.ndarray)


def _are_near(found: Sequence[Any], expected: Sequence[Any], tolerance: float) -> bool:
    """In any order. Exact ones are crossed off one by one, as symbols have no order."""
    if isinstance(found[0], float):
        return all(_is_near(s, each, tolerance) for s, each in zip(sorted(found), sorted(expected), strict=True))
    left = list(found)
    for each in expected:
        place = next((i for i, s in enumerate(left) if _is_near(s, each, tolerance)), None)
        if place is None:
            return False
        del left[place]
    return True


def _listed(numbers: Sequence[Any]) -> str:
    return ", ".join(map(str, numbers))


def _is_near(found: Any, expected: Any, tolerance: float) -> bool:
    """Equal, of exact numbers; within the tolerance, of floats."""
    if not isinstance(found, float):
        return exact.difference(found, exact.scalar(expected)) is None
    return abs(found - expected) <= tolerance * abs(expected)


def _about_callable(predict: Any, d_x: int, d_y: int, step_size: Any, options: dict[str, Any]) -> str:
    found = falsify(predict, d_x=d_x, d_y=d_y, **options)
    if found.refuted:
        return f"expected a callable that is gradient descent\n{found}"
    slack = found.rounding * found.unit * abs(step_size or 0)
    wrong = [f"{s} at N = {count}" for count, s in found.step_sizes.items() if step_size is not None and abs(s - step_size) > slack]
    return f"expected gradient descent with step size s = {step_size}, got {', '.join(wrong)}" if wrong else ""
