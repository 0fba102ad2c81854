"""What a claim yields: steps of a chain, and the checks of claims that are no identity.

A claim's program is a generator. A plain string begins a new chain and says what it shows. A pair ``(reason, expression)`` is a step:
it must equal the step before it, in every algebra in which the claim is read. The other checks stand here; each has
``verdict(algebra)``, which is None if it holds and else says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import flint
import sympy


@dataclass(frozen=True)
class Differ:
    """A refutation: two closed expressions that are not equal.

    With symbols left there would be no witness, floats, NaN and infinity are no exact numbers, and what SymPy cannot simplify to 0 may yet
    be 0: all these are refused. So are forms where different ones prove nothing (see `canonical`).
    """

    reason: str
    left: Any
    right: Any

    def verdict(self, algebra: Any) -> str | None:
        """Whether both sides are exact numbers, and differ."""
        symbols = sorted({str(s) for side in (self.left, self.right) for s in getattr(side, "free_symbols", ())})
        if symbols:
            return f"a witness has numbers only, found the symbols {', '.join(symbols)}"
        if inexact := [side for side in (self.left, self.right) if not _is_exact(side)]:
            return f"a witness has exact numbers only, got {inexact[0]}"
        if not algebra.difference(self.left, self.right):
            return f"both sides are equal, to {self.left}; they were to differ"
        known = getattr(algebra, "decides", True) and _known_to_differ(self.left, self.right)
        return None if known else f"{self.left} and {self.right} are not known to differ"


@dataclass(frozen=True)
class Positive:
    """A rational function that is positive wherever the given symbols are: numerator and denominator have no negative coefficient."""

    reason: str
    expression: sympy.Expr
    symbols: tuple[sympy.Symbol, ...]

    def verdict(self, algebra: Any) -> str | None:
        """Whether every coefficient above and below the line is at least 0 (or all at most 0), and neither is zero."""
        for part in _same_sign(*sympy.fraction(sympy.cancel(self.expression))):
            polynomial = sympy.Poly(part, *self.symbols)
            for monomial, coefficient in polynomial.terms():
                if not coefficient.is_number or coefficient <= 0:
                    return f"{self.expression} is not positive by its coefficients: that of {monomial} is {coefficient}"
        return None


@dataclass(frozen=True)
class InIdeal:
    """Polynomials that vanish wherever those of an ideal do, decided by a Gröbner basis over the rationals.

    Attributes:
        members: the polynomials claimed to be in the ideal.
        ideal: its generators.
        symbols: all variables, in the order of the basis (grevlex).
    """

    reason: str
    members: tuple[sympy.Expr, ...]
    ideal: tuple[sympy.Expr, ...]
    symbols: tuple[sympy.Symbol, ...]

    def verdict(self, algebra: Any) -> str | None:
        """Whether each member reduces to zero. Other symbols, of which the basis would take generic values, are refused."""
        if not self.members:
            return "no member is given, so nothing is claimed"
        others = set().union(*(sympy.sympify(p).free_symbols for p in (*self.members, *self.ideal))) - set(self.symbols)
        if others:
            return f"the symbols {', '.join(sorted(map(str, others)))} are not among the variables"
        basis = sympy.groebner(self.ideal, *self.symbols, order="grevlex")
        for member in self.members:
            _, rest = basis.reduce(sympy.expand(member))
            if rest != 0:
                return f"{member} is not in the ideal: the remainder is {rest}"
        return None


@dataclass(frozen=True)
class Less:
    """Exact rationals in strictly ascending order."""

    reason: str
    values: tuple[Any, ...]

    def verdict(self, algebra: Any) -> str | None:
        """Whether each value is a rational and below the next."""
        values = [sympy.sympify(value) for value in self.values]
        if len(values) < 2:
            return f"expected at least two values to compare, got {len(values)}"
        for value in values:
            if not value.is_Rational:
                return f"{value} is not a rational number"
        for left, right in pairwise(values):
            if not left < right:
                return f"{left} is not less than {right}"
        return None


@dataclass(frozen=True)
class Encloses:
    """A real number strictly between two exact rationals, rigorously: a ball of FLINT's, known to contain the number, lies between them.

    Attributes:
        ball: a `flint.arb`, computed with outward rounding from exact numbers.
        low, high: rationals.
    """

    reason: str
    ball: flint.arb
    low: sympy.Rational
    high: sympy.Rational

    def verdict(self, algebra: Any) -> str | None:
        """Whether the whole ball lies between; one that is too wide to tell is refused, as is NaN."""
        low, high = (sympy.sympify(bound) for bound in (self.low, self.high))
        for bound in (low, high):
            if not bound.is_Rational:
                return f"{bound} is not a rational number"
        below, above = (flint.arb(flint.fmpq(int(bound.p), int(bound.q))) for bound in (low, high))
        if self.ball > below and self.ball < above:
            return None
        outside = self.ball < below or self.ball > above
        return f"{self.ball} is {'outside' if outside else 'not known to be within'} ({low}, {high})"


Step = tuple[str, object]
Check = Differ | Positive | InIdeal | Less | Encloses
Item = str | Step | Check
Items = Iterator[Item]
Program = Callable[..., Items]
State = Mapping[str, Any]


def simulation(
    *,
    start: State,
    related: Callable[[Any], State],
    state: Any,
    begins: Any,
    left: Callable[..., State],
    right: Callable[[Any], Any],
    reasons: Sequence[str],
) -> Items:
    """An induction over any number of steps: the left machine, on data, does what the right machine, on weights, does.

    Base: the left machine starts as the right machine's start says. Step: from *any* state of the right machine, one step of each
    keeps the relation. So it holds after K steps, for every K; nothing is unrolled.

    Args:
        start: the left machine's start, by part.
        related: the left state that a right state stands for, by part.
        state: a right state made of generators, so an arbitrary one.
        begins: the right machine's start.
        left: one step of the left machine, parts in and parts out.
        right: one step of the right machine.
        reasons: why the base holds, and why the step does.
    """
    for part, expected in related(begins).items():
        yield f"base, {part}"
        yield "before the first step", start[part]
        yield reasons[0], expected
    stepped = left(**related(state))
    for part, expected in related(right(state)).items():
        yield f"step, {part}"
        yield "one step from a related state", stepped[part]
        yield reasons[1], expected


def _is_exact(value: Any) -> bool:
    """No float, NaN or infinity, alone or within a SymPy expression or matrix."""
    return not isinstance(value, float) and not (
        isinstance(value, sympy.Basic | sympy.MatrixBase) and value.has(sympy.Float, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)
    )


def _known_to_differ(left: Any, right: Any) -> bool:
    """Whether some entry of the difference is a number that SymPy knows not to be 0; other libraries decide by themselves."""
    if not isinstance(left, sympy.Basic | sympy.MatrixBase) or getattr(left, "shape", ()) != getattr(right, "shape", ()):
        return True
    rest = left - right
    return any(sympy.sympify(entry).is_zero is False for entry in (rest if isinstance(rest, sympy.MatrixBase) else [rest]))


def _same_sign(above: sympy.Expr, below: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A fraction with a positive leading number below the line."""
    flip = sympy.LC(below) < 0 if below.free_symbols else below < 0
    return (-above, -below) if flip else (above, below)
