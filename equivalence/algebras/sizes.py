"""Numbers of rows and columns: integers, symbols, and partitions of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Size:
    """A symbolic number of rows or columns: any positive integer, independent of every other."""

    name: str

    def __repr__(self) -> str:
        return self.name


Part = int | Size
"""One size: a positive integer, or a symbol that stands for every positive integer."""

Dimension = Part | tuple[Part, ...]
"""A number of rows or columns: one part, or several parts side by side (a partition)."""


def parts(dimension: Dimension) -> tuple[Part, ...]:
    """The parts of a dimension, each checked to be a positive integer or a `Size`."""
    sizes = dimension if isinstance(dimension, tuple) else (dimension,)
    for part in sizes:
        if isinstance(part, bool) or not isinstance(part, Part):
            raise TypeError(f"size: expected an integer or a Size, got {part!r} of type {type(part).__name__}")
        if isinstance(part, int) and part < 1:
            raise ValueError(f"size: expected at least 1, got {part}")
    return sizes


def total(dimension: Dimension) -> int:
    """The number that a dimension of integers is."""
    sizes = parts(dimension)
    if not all(isinstance(part, int) for part in sizes):
        raise TypeError(f"size: expected integers, got {dimension!r}; only the symbolic and notation readings take symbols")
    return sum(part for part in sizes if isinstance(part, int))
