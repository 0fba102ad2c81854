"""Refutations: two sides that are not equal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from equivalence.algebras.protocol import HasDifferences
from equivalence.statements.assertions import Assertion, Writer, compared, known_to_differ, read_in
from equivalence.statements.comparisons import Comparison, Distinction
from equivalence.statements.exactness import mismatch
from equivalence.statements.verdicts import HOLDS, Verdict, not_decided, refuted


@dataclass(frozen=True)
class Differ(Assertion):
    """A refutation: two closed expressions, of one shape and one partition, that are not equal.

    With symbols left there would be no witness, floats, NaN, infinity and balls are no exact numbers, and what SymPy cannot simplify to 0
    may yet be 0: of all these nothing is decided. So too of forms where different ones prove nothing (see `canonical`).

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        left, right: the two sides, numbers or matrices of one shape.
    """

    reason: str
    left: Any
    right: Any

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether both sides can be compared, have numbers only, and differ."""
        left, right = read_in(algebra, self.left), read_in(algebra, self.right)
        if wrong := mismatch(left, right):
            return not_decided(f"{wrong}: what cannot be compared is not shown to differ")
        if getattr(algebra, "arbitrary", False):
            return not_decided(f"in the {algebra.name} reading letters stand for anything, and some may be equal; a refutation has numbers")
        symbols = sorted({str(s) for side in (self.left, self.right) for s in getattr(side, "free_symbols", ())})
        if symbols:
            return not_decided(f"a witness has numbers only, found the symbols {', '.join(symbols)}")
        if not algebra.difference(left, right):
            return refuted(f"both sides are equal, to {self.left}; they were to differ")
        if known_to_differ(algebra, left, right):
            return HOLDS
        return not_decided(f"{self.left} and {self.right} are not known to differ")

    def written(self, writer: Writer) -> str:
        """Left ≠ right."""
        return writer.related(writer.expression(self.left), ("≠", writer.expression(self.right)))

    def comparison(self, place: str, magnitude: Self) -> Comparison:
        """Both sides, which are to be further apart than rounding can have set them."""
        return compared(Distinction, place, self, magnitude)
