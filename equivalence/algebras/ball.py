"""The ball reading: real numbers enclosed by FLINT's arb, so that what is shown of them is a theorem, softmax included."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import flint

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Flint, Grid, dense, no_entries, no_symbol
from equivalence.algebras.rationals import rational
from equivalence.algebras.sizes import total


class Ball(Flint[flint.arb]):
    """Matrices of balls, each known to contain the real number meant. Where precision is lost, balls widen; they never lie.

    The working precision is FLINT's, `flint.ctx.prec` bits, 53 unless the caller sets it.
    """

    name = "ball"
    scalar_type = flint.arb

    def __init__(self) -> None:
        super().__init__(no_entries, no_symbol)

    def matrix(self, rows: int, cols: int, entries: Sequence[object]) -> flint.arb_mat:
        """A matrix of balls. Raises ValueError for a ball that is not finite, as for NaN."""
        return flint.arb_mat(
            rows, cols, [_finite(entry) if isinstance(entry, flint.arb) else self.number(rational(entry)) for entry in entries]
        )

    def number(self, value: Fraction) -> flint.arb:
        """The ball of a rational."""
        return flint.arb(flint.fmpq(value.numerator, value.denominator))

    def value(self, rows: Sequence[Sequence[object]]) -> Blocked[Grid[flint.arb]]:
        """The matrix of the given rationals or balls."""
        grid = self.matrix(len(rows), len(rows[0]), [entry for row in rows for entry in row])
        return Blocked(self, (len(rows),), (len(rows[0]),), {(0, 0): grid})

    def difference(self, left: object, right: object) -> str | None:
        """None if the enclosures of both sides overlap everywhere, which shows no equality; else an entry that is certainly different."""
        if isinstance(left, flint.arb) and isinstance(right, flint.arb):
            return None if left.overlaps(right) else f"{left} against {right}"
        return super().difference(left, right)

    def weights(self, scores: Blocked[Grid[flint.arb]]) -> Blocked[Grid[flint.arb]]:
        """Softmax of each column. Scores that are hardly known give weights between 0 and 1; N² exponentials a column.

        Raises ValueError for a score that is not finite.
        """
        columns = [_softmax(column) for column in zip(*dense(scores), strict=True)]
        blocks, above = {}, 0
        for i, rows in enumerate(map(total, scores.rows)):
            left = 0
            for j, cols in enumerate(map(total, scores.cols)):
                within = [columns[left + c][above + r] for r in range(rows) for c in range(cols)]
                blocks[i, j] = self.matrix(rows, cols, within)
                left += cols
            above += rows
        return Blocked(self, scores.rows, scores.cols, blocks)


def _softmax(scores: Sequence[flint.arb]) -> list[flint.arb]:
    """A weight grows with its own score and falls with the others, so it lies between its values at the ends of the balls."""
    low, high = ([end(_finite(score)) for score in scores] for end in (flint.arb.lower, flint.arb.upper))

    def share(own: Sequence[flint.arb], others: Sequence[flint.arb], i: int) -> flint.arb:
        return _share(own[i], [*others[:i], *others[i + 1 :]])

    return [share(low, high, i).union(share(high, low, i)) for i in range(len(scores))]


def _share(own: flint.arb, others: Sequence[flint.arb]) -> flint.arb:
    """``e^own / (e^own + Σ e^other)`` of exact numbers, shifted by the largest, so that nothing overflows."""
    shift = max([own, *others])
    grown = (own - shift).exp()
    return grown / sum(((other - shift).exp() for other in others), grown)


def _finite(ball: flint.arb) -> flint.arb:
    if not ball.is_finite():
        raise ValueError(f"number: expected a finite ball, got {ball}; more bits in flint.ctx.prec may help")
    return ball
