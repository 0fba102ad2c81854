r"""The nearest step with a left factor D and a preconditioner C, where there are several targets (statement 9.2).

In the coordinates [x; r] the tensor of such a step is ``−½ D ⊗ C`` where one token is a residual and the other an input, and 0 elsewhere.
So the nearest one has the first singular vectors of that block, as a matrix of d_y² rows. Where that is too large to be formed it is
searched for by alternating least squares, which may miss it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from equivalence.recognition.floats.nearest import Candidate, Start, best, best_right, scaled
from equivalence.recognition.rounding import UNIT
from equivalence.recognition.tensor.canonical import frobenius, left_slope
from equivalence.recognition.tensor.enclosed import NUMBERS
from equivalence.recognition.tensor.lowrank import Array, Matrix, on_columns

FEW, MANY = 3, 60
"""Alternations for each W₀, and for the one that is best after these."""
DECOMPOSED = 256
"""Up to so many rows or columns singular values are computed; of longer sides that takes too long."""


def best_two_sided(starts: Sequence[Start]) -> Candidate:
    """The nearest step with C and D over several W₀; where it is searched for, the nearest of a few rounds is refined."""
    candidate = best(starts, partial(nearest_two_sided, rounds=FEW))
    return candidate if candidate.proved else nearest_two_sided(candidate.start, MANY)


def nearest_two_sided(start: Start, rounds: int) -> Candidate:
    """The nearest step with C and D, or what so many rounds of a search find."""
    d_y, d_x = start.initial.shape
    if min(d_x, d_y) ** 2 <= DECOMPOSED and (d_x * d_y) ** 2 <= NUMBERS:
        return _decomposed(start)
    return max((_searched(start, D, rounds) for D in _first_left_factors(start)), key=lambda candidate: candidate.square)


def _decomposed(start: Start) -> Candidate:
    d_y, d_x = start.initial.shape
    product = -2 * start.seen.mixed(slice(d_x, None), slice(d_x)).reshape(d_y * d_y, d_x * d_x)
    lefts, values, rights = np.linalg.svd(product, full_matrices=False)
    D, C = lefts[:, 0].reshape(d_y, d_y), values[0] * rights[0].reshape(d_x, d_x)
    return Candidate(start, float(values[0]) ** 2 / 2, partial(scaled, start.initial, D, C))


def _searched(start: Start, D: Matrix, rounds: int) -> Candidate:
    """By alternating least squares from a left factor.

    It ends where as many more rounds as there may be, each like the last one, would not halve the square of the distance.
    """
    initial, seen = start.initial, start.seen.tensor
    d_y, d_x = initial.shape
    C, square = best_right(seen, _residual_rows(D, d_x), d_x)
    for _ in range(rounds if square else 0):
        before = square
        slope = left_slope(seen, on_columns(lambda columns: np.concatenate([columns, np.zeros((d_y, columns.shape[1]))]), C))
        D = slope[:, d_x:] * (-2 / frobenius(C, C))
        C, square = best_right(seen, _residual_rows(D, d_x), d_x)
        if square - before <= (start.square - square) / (2 * MANY):
            break
    return Candidate(start, square, partial(scaled, initial, D, C), proved=False)


def _residual_rows(D: Matrix, d_x: int) -> Array:
    """``D[0, −I]``."""
    return np.concatenate([np.zeros((D.shape[0], d_x)), -np.asarray(D)], axis=1)


def _first_left_factors(start: Start) -> list[Array]:
    """Where searches begin: I, the part of each head that reads residuals, and one at random, which is orthogonal to nothing."""
    d_y, d_x = start.initial.shape
    own = [np.asarray(A[:, d_x:]) for A, _ in start.seen.tensor.pairs]
    return [np.eye(d_y), max(own, key=lambda part: float(np.linalg.norm(part))), np.random.default_rng(0).normal(size=(d_y, d_y))]


def least_two_sided(start: Start) -> float:
    """What the relative distance to every step with C and D is at least, whatever they are: what T is at two residuals or two inputs."""
    d_x, whole = start.initial.shape[1], start.seen.norm()
    residuals, inputs = (start.seen.block(tokens).norm().low for tokens in (slice(d_x, None), slice(d_x)))
    return float(np.hypot(residuals, inputs)) / whole.high * (1 - 8 * UNIT)
