"""Steps with momentum, on any loss whose gradient is given."""

from __future__ import annotations

from typing import Generic, NamedTuple

from equivalence.algebras.protocol import M, Scalar


class Momentum(NamedTuple, Generic[M]):
    """The state of a descent with momentum: W and the velocity m, both d_y x d_x."""

    weights: M
    velocity: M


def momentum_step(state: Momentum[M], slope: M, rate: Scalar, decay: Scalar) -> Momentum[M]:
    """``m ← ηm + g``, ``W ← W − γm`` with the new m (Polyak 1964; Dai et al. 2022, eq. 14, is the same with the rate γη).

    Args:
        state: W and m; m starts at 0.
        slope: g, the gradient at W.
        rate: γ.
        decay: η.
    """
    velocity = decay * state.velocity + slope
    return Momentum(state.weights - rate * velocity, velocity)
