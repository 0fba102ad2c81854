"""One exact number at the door: of which kind it may be, and of which independent parts it is made.

Equality is decided in a field whose generators satisfy no equation that the field does not know. Such are the symbols, the roots of single
symbols and π, over the algebraic numbers. Of others, say sin x and cos x, or log 2, log 3 and log 6, no field knows which equations
they satisfy, and what is 0 could be taken for something else: they are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import flint
import numpy as np
import sympy

ADVICE = "what it is made of may be dependent; if it is not, write a symbol for it"


def rational(number: flint.fmpq) -> sympy.Rational:
    """FLINT's rational as SymPy's."""
    return sympy.Rational(int(number.p), int(number.q))


def exact_entry(name: str, entry: object) -> sympy.Expr:
    """A whole number, a Fraction, a rational of FLINT, or an expression of SymPy that is decidable; text is never read.

    Raises:
        TypeError: another type.
        ValueError: no finite real number, or one of which it is not known whether it is 0.
    """
    number = _of_sympy(entry)
    if number is None:
        raise TypeError(f"{name}: expected exact finite numbers or symbols, got {entry!r} of type {type(entry).__name__}")
    why = next(filter(None, map(unfit, parts(number))), "")
    number = number if why else number.doit()  # what was left unevaluated
    if why or number.has(sympy.nan, sympy.zoo):
        raise ValueError(f"{name}: expected exact finite numbers or symbols, got {entry}{why and f': {why}'}")
    return number


def _of_sympy(entry: object) -> sympy.Expr | None:
    if isinstance(entry, flint.fmpq):
        return rational(entry)
    if isinstance(entry, int | np.integer | Fraction) and not isinstance(entry, bool):
        return sympy.Rational(int(entry.numerator), int(entry.denominator))
    return entry if isinstance(entry, sympy.Expr) else None


def parts(number: sympy.Expr) -> Iterator[sympy.Expr]:
    """What a number is made of by sums, products and whole powers, the rationals left out."""
    if number.is_Add or number.is_Mul:
        for argument in number.args:
            yield from parts(argument)
    elif number.is_Pow and number.exp.is_Integer:
        yield from parts(number.base)
    elif not number.is_Rational:
        yield number


def is_algebraic(part: sympy.Expr) -> bool:
    """Whether a part is an algebraic number."""
    return bool(part.is_number and part.is_algebraic)


def is_root(part: sympy.Expr) -> bool:
    """Whether a part is a root of one symbol, or a power of one."""
    return bool(part.is_Pow and part.base.is_Symbol and part.exp.is_Rational)


def unfit(part: sympy.Expr) -> str:
    """Why a part may not occur; empty if it may."""
    if part.has(sympy.Float):
        return "floats are not exact"
    if part.is_extended_real is False or (is_algebraic(part) and not part.is_real):
        return f"{part} is not known to be real"
    if part.is_finite is False or part.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
        return f"{part} is not finite"
    letter = part.base if is_root(part) else part
    if letter.is_Symbol:
        pinned = "does not commute" if not letter.is_commutative else "is 0 by assumption; write 0" if letter.is_zero else ""
        return f"{letter} {pinned}" if pinned else ""
    return "" if part is sympy.pi or is_algebraic(part) else f"{part} is not decided, as {ADVICE}"
