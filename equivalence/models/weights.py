"""One weight, of whatever reading, as NumPy or JAX arrays of floats, as text and as LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import flint
import numpy as np
import sympy
from numpy.typing import DTypeLike
from sympy.matrices.expressions import BlockMatrix

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Flint, Rational, dense
from equivalence.algebras.notation import Notated
from equivalence.extras import extra
from equivalence.formulas import bmatrix, latex

if TYPE_CHECKING:
    import jax

T = TypeVar("T")


def as_numpy(name: str, weight: object, dtype: DTypeLike = float) -> np.ndarray:
    """The weight as a NumPy array, each entry the nearest double, rounded once more if the type is another.

    Args:
        name: what messages call it.
        weight: exact (SymPy), rational (FLINT), a NumPy or JAX array, or a tensor of PyTorch.
        dtype: a type of floats.

    Raises:
        ValueError: symbols left in it, or an entry that is no finite number of the type.
        TypeError: a type that is not of floats, or a weight of another reading.
    """
    target = np.dtype(dtype)
    if target.kind != "f":
        raise TypeError(f"dtype: expected a type of floats, got {target}")
    return _fitted(name, _doubles(name, weight), target)


def as_jax(name: str, weight: object, dtype: DTypeLike | None = None) -> jax.Array:
    """The weight as a JAX array.

    Args:
        name, weight: as for `as_numpy`.
        dtype: float32 if not given; float64 needs JAX's x64 mode.

    Raises:
        ValueError: as `as_numpy`; or float64 without x64 mode.
        TypeError: as `as_numpy`.
    """
    with extra("jax"):
        import jax.numpy as jnp

    return jnp.asarray(_fitted(name, _doubles(name, weight), jax_float_type(dtype)))


def untied(weight: T) -> T | np.ndarray:
    """A tensor of PyTorch as an array of its own numbers, floats as doubles, without its gradient and device; anything else as it is.

    PyTorch is not imported: a tensor is known by its methods. NumPy has no bfloat16, and every float of PyTorch is a double.
    """
    if not all(hasattr(weight, method) for method in ("detach", "cpu", "is_floating_point")):
        return weight
    tensor = weight.detach().cpu()  # type: ignore[attr-defined]
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def as_text(weight: object) -> str:
    """Aligned rows, with exact entries as SymPy writes and reads them: eta/N."""
    return _aligned(_cells(weight, str))


def as_latex(weight: object) -> str:
    """A LaTeX matrix."""
    return bmatrix(_cells(weight, latex))


def jax_float_type(dtype: DTypeLike | None) -> np.dtype:
    """A type of floats that JAX can hold as it is set up, float32 for None. Raises ValueError or TypeError naming dtype."""
    with extra("jax"):
        import jax
        import jax.numpy as jnp

    target = np.dtype(jnp.float32 if dtype is None else dtype)
    if jax.dtypes.canonicalize_dtype(target) != target:
        raise ValueError(f'dtype: {target} needs JAX\'s x64 mode; call jax.config.update("jax_enable_x64", True) first, or ask for float32')
    if not jnp.issubdtype(target, jnp.floating):
        raise TypeError(f"dtype: expected a type of floats, got {target}")
    return target


def _doubles(name: str, weight: object) -> np.ndarray:
    if isinstance(weight, sympy.MatrixBase):
        if weight.free_symbols:
            raise ValueError(
                f"{name}: expected numbers, found the symbols {', '.join(sorted(map(str, weight.free_symbols)))}; give them values"
            )
        return np.array([[_double(name, entry) for entry in line] for line in weight.tolist()])
    if isinstance(weight, Blocked) and isinstance(weight.algebra, Rational):
        return np.array([[_double(name, entry) for entry in line] for line in dense(weight)])
    weight = untied(weight)
    if isinstance(weight, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected an array without a mask, got a masked one; say what is hidden with .filled(0)")
    if isinstance(weight, np.ndarray) and weight.dtype.kind == "O":
        return np.array([[_double(name, _rational(name, entry)) for entry in line] for line in weight.tolist()])
    if getattr(weight, "algebra", None) is not None or np.asarray(weight).dtype.kind not in "fiuV":
        reading = getattr(getattr(weight, "algebra", None), "name", type(weight).__name__)
        raise TypeError(f"{name}: expected exact, rational or numeric weights, got {reading}; build the layer in the exact algebra")
    return np.asarray(weight).astype(np.float64)


def _rational(name: str, entry: object) -> sympy.Rational:
    """A whole number or a Fraction, of an array of objects."""
    if isinstance(entry, bool) or not isinstance(entry, int | Fraction):
        raise TypeError(
            f"{name}: expected whole numbers and Fractions in an array of objects, got {entry!r} of type {type(entry).__name__}"
        )
    return sympy.Rational(entry.numerator, entry.denominator)


def _double(name: str, entry: sympy.Expr | flint.fmpq) -> float:
    """The nearest double: Python divides integers with one rounding."""
    try:
        if isinstance(entry, flint.fmpq) or entry.is_Rational:
            return int(entry.p) / int(entry.q)
        return float(entry.evalf(30))
    except (OverflowError, TypeError):
        raise ValueError(f"{name}: expected real numbers in the range of float64, got {entry}") from None


def _fitted(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        fitted = values.astype(dtype)
    if not np.isfinite(fitted.astype(np.float64)).all():
        raise ValueError(f"{name}: expected finite numbers in the range of {dtype}, got {values[~np.isfinite(fitted)][0]:g}")
    return fitted


def _cells(weight: object, write: Callable[[object], str]) -> list[list[str]]:
    """What stands in a weight, entry by entry or, where a reading has no entries, block by block."""
    if isinstance(weight, Notated):
        grid = weight.expression.blocks.tolist() if isinstance(weight.expression, BlockMatrix) else [[weight.expression]]
        return [[write(Notated(weight.algebra, (1,), (1,), block)) for block in line] for line in grid]
    if isinstance(weight, sympy.MatrixBase):
        written = cache(write)  # most entries are the same few
        return [[written(entry) for entry in line] for line in weight.tolist()]
    if isinstance(weight, Blocked):
        if isinstance(weight.algebra, Flint):
            return [[str(entry) for entry in line] for line in dense(weight)]
        return [[str(weight.blocks.get((i, j), 0)) for j in range(len(weight.cols))] for i in range(len(weight.rows))]
    return [[f"{entry:g}" for entry in line] for line in np.asarray(weight).tolist()]


def _aligned(cells: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(f"  [ {line} ]" for line in lines)
