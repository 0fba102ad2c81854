"""Instances of a law: small, and exact in every type of floats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from equivalence.extras import extra
from equivalence.falsification.laws import Array, Law, Others, RegressionInstance

with extra("testing"):
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy

ENTRIES = (0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5)
"""What data are made of, simplest first: exact in every type of floats, and so are their sums and products."""
FACTORS = (2, -1, 3, -2)
COINCIDENCES = ((0, 0), (0, 1), (1, 0), (1, 0), (-1, 0), (-1, 0))
"""How much of the first column, and of one of its own, a further column is made of, simplest first."""
SPACES = (("inputs", "query"), ("targets", "output"))
"""Kinds of what lies in one space, so that columns of one may be columns of another."""
Drawn = tuple[RegressionInstance, Others]
"""An instance, and what else a law speaks of."""


def instances_of(law: Law, d_x: int, d_y: int, count: int) -> tuple[SearchStrategy[Drawn], ...]:
    """Instances of a law with N tokens, and what else it speaks of, from three sources, which all shrink to zeros and ones.

    First with one nonzero entry a column at most, which shrink in few steps whatever d_x is. Then with coincidences, which random entries
    all but never have: equal and opposite tokens, tokens equal in their inputs alone or their targets alone, queries that are a token's
    inputs, and columns of zeros. Then any.
    """
    kinds = {"inputs": (d_x, count), "targets": (d_y, count), "query": (d_x, 1), "output": (d_y, 1)}
    choices = {"factor": lambda: st.sampled_from(FACTORS), "order": lambda: _swaps(count)}
    drawn = {"X": "inputs", "q": "query", **({} if law.derives_targets else {"Y": "targets"}), **law.others}
    shapes = {name: kinds[kind] for name, kind in drawn.items() if kind in kinds}
    others = st.fixed_dictionaries({name: choices[kind]() for name, kind in drawn.items() if kind in choices})

    def built(arrays: Mapping[str, Array], more: Others) -> Drawn:
        at = RegressionInstance(arrays["X"], arrays.get("Y", np.zeros(kinds["targets"])), arrays["q"])
        return at, {**more, **{name: arrays[name] for name in law.others if name in arrays}}

    few = st.fixed_dictionaries({name: _sparse(*shape) for name, shape in shapes.items()})
    spaces = [{name: shape for name, shape in shapes.items() if drawn[name] in space} for space in SPACES]
    coinciding = st.tuples(*(_coinciding(space) for space in spaces if space)).map(_joined)
    return tuple(st.builds(built, arrays, others) for arrays in (few, coinciding, _dense(shapes)))


def _swaps(count: int) -> SearchStrategy[list[int]]:
    """Orders in which two tokens have changed places: all others are made of them, and none leaves everything where it is."""
    pairs = st.sampled_from([(first, second) for second in range(1, count) for first in range(second)])

    def swapped(pair: tuple[int, int]) -> list[int]:
        first, second = pair
        return [{first: second, second: first}.get(token, token) for token in range(count)]

    return pairs.map(swapped)


def _sparse(rows: int, cols: int) -> SearchStrategy[Array]:
    """Matrices with at most one nonzero entry a column."""
    column = st.tuples(st.sampled_from(ENTRIES), st.integers(0, rows - 1))

    def placed(columns: list[tuple[float, int]]) -> Array:
        values, places = zip(*columns, strict=True)
        return np.array(values) * (np.arange(rows)[:, None] == places)

    return st.lists(column, min_size=cols, max_size=cols).map(placed)


def _coinciding(shapes: Mapping[str, tuple[int, int]]) -> SearchStrategy[dict[str, Array]]:
    """Matrices of one space, of whose columns many are 0, or plus or minus the first of all."""
    widths = [cols for _, cols in shapes.values()]
    further = st.lists(st.sampled_from(COINCIDENCES), min_size=sum(widths) - 1, max_size=sum(widths) - 1)
    (rows,) = {rows for rows, _ in shapes.values()}

    def placed(own: Array, parts: list[tuple[int, int]]) -> dict[str, Array]:
        of_first, of_own = np.array([(0, 1), *parts]).T
        columns = own[:, :1] * of_first + own * of_own
        return dict(zip(shapes, np.split(columns, np.cumsum(widths)[:-1], axis=1), strict=True))

    return st.builds(placed, _sparse(rows, sum(widths)), further)


def _joined(parts: Iterable[dict[str, Array]]) -> dict[str, Array]:
    return {name: array for part in parts for name, array in part.items()}


def _dense(shapes: Mapping[str, tuple[int, int]]) -> SearchStrategy[dict[str, Array]]:
    """Matrices of any entries."""
    size = sum(rows * cols for rows, cols in shapes.values())
    return st.lists(st.sampled_from(ENTRIES), min_size=size, max_size=size).map(lambda values: _cut(values, shapes))


def _cut(entries: list[float], shapes: Mapping[str, tuple[int, int]]) -> dict[str, Array]:
    """One array after another from a list of entries."""
    ends = np.cumsum([rows * cols for rows, cols in shapes.values()])
    pieces = np.split(np.array(entries, dtype=np.float64), ends[:-1])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
