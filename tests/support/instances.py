"""Instances on which what descents compute is exact, and what rounding may do to metrics of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import jax
import numpy as np

from equivalence.alignment.metrics import Alignment
from equivalence.predictors.derivatives import sensitivity
from equivalence.predictors.predictor import Predictor

UNIT = np.finfo(float).eps / 2
BATCH = 5


def integers(*, d_x: int = 3, d_y: int = 2, N: int = 4, batch: int = BATCH, largest: int = 3, seed: int = 0) -> list[np.ndarray]:
    """A batch of X, Y, q and one W₀, of small integers: with N and rates powers of two all that descents compute is exact in float64."""
    rng = np.random.default_rng(seed)
    shapes = ((batch, d_x, N), (batch, d_y, N), (batch, d_x, 1), (d_y, d_x))
    return [rng.integers(-largest, largest + 1, shape).astype(float) for shape in shapes]


def gamma(roundings: int) -> float:
    """What a product of so many factors 1 + δ, or their inverses, is off by at most (Higham 2002, lemma 3.1)."""
    return roundings * UNIT / (1 - roundings * UNIT)


def assert_cosines(found: Alignment, expected: float, entries: int) -> None:
    """Of sensitivities that are computed exactly, up to a factor: n roundings in each of three sums, two under roots, and 4 more."""
    assert np.all(abs(found.model_cosines - expected) <= gamma(2 * entries + 4))
    assert np.all(abs(found.model_cosines) <= 1)


def assert_roots(found: np.ndarray, squares: list[Fraction]) -> None:
    """Square roots of sums that are exact, rounded once; a fused root is allowed one more."""
    for root, square in zip(found.tolist(), squares, strict=True):
        assert abs(Fraction(root) ** 2 - square) <= square * Fraction(gamma(4))


def square(array: Any) -> Fraction:
    """The exact sum of squares of floats."""
    return sum((Fraction(entry) ** 2 for entry in np.asarray(array).ravel().tolist()), Fraction(0))


def slopes(X: np.ndarray, Y: np.ndarray, W0: np.ndarray) -> list[np.ndarray]:
    """The slopes of one step of gradient descent at rate 1/2, exact on integers and N a power of two."""
    return [W0 - 0.5 / X.shape[2] * (W0 @ x - y) @ x.T for x, y in zip(X, Y, strict=True)]


def same(found: Alignment) -> bool:
    """Whether two predictors agree to the last bit."""
    return not found.model_differences.any() and not found.prediction_differences.any()


def exactly(predict: Predictor, *instance: np.ndarray) -> list[list[Fraction]]:
    """What `sensitivity` gives, as fractions."""
    return [[Fraction(entry) for entry in row] for row in jax.jit(sensitivity, static_argnums=0)(predict, *instance).tolist()]
