"""The verdict on floating weights: the simplest family that is near enough, or the nearest GD step and a witness (statement 9.2)."""

from __future__ import annotations

from functools import partial

import numpy as np

from equivalence.models.heads import Head, Layer
from equivalence.recognition.floats import bounds, nearest
from equivalence.recognition.result import DESCENT, GDPP, NONE, PRECONDITIONED, Recognition
from equivalence.recognition.tensor.canonical import Array, CanonicalTensor, canonical_tensor, factored_tensor, frobenius
from equivalence.recognition.tensor.lowrank import largest_entry
from equivalence.recognition.weights import Weights
from equivalence.recognition.witness import clear_witness, clearest_columns

SMALLEST, LARGEST = 1e-30, 1e20
"""The least size of T that is judged, and the largest of ``P W_V``, ``W_Kᵀ W_Q`` and W₀: fits multiply many of them."""


def measured(weights: Weights, d_x: int, d_y: int, tolerance: float) -> Recognition:
    """The simplest family whose nearest member is within the tolerance, or the nearest GD step."""
    with np.errstate(over="ignore", invalid="ignore"):  # refused in the next line
        tensor = factored_tensor(weights.heads)
        predicted = tensor.rows(slice(d_x, None))
    _check_range(predicted, weights.initial)
    models = [weights.initial] if weights.initial is not None else nearest.initial_models(predicted, d_x, d_y)
    starts = nearest.starts(predicted, models)
    families = [nearest.best_descent, nearest.best_preconditioned, *([nearest.best_two_sided] if d_y > 1 else [])]
    fits = []
    for best in families:
        fits.append(best(starts))
        if fits[-1].relative_distance < tolerance:
            return _within(tensor, weights, fits[-1], len(fits) - 1, tolerance)
    return _outside(weights, fits[0])


def _check_range(tensor: CanonicalTensor, initial: Array | None) -> None:
    """Refuse a layer that is not 0 but has inner products that a float cannot hold: distances would be 0, or no numbers."""
    if initial is not None and largest_entry(initial) > LARGEST:
        raise ValueError(f"initial: expected W₀ with entries of at most {LARGEST:.0e}, got {largest_entry(initial):.1e}")
    sizes = [(largest_entry(A), largest_entry(B)) for A, B in tensor.pairs]
    for number, pair in enumerate(sizes):
        for name, size in zip(("P W_V", "W_Kᵀ W_Q"), pair, strict=True):
            if not size <= LARGEST:
                raise ValueError(f"layer: expected {name} of head {number} to have entries of at most {LARGEST:.0e}, got {size:.1e}")
    largest = max(left * right for left, right in sizes)
    if 0 < largest < SMALLEST:
        raise ValueError(
            f"layer: expected weights that do something: P W_V times W_Kᵀ W_Q of at least {SMALLEST:.0e} in some head, got {largest:.1e}"
        )


def _within(tensor: CanonicalTensor, weights: Weights, fit: nearest.Candidate, family: int, tolerance: float) -> Recognition:
    member = fit.member
    d_y, d_x = member.initial.shape
    gamma = None if family else nearest.curvature_of(tensor.rows(slice(d_x)).on_queries(member.initial), fit.start.seen, d_y, tolerance)
    name = PRECONDITIONED if family else DESCENT if gamma is None else GDPP
    distance = nearest.context_distance(tensor, member, gamma)
    return Recognition(
        family=name,
        exact=False,
        step_size=float(member.step),
        learning_rate=None,
        gamma=gamma,
        preconditioner=member.preconditioner if family else None,
        left_factor=member.left_factor if family == 2 else None,
        initial=member.initial,
        gauge=_gauge(fit),
        relative_distance=fit.relative_distance,
        context_update=name if distance < tolerance else NONE,
        witness=None,
        norm=partial(_float_norm, weights, fit),
    )


def _gauge(fit: nearest.Candidate) -> float | None:
    """1/c is B's share of [C; 0]."""
    if len(fit.start.seen.pairs) > 1:
        return None
    ((_, seen),) = fit.start.seen.pairs
    share = frobenius(seen, fit.member.B)
    return float(frobenius(fit.member.B, fit.member.B) / share) if share else None


def _float_norm(weights: Weights, fit: nearest.Candidate) -> float:
    """From the products of the weights themselves, as that is what `bounds.rounding` speaks of."""
    member = fit.member
    seen = canonical_tensor(weights.heads).rows(slice(member.initial.shape[1], None)).on_queries(member.initial)
    return bounds.certified_norm(seen.difference(member.A, member.B), bounds.rounding(weights.heads, member))


def _outside(weights: Weights, fit: nearest.Candidate) -> Recognition:
    member = fit.member
    columns = clearest_columns(fit.difference.formed(), member.initial)
    layer = Layer(tuple(Head(*head) for head in weights.heads))
    return Recognition(
        family=NONE,
        exact=False,
        step_size=float(member.step),
        learning_rate=None,
        gamma=None,
        preconditioner=None,
        left_factor=None,
        initial=member.initial,
        gauge=None,
        relative_distance=fit.relative_distance,
        context_update=NONE,
        witness=clear_witness(layer, columns, member.initial, float(member.step)),
        norm=partial(_float_norm, weights, fit),
    )
