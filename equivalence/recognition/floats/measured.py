"""The verdict on floating weights: the simplest family that is near enough, or the nearest GD step and a witness (statement 9.2)."""

from __future__ import annotations

import math
from typing import NamedTuple

from equivalence.models.heads import Layer
from equivalence.recognition.floats import nearest
from equivalence.recognition.floats.bounds import FloatGap
from equivalence.recognition.floats.families import Family, families
from equivalence.recognition.floats.initial_models import initial_models
from equivalence.recognition.floats.nulls import null_distances, shape_of
from equivalence.recognition.floats.two_sided import least_two_sided
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.question import Question
from equivalence.recognition.result import (
    DESCENT,
    GDPP,
    NONE,
    PRECONDITIONED,
    STILL,
    Accepted,
    Nearness,
    Recognition,
    Refused,
    Still,
    Undecided,
)
from equivalence.recognition.rounding import TINY
from equivalence.recognition.tensor.canonical import frobenius
from equivalence.recognition.tensor.lowrank import Array, largest_entry
from equivalence.recognition.witness import clear_witness, clearest_columns

SMALLEST, LARGEST = 1e-30, 1e20
"""The least size of T that is judged, and the largest of ``P W_V``, ``W_Kᵀ W_Q`` and W₀: fits multiply many of them."""
NOTHING = TINY * LARGEST**3
"""What underflow may account for, of heads that do nothing."""
WORTH, WORTH_SEARCHED = 2, 10
"""A family is named where the distance is so many times below that of random heads: at a given W₀ these have nearly all the same distance;
where W₀ is searched for, for one target, a single number may make a random head near (9.6)."""

SEARCHED = "not found for an unknown W₀: give `initial`"
EXACT = "give exact weights, such as arrays of Fractions"


class Fit(NamedTuple):
    """The nearest member of a family, and what random heads reach."""

    family: Family
    candidate: nearest.Candidate
    null: float

    @property
    def nearness(self) -> Nearness:
        """As it is reported."""
        return Nearness(self.family.name, self.candidate.relative_distance, self.null)


def measured(layer: FloatingLayer, question: Question) -> Recognition:
    """The simplest family whose nearest member is within the tolerance and well below the null, or the nearest GD step."""
    initial, tolerance = question.initial, question.tolerance
    _check_range(layer, initial)
    models = [initial] if initial is not None else initial_models(layer.outputs().tensor, layer.d_x, layer.d_y)
    starts = nearest.starts(layer, models)
    if not starts[0].square:
        return _without_effect(layer, question, nearest.best_descent(starts))
    nulls = null_distances(shape_of(layer.heads), layer.d_x, layer.d_y, searched=initial is None)
    fits = [Fit(family, family.best(starts), null) for family, null in zip(families(layer.d_y), nulls, strict=True)]
    doubt, worth = "", WORTH if initial is not None else WORTH_SEARCHED
    for fit in fits:
        reach = fit.candidate.interval()
        if reach.high < tolerance and worth * reach.high <= fit.null:
            return _within(layer, question, fit, fits)
        if reach.low < tolerance <= reach.high:
            doubt = doubt or _precision(fit)
        elif reach.high < tolerance:
            doubt = (
                doubt or f"{fit.family.name} is within {reach.value:.4g}, but random heads of this shape are within {fit.null:.4g} of it"
            )
        elif not fit.candidate.proved and least_two_sided(fit.candidate.start) < tolerance:
            doubt = doubt or f"{fit.family.name} was searched for and not found, which does not show that there is none; {EXACT}"
    return _undecided(question, fits, doubt) if doubt else _outside(layer, question, fits)


def is_near(layer: FloatingLayer, initial: Array, tolerance: float) -> bool:
    """Whether the nearest member of some family, at this W₀, is within the tolerance: without the rest of a verdict."""
    starts = nearest.starts(layer, [initial])
    return any(family.best(starts).relative_distance < tolerance for family in families(layer.d_y))


def _precision(fit: Fit) -> str:
    apart, size = fit.candidate.apart.norm(), fit.candidate.start.seen.norm()
    lost = f"rounding may account for {apart.high - apart.value:.1e} of the tensor's {size.value:.1e}"
    return f"cannot tell at this precision: {lost}; {EXACT}"


def _without_effect(layer: FloatingLayer, question: Question, candidate: nearest.Candidate) -> Recognition:
    """Nothing is left of the tensor: as it is 0, or as rounding takes all of it."""
    whole = candidate.start.whole
    if whole.norm().high > NOTHING:
        lost = f"rounding may account for {whole.slack:.1e}, which is all of the tensor"
        return _undecided(question, [], f"cannot tell at this precision: {lost}; {EXACT}", candidate)
    member = candidate.member
    inputs, outputs = layer.context_on_residuals(member.initial)
    still = max(inputs.norm().high, outputs.norm().high) <= NOTHING
    gamma = None if still else nearest.curvature_of(layer, candidate.start, question.tolerance)
    curved = gamma is not None and nearest.context_distance(layer, member, gamma) < question.tolerance
    return Still(
        exact=False,
        step_size=0.0,
        learning_rate=0.0,
        gamma=gamma,
        initial=member.initial,
        relative_distance=0.0,
        context_update=STILL if still else GDPP if curved else NONE,
        tolerance=question.tolerance,
        gap=FloatGap(whole),
        query=question.query,
    )


