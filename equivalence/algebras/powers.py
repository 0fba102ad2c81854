"""Rationals in which softmax is exact: scores are whole numbers, in units of b, and e^(−b) is a rational t; t = 0 is hard attention."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Grid, Rational, dense
from equivalence.algebras.rationals import rational


class Powers(Rational):
    """Matrices over the rationals, with weights ``t^(−z) / Σ t^(−z)`` for scores z: softmax of bz, where ``t = e^(−b)``.

    As b → ∞, t → 0, and the weights become equal on the largest scores and 0 elsewhere: hard attention, which is t = 0.

    Args:
        t: at least 0, at most 1: a rational, as `rational` reads it.

    Raises:
        ValueError: a t that is not between 0 and 1.
    """

    name = "powers"

    def __init__(self, t: object = 0):
        super().__init__()
        self.t = rational(t)
        if not 0 <= self.t <= 1:
            raise ValueError(f"t: expected e^(−b), from 0 (hard attention) to 1, got {self.t}")

    def weights(self, scores: Blocked[Grid[flint.fmpq]]) -> Blocked[Grid[flint.fmpq]]:
        """The weights of each column. Raises ValueError for a score that is no whole number."""
        columns = [self._shares(column) for column in zip(*dense(scores), strict=True)]
        return self._cut(list(zip(*columns, strict=True)), scores.rows, scores.cols)

    def _shares(self, scores: Sequence[flint.fmpq]) -> list[flint.fmpq]:
        if wrong := next((score for score in scores if score.q != 1), None):
            raise ValueError(f"scores: expected whole numbers, in units of b, got {wrong}")
        largest, base = max(scores), self.number(self.t)
        grown = [base ** int((largest - score).p) for score in scores]
        total = sum(grown, self.number(Fraction(0)))
        return [share / total for share in grown]
