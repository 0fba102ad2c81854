"""Steps with momentum, on any loss whose gradient is given."""

from __future__ import annotations

from typing import Generic, NamedTuple

from equivalence.algebras.protocol import M, Scalar


class Momentum(NamedTuple, Generic[M]):
    """The state of a descent with momentum.

    Attributes:
        weights: W, d_y x d_x.
        velocity: m, d_y x d_x.
    """

    weights: M
    velocity: M


def momentum_step(state: Momentum[M], slope: M, rate: Scalar, decay: Scalar) -> Momentum[M]:
    """``m ← ηm + g``, ``W ← W − γm`` with the new m (Polyak 1964; Dai et al. 2022, eq. 14, is the same with the rate γη).

    Args:
        state: W and m, each d_y x d_x; m starts at 0.
        slope: g, the gradient at W, d_y x d_x.
        rate: γ, a scalar of the reading.
        decay: η, a scalar of the reading.

    Raises:
        ValueError: W, m and g of different shapes, which NumPy would broadcast.
    """
    shapes = tuple(state.weights.shape), tuple(state.velocity.shape), tuple(slope.shape)
    if len(set(shapes)) > 1:
        raise ValueError(f"slope: expected weights, velocity and gradient of one shape, got {', '.join(map(str, shapes))}")
    velocity = decay * state.velocity + slope
    return Momentum(state.weights - rate * velocity, velocity)
