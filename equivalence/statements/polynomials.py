"""Polynomials: positive by their coefficients, members of an ideal, and equations without a solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flint
import sympy

from equivalence.algebras.protocol import HasDifferences
from equivalence.algebras.rational_functions import in_field
from equivalence.formulas import ANGLES, Bracketed, listed
from equivalence.statements.assertions import Assertion, Writer
from equivalence.statements.exactness import ranges_freely
from equivalence.statements.verdicts import HOLDS, Verdict, not_decided, refuted


@dataclass(frozen=True)
class Positive(Assertion):
    """A rational function that is positive wherever the given symbols are: numerator and denominator have no negative coefficient.

    It is read in lowest terms, as everywhere here: where a common factor vanishes its value is the one that it goes on with.

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        expression: a rational function with rational coefficients.
        symbols: all that it has, each taken to be positive.
    """

    reason: str
    expression: sympy.Expr
    symbols: tuple[sympy.Symbol, ...]

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether every coefficient above and below the line is at least 0 (or all at most 0), and neither is zero.

        Refuted if the value where all symbols are 1 is not positive. Without symbols, or with ones that cannot be positive, not decided.
        """
        if wrong := _no_positive_symbols(self.symbols):
            return not_decided(wrong)
        if isinstance(self.expression, flint.nmod):
            return not_decided("residues modulo a prime have no order")
        expression = sympy.sympify(self.expression, strict=True)
        value = expression.subs(dict.fromkeys(self.symbols, 1))
        if value.is_Rational and value <= 0 and all(map(ranges_freely, self.symbols)):
            return refuted(f"{self.expression} is {value} where all symbols are 1")
        if _is_positive(in_field(expression, self.symbols)):
            return HOLDS
        for part in _same_sign(*sympy.fraction(sympy.cancel(expression))):
            for monomial, coefficient in sympy.Poly(part, *self.symbols).terms():
                if not coefficient.is_number or coefficient <= 0:
                    return not_decided(f"{self.expression} is not positive by its coefficients: that of {monomial} is {coefficient}")
        return HOLDS

    def written(self, writer: Writer) -> str:
        """The expression is positive if the symbols are."""
        symbols = listed([writer.expression(symbol) for symbol in self.symbols])
        return writer.related(writer.expression(self.expression), (">", "0"), ("⇐", symbols), (">", "0"))


@dataclass(frozen=True)
class InIdeal(Assertion):
    """Polynomials in an ideal, decided by a Gröbner basis over the rationals: so they vanish wherever its generators do.

    In the ideal of 1 is everything, so that nothing would be shown; that equations have no solution is `Inconsistent`. Membership is shown
    by FLINT, which is fast; where it is not, SymPy decides, and says what is left over.

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        members: the polynomials claimed to be in the ideal.
        ideal: its generators.
        symbols: all variables, in the order of the basis (grevlex).
    """

    reason: str
    members: tuple[sympy.Expr, ...]
    ideal: tuple[sympy.Expr, ...]
    symbols: tuple[sympy.Symbol, ...]

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether each member reduces to zero. Of other symbols the basis would take generic values: nothing is decided, then."""
        if not self.members:
            return not_decided("no member is given, so nothing is claimed")
        if wrong := _other_symbols((*self.members, *self.ideal), self.symbols):
            return not_decided(wrong)
        if _are_members(self.members, self.ideal, self.symbols):
            return HOLDS
        basis = _basis(self.ideal, self.symbols)
        if basis.exprs == [1]:
            return not_decided(
                "the ideal is that of 1, in which everything is; that there is no solution is a check of its own, Inconsistent"
            )
        for member in self.members:
            _, rest = basis.reduce(sympy.expand(member))
            if rest != 0:
                return refuted(f"{member} is not in the ideal: the remainder is {rest}")
        return HOLDS

    def written(self, writer: Writer) -> str:
        """Members ∈ ⟨generators⟩."""
        return writer.related(writer.listed(self.members), ("∈", Bracketed(ANGLES, writer.listed(self.ideal))))


@dataclass(frozen=True)
class Inconsistent(Assertion):
    """Polynomials that never vanish together, not at complex numbers either: 1 is in their ideal, by a Gröbner basis over the rationals.

    Attributes:
        reason: why it is so, as the derivation and a failure give it.
        polynomials: what would have to be zero.
        symbols: all variables, in the order of the basis (grevlex).
    """

    reason: str
    polynomials: tuple[sympy.Expr, ...]
    symbols: tuple[sympy.Symbol, ...]

    def verdict(self, algebra: HasDifferences) -> Verdict:
        """Whether the basis is 1. By Hilbert's Nullstellensatz there is a common zero if it is not."""
        if wrong := _other_symbols(self.polynomials, self.symbols):
            return not_decided(wrong)
        basis = _basis(self.polynomials, self.symbols)
        return (
            HOLDS if basis.exprs == [1] else refuted(f"they have a common zero: their ideal is that of {', '.join(map(str, basis.exprs))}")
        )

    def written(self, writer: Writer) -> str:
        """1 ∈ ⟨polynomials⟩."""
        return writer.related("1", ("∈", Bracketed(ANGLES, writer.listed(self.polynomials))))


