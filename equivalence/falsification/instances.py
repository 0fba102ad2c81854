"""Instances of a law: small, and exact in every type of floats."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from equivalence.extras import extra
from equivalence.falsification.laws import Array, Law, Others, RegressionInstance

with extra("testing"):
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy

ENTRIES = (0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, -1.5)
"""What data are made of, simplest first: exact in every type of floats, and so are their sums and products."""
FACTORS = (2, -1, 3, -2)
Drawn = tuple[RegressionInstance, Others]
"""An instance, and what else a law speaks of."""


def instances_of(law: Law, d_x: int, d_y: int, count: int) -> tuple[SearchStrategy[Drawn], SearchStrategy[Drawn]]:
    """Instances of a law with N tokens, and what else it speaks of: with one nonzero entry a column at most, which shrink in few steps
    whatever d_x is, and then any. Both shrink to zeros and ones.
    """
    kinds = {"inputs": (d_x, count), "targets": (d_y, count), "query": (d_x, 1), "output": (d_y, 1)}
    shapes = {"X": kinds["inputs"], "q": kinds["query"], **({} if law.derives_targets else {"Y": kinds["targets"]})}
    shapes |= {name: kinds[kind] for name, kind in law.others.items() if kind in kinds}
    choices = {"factor": lambda: st.sampled_from(FACTORS), "order": lambda: _swaps(count)}
    others = st.fixed_dictionaries({name: choices[kind]() for name, kind in law.others.items() if kind in choices})

    def built(arrays: Mapping[str, Array], drawn: Others) -> Drawn:
        targets = arrays.get("Y", np.zeros(kinds["targets"]))
        return RegressionInstance(arrays["X"], targets, arrays["q"]), {
            **drawn,
            **{name: arrays[name] for name in law.others if name in arrays},
        }

    size = sum(rows * cols for rows, cols in shapes.values())
    entries = st.lists(st.sampled_from(ENTRIES), min_size=size, max_size=size)
    few = st.fixed_dictionaries({name: _sparse(*shape) for name, shape in shapes.items()})
    return st.builds(built, few, others), st.builds(built, entries.map(lambda values: _cut(values, shapes)), others)


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


def _cut(entries: list[float], shapes: Mapping[str, tuple[int, int]]) -> dict[str, Array]:
    """One array after another from a list of entries."""
    ends = np.cumsum([rows * cols for rows, cols in shapes.values()])
    pieces = np.split(np.array(entries, dtype=np.float64), ends[:-1])
    return {name: piece.reshape(shape) for (name, shape), piece in zip(shapes.items(), pieces, strict=True)}
