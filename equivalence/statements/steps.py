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

import sympy


@dataclass(frozen=True)
class Differ:
    """A refutation: two closed expressions that are not equal. With symbols left there would be no witness, so they are refused."""

    reason: str
    left: Any
    right: Any

    def verdict(self, algebra: Any) -> str | None:
        """Whether both sides are numbers, and differ."""
        symbols = sorted({str(s) for side in (self.left, self.right) for s in getattr(side, "free_symbols", ())})
        if symbols:
            return f"a witness has numbers only, found the symbols {', '.join(symbols)}"
        return None if algebra.difference(self.left, self.right) else f"both sides are equal, to {self.left}; they were to differ"


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
        """Whether each member reduces to zero."""
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
        for value in values:
            if not value.is_Rational:
                return f"{value} is not a rational number"
        for left, right in pairwise(values):
            if not left < right:
                return f"{left} is not less than {right}"
        return None


Step = tuple[str, Any]
Check = Differ | Positive | InIdeal | Less
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


def _same_sign(above: sympy.Expr, below: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A fraction with a positive leading number below the line."""
    flip = sympy.LC(below) < 0 if below.free_symbols else below < 0
    return (-above, -below) if flip else (above, below)
