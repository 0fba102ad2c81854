"""What constructions are asked for: W₀, rates and counts, checked, as scalars and matrices of an algebra."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy

from equivalence.algebras.numeric import Numeric
from equivalence.algebras.protocol import Algebra, Matrix, Scalar
from equivalence.algebras.rational_functions import Exact, number_or_symbol
from equivalence.algebras.sizes import Part, Size, parts
from equivalence.checks import checked_rate, is_concrete

Rate = Scalar | Fraction | int | str
"""A rate as a user gives it: a scalar of the algebra, a number, text that is a number, or (in the exact algebra) a symbol's name."""


def check_sizes(**sizes: Part) -> None:
    """Raise ValueError or TypeError with the argument's name for what is no size."""
    for name, size in sizes.items():
        parts(size, name=name)


def built_initial(initial: Matrix | None, d_x: Part, d_y: Part, algebra: Algebra) -> Matrix:
    """W₀ as given, its shape checked, or zero; the sizes are checked too."""
    check_sizes(d_x=d_x, d_y=d_y)
    return algebra.zeros(d_y, d_x) if initial is None else checked_initial(initial, d_x, d_y)


def checked_initial(initial: Matrix, d_x: Part, d_y: Part) -> Matrix:
    """W₀ as given, its shape checked."""
    return _of_shape(initial, "initial", "W₀", "d_y x d_x", (d_y, d_x))


def checked_preconditioner(preconditioner: Matrix, d_x: Part) -> Matrix:
    """C as given, its shape checked."""
    return _of_shape(preconditioner, "preconditioner", "C", "d_x x d_x", (d_x, d_x))


def _of_shape(matrix: Matrix, name: str, letter: str, sizes: str, shape: tuple[Part, Part]) -> Matrix:
    if not hasattr(matrix, "shape"):
        raise TypeError(f"{name}: expected {letter} as a matrix, {sizes}, got {matrix!r} of type {type(matrix).__name__}")
    if tuple(matrix.shape) != shape:
        raise ValueError(f"{name}: expected {letter} of shape ({sizes.replace(' x', ',')}) = {shape}, got {tuple(matrix.shape)}")
    return matrix


def built_rate(name: str, value: Rate, algebra: Algebra) -> Scalar:
    """A rate as a scalar of the algebra: names are read by the exact algebra, scalars of an algebra are taken as they are."""
    if isinstance(algebra, Exact):
        return number_or_symbol(name, value)
    rate = algebra.scalar(value) if isinstance(value, str | int | Fraction) else value
    return checked_rate(name, rate) if isinstance(algebra, Numeric) else rate


def built_count(context: Rate | Size, algebra: Algebra) -> Scalar:
    """N as a scalar of the algebra: a size, at least 1, or what `built_rate` takes."""
    if isinstance(context, Size | int) and not isinstance(context, bool):
        return algebra.scalar(*parts(context, name="context"))
    count = built_rate("context", context, algebra)
    if not _may_count(count):
        raise ValueError(f"context: expected a whole number, at least 1, or a symbol such as N, got {context!r}")
    return count


def _may_count(count: Scalar) -> bool:
    """Whether it is a whole number, at least 1, or no number that can be looked at."""
    if isinstance(count, sympy.Expr):
        return not count.is_number or (count.is_Integer and count > 0)
    if isinstance(count, float | np.generic) or (hasattr(count, "dtype") and is_concrete(count)):
        number = float(np.asarray(count))
        return number >= 1 and number.is_integer()
    return True
