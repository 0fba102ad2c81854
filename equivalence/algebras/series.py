"""Truncated power series in one small scalar: tuples of coefficients of any algebra, from order 0 up.

All series of one computation have the same length; what would be of a higher order is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from equivalence.checks import is_concrete

Series = tuple[Any, ...]


def product(scalars: Sequence[Any], others: Sequence[Any]) -> Series:
    """The product of a series of scalars and one of scalars or matrices.

    Raises ValueError if the lengths differ.
    """
    if len(scalars) != len(others):
        raise ValueError(f"product: expected series of one length, got {len(scalars)} and {len(others)}")
    return tuple(_sum([scalars[k] * others[order - k] for k in range(order + 1)]) for order in range(len(scalars)))


def inverse(scalars: Sequence[Any], one: Any) -> Series:
    """The series whose product with the given one is 1. Its leading coefficient must be a number or a product of symbols.

    Args:
        scalars: the series.
        one: the algebra's 1.

    Raises ValueError if there is no leading coefficient, or it is 0 (under a JAX trace that cannot be seen).
    """
    if not scalars or (is_concrete(scalars[0]) and scalars[0] == 0):
        raise ValueError(f"inverse: expected a series whose leading coefficient is not 0, got {tuple(scalars)}")
    leading = one / scalars[0]
    found = [leading]
    for order in range(1, len(scalars)):
        found.append(-(leading * _sum([scalars[k] * found[order - k] for k in range(1, order + 1)])))
    return tuple(found)


def exponential(algebra: Any, powers: Sequence[Any]) -> Series:
    """The coefficients ``x^k / k!`` of exp(βx), from the powers x⁰, x¹, … (or linear images of them)."""
    factor = algebra.scalar(1)
    found = []
    for order, power in enumerate(powers):
        factor = factor / algebra.scalar(max(order, 1))
        found.append(factor * power)
    return tuple(found)


def _sum(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
