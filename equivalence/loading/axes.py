"""The axes of an entry, written as text: ``(head k) d`` is a matrix whose rows are all heads' d_k, one head after another, on d columns.

The names of axes are

- ``d``, the rows of a token; ``c``, the same, where a weight has two such axes; ``out``, the rows of a token that a projection writes;
- ``head`` and ``group``, a query head, and a head of keys and values, which serves as many query heads in a row as there are to one;
- ``k`` and ``v``, d_k and d_v of one head;
- ``part``, query, key and value in one entry; ``layer``, the layers of a stack.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

Axes = tuple[tuple[str, ...], ...]
Sizes = dict[str, int]

ORDER = ("layer", "part", "head", "group", "out", "k", "v", "c", "d")
"""The order in which the axes of a weight stand once it is read."""


class MisfitError(ValueError):
    """A shape that is none of these axes; the message says what was expected."""


class Part(NamedTuple):
    """What one entry holds.

    Attributes:
        roles: one, or several along the axis ``part``.
        axes: of the entry, each of them the names of the axes that lie in it, the last one fastest.
    """

    roles: tuple[str, ...]
    axes: Axes

    @property
    def reversed(self) -> Part:
        """In the other convention."""
        return self._replace(axes=self.axes[::-1])

    @property
    def stacked(self) -> Part:
        """With the layers on a leading axis."""
        return self._replace(axes=(("layer",), *self.axes))

    @property
    def bias(self) -> Part:
        """Of its bias: what the token's axis leaves, or, of a projection, what it writes."""
        kept = {("layer",), ("out",)} if "projection" in self.roles else set(self.axes) - {("d",)}
        return self._replace(axes=tuple(axis for axis in self.axes if axis in kept))


def part_of(text: str) -> Part:
    """A part from text, such as ``query key value: (part head k) d``."""
    roles, axes = text.split(":")
    return Part(tuple(roles.split()), tuple(tuple((inner or name).split()) for inner, name in re.findall(r"\(([^)]*)\)|(\S+)", axes)))


def solved(part: Part, shape: tuple[int, ...], sizes: Mapping[str, int]) -> Sizes:
    """All sizes of axes that are known once the shape of this part is.

    Args:
        part: with at most one axis in each of the entry's that is not known yet.
        shape: of the entry.
        sizes: what is known.

    Raises MisfitError: another number of axes, or sizes that are not as known.
    """
    found = {**sizes, "part": len(part.roles)}
    if len(shape) != len(part.axes) or 0 in shape:
        raise MisfitError(_expected(part, sizes, shape))
    for names, size in zip(part.axes, shape, strict=True):
        unknown = [name for name in names if name not in found]
        known = math.prod(found[name] for name in names if name in found)
        if len(unknown) > 1 or size % known or (not unknown and size != known):
            raise MisfitError(_expected(part, sizes, shape))
        found |= dict.fromkeys(unknown, size // known)
        for one, other in (("d", "c"), ("d", "out"), ("c", "d")):
            if one in found:
                found.setdefault(other, found[one])
    if found.get("head", 1) % found.get("group", 1):
        raise MisfitError(f"expected a number of heads for keys and values that divides the {found['head']} heads, got {found['group']}")
    return found


def _expected(part: Part, sizes: Mapping[str, int], shape: tuple[int, ...]) -> str:
    if len(shape) != len(part.axes):
        return f"expected {'a matrix' if len(part.axes) == 2 else f'{len(part.axes)} axes'}, got shape {shape}"
    if 0 in shape:
        return f"expected sizes of at least 1, got shape {shape}"
    known = {**sizes, "part": len(part.roles)}
    return f"expected shape {tuple(_size(names, known) for names in part.axes)}, got {shape}"


def _size(names: tuple[str, ...], sizes: Mapping[str, int]) -> int | str:
    known = math.prod(sizes[name] for name in names if name in sizes)
    if all(name in sizes for name in names):
        return known
    return "any" if known == 1 else f"a multiple of {known}"


def arranged(part: Part, array: np.ndarray, sizes: Mapping[str, int]) -> dict[str, np.ndarray]:
    """Of each role, the array with an axis for each name but ``part``, in `ORDER`."""
    names = [name for axis in part.axes for name in axis]
    target = sorted(names, key=ORDER.index)
    apart = array.reshape([len(part.roles) if name == "part" else sizes[name] for name in names])
    apart = apart.transpose([names.index(name) for name in target])
    if "part" not in target:
        return {part.roles[0]: apart}
    return dict(zip(part.roles, np.moveaxis(apart, target.index("part"), 0), strict=True))