def _undecided(question: Question, fits: list[Fit], note: str, candidate: nearest.Candidate | None = None) -> Undecided:
    nearest_step = candidate or fits[0].candidate
    step = float(nearest_step.member.step)
    return Undecided(
        exact=False,
        step_size=step,
        learning_rate=step * float(question.count),
        initial=nearest_step.start.initial,
        relative_distance=nearest_step.relative_distance,
        tolerance=question.tolerance,
        gap=FloatGap(nearest_step.difference),
        query=question.query,
        families=tuple(fit.nearness for fit in fits),
        note=note,
    )


def _within(layer: FloatingLayer, question: Question, fit: Fit, fits: list[Fit]) -> Accepted:
    member, factors, start = fit.candidate.member, fit.family.factors, fit.candidate.start
    gamma = None if factors else nearest.curvature_of(layer, start, question.tolerance)
    name = PRECONDITIONED if factors else DESCENT if gamma is None else GDPP
    distance = nearest.context_distance(layer, member, gamma)
    return Accepted(
        family=name,
        exact=False,
        step_size=float(member.step),
        learning_rate=float(member.step) * float(question.count),
        gamma=gamma,
        preconditioner=member.preconditioner if factors else None,
        left_factor=member.left_factor if factors == 2 else None,
        initial=member.initial,
        gauge=_gauge(fit.candidate),
        relative_distance=fit.candidate.relative_distance,
        context_update=name if distance < question.tolerance else NONE,
        tolerance=question.tolerance,
        gap=FloatGap(fit.candidate.difference),
        query=question.query,
        families=tuple(other.nearness for other in fits),
    )


def _gauge(fit: nearest.Candidate) -> float | None:
    """1/c is B's share of [C; 0]."""
    if len(fit.start.whole.tensor.pairs) > 1:
        return None
    ((_, seen),) = fit.start.whole.tensor.pairs
    share = frobenius(seen, fit.member.B)
    return float(frobenius(fit.member.B, fit.member.B) / share) if share else None


def _outside(layer: FloatingLayer, question: Question, fits: list[Fit]) -> Recognition:
    """None, for the W₀ in question: of one that was searched for it is not said."""
    if question.initial is None:
        return _undecided(question, fits, SEARCHED)
    candidate = fits[0].candidate
    initial, step = candidate.start.initial, float(candidate.member.step)
    try:
        witness = clear_witness(Layer(layer.heads), [clearest_columns(candidate.difference.tensor, initial)], initial, step)
    except ArithmeticError as error:
        return _undecided(question, fits, f"cannot tell at this precision: {error}; {EXACT}")
    return Refused(
        exact=False,
        step_size=step,
        learning_rate=step * float(question.count),
        initial=initial,
        relative_distance=candidate.relative_distance,
        tolerance=question.tolerance,
        gap=FloatGap(candidate.difference),
        query=question.query,
        families=tuple(fit.nearness for fit in fits),
        witness=witness,
    )


def _check_range(layer: FloatingLayer, initial: Array | None) -> None:
    """Refuse a layer that is not 0 but has inner products that a float cannot hold: distances would be 0, or no numbers."""
    if initial is not None and largest_entry(initial) > LARGEST:
        raise ValueError(f"initial: expected W₀ with entries of at most {LARGEST:.0e}, got {largest_entry(initial):.1e}")
    sizes = [(largest_entry(form.output.matrix), largest_entry(form.scores.matrix)) for form in layer.forms]
    for number, pair in enumerate(sizes):
        for name, size in zip(("P W_V", "W_Kᵀ W_Q"), pair, strict=True):
            if not size <= LARGEST:
                raise ValueError(f"layer: expected {name} of head {number} to have entries of at most {LARGEST:.0e}, got {size:.1e}")
    seen = [(left, largest_entry(form.scores.on(initial).matrix)) for (left, _), form in zip(sizes, layer.forms, strict=True)]
    orders = [math.log10(left) + math.log10(right) for left, right in seen if left and right]  # a product may be no float
    if orders and max(orders) < math.log10(SMALLEST):
        raise ValueError(
            f"layer: expected weights that do something: P W_V times W_Kᵀ W_Q of at least {SMALLEST:.0e} in some head, got "
            f"1e{max(orders):.0f} on the query tokens in question"
        )
