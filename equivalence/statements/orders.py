"""Order: rationals that ascend, and real numbers between rationals."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import flint
import sympy

from equivalence.algebras.protocol import HasDifferences
from equivalence.statements.assertions import Assertion, Writer
from equivalence.statements.verdicts import HOLDS, Verdict, not_decided, refuted


@dataclass(frozen=True)
class Less(Assertion):
    """Exact rationals in strictly ascending order.

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        values: at least two rationals.
    """

    reason: str
    values: tuple[object, ...]

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether each value is a rational and below the next."""
        if any(isinstance(value, flint.nmod) for value in self.values):
            return not_decided("residues modulo a prime have no order")
        values = [sympy.sympify(value, strict=True) for value in self.values]
        if len(values) < 2:
            return not_decided(f"expected at least two values to compare, got {len(values)}")
        for value in values:
            if not value.is_Rational:
                return not_decided(f"{value} is not a rational number")
        for left, right in pairwise(values):
            if not left < right:
                return refuted(f"{left} is not less than {right}")
        return HOLDS

    def written(self, writer: Writer) -> str:
        """All values, with < between them."""
        first, *others = map(writer.expression, self.values)
        return writer.related(first, *(("<", other) for other in others))


@dataclass(frozen=True)
class Encloses(Assertion):
    """A real number strictly between two exact rationals, rigorously: a ball of FLINT's, known to contain the number, lies between them.

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        ball: a `flint.arb`, computed with outward rounding from exact numbers.
        low, high: rationals.
    """

    reason: str
    ball: flint.arb
    low: sympy.Rational
    high: sympy.Rational

    def subjects(self) -> tuple[object, ...]:
        """The bounds; the ball says itself how exact it is."""
        return self.low, self.high

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether the whole ball lies between; of one that is too wide to tell nothing is decided, nor of NaN."""
        if not isinstance(self.ball, flint.arb):
            return not_decided(f"expected a ball of FLINT's, got {self.ball!r} of type {type(self.ball).__name__}")
        low, high = (sympy.sympify(bound, strict=True) for bound in (self.low, self.high))
        for bound in (low, high):
            if not bound.is_Rational:
                return not_decided(f"{bound} is not a rational number")
        below, above = (flint.arb(flint.fmpq(int(bound.p), int(bound.q))) for bound in (low, high))
        if self.ball > below and self.ball < above:
            return HOLDS
        if self.ball < below or self.ball > above:
            return refuted(f"{self.ball} is outside ({low}, {high})")
        return not_decided(f"{self.ball} is not known to be within ({low}, {high})")

    def written(self, writer: Writer) -> str:
        """The ball's middle, between its bounds."""
        middle = f"{self.ball.str(8, radius=False)}…"
        return writer.related(writer.expression(self.low), ("<", middle), ("<", writer.expression(self.high)))
