"""Rational arguments, checked."""

from __future__ import annotations

from fractions import Fraction

from equivalence.algebras.rationals import rational

Number = int | float | str | Fraction
"""A rational: text such as "1/2", an integer, a Fraction, or a float, which is read by its shortest decimal."""


def exact_number(name: str, value: Number) -> Fraction:
    """The rational that an argument is. Raises TypeError or ValueError with its name."""
    try:
        return rational(value)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def positive(name: str, value: Number) -> Fraction:
    """A rational above 0. Raises TypeError or ValueError with its name."""
    if (number := exact_number(name, value)) <= 0:
        raise ValueError(f"{name}: expected a positive number, got {value}")
    return number


def not_negative(name: str, value: Number) -> Fraction:
    """A rational that is at least 0. Raises TypeError or ValueError with its name."""
    if (number := exact_number(name, value)) < 0:
        raise ValueError(f"{name}: expected a number that is not negative, got {value}")
    return number
