"""The verdict on floating weights: the simplest family that is near enough, or the nearest GD step and a witness (statement 9.2)."""

from __future__ import annotations

from equivalence.models.heads import Layer
from equivalence.recognition.floats import nearest
from equivalence.recognition.floats.bounds import FloatGap
from equivalence.recognition.floats.initial_models import initial_models
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, Accepted, Recognition, Refused, Undecided
from equivalence.recognition.tensor.canonical import frobenius
from equivalence.recognition.tensor.lowrank import Array, largest_entry
from equivalence.recognition.witness import clear_witness, clearest_columns

SMALLEST, LARGEST = 1e-30, 1e20
"""The least size of T that is judged, and the largest of ``P W_V``, ``W_Kᵀ W_Q`` and W₀: fits multiply many of them."""


def measured(layer: FloatingLayer, initial: Array | None, tolerance: float, count: float) -> Recognition:
    """The simplest family whose nearest member is within the tolerance, or the nearest GD step."""
    _check_range(layer, initial)
    models = [initial] if initial is not None else initial_models(layer.outputs().tensor, layer.d_x, layer.d_y)
    starts = nearest.starts(layer.outputs, models)
    families = [nearest.best_descent, nearest.best_preconditioned, *([nearest.best_two_sided] if layer.d_y > 1 else [])]
    fits = []
    for best in families:
        fits.append(best(starts))
        if not fits[-1].start.square or fits[-1].relative_distance < tolerance:
            return (
                _within(layer, fits[-1], len(fits) - 1, tolerance, count)
                if _survives(fits[-1], tolerance)
                else _lost(fits[0], tolerance, count)
            )
    return _outside(layer, fits[0], tolerance, count)


def _survives(fit: nearest.Candidate, tolerance: float) -> bool:
    """Whether it is within the tolerance however rounding went; where nothing is left but rounding it is a step of rate 0."""
    return not fit.start.square or fit.difference.norm().high < tolerance * fit.start.whole.norm().low


def _check_range(layer: FloatingLayer, initial: Array | None) -> None:
    """Refuse a layer that is not 0 but has inner products that a float cannot hold: distances would be 0, or no numbers."""
    if initial is not None and largest_entry(initial) > LARGEST:
        raise ValueError(f"initial: expected W₀ with entries of at most {LARGEST:.0e}, got {largest_entry(initial):.1e}")
    sizes = [(largest_entry(form.output.matrix), largest_entry(form.scores.matrix)) for form in layer.forms]
    for number, pair in enumerate(sizes):
        for name, size in zip(("P W_V", "W_Kᵀ W_Q"), pair, strict=True):
            if not size <= LARGEST:
                raise ValueError(f"layer: expected {name} of head {number} to have entries of at most {LARGEST:.0e}, got {size:.1e}")
    largest = max(left * right for left, right in sizes)
    if 0 < largest < SMALLEST:
        raise ValueError(
            f"layer: expected weights that do something: P W_V times W_Kᵀ W_Q of at least {SMALLEST:.0e} in some head, got {largest:.1e}"
        )


def _within(layer: FloatingLayer, fit: nearest.Candidate, family: int, tolerance: float, count: float) -> Accepted:
    member = fit.member
    gamma = None if family else nearest.curvature_of(layer.inputs(member.initial), fit.start.whole, layer.d_y, tolerance)
    name = PRECONDITIONED if family else DESCENT if gamma is None else GDPP
    distance = nearest.context_distance(layer.inputs(), layer.outputs(), member, gamma)
    return Accepted(
        family=name,
        exact=False,
        step_size=float(member.step),
        learning_rate=float(member.step) * count,
        gamma=gamma,
        preconditioner=member.preconditioner if family else None,
        left_factor=member.left_factor if family == 2 else None,
        initial=member.initial,
        gauge=_gauge(fit),
        relative_distance=fit.relative_distance,
        context_update=name if distance < tolerance else NONE,
        tolerance=tolerance,
        gap=FloatGap(fit.difference),
    )


def _gauge(fit: nearest.Candidate) -> float | None:
    """1/c is B's share of [C; 0]."""
    if len(fit.start.seen.pairs) > 1:
        return None
    ((_, seen),) = fit.start.seen.pairs
    share = frobenius(seen, fit.member.B)
    return float(frobenius(fit.member.B, fit.member.B) / share) if share else None


def _lost(fit: nearest.Candidate, tolerance: float, count: float) -> Undecided:
    apart, size = fit.difference.norm(), fit.start.whole.norm()
    return Undecided(
        exact=False,
        step_size=float(fit.member.step),
        learning_rate=float(fit.member.step) * count,
        initial=fit.member.initial,
        relative_distance=fit.relative_distance,
        tolerance=tolerance,
        gap=FloatGap(fit.difference),
        note=f"cannot tell at this precision: rounding may account for {apart.high - apart.value:.1e} of the tensor's {size.value:.1e}; "
        "give exact weights, such as arrays of Fractions",
    )


def _outside(layer: FloatingLayer, fit: nearest.Candidate, tolerance: float, count: float) -> Refused:
    initial, step = fit.member.initial, float(fit.member.step)
    columns = clearest_columns(fit.difference.tensor.formed(), initial)
    return Refused(
        exact=False,
        step_size=step,
        learning_rate=step * count,
        initial=initial,
        relative_distance=fit.relative_distance,
        tolerance=tolerance,
        gap=FloatGap(fit.difference),
        witness=clear_witness(Layer(layer.heads), columns, initial, step),
    )
