"""Truncated power series in one small scalar: tuples of coefficients of any algebra, from order 0 up.

All series of one computation have the same length; what would be of a higher order is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import TypeVar

from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.checks import is_concrete

Coefficient = TypeVar("Coefficient", Scalar, Matrix)
Series = tuple[Coefficient, ...]


def product(scalars: Sequence[Scalar], others: Sequence[Coefficient]) -> Series[Coefficient]:
    """The product of a series of scalars and one of scalars or matrices.

    Raises ValueError if the lengths differ.
    """
    if len(scalars) != len(others):
        raise ValueError(f"product: expected series of one length, got {len(scalars)} and {len(others)}")
    return tuple(_sum([scalars[k] * others[order - k] for k in range(order + 1)]) for order in range(len(scalars)))


def inverse(scalars: Sequence[Scalar], unit: Scalar) -> Series[Scalar]:
    """The series whose product with the given one is 1. Its leading coefficient must be a number or a product of symbols.

    Args:
        scalars: the series.
        unit: the algebra's 1.

    Raises ValueError if there is no leading coefficient, or it is 0 (under a JAX trace that cannot be seen).
    """
    if not scalars or (is_concrete(scalars[0]) and scalars[0] == 0):
        raise ValueError(f"inverse: expected a series whose leading coefficient is not 0, got {tuple(scalars)}")
    leading = unit / scalars[0]
    coefficients = [leading]
    for order in range(1, len(scalars)):
        coefficients.append(-(leading * _sum([scalars[k] * coefficients[order - k] for k in range(1, order + 1)])))
    return tuple(coefficients)


def exponential(algebra: Algebra, powers: Sequence[Coefficient]) -> Series[Coefficient]:
    """The coefficients ``x^k / k!`` of exp(βx), from the powers x⁰, x¹, … (or linear images of them)."""
    factor = algebra.scalar(1)
    coefficients: list[Coefficient] = []
    for order, power in enumerate(powers):
        factor = factor / algebra.scalar(max(order, 1))
        coefficients.append(factor * power)
    return tuple(coefficients)


def _sum(terms: Sequence[Coefficient]) -> Coefficient:
    return reduce(add, terms)
