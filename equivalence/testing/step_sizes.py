"""The step size that a test expects: one door, to a finite real number or a symbol, and how it is compared with what a verdict says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeAlias, TypeGuard

import numpy as np
import sympy

from equivalence.algebras.rational_functions import exact, number_or_symbol

StepSize: TypeAlias = float | str | Fraction | sympy.Expr | np.number | np.ndarray
"""As a user gives it; an array has one number and no axes."""
Found: TypeAlias = float | sympy.Expr
"""As a verdict has it."""


def is_several(given: StepSize | Sequence[StepSize] | None) -> TypeGuard[Sequence[StepSize]]:
    """Whether it is a list of step sizes, or an array with an axis."""
    return isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim > 0)


def read_step_size(given: StepSize) -> sympy.Expr:
    """A finite real number, floats by their shortest decimal, or an expression in symbols.

    Raises:
        TypeError, ValueError: what is neither, by the name step_size.
    """
    number = number_or_symbol("step_size", _of_python(given))
    number = sympy.nsimplify(number, rational=True) if number.has(sympy.Float) else number
    if number.is_extended_real is False or number.is_finite is False or (number.is_number and not number.is_real):
        raise ValueError(f"step_size: expected a finite real number or a symbol, got {given!r}")
    return number


def _of_python(given: StepSize) -> StepSize:
    """NumPy's numbers, and arrays of one without axes, as Python writes them: their type would count as no number."""
    single = np.asarray(given)[()] if getattr(given, "shape", None) == () else given
    if isinstance(single, np.integer):
        return int(single)
    return str(single) if isinstance(single, np.floating) and np.isfinite(single) else single


def as_float(number: sympy.Expr) -> float:
    """The nearest float. Raises TypeError for symbols, ValueError for what is larger than floats are, or so small that it would be 0."""
    if not number.is_number:
        raise TypeError(f"step_size: expected a number, as what it is compared with is in floats, got {str(number)!r}")
    nearest = float(number)
    if not math.isfinite(nearest) or (nearest == 0) != (number == 0):
        raise ValueError("step_size: expected a number in the range of floats, as what it is compared with is in floats")
    return nearest


def is_near(found: Found, expected: sympy.Expr, tolerance: float) -> bool:
    """Equal, of exact numbers; within the tolerance, of floats."""
    if not isinstance(found, float):
        return exact.difference(found, expected) is None
    wanted = as_float(expected)
    return abs(found - wanted) <= tolerance * abs(wanted)


def are_near(found: Sequence[Found], expected: Sequence[sympy.Expr], tolerance: float) -> bool:
    """In any order. Exact ones are crossed off one by one, as symbols have no order."""
    if isinstance(found[0], float):
        pairs = zip(sorted(found), sorted(expected, key=as_float), strict=True)
        return all(is_near(size, wanted, tolerance) for size, wanted in pairs)
    left = list(found)
    for wanted in expected:
        place = next((i for i, size in enumerate(left) if is_near(size, wanted, tolerance)), None)
        if place is None:
            return False
        del left[place]
    return True


def is_uphill(found: Found) -> bool:
    """Whether a step size is known to be negative."""
    return bool(found < 0) if isinstance(found, float) else found.is_negative is True
