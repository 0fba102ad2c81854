"""Exact numbers, of whatever library."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import SupportsIndex, TypeGuard

from equivalence.checks import legible

MOST_DIGITS = 1000
"""Of a number given as text: 1e999999999 is short to write, and has more digits than a machine has room for."""


def rational(value: object) -> Fraction:
    """An exact number: int, Fraction, SymPy's or FLINT's, text such as '1/10' or '0.1'; a float by its shortest decimal (0.1 is 1/10).

    Raises TypeError for what is no number, ValueError for NaN, infinity, text that is no rational, and text of too many digits.
    """
    if isinstance(value, bool):
        raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"number: expected a finite number, got {value}")
        return Fraction(Decimal(float.__repr__(value)))
    if isinstance(value, int | Fraction | str):
        check_digits("number", value)
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"number: expected a rational such as 1/10 or 0.1, got {value!r}") from None
    numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
    if isinstance(numerator, SupportsIndex) and isinstance(denominator, SupportsIndex):
        return Fraction(int(numerator), int(denominator))
    raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r} of type {type(value).__name__}")


def check_digits(name: str, value: object) -> None:
    """Raise ValueError with the argument's name for text that stands for more digits than `MOST_DIGITS`, before any is written out."""
    if not isinstance(value, str):
        return
    power = re.fullmatch(r"\s*[+-]?[\d_.]+[eE][+-]?(\d[\d_]*)\s*", value)
    exponent = power[1].replace("_", "") if power else "0"
    if len(value) > MOST_DIGITS or len(exponent.lstrip("0")) > 4 or int(exponent) > MOST_DIGITS:
        raise ValueError(f"{name}: expected a number of at most {MOST_DIGITS} digits, got {legible(value)!r}")


def is_number(value: object) -> TypeGuard[int | Fraction]:
    """Whether it is a whole number or a fraction of Python's, which mix with the scalars of every reading; a bool is none."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)
