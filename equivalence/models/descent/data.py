"""The same step, taken by the data."""

from __future__ import annotations

from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import weight_change


def data_step(weights: M, inputs: M, targets: M, queries: M, outputs: M, rate: Scalar) -> tuple[M, M]:
    """The same step taken by the data, with the weights left alone: ``Y ← Y − ΔW X`` and ``y ← y − ΔW q`` (eq. 4).

    Args:
        weights: W₀, which no step changes.
        inputs, targets: X, and Y as left by the steps before.
        queries, outputs: Q, d_x x M, and the queries' y-part, d_y x M, which starts at −W₀Q; the prediction is minus it.
        rate: η.

    Returns:
        The new targets and the new outputs.
    """
    change = weight_change(weights, inputs, targets, rate)
    return targets - change @ inputs, outputs - change @ queries
