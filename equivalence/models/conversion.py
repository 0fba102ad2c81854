"""Layers of exact weights as layers of floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flint
import numpy as np
import sympy

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Rational, dense
from equivalence.models.heads import Head, Layer


def to_numpy(layer: Layer, dtype: Any = float) -> Layer:
    """The same weights as NumPy arrays, each entry the nearest double, rounded once more if the type is another.

    Args:
        layer: of exact weights (SymPy), rational ones (FLINT), NumPy or JAX arrays.
        dtype: a type of floats.

    Raises:
        ValueError: symbols left in a weight, or an entry that is no finite number of the type; names head and weight.
        TypeError: a type that is not of floats, or a layer of another reading.
    """
    target = np.dtype(dtype)
    if target.kind != "f":
        raise TypeError(f"dtype: expected a type of floats, got {target}")
    return _each_weight(layer, lambda name, weight: _fitted(name, _doubles(name, weight), target))


def to_jax(layer: Layer, dtype: Any = None) -> Layer:
    """The same weights as JAX arrays.

    Args:
        layer: as for `to_numpy`.
        dtype: float32 if not given; float64 needs JAX's x64 mode.

    Raises:
        ValueError: as `to_numpy`; or float64 without x64 mode.
        TypeError: as `to_numpy`.
    """
    import jax.numpy as jnp

    target = jax_float_type(dtype)
    return _each_weight(layer, lambda name, weight: jnp.asarray(_fitted(name, _doubles(name, weight), target)))


def jax_float_type(dtype: Any) -> np.dtype:
    """A type of floats that JAX can hold as it is set up, float32 for None. Raises ValueError or TypeError naming dtype."""
    import jax
    import jax.numpy as jnp

    target = np.dtype(jnp.float32 if dtype is None else dtype)
    if jax.dtypes.canonicalize_dtype(target) != target:
        raise ValueError(f'dtype: {target} needs JAX\'s x64 mode; call jax.config.update("jax_enable_x64", True) first, or ask for float32')
    if not jnp.issubdtype(target, jnp.floating):
        raise TypeError(f"dtype: expected a type of floats, got {target}")
    return target


def _each_weight(layer: Layer, converted: Callable[[str, Any], Any]) -> Layer:
    return Layer(
        tuple(
            Head(**{field: converted(f"{field} of head {number}", weight) for field, weight in head._asdict().items()})
            for number, head in enumerate(layer.heads)
        )
    )


def _doubles(name: str, weight: Any) -> np.ndarray:
    if isinstance(weight, sympy.MatrixBase):
        if weight.free_symbols:
            raise ValueError(
                f"{name}: expected numbers, found the symbols {', '.join(sorted(map(str, weight.free_symbols)))}; give them values"
            )
        return np.array([[_double(name, entry) for entry in line] for line in weight.tolist()])
    if isinstance(weight, Blocked) and isinstance(weight.algebra, Rational):
        return np.array([[_double(name, entry) for entry in line] for line in dense(weight)])
    if getattr(weight, "algebra", None) is not None or np.asarray(weight).dtype.kind not in "fiuV":
        reading = getattr(getattr(weight, "algebra", None), "name", type(weight).__name__)
        raise TypeError(f"{name}: expected exact, rational or numeric weights, got {reading}; build the layer in the exact algebra")
    return np.asarray(weight).astype(np.float64)


def _double(name: str, entry: Any) -> float:
    """The nearest double: Python divides integers with one rounding."""
    try:
        if isinstance(entry, flint.fmpq) or entry.is_Rational:
            return int(entry.p) / int(entry.q)
        return float(entry.evalf(30))
    except (OverflowError, TypeError):
        raise ValueError(f"{name}: expected real numbers in the range of float64, got {entry}") from None


def _fitted(name: str, values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    with np.errstate(over="ignore"):
        found = values.astype(dtype)
    if not np.isfinite(found.astype(np.float64)).all():
        raise ValueError(f"{name}: expected finite numbers in the range of {dtype}, got {values[~np.isfinite(found)][0]:g}")
    return found
