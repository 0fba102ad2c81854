"""Exact numbers, of whatever library."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import SupportsIndex, TypeGuard


def rational(value: object) -> Fraction:
    """An exact number: int, Fraction, SymPy's or FLINT's, text such as '1/10' or '0.1'; a float by its shortest decimal (0.1 is 1/10).

    Raises TypeError for what is no number, ValueError for NaN, infinity and text that is no rational.
    """
    if isinstance(value, bool):
        raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r}")
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"number: expected a finite number, got {value}")
        return Fraction(Decimal(float.__repr__(value)))
    if isinstance(value, int | Fraction | str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"number: expected a rational such as 1/10 or 0.1, got {value!r}") from None
    numerator, denominator = getattr(value, "p", None), getattr(value, "q", None)
    if isinstance(numerator, SupportsIndex) and isinstance(denominator, SupportsIndex):
        return Fraction(int(numerator), int(denominator))
    raise TypeError(f"number: expected an integer, a fraction or text such as '1/10', got {value!r} of type {type(value).__name__}")


def is_number(value: object) -> TypeGuard[int | Fraction]:
    """Whether it is a whole number or a fraction of Python's, which mix with the scalars of every reading; a bool is none."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)
