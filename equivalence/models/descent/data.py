"""The same step, taken by the data."""

from __future__ import annotations

from equivalence.algebras.protocol import M, Scalar
from equivalence.models.descent.least_squares import weight_change


def data_step(weights: M, inputs: M, targets: M, queries: M, outputs: M, rate: Scalar) -> tuple[M, M]:
    """The same step taken by the data, with the weights left alone: ``Y ← Y − ΔW X`` and ``y ← y − ΔW q`` (eq. 4).

    Args:
        weights: W₀, d_y x d_x, which no step changes.
        inputs, targets: X, d_x x N, and Y, d_y x N, as left by the steps before.
        queries, outputs: Q, d_x x M, and the queries' y-part, d_y x M, which starts at −W₀Q; the prediction is minus it.
        rate: η.

    Returns:
        The new targets, d_y x N, and the new outputs, d_y x M.

    Raises:
        ValueError, TypeError: sizes that do not fit (arrays of JAX say so by a TypeError), or no example, as the loss is a mean over them.
    """
    change = weight_change(weights, inputs, targets, rate)
    return targets - change @ inputs, outputs - change @ queries
