"""Means of independent draws against exact expectations.

By the central limit theorem a right mean is further off than 5 of its standard errors with a probability of about 5.7e-7 for each
comparison. The standard errors come from the draws' own spread. Keys are fixed, so that a test that has passed passes again.
"""

import math
from typing import Any

import numpy as np

DEVIATIONS = 5
DRAWS = 20_000
"""The least number of draws for which the central limit is taken as reached."""


def standard_error(draws: np.ndarray) -> float:
    """Of the mean."""
    assert draws.size >= DRAWS
    return float(draws.std(ddof=1)) / math.sqrt(draws.size)


def assert_mean(draws: Any, expected: Any) -> None:
    """The mean is within `DEVIATIONS` standard errors of the expectation."""
    draws = np.asarray(draws, dtype=float).ravel()
    off = (draws.mean() - float(expected)) / standard_error(draws)
    assert abs(off) <= DEVIATIONS, f"mean {draws.mean():.6g} is {off:.1f} standard errors from {float(expected):.6g}"
