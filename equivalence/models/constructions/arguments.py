"""What constructions are asked for: W₀, rates and counts, checked, as scalars and matrices of an algebra."""

from __future__ import annotations

from typing import Any

from equivalence.algebras.exact import exact, number_or_symbol
from equivalence.algebras.numeric import Numeric
from equivalence.algebras.sizes import Part, Size, parts
from equivalence.checks import checked_rate
from equivalence.models.heads import Matrix


def _check_sizes(**sizes: Part) -> None:
    """Raise ValueError or TypeError with the argument's name for what is no size."""
    for name, size in sizes.items():
        try:
            parts(size)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None


def built_initial(initial: Matrix | None, d_x: Part, d_y: Part, algebra: Any) -> Matrix:
    """W₀ as given, its shape checked, or zero; the sizes are checked too."""
    _check_sizes(d_x=d_x, d_y=d_y)
    if initial is None:
        return algebra.zeros(d_y, d_x)
    if not hasattr(initial, "shape"):
        raise TypeError(f"initial: expected W₀ as a matrix, d_y x d_x, got {initial!r} of type {type(initial).__name__}")
    if tuple(initial.shape) != (d_y, d_x):
        raise ValueError(f"initial: expected W₀ of shape (d_y, d_x) = {(d_y, d_x)}, got {tuple(initial.shape)}")
    return initial


def built_rate(name: str, value: Any, algebra: Any) -> Any:
    """A rate as a scalar of the algebra: text and names are read by the exact algebra, scalars of an algebra are taken as they are."""
    if algebra is exact:
        return number_or_symbol(name, value)
    found = algebra.scalar(value) if isinstance(value, str) else value
    return checked_rate(name, found) if isinstance(algebra, Numeric) else found


def built_count(context: Any, algebra: Any) -> Any:
    """N as a scalar of the algebra: a size, at least 1, or what `built_rate` takes."""
    if isinstance(context, Size | int) and not isinstance(context, bool):
        try:
            return algebra.scalar(*parts(context))
        except ValueError as error:
            raise ValueError(f"context: {error}") from None
    count = built_rate("context", context, algebra)
    if algebra is exact and count.is_number and not (count.is_Integer and count > 0):
        raise ValueError(f"context: expected a whole number, at least 1, or a symbol such as N, got {context!r}")
    return count
