"""Hypothesis strategies for exact test data: rationals, sizes, matrices, regression tasks, layers, and instances of a statement's claim.

Everything is small and rational, and shrinks to zeros, ones and few rows. Matrices come in the algebra that is asked for, by its
`value`; by default in the exact one, which prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import cycle, islice
from typing import Any, NamedTuple

from equivalence.algebras.flint import Rational
from equivalence.algebras.rational_functions import exact
from equivalence.extras import extra
from equivalence.models.heads import Head, Layer
from equivalence.statements.claims import Claim
from equivalence.statements.inputs import inputs_of

with extra("testing"):
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy

Rows = tuple[tuple[Fraction, ...], ...]


def rationals(*, max_numerator: int = 3, max_denominator: int = 3) -> SearchStrategy[Fraction]:
    """Rationals a/b with |a| <= max_numerator, 1 <= b <= max_denominator. Shrinks to 0, 1, −1, 2, …, whole numbers first."""
    _at_least("max_numerator", max_numerator, 0)
    return _fractions([0, *_simplest_first(max_numerator)], max_denominator)


def nonzero_rationals(*, max_numerator: int = 3, max_denominator: int = 3) -> SearchStrategy[Fraction]:
    """As `rationals`, without 0. Shrinks to 1."""
    _at_least("max_numerator", max_numerator, 1)
    return _fractions(_simplest_first(max_numerator), max_denominator)


def sizes(names: Sequence[str], *, max_size: int | None = None) -> SearchStrategy[dict[str, int]]:
    """Pairwise different sizes from 1 to max_size, by name. Shrinks to 1, 2, 3, … in the order of the names.

    Args:
        names: one for each size.
        max_size: at least the number of names; by default one more.
    """
    largest = len(names) + 1 if max_size is None else max_size
    _at_least("max_size", largest, len(names))
    return st.permutations(range(1, largest + 1)).map(lambda order: dict(zip(names, order, strict=False)))


def matrices(rows: int, cols: int, *, elements: SearchStrategy[Any] | None = None, algebra: Any = exact) -> SearchStrategy[Any]:
    """Matrices rows x cols of an algebra. Shrinks entry by entry.

    Args:
        rows, cols: at least 1.
        elements: a strategy for the entries, rationals by default.
        algebra: one with `value`: exact, a `Rational`, a `Numeric`.
    """
    return _entries(rows, cols, elements).map(algebra.value)


class RegressionTask(NamedTuple):
    """A linear regression task, examples in columns.

    Attributes:
        inputs: X, d_x x N.
        targets: Y, d_y x N.
        queries: Q, d_x x M.
        initial: W₀, d_y x d_x.
        rate: η, a nonzero scalar.
    """

    inputs: Any
    targets: Any
    queries: Any
    initial: Any
    rate: Any


def regression_tasks(
    *, max_size: int = 4, elements: SearchStrategy[Any] | None = None, algebra: Any = exact
) -> SearchStrategy[RegressionTask]:
    """Tasks whose d_x, d_y, N and M are pairwise different, from 1 to max_size (at least 4). Shrinks to zeros and rate 1.

    Args:
        max_size: bounds the sizes.
        elements: a strategy for all entries, rationals by default.
        algebra: what the matrices and the rate are in.
    """

    @cache
    def of_sizes(d_x: int, d_y: int, N: int, M: int) -> SearchStrategy[RegressionTask]:
        shapes = ((d_x, N), (d_y, N), (d_x, M), (d_y, d_x))
        drawn = (matrices(*shape, elements=elements, algebra=algebra) for shape in shapes)
        return st.builds(RegressionTask, *drawn, nonzero_rationals().map(algebra.scalar))

    return sizes(("d_x", "d_y", "N", "M"), max_size=max_size).flatmap(lambda chosen: of_sizes(**chosen))


def layers(
    size: int, *, max_heads: int = 3, max_rank: int = 2, elements: SearchStrategy[Any] | None = None, algebra: Any = exact
) -> SearchStrategy[Layer]:
    """Linear-attention layers on tokens with `size` rows, of 1 to max_heads heads with any weights. Shrinks to one head of zeros.

    Args:
        size: rows of a token.
        max_heads: bounds the number of heads.
        max_rank: bounds d_k and d_v, which each head has of its own.
        elements: a strategy for all weights, rationals by default.
        algebra: what the weights are in.
    """
    _at_least("max_heads", max_heads, 1)
    _at_least("max_rank", max_rank, 1)

    @cache
    def of_ranks(ranks: tuple[int, int]) -> SearchStrategy[Head]:
        d_k, d_v = ranks
        shapes = ((d_k, size), (d_k, size), (d_v, size), (size, d_v))
        return st.builds(Head, *(matrices(*shape, elements=elements, algebra=algebra) for shape in shapes))

    rank = st.integers(1, max_rank)
    heads = st.lists(st.tuples(rank, rank).flatmap(of_ranks), min_size=1, max_size=max_heads)
    return heads.map(lambda found: Layer(tuple(found)))


@dataclass(frozen=True)
class Instance:
    """What a claim is about, at numbers: its sizes, matrices and symbols, by name. Printed a line each.

    Attributes:
        sizes: for each of the claim's size names.
        matrices: rows of rationals; for an invertible one the off-diagonal entries of its two unit triangular factors, for a diagonal one
            its diagonal.
        symbols: nonzero rationals.
        weights: for claims on attention weights, what these are filled with, again and again; the last row is what is missing to 1.
    """

    sizes: Mapping[str, int]
    matrices: Mapping[str, Rows]
    symbols: Mapping[str, Fraction]
    weights: tuple[Fraction, ...] = ()

    def algebra(self) -> Rational:
        """The rational reading of these numbers."""
        return Rational(self._entries, lambda name: self.symbols[name])

    def _entries(self, name: str, rows: int, cols: int) -> list[Fraction]:
        if name in self.matrices:
            return [entry for row in self.matrices[name] for entry in row]
        return list(islice(cycle(self.weights), rows * cols))

    def __repr__(self) -> str:
        scalars = [f"{name} = {value}" for name, value in (*self.sizes.items(), *self.symbols.items())]
        grids = [f"{name} = [{'; '.join(' '.join(map(str, row)) for row in rows)}]" for name, rows in self.matrices.items()]
        weights = [f"weights {' '.join(map(str, self.weights))}"] if self.weights else []
        return "\n".join([", ".join(scalars), *grids, *weights])


def instances(
    claim: Claim, *, max_size: int | None = None, elements: SearchStrategy[Any] | None = None, replace: Mapping[str, Any] | None = None
) -> SearchStrategy[Instance]:
    """Instances of an identity, induction or series, for all that its program asks for. Shrinks to the smallest sizes, zeros and ones.

    Args:
        claim: a claim of a statement.
        max_size: bounds the sizes, which are pairwise different; by default one more than there are.
        elements: a strategy for all entries, rationals by default.
        replace: values for the claim's keyword-only parts.

    Raises:
        ValueError: a claim of another kind.
    """
    if not claim.is_identity:
        raise ValueError(f"instances: expected an identity, induction or series, got {claim.title!r}, a {claim.kind}")

    @cache
    def of_sizes(*chosen: int) -> SearchStrategy[Instance]:
        named = dict(zip(claim.sizes, chosen, strict=True))
        asked = inputs_of(claim, named, replace or {})
        shapes = {name: (rows, cols) for name, (rows, cols, _) in asked.generators.items()}
        shapes |= {name: (size, size) for name, size in asked.invertible.items()}
        shapes |= {name: (size, 1) for name, size in asked.diagonal.items()}
        grids = st.fixed_dictionaries({name: _entries(*shape, elements) for name, shape in shapes.items()})
        symbols = st.fixed_dictionaries({name: nonzero_rationals() for name in asked.symbols})
        weights = st.tuples(*[rationals() if elements is None else elements] * (5 if asked.weights else 0))
        return st.builds(Instance, st.just(named), grids, symbols, weights)

    return sizes(claim.sizes, max_size=max_size).flatmap(lambda chosen: of_sizes(*chosen.values()))


def _entries(rows: int, cols: int, elements: SearchStrategy[Any] | None) -> SearchStrategy[Rows]:
    _at_least("rows", rows, 1)
    _at_least("cols", cols, 1)
    line = st.tuples(*[rationals() if elements is None else elements] * cols)
    return st.tuples(*[line] * rows)


def _fractions(numerators: Sequence[int], max_denominator: int) -> SearchStrategy[Fraction]:
    _at_least("max_denominator", max_denominator, 1)
    return st.builds(Fraction, st.sampled_from(numerators), st.integers(1, max_denominator))


def _simplest_first(largest: int) -> list[int]:
    return [signed for number in range(1, largest + 1) for signed in (number, -number)]


def _at_least(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name}: expected an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name}: expected at least {least}, got {value}")
