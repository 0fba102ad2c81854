"""The door: a layer's weights, checked once, as a layer of exact numbers or of floats, with its canonical tensor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Rational, dense
from equivalence.checks import checked_count, checked_matrix
from equivalence.models.constructions.arguments import checked_initial
from equivalence.models.heads import Head, Layer
from equivalence.models.origins import origin_of
from equivalence.models.weights import as_numpy, untied
from equivalence.recognition.entries import exact_entry
from equivalence.recognition.field import ExactField, Matrix, field_of
from equivalence.recognition.layout import Layout, NamedRows, layout_of
from equivalence.recognition.setting import Sign
from equivalence.recognition.tensor.canonical import CanonicalTensor, canonical_tensor
from equivalence.recognition.tensor.enclosed import (
    Ball,
    EnclosedHead,
    Enclosure,
    Scores,
    compressed,
    enclosed_head,
    enclosure,
    is_formed,
    on_residuals,
    rows_on_residuals,
)

Array = np.ndarray


@dataclass(frozen=True, eq=False)
class ExactLayer:
    """A layer whose weights are elements of one field.

    Attributes:
        heads: of arrays of elements.
        d_x, d_y: rows of the inputs and of the targets.
        field: the smallest one that holds the weights, and W₀ where that was needed.
        tensor: all rows and columns.
    """

    heads: tuple[Head, ...]
    d_x: int
    d_y: int
    field: ExactField
    tensor: CanonicalTensor

    @property
    def matrices(self) -> Layer:
        """The layer in SymPy matrices."""
        return Layer(tuple(Head(*map(self.field.matrix, head)) for head in self.heads))

    def at(self, initial: sympy.MatrixBase) -> tuple[ExactLayer, Array]:
        """The layer, and W₀, in the smallest field that holds both."""
        matrices = [weight for head in self.matrices.heads for weight in head]
        field = field_of(entry for matrix in (initial, *matrices) for entry in matrix)
        return self.over(field), field.array(initial.tolist())

    def over(self, field: ExactField) -> ExactLayer:
        """The same in another field that holds its weights."""
        return self if field is self.field else _exact_layer(self.matrices.heads, self.d_x, self.d_y, field)


@dataclass(frozen=True, eq=False)
class FloatingLayer:
    """A layer of floats.

    Attributes:
        heads: of arrays of floats.
        d_x, d_y: rows of the inputs and of the targets.
        forms: A and B of each head, with what rounding may have moved.
    """

    heads: tuple[Head, ...]
    d_x: int
    d_y: int
    forms: tuple[EnclosedHead, ...]

    def outputs(self, initial: Array | None = None) -> Enclosure:
        """The tensor of the prediction: the y rows, on queries [q; −W₀q], or all columns for none."""
        return enclosure([(A, scores.on(initial)) for A, scores in self.output_pairs])

    def inputs(self, initial: Array | None = None) -> Enclosure:
        """The tensor of what is done to the inputs, the x rows, likewise."""
        return enclosure([(A, scores.on(initial)) for A, scores in self.input_pairs])

    def outputs_on_residuals(self, initial: Array) -> Enclosure:
        """`outputs` in the coordinates [x; r], r = y − W₀x, of the context's tokens: every step is one from W₀ = 0 there.

        In these, distances do not depend on the size of W₀. In [x; y] what is done to targets would drown in ``W₀x``.
        """
        return _on_residuals([(A, scores.on(initial)) for A, scores in self.output_pairs], initial)

    def inputs_on_residuals(self, initial: Array) -> Enclosure:
        """`inputs` on queries [q; −W₀q], in the same coordinates."""
        return _on_residuals([(A, scores.on(initial)) for A, scores in self.input_pairs], initial)

    def context_on_residuals(self, initial: Array) -> tuple[Enclosure, Enclosure]:
        """What is done to inputs, and to targets, of the context's own tokens, which are in these coordinates too."""
        pairs = ([(A, on_residuals(scores.on(None), initial)) for A, scores in rows] for rows in (self.input_pairs, self.output_pairs))
        inputs, outputs = (_on_residuals(rows, initial) for rows in pairs)
        return inputs, outputs

    @cached_property
    def output_pairs(self) -> list[tuple[Ball, Scores]]:
        """A's y rows and B of each head, compressed where they are not formed and could cancel."""
        return self._pairs([form.output for form in self.forms])

    @cached_property
    def input_pairs(self) -> list[tuple[Ball, Scores]]:
        """A's x rows likewise."""
        return self._pairs([form.input for form in self.forms])

    def _pairs(self, rows: list[Ball]) -> list[tuple[Ball, Scores]]:
        pairs, d = [(A, form.scores) for A, form in zip(rows, self.forms, strict=True)], self.d_x + self.d_y
        return pairs if len(pairs) == 1 or is_formed(len(pairs), rows[0].matrix.shape[0], d, d) else compressed(pairs)


