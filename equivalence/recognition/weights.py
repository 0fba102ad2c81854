"""A layer's weights as arrays: of floats, or of exact numbers in the smallest field that holds them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import flint
import numpy as np
import sympy
from sympy.polys.matrices import DomainMatrix

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Rational, dense
from equivalence.checks import checked_matrix
from equivalence.models.constructions.arguments import checked_initial
from equivalence.models.heads import Layer

Array = Any


class Field(NamedTuple):
    """Exact arithmetic: FLINT rationals where all entries are rational, else SymPy's field of what occurs (symbols, roots).

    Attributes:
        number: a SymPy number or expression, or a Python integer, as an element.
        to_sympy: an element as a SymPy expression.
        reduced: the reduced row echelon form of an array of elements, and its pivot columns.
    """

    number: Callable[[Any], Any]
    to_sympy: Callable[[Any], sympy.Expr]
    reduced: Callable[[Array], tuple[Array, tuple[int, ...]]]

    def array(self, rows: Iterable[Iterable[Any]]) -> Array:
        """A matrix of elements from a matrix of what `number` takes."""
        return np.array([[self.number(entry) for entry in row] for row in rows], dtype=object)

    def matrix(self, array: Array) -> sympy.ImmutableDenseMatrix:
        """A matrix of elements as a SymPy matrix."""
        return sympy.ImmutableDenseMatrix(*array.shape, [self.to_sympy(entry) for entry in array.ravel()])


class Weights(NamedTuple):
    """What recognition works on.

    Attributes:
        heads: (W_K, W_Q, W_V, P) a head.
        initial: W₀, d_y x d_x, or None.
        field: for exact weights; None for floats.
    """

    heads: tuple[tuple[Array, Array, Array, Array], ...]
    initial: Array | None
    field: Field | None


def read(layer: Layer, d_x: int, d_y: int, initial: Any = None) -> Weights:
    """The weights, their shapes and numbers checked.

    Raises:
        TypeError, ValueError: naming the weight and its head, what was expected and what came.
    """
    _check_sizes(d_x, d_y)
    if not isinstance(layer, Layer) or not layer.heads:
        raise TypeError(f"layer: expected a Layer with at least one head, got {layer!r}")
    named = {f"{name} of head {h}": weight for h, head in enumerate(layer.heads) for name, weight in head._asdict().items()}
    _check_shapes(layer, d_x + d_y)
    given = {} if initial is None else {"initial": checked_initial(initial, d_x, d_y)}
    exact = {name: is_exact(name, weight) for name, weight in (named | given).items()}
    if len({exact[name] for name in named}) > 1:
        raise TypeError("layer: expected weights that are all exact or all floats, got both; convert with layer.to_numpy()")
    if exact[next(iter(named))]:
        if given and not exact["initial"]:
            raise TypeError("initial: expected an exact W₀, as the weights are exact; give rationals, or convert with layer.to_numpy()")
        return _exact_weights(named, given)
    arrays = {name: _floats(name, weight) for name, weight in named.items()}
    start = np.array(sympy.Matrix(initial).tolist(), dtype=float) if given and isinstance(initial, sympy.MatrixBase) else initial
    return Weights(_by_head(arrays), None if start is None else _floats("initial", start), None)


def is_exact(name: str, weight: Any) -> bool:
    """Whether a weight is of exact numbers: SymPy, FLINT rationals, or arrays of integers or Fractions."""
    if isinstance(weight, Blocked):
        if not isinstance(weight.algebra, Rational):
            raise TypeError(f"{name}: expected exact, rational or numeric weights, got those of the {weight.algebra.name} algebra")
        return True
    return isinstance(weight, sympy.MatrixBase) or np.asarray(weight).dtype.kind in "iuO"


def _check_sizes(d_x: Any, d_y: Any) -> None:
    for name, size in (("d_x", d_x), ("d_y", d_y)):
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"{name}: expected an integer, got {size!r}")
        if size < 1:
            raise ValueError(f"{name}: expected at least 1, got {size}")


def _check_shapes(layer: Layer, d: int) -> None:
    for number, head in enumerate(layer.heads):
        shapes = {name: _shape(weight) for name, weight in head._asdict().items()}
        d_k, d_v = shapes["key"][:1], shapes["value"][:1]
        expected = {"key": (*d_k, d), "query": (*d_k, d), "value": (*d_v, d), "projection": (d, *d_v)}
        for name, right in expected.items():
            if shapes[name] != right:
                raise ValueError(f"{name} of head {number}: expected shape {right} for tokens of d_x + d_y = {d} rows, got {shapes[name]}")


def _shape(weight: Any) -> tuple[int, ...]:
    if isinstance(weight, Blocked):
        return tuple(sum(part for part in cut if isinstance(part, int)) for cut in (weight.rows, weight.cols))
    if not hasattr(weight, "shape"):
        raise TypeError(f"layer: expected weights that are matrices, got {weight!r} of type {type(weight).__name__}")
    return tuple(weight.shape)


def _floats(name: str, weight: Any) -> Array:
    return np.asarray(checked_matrix(name, weight, tuple(weight.shape)), dtype=float)


def _by_head(arrays: dict[str, Array]) -> tuple[Any, ...]:
    weights = list(arrays.values())
    return tuple(tuple(weights[start : start + 4]) for start in range(0, len(weights), 4))


def _exact_weights(named: dict[str, Any], given: dict[str, Any]) -> Weights:
    rows = {name: _entries(weight) for name, weight in (named | given).items()}
    field = _field(rows)
    arrays = {name: field.array(entries) for name, entries in rows.items()}
    initial = arrays.pop("initial", None)
    return Weights(_by_head(arrays), initial, field)


def _entries(weight: Any) -> list[list[Any]]:
    if isinstance(weight, Blocked):
        return [[_sympy_rational(entry) for entry in row] for row in dense(weight)]
    return [[_as_sympy(entry) for entry in row] for row in weight.tolist()]


def _as_sympy(entry: Any) -> sympy.Expr:
    if isinstance(entry, flint.fmpq):
        return _sympy_rational(entry)
    return sympy.Rational(entry.numerator, entry.denominator) if isinstance(entry, Fraction) else sympy.sympify(entry)


def _sympy_rational(entry: Any) -> sympy.Rational:
    return sympy.Rational(int(entry.p), int(entry.q))


def _field(named: dict[str, list[list[Any]]]) -> Field:
    for name, rows in named.items():
        for entry in (entry for row in rows for entry in row):
            if not isinstance(entry, sympy.Expr) or entry.has(sympy.Float, sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
                raise ValueError(f"{name}: expected exact finite numbers or symbols, got {entry}")
    entries = [entry for rows in named.values() for row in rows for entry in row]
    if all(entry.is_Rational for entry in entries):
        return Field(_fmpq, _sympy_rational, _reduced_rationals)
    domain = sympy.construct_domain(entries, field=True, extension=True)[0]

    def reduced(array: Array) -> tuple[Array, tuple[int, ...]]:
        form, pivots = DomainMatrix(array.tolist(), array.shape, domain).rref()
        return np.array(form.to_list(), dtype=object).reshape(array.shape), tuple(pivots)

    return Field(lambda value: domain.from_sympy(sympy.sympify(value)), lambda value: domain.to_sympy(domain.convert(value)), reduced)


def _fmpq(value: Any) -> flint.fmpq:
    return flint.fmpq(value) if isinstance(value, int) else flint.fmpq(int(value.p), int(value.q))


def _reduced_rationals(array: Array) -> tuple[Array, tuple[int, ...]]:
    form, rank = flint.fmpq_mat(array.tolist()).rref()
    rows = np.array(form.tolist(), dtype=object).reshape(array.shape)
    return rows, tuple(next(j for j, entry in enumerate(rows[i]) if entry) for i in range(rank))