def _is_positive(fraction: object) -> bool:
    """Whether all coefficients of a rational function over ℚ are positive, above and below the line, or all negative."""
    parts = [getattr(fraction, name, {}) for name in ("numer", "denom")]
    signs = [{coefficient > 0 for coefficient in part.values()} for part in parts]
    return signs[0] == signs[1] and len(signs[0]) == 1


def _basis(generators: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]) -> sympy.GroebnerBasis:
    return sympy.groebner(generators, *symbols, order="grevlex", domain="QQ")


def _are_members(members: Sequence[sympy.Expr], ideal: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]) -> bool:
    """Whether all members reduce to 0 by polynomials of the ideal, which shows that they are in it, and the ideal is not that of 1."""
    rationals = sympy.QQ.poly_ring(*symbols)
    ring = flint.fmpz_mpoly_ctx.get([f"x{number}" for number in range(len(symbols))], flint.Ordering.degrevlex)

    def in_ring(polynomial: sympy.Expr) -> flint.fmpz_mpoly:
        _, whole = rationals.from_sympy(sympy.sympify(polynomial, strict=True)).clear_denoms()
        return ring.from_dict({exponents: int(coefficient) for exponents, coefficient in whole.items()})

    generators = [generator for generator in map(in_ring, ideal) if generator != 0]
    basis = flint.fmpz_mpoly_vec(generators, ring).buchberger_naive()
    if not generators or any(element.is_constant() for element in basis):
        return False
    return all(in_ring(member).reduction_primitive_part(basis) == 0 for member in members)  # type: ignore[attr-defined]


def _other_symbols(polynomials: Sequence[sympy.Expr], symbols: Sequence[sympy.Symbol]) -> str:
    if unfit := [str(symbol) for symbol in symbols if not (isinstance(symbol, sympy.Symbol) and ranges_freely(symbol))]:
        return f"expected symbols that commute and stand for any number, got {', '.join(unfit)}"
    others = set().union(*(sympy.sympify(polynomial, strict=True).free_symbols for polynomial in polynomials)) - set(symbols)
    return f"the symbols {', '.join(sorted(map(str, others)))} are not among the variables" if others else ""


def _no_positive_symbols(symbols: Sequence[sympy.Symbol]) -> str:
    if not symbols:
        return "no symbol is given, so nothing is claimed of any"
    for symbol in symbols:
        if not isinstance(symbol, sympy.Symbol):
            return f"expected symbols, got {symbol}"
        if symbol.is_positive is False:
            return f"{symbol} is assumed not to be positive, so nothing is claimed"
    return ""


def _same_sign(above: sympy.Expr, below: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """A fraction with a positive leading number below the line."""
    flip = sympy.LC(below) < 0 if below.free_symbols else below < 0
    return (-above, -below) if flip else (above, below)