class Arranged(NamedTuple):
    """A layer as it is on tokens in the order that everything here takes for granted.

    Attributes:
        core: on ``[x; y]``, with what stands in other rows taken as 0.
        whole: on ``[x; 1; y]``, where a row is a constant; else None.
        layout: which rows these are.
        reads, writes: whether the layer reads and writes rows that are none of these.
    """

    core: ExactLayer | FloatingLayer
    whole: ExactLayer | FloatingLayer | None
    layout: Layout
    reads: bool
    writes: bool


def _on_residuals(pairs: list[tuple[Ball, Ball]], initial: Array) -> Enclosure:
    return enclosure([(on_residuals(A, initial), rows_on_residuals(B, initial)) for A, B in pairs])


def read(layer: Layer, d_x: int, d_y: int) -> ExactLayer | FloatingLayer:
    """The layer, its sizes, shapes and numbers checked.

    Raises:
        TypeError, ValueError: naming the weight and its head, what was expected and what came.
    """
    _check_sizes(d_x, d_y)
    d_x, d_y = int(d_x), int(d_y)  # NumPy's integers count, and overflow
    return _built(_numbers(layer, d_x + d_y, f"d_x + d_y = {d_x + d_y}"), d_x, d_y)


def arranged(layer: Layer, d_x: int, d_y: int, prediction: Sign, rows: NamedRows) -> Arranged:
    """The layer, checked, on tokens that are laid out as is said, or as its origin says.

    Raises:
        TypeError, ValueError: as `read` and `layout_of`.
    """
    _check_sizes(d_x, d_y)
    d_x, d_y = int(d_x), int(d_y)
    named = rows if rows.constant_row is not None or not origin_of(layer).constant else rows._replace(constant_row=_count(layer) - 1)
    count, rows_of = (d_x + d_y, f"d_x + d_y = {d_x + d_y}") if named == NamedRows() else (_count(layer), str(_count(layer)))
    heads, layout = _numbers(layer, count, rows_of), layout_of(count, d_x, d_y, named, prediction)
    if layout.is_plain:
        return Arranged(_built(heads, d_x, d_y), None, layout, reads=False, writes=False)
    core = _built(tuple(map(layout.core, heads)), d_x, d_y)
    whole = None if layout.constant is None else _built(tuple(map(layout.whole, heads)), d_x + 1, d_y)
    return Arranged(core, whole, layout, reads=any(map(layout.is_read, heads)), writes=any(map(layout.is_written, heads)))


def _count(layer: Layer) -> int:
    """The rows of a token, by the first weight."""
    _check_layer(layer)
    return int((*_shape(untied(layer.heads[0].key)), 0, 0)[1])


def _check_layer(layer: object) -> None:
    if not isinstance(layer, Layer) or not layer.heads:
        got = "none" if isinstance(layer, Layer) else type(layer).__name__
        raise TypeError(f"layer: expected a Layer with at least one head, got {got}")


def _numbers(layer: Layer, d: int, rows: str) -> tuple[Head, ...]:
    """The heads, checked: of SymPy matrices, or of arrays of floats. What d is, is told in words for the message."""
    _check_layer(layer)
    layer = Layer(tuple(Head(*map(untied, head)) for head in layer.heads))
    _check_shapes(layer, d, rows)
    kinds = {is_exact(name, weight) for name, weight in _named(layer)}
    if len(kinds) > 1:
        raise TypeError("layer: expected weights that are all exact or all floats, got both; convert with layer.to_numpy()")
    if kinds == {True}:
        return _by_head([sympy.ImmutableDenseMatrix(_entries(name, weight)) for name, weight in _named(layer)])
    return _by_head([_floats(name, weight) for name, weight in _named(layer)])


def _built(heads: tuple[Head, ...], d_x: int, d_y: int) -> ExactLayer | FloatingLayer:
    if isinstance(heads[0].key, sympy.MatrixBase):
        return _exact_layer(heads, d_x, d_y, field_of(entry for head in heads for weight in head for entry in weight))
    return FloatingLayer(heads, d_x, d_y, tuple(enclosed_head(head, d_x) for head in heads))


