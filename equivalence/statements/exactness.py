"""What may stand in an exact reading, and what may be compared there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import flint
import numpy as np
import sympy

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.canonical import Form
from equivalence.algebras.sizes import Dimension, Part, parts

EXACT = (int, Fraction, Form, flint.fmpz, flint.fmpq, flint.nmod, flint.fmpz_mat, flint.fmpq_mat, flint.nmod_mat)
"""Types of exact numbers and of the blocks of exact readings, beside SymPy's own."""
CONFINED = (
    "zero",
    "negative",
    "nonpositive",
    "prime",
    "composite",
    "even",
    "odd",
    "imaginary",
    "irrational",
    "transcendental",
    "noninteger",
)
"""Assumptions of SymPy's under which a symbol is not any number, or not 1."""
NOT_EXACT_IN_SYMPY = (sympy.Float, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.AccumBounds)


def inexact(value: object) -> str:
    """What within a value is not known to be exact, as text: floats, NaN, infinities, balls, arrays, and every type that is not known.

    Empty if all of it is exact. Tuples and lists, SymPy's expressions and matrices, and matrices of blocks are looked into.
    """
    return next((_named(part) for part in _atoms(value) if not _is_exact(part)), "")


def _atoms(value: object) -> Iterator[object]:
    if isinstance(value, tuple | list):
        for part in value:
            yield from _atoms(part)
    elif isinstance(value, Blocked):
        yield from value.blocks.values()
    else:
        yield value


def _is_exact(value: object) -> bool:
    if isinstance(value, sympy.Basic | sympy.MatrixBase):
        is_formal = isinstance(value, sympy.MatrixExpr) and not isinstance(value, sympy.MatrixBase)
        return not is_formal and not value.has(*NOT_EXACT_IN_SYMPY) and _is_defined(value)
    return isinstance(value, EXACT)


def _is_defined(value: sympy.Basic | sympy.MatrixBase) -> bool:
    """Whether nothing is divided by a number that is 0, or may be; SymPy leaves 1/0 standing where it was told not to evaluate."""
    if value.has(sympy.Function) and value.doit().has(*NOT_EXACT_IN_SYMPY):
        return False
    return not any(power.exp.is_negative and power.base.is_number and power.base.is_zero is not False for power in value.atoms(sympy.Pow))


def ranges_freely(symbol: sympy.Symbol) -> bool:
    """Whether a symbol stands for so many numbers, 1 among them, that a polynomial which is not 0 is not 0 at some; not so a prime."""
    return symbol.is_commutative and not any(symbol.assumptions0.get(kind) for kind in CONFINED)


def _named(value: object) -> str:
    if isinstance(value, sympy.Basic | sympy.MatrixBase):
        numbers = sorted(value.atoms(sympy.Float) or {value}, key=str) if isinstance(value, sympy.Basic) else [value]
        return f"{numbers[0]}"
    return f"{value!r} of type {type(value).__name__}"


def frozen(value: object) -> object:
    """The value as it is now, whatever is done to it later: SymPy's mutable matrices, arrays, FLINT's matrices, alone, in a matrix of
    blocks, or in lists and tuples.
    """
    if isinstance(value, tuple | list):
        return tuple(map(frozen, value))
    if isinstance(value, sympy.MatrixBase):
        return value.as_immutable()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Blocked):
        return Blocked(value.algebra, value.rows, value.cols, {place: _copied(block) for place, block in value.blocks.items()})
    return _copied(value)


def _copied(block: object) -> object:
    if isinstance(block, Form):
        return Form(block.normaliser, dict(block.terms))
    if isinstance(block, flint.fmpz_mat | flint.fmpq_mat | flint.nmod_mat):
        return type(block)(block)  # type: ignore[arg-type]
    return block


def mismatch(left: object, right: object) -> str:
    """Why two sides cannot be compared: a scalar and a matrix, other shapes, or other partitions; empty if they can.

    A shape is what it adds up to; (1, n) and (n, 1) are two partitions of one size.
    """
    shapes = [getattr(side, "shape", ()) for side in (left, right)]
    if shapes[0] == shapes[1]:
        return ""
    if () in shapes:
        return f"a scalar against a matrix of shape {next(shape for shape in shapes if shape)}"
    if shapes_differ(left, right):
        return f"shape {shapes[0]} against {shapes[1]}"
    return f"partition {shapes[0]} against {shapes[1]} of one shape"


def shapes_differ(left: object, right: object) -> bool:
    """Whether two matrices have another number of rows or columns, of some sizes at least."""
    sides = [getattr(side, "shape", ()) for side in (left, right)]
    return all(sides) and [_size(part) for part in sides[0]] != [_size(part) for part in sides[1]]


def _size(dimension: Dimension) -> tuple[int, Counter[Part]]:
    """A number, and symbols as often as they occur."""
    cut = parts(dimension)
    return sum(part for part in cut if isinstance(part, int)), Counter(part for part in cut if not isinstance(part, int))
