"""Where in a token the input, the target, the read-out and a constant stand, and a layer as it is on tokens ``[x; y]`` in that order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import sympy

from equivalence.models.heads import Head
from equivalence.recognition.field import Matrix
from equivalence.recognition.setting import Sign

Rows = Iterable[int]
"""Numbers of rows, such as ``range(1, 11)`` or ``[0, 2]``."""


class NamedRows(NamedTuple):
    """The rows that a user names; x in the first and y in the next ones, and no other, where nothing is named.

    Attributes:
        x_rows, y_rows: of the input and the target, in every token.
        read_rows: of the query token, where the prediction is read; y_rows if not given.
        constant_row: the row that is 1 in every token, by which a layer has biases.
    """

    x_rows: Rows | None = None
    y_rows: Rows | None = None
    read_rows: Rows | None = None
    constant_row: int | None = None


class Layout(NamedTuple):
    """The rows of a token, counted from 0.

    Attributes:
        x, y: of the input and the target.
        read: of the query token, where the prediction is read.
        constant: a row that is 1 in every token, if there is one.
        size: d, how many rows there are.
        prediction: how the read-out rows are read.
    """

    x: tuple[int, ...]
    y: tuple[int, ...]
    read: tuple[int, ...]
    constant: int | None
    size: int
    prediction: Sign

    @property
    def others(self) -> tuple[int, ...]:
        """Rows that hold none of these."""
        named = {*self.x, *self.y, *self.read, self.constant}
        return tuple(row for row in range(self.size) if row not in named)

    @property
    def is_plain(self) -> bool:
        """Whether tokens are ``[x; y]`` and minus the y-part is read."""
        rows = (*self.x, *self.y)
        return rows == tuple(range(self.size)) and self.read == self.y and self.prediction is Sign.minus

    def is_read(self, head: Head) -> bool:
        """Whether a head reads other rows."""
        others = list(self.others)
        return any(_is_somewhere(weight[:, others]) for weight in (head.key, head.query, head.value))

    def is_written(self, head: Head) -> bool:
        """Whether a head writes other rows, or the constant."""
        rows = [*self.others, *([] if self.constant is None else [self.constant])]
        return _is_somewhere(head.projection[rows, :])

    def core(self, head: Head) -> Head:
        """The head on tokens ``[x; y]``, its read-out in the place of y, read as minus; what stands in other rows is taken as 0."""
        return self._placed(head, self.x)

    def whole(self, head: Head) -> Head:
        """The same on tokens ``[x; 1; y]``, the constant being one more input."""
        return self._placed(head, (*self.x, *([] if self.constant is None else [self.constant])))

    def _placed(self, head: Head, inputs: tuple[int, ...]) -> Head:
        sign = -1 if self.prediction is Sign.plus else 1
        kept, turned = [1] * len(inputs), [sign] * len(self.y)
        rows = (*inputs, *self.y)
        key, value = (_columns(weight, rows, [1] * len(rows)) for weight in (head.key, head.value))
        query = _columns(head.query, rows, [*kept, *turned])
        projection = _columns(head.projection.T, (*inputs, *self.read), [*kept, *turned]).T
        return Head(key, query, value, projection)


def _is_somewhere(part: Matrix) -> bool:
    """Whether an entry is not 0."""
    return any(entry != 0 for entry in part) if isinstance(part, sympy.MatrixBase) else bool(np.any(part))


def _columns(weight: Matrix, columns: Sequence[int], signs: Sequence[int]) -> Matrix:
    """Some columns, and their signs turned where a sign is −1."""
    if isinstance(weight, sympy.MatrixBase):
        return weight.extract(list(range(weight.rows)), list(columns)) * sympy.diag(*signs)
    return weight[:, list(columns)] * np.array(signs)


def layout_of(count: int, d_x: int, d_y: int, named: NamedRows, prediction: Sign) -> Layout:
    """The layout of tokens of `count` rows.

    Raises:
        TypeError, ValueError: rows that are no row numbers of a token, too many or too few, or named for two things.
    """
    x = _rows("x_rows", range(d_x) if named.x_rows is None else named.x_rows, d_x, count)
    y = _rows("y_rows", range(d_x, d_x + d_y) if named.y_rows is None else named.y_rows, d_y, count)
    read = y if named.read_rows is None else _rows("read_rows", named.read_rows, d_y, count)
    constant = () if named.constant_row is None else _rows("constant_row", [named.constant_row], 1, count)
    _check_apart({"x_rows": x, "y_rows": y, "constant_row": constant})
    _check_apart({"x_rows": x, "read_rows": read, "constant_row": constant})
    return Layout(x, y, read, named.constant_row, count, prediction)


def _rows(name: str, rows: Rows, size: int, count: int) -> tuple[int, ...]:
    try:
        listed = list(rows)
    except TypeError:
        raise TypeError(f"{name}: expected a list or range of row numbers, got {rows!r}") from None
    for row in listed:
        if isinstance(row, bool) or not isinstance(row, int | np.integer):
            raise TypeError(f"{name}: expected whole numbers, got {row!r}")
        if not 0 <= row < count:
            raise ValueError(f"{name}: expected rows from 0 to {count - 1}, as the tokens of these weights have {count}, got {row}")
    if len(set(listed)) != size or len(listed) != size:
        raise ValueError(f"{name}: expected {size} different {'row' if size == 1 else 'rows'}, got {listed}")
    return tuple(int(row) for row in listed)


def _check_apart(named: dict[str, tuple[int, ...]]) -> None:
    owner: dict[int, str] = {}
    for name, rows in named.items():
        for row in rows:
            if row in owner:
                raise ValueError(f"{name}: expected other rows than {owner[row]} has, got row {row} in both")
            owner[row] = name
