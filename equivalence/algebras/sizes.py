"""Numbers of rows and columns: integers, symbols, and partitions of them."""

from __future__ import annotations

from dataclasses import dataclass

from equivalence.checks import checked_count


@dataclass(frozen=True, order=True)
class Size:
    """A symbolic number of rows or columns: any positive integer, independent of every other.

    ``2 * n`` is the partition (n, n), and ``n + m`` is (n, m), which are numbers of rows too; `scalar` makes numbers of them.

    Attributes:
        name: such as "N"; sizes of one name are one size.
    """

    name: str

    def __add__(self, other: Dimension) -> tuple[Part, ...]:
        return (self, *parts(other))

    def __radd__(self, other: Dimension) -> tuple[Part, ...]:
        return (*parts(other), self)

    def __mul__(self, times: int) -> tuple[Part, ...]:
        return (self,) * checked_count("size *", times)

    __rmul__ = __mul__

    def __repr__(self) -> str:
        return self.name


Part = int | Size
"""One size: a positive integer, or a symbol that stands for every positive integer."""

Dimension = Part | tuple[Part, ...]
"""A number of rows or columns: one part, or several parts side by side (a partition)."""


def parts(dimension: Dimension, *, name: str = "size") -> tuple[Part, ...]:
    """The parts of a dimension, each checked to be a `Size` or, as by `checked_count`, a number. The name is the argument's in messages."""
    sizes = dimension if isinstance(dimension, tuple) else (dimension,)
    return tuple(part if isinstance(part, Size) or (type(part) is int and part > 0) else _checked_number(name, part) for part in sizes)


def total(dimension: Dimension, *, name: str = "size") -> int:
    """The number that a dimension of integers is. Raises as `parts`, and TypeError for a symbolic size."""
    sizes = parts(dimension, name=name)
    if not all(isinstance(part, int) for part in sizes):
        raise TypeError(f"{name}: expected integers, got {dimension!r}; only the symbolic and notation readings take symbols")
    return sum(part for part in sizes if isinstance(part, int))


def _checked_number(name: str, part: int) -> int:
    try:
        return checked_count(name, part)
    except TypeError as error:
        raise TypeError(f"{error}; a symbolic size is a Size") from None