def read_initial(initial: Matrix, layer: ExactLayer | FloatingLayer) -> sympy.MatrixBase | Array:
    """W₀ as the layer's numbers are: a SymPy matrix for exact ones, else an array of floats.

    Raises:
        TypeError, ValueError: another shape, or floats for an exact layer.
    """
    given = checked_initial(initial, layer.d_x, layer.d_y)
    if isinstance(layer, ExactLayer):
        if not is_exact("initial", given):
            raise TypeError("initial: expected an exact W₀, as the weights are exact; give rationals, or convert with layer.to_numpy()")
        return sympy.ImmutableDenseMatrix(_entries("initial", given))
    is_exact("initial", given)
    return _floats("initial", as_numpy("initial", given) if isinstance(given, sympy.MatrixBase) else given)


def is_exact(name: str, weight: Matrix) -> bool:
    """Whether a weight is of exact numbers: SymPy, FLINT rationals, or arrays of integers or Fractions."""
    if isinstance(weight, Blocked):
        if not isinstance(weight.algebra, Rational):
            raise TypeError(f"{name}: expected exact, rational or numeric weights, got those of the {weight.algebra.name} algebra")
        return True
    if isinstance(weight, np.ma.MaskedArray):
        raise TypeError(f"{name}: expected an array without a mask, got a masked one; say what is hidden with .filled(0)")
    return isinstance(weight, sympy.MatrixBase) or np.asarray(untied(weight)).dtype.kind in "iuO"


def _check_sizes(d_x: int, d_y: int) -> None:
    checked_count("d_x", d_x)
    checked_count("d_y", d_y)


def _check_shapes(layer: Layer, d: int, rows: str) -> None:
    for number, head in enumerate(layer.heads):
        shapes = {name: _shape(weight) for name, weight in head._asdict().items()}
        d_k, d_v = shapes["key"][:1], shapes["value"][:1]
        expected = {"key": (*d_k, d), "query": (*d_k, d), "value": (*d_v, d), "projection": (d, *d_v)}
        for name, right in expected.items():
            if shapes[name] != right:
                wrong = f"{name} of head {number}: expected shape {right} for tokens of {rows} rows, got {shapes[name]}"
                raise ValueError(f"{wrong}; where x and y are in larger tokens is said by x_rows and y_rows")


def _shape(weight: Matrix) -> tuple[int, ...]:
    if isinstance(weight, Blocked):
        return tuple(sum(part for part in cut if isinstance(part, int)) for cut in (weight.rows, weight.cols))
    if not hasattr(weight, "shape"):
        raise TypeError(f"layer: expected weights that are matrices, got {weight!r} of type {type(weight).__name__}")
    return tuple(weight.shape)


def _named(layer: Layer) -> Iterator[tuple[str, Matrix]]:
    return ((f"{name} of head {number}", weight) for number, head in enumerate(layer.heads) for name, weight in head._asdict().items())


def _by_head(weights: list[Matrix]) -> tuple[Head, ...]:
    return tuple(Head(*weights[start : start + 4]) for start in range(0, len(weights), 4))


def _floats(name: str, weight: Matrix) -> Array:
    given = np.asarray(checked_matrix(name, weight, tuple(weight.shape)))
    with np.errstate(over="ignore", under="ignore"):
        doubles = given.astype(float)
    if given.dtype.itemsize > doubles.dtype.itemsize and (doubles.astype(given.dtype) != given).any():
        raise ValueError(
            f"{name}: expected numbers that float64 holds, got {given.dtype} with more digits or range; round with .astype(float)"
        )
    return doubles


def _exact_layer(matrices: tuple[Head, ...], d_x: int, d_y: int, field: ExactField) -> ExactLayer:
    heads = tuple(Head(*(field.array(weight.tolist()) for weight in head)) for head in matrices)
    return ExactLayer(heads, d_x, d_y, field, canonical_tensor(heads))


def _entries(name: str, weight: Matrix) -> list[list[sympy.Expr]]:
    """The entries as SymPy's numbers, checked."""
    if 0 in _shape(weight):
        raise ValueError(f"{name}: expected sizes of at least 1, got shape {_shape(weight)}")
    given = dense(weight) if isinstance(weight, Blocked) else weight.tolist()
    return [[exact_entry(name, entry) for entry in row] for row in given]
