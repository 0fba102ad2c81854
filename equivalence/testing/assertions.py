"""An assertion for the test suites of others: ``from equivalence.testing import assert_gradient_descent``, in any pytest file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from equivalence.checks import legible
from equivalence.models.heads import Layer
from equivalence.models.origins import origin_of
from equivalence.predictors.predictor import Predictor
from equivalence.testing.step_sizes import Found, StepSize, are_near, as_float, is_near, is_several, is_uphill, read_step_size

ROUNDED_WEIGHTS = 1e-5
"""The relative distance that a layer may have by default: float32 rounds a weight by 6e-8, and four are multiplied; the rest is room for
gauges that are badly conditioned."""

Options = Mapping[str, Any]


def assert_gradient_descent(
    subject: Layer | Sequence[Layer] | Predictor,
    *,
    d_x: int,
    d_y: int,
    step_size: StepSize | Sequence[StepSize] | None = None,
    allow_left_out: bool = False,
    **options: Any,
) -> None:
    """Fail unless a layer is one step of gradient descent, a stack K steps, or a callable keeps the laws of one on all instances searched.

    Layers are decided (exact weights), or measured (floats); a callable can only be refuted: passing says that no law was seen to break on
    the context sizes and the number of instances that the options name, which is evidence, no proof. A step of size 0, which moves no
    prediction, fails too, unless it is asked for by ``step_size=0``; and so does a negative one, which goes uphill.

    Args:
        subject: a linear-attention layer on tokens ``[x; y]``, a list of K of them, or a callable of context_x, context_y and query as
            for `falsify`.
        d_x, d_y: rows of the inputs and of the targets.
        step_size: s = η/N, if that is to be checked too; for a callable at every context size, for a stack the same for all steps or K of
            them, in any order, as their order makes no difference.
        allow_left_out: whether layers may be without a bias or a norm that their model has, as a loader says of them; what they are is then
            true of the layers, and not of the model.
        options: for a layer those of `recognise` and for a stack those of `recognise_stack`, the tolerance being 1e-5 if not given:
            trained weights need a larger one; for a callable those of `falsify`.

    Raises:
        AssertionError: it is not gradient descent, or not at that step size; the message shows the counterexample.
        TypeError, ValueError: a step size that is no finite real number or symbol, or no float where it is compared with floats; for the
            other arguments as `recognise`, `recognise_stack` and `falsify`.
    """
    __tracebackhide__ = True  # pytest then points at the caller's line
    if not allow_left_out and (complaint := _about_left_out(subject)):
        raise AssertionError(complaint)
    if isinstance(subject, Sequence) and not isinstance(subject, Layer):
        complaint = _about_stack(subject, d_x, d_y, step_size, options)
    elif is_several(step_size):
        raise TypeError(f"step_size: expected one number, got {step_size}; only a list of layers takes several")
    elif isinstance(subject, Layer):
        complaint = _about_layer(subject, d_x, d_y, step_size, options)
    else:
        complaint = _about_callable(subject, d_x, d_y, step_size, options)
    if complaint:
        raise AssertionError(complaint)


def _about_left_out(subject: object) -> str:
    """What a model has beside its layers, by what is known of their origin."""
    layers = subject if isinstance(subject, list | tuple) and not isinstance(subject, Layer) else [subject]
    left_out = {part for layer in layers for part in origin_of(layer).left_out if part.matters}
    if not left_out:
        return ""
    named = ", ".join(f"{part.kind} {legible(part.name)!r}" for part in sorted(left_out))
    return f"expected layers that are all of their model, got layers without {named}; say allow_left_out=True if that is meant"


STEPS = ("gradient descent", "rate 0")
"""Rate 0 is told apart by its step size, as it may be asked for."""
ASCENT = "a negative step goes uphill; ask for it by step_size, or mind the sign with which the prediction is read"


def _about_layer(layer: Layer, d_x: int, d_y: int, step_size: StepSize | None, options: Options) -> str:
    from equivalence.recognition import recognise  # not needed for callables

    expected = None if step_size is None else read_step_size(step_size)
    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    verdict = recognise(layer, d_x=d_x, d_y=d_y, **allowed)
    if verdict.family not in STEPS:
        return f"expected a layer that is gradient descent, got\n{verdict}"
    if expected is None:
        return _about_signs("expected gradient descent, got a layer whose prediction never moves", [verdict.step_size], verdict)
    if is_near(verdict.step_size, expected, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step size s = {step_size}, got {verdict.step_size}"


def _about_stack(layers: Sequence[Layer], d_x: int, d_y: int, step_size: StepSize | Sequence[StepSize] | None, options: Options) -> str:
    from equivalence.recognition.stacks import recognise_stack  # not needed for callables

    given = [*step_size] if is_several(step_size) else [step_size] * len(layers)
    if len(given) != len(layers):
        raise ValueError(f"step_size: expected one number or {len(layers)}, one a layer, got {len(given)}")
    expected = None if step_size is None else [*map(read_step_size, given)]
    allowed = {"tolerance": ROUNDED_WEIGHTS, **options}
    verdict = recognise_stack(layers, d_x=d_x, d_y=d_y, **allowed)
    if verdict.family not in STEPS:
        return f"expected a stack that is gradient descent, got\n{verdict}"
    if expected is None:
        idle = sum(size == 0 for size in verdict.step_sizes)
        still = f"expected {len(layers)} steps of gradient descent, got {idle} of size 0, which move nothing"
        return _about_signs(still, verdict.step_sizes, verdict)
    if are_near(verdict.step_sizes, expected, allowed["tolerance"]):
        return ""
    return f"expected gradient descent with step sizes s = {_listed(given)}, got {_listed(verdict.step_sizes)}"


def _about_signs(still: str, sizes: Sequence[Found], verdict: object) -> str:
    """What is wrong with step sizes where none was asked for; `still` is said of a size of 0."""
    if any(size == 0 for size in sizes):
        return f"{still}\n{verdict}"
    uphill = [size for size in sizes if is_uphill(size)]
    return f"expected gradient descent, got s = {_listed(uphill)}: {ASCENT}\n{verdict}" if uphill else ""


def _about_callable(predict: Predictor, d_x: int, d_y: int, step_size: StepSize | None, options: Options) -> str:
    from equivalence.falsification.search import falsify  # not needed for layers

    expected = None if step_size is None else as_float(read_step_size(step_size))
    verdict = falsify(predict, d_x=d_x, d_y=d_y, **options)
    if verdict.refuted:
        return f"expected a callable that is gradient descent\n{verdict}"
    if verdict.undecided:
        return f"expected a callable that is gradient descent, got one whose rounding may hide that it is none\n{verdict}"
    if expected is None:
        sizes = [0.0 if count in verdict.still else size for count, size in verdict.step_sizes.items()]
        return _about_signs("expected gradient descent, got a callable that targets do not move everywhere", sizes, verdict)
    tolerances = verdict.step_tolerances
    wrong = [f"{size} at N = {count}" for count, size in verdict.step_sizes.items() if not abs(size - expected) <= tolerances[count]]
    return f"expected gradient descent with step size s = {step_size}, got {', '.join(wrong)}\n{verdict}" if wrong else ""


def _listed(numbers: Iterable[object]) -> str:
    return ", ".join(map(str, numbers))
