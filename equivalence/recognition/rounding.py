"""What rounding in double precision may have moved (Higham 2002, lemma 3.1)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

UNIT = np.finfo(float).eps / 2


TINY = float(np.finfo(float).tiny)
"""What a product may lose by underflow is less."""
LOST_SQUARE = math.sqrt(TINY)
"""What a root of a sum of squares may lose, for each square that underflows."""


class Interval(NamedTuple):
    """Where a number lies that is not negative.

    Attributes:
        value: as computed.
        low, high: with rounding.
    """

    value: float
    low: float
    high: float


def gamma(roundings: int) -> float:
    """``γ_k = ku/(1 − ku)``, rounded up."""
    return 1.01 * roundings * UNIT / (1 - roundings * UNIT)


def size(array: np.ndarray) -> float:
    """The Frobenius norm, rounded up."""
    flat = array.ravel()
    return math.sqrt(flat @ flat) * (1 + gamma(array.size + 4)) + underflow(array)


def underflow(array: np.ndarray) -> float:
    """What a Frobenius norm may have lost by underflow: next to nothing for 0."""
    return LOST_SQUARE * math.sqrt(array.size) if array.any() else TINY
