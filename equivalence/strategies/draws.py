"""Hypothesis strategies for exact test data: rationals, sizes, matrices, regression tasks and layers.

Everything is small and rational, and shrinks to zeros, ones and few rows. Matrices come in the algebra that is asked for, by its
`value`; by default in the exact one, which prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from equivalence.algebras.protocol import HasValues, Matrix, Scalar
from equivalence.algebras.rational_functions import exact
from equivalence.checks import checked_count
from equivalence.extras import extra
from equivalence.models.heads import Head, Layer

with extra("testing"):
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy

Number = Fraction | int | float
Elements = SearchStrategy[Number]
"""What entries are drawn from."""
Rows = tuple[tuple[Number, ...], ...]


def rationals(*, max_numerator: int = 3, max_denominator: int = 3) -> SearchStrategy[Fraction]:
    """Rationals a/b. Shrinks to 0, 1, −1, 2, …, whole numbers first.

    Args:
        max_numerator: bounds |a|, at least 0.
        max_denominator: bounds b, at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """
    checked_count("max_numerator", max_numerator, least=0)
    return _fractions([0, *_simplest_first(max_numerator)], max_denominator)


def nonzero_rationals(*, max_numerator: int = 3, max_denominator: int = 3) -> SearchStrategy[Fraction]:
    """As `rationals`, without 0. Shrinks to 1.

    Args:
        max_numerator: bounds |a|, at least 1.
        max_denominator: bounds b, at least 1.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """
    checked_count("max_numerator", max_numerator)
    return _fractions(_simplest_first(max_numerator), max_denominator)


def sizes(names: Sequence[str], *, max_size: int | None = None) -> SearchStrategy[dict[str, int]]:
    """Pairwise different sizes from 1 to max_size, by name. Shrinks to 1, 2, 3, … in the order of the names.

    Args:
        names: one for each size.
        max_size: at least the number of names; by default one more.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """
    largest = len(names) + 1 if max_size is None else max_size
    checked_count("max_size", largest, least=len(names))
    return st.permutations(range(1, largest + 1)).map(lambda order: dict(zip(names, order, strict=False)))


def matrices(rows: int, cols: int, *, elements: Elements | None = None, algebra: HasValues = exact) -> SearchStrategy[Matrix]:
    """Matrices rows x cols of an algebra. Shrinks entry by entry.

    Args:
        rows, cols: at least 1.
        elements: a strategy for the entries, rationals by default.
        algebra: one with `value`: exact, a `Rational`, a `Numeric`.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """
    return entries_of(rows, cols, elements).map(algebra.value)


class RegressionTask(NamedTuple):
    """A linear regression task, examples in columns.

    Attributes:
        inputs: X, d_x x N.
        targets: Y, d_y x N.
        queries: Q, d_x x M.
        initial: W₀, d_y x d_x.
        rate: η, a nonzero scalar.
    """

    inputs: Matrix
    targets: Matrix
    queries: Matrix
    initial: Matrix
    rate: Scalar


def regression_tasks(*, max_size: int = 4, elements: Elements | None = None, algebra: HasValues = exact) -> SearchStrategy[RegressionTask]:
    """Tasks whose d_x, d_y, N and M are pairwise different, from 1 to max_size (at least 4). Shrinks to zeros and rate 1.

    Args:
        max_size: bounds the sizes.
        elements: a strategy for all entries, rationals by default.
        algebra: what the matrices and the rate are in.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """

    @cache
    def of_sizes(d_x: int, d_y: int, N: int, M: int) -> SearchStrategy[RegressionTask]:
        shapes = ((d_x, N), (d_y, N), (d_x, M), (d_y, d_x))
        drawn = (matrices(*shape, elements=elements, algebra=algebra) for shape in shapes)
        return st.builds(RegressionTask, *drawn, nonzero_rationals().map(algebra.scalar))

    return sizes(("d_x", "d_y", "N", "M"), max_size=max_size).flatmap(lambda chosen: of_sizes(**chosen))


def layers(
    size: int, *, max_heads: int = 3, max_rank: int = 2, elements: Elements | None = None, algebra: HasValues = exact
) -> SearchStrategy[Layer]:
    """Linear-attention layers on tokens with `size` rows, of 1 to max_heads heads with any weights. Shrinks to one head of zeros.

    Args:
        size: rows of a token.
        max_heads: bounds the number of heads.
        max_rank: bounds d_k and d_v, which each head has of its own.
        elements: a strategy for all weights, rationals by default.
        algebra: what the weights are in.

    Raises:
        TypeError, ValueError: naming the argument that is no whole number, or too small.
    """
    checked_count("max_heads", max_heads)
    checked_count("max_rank", max_rank)

    @cache
    def of_ranks(ranks: tuple[int, int]) -> SearchStrategy[Head]:
        d_k, d_v = ranks
        shapes = ((d_k, size), (d_k, size), (d_v, size), (size, d_v))
        return st.builds(Head, *(matrices(*shape, elements=elements, algebra=algebra) for shape in shapes))

    rank = st.integers(1, max_rank)
    heads = st.lists(st.tuples(rank, rank).flatmap(of_ranks), min_size=1, max_size=max_heads)
    return heads.map(lambda drawn: Layer(tuple(drawn)))


def entries_of(rows: int, cols: int, elements: Elements | None = None) -> SearchStrategy[Rows]:
    """Rows of entries, rationals by default. Raises TypeError or ValueError for sizes below 1."""
    checked_count("rows", rows)
    checked_count("cols", cols)
    line = st.tuples(*[rationals() if elements is None else elements] * cols)
    return st.tuples(*[line] * rows)


def _fractions(numerators: Sequence[int], max_denominator: int) -> SearchStrategy[Fraction]:
    checked_count("max_denominator", max_denominator)
    return st.builds(Fraction, st.sampled_from(numerators), st.integers(1, max_denominator))


def _simplest_first(largest: int) -> list[int]:
    return [signed for number in range(1, largest + 1) for signed in (number, -number)]
