"""A Hypothesis strategy for what a statement's claim is about, at numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import cycle, islice

from equivalence.algebras.flint import Rational
from equivalence.extras import extra
from equivalence.statements.claims import Claim
from equivalence.statements.inputs import inputs_of
from equivalence.strategies.draws import Elements, Number, Rows, entries_of, nonzero_rationals, rationals, sizes

with extra("testing"):
    from hypothesis import strategies as st
    from hypothesis.strategies import SearchStrategy


@dataclass(frozen=True)
class ClaimInstance:
    """What a claim is about, at numbers: its sizes, matrices and symbols, by name. Printed a line each.

    Attributes:
        sizes: for each of the claim's size names.
        matrices: rows of rationals; for a diagonal one its diagonal, for an orthogonal one what Cayley's transform is of.
        symbols: nonzero rationals.
        weights: for claims on attention weights, what these are filled with, again and again; the last row is what is missing to 1.
    """

    sizes: Mapping[str, int]
    matrices: Mapping[str, Rows]
    symbols: Mapping[str, Fraction]
    weights: tuple[Number, ...] = ()

    def algebra(self) -> Rational:
        """The rational reading of these numbers."""
        return Rational(self._entries, lambda name: self.symbols[name])

    def _entries(self, name: str, rows: int, cols: int) -> list[Number]:
        if name in self.matrices:
            return [entry for row in self.matrices[name] for entry in row]
        return list(islice(cycle(self.weights), rows * cols))

    def __repr__(self) -> str:
        scalars = [f"{name} = {value}" for name, value in (*self.sizes.items(), *self.symbols.items())]
        grids = [f"{name} = [{'; '.join(' '.join(map(str, row)) for row in rows)}]" for name, rows in self.matrices.items()]
        weights = [f"weights {' '.join(map(str, self.weights))}"] if self.weights else []
        return "\n".join([", ".join(scalars), *grids, *weights])


def instances(
    claim: Claim, *, max_size: int | None = None, elements: Elements | None = None, replace: Mapping[str, object] | None = None
) -> SearchStrategy[ClaimInstance]:
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
    def of_sizes(*chosen: int) -> SearchStrategy[ClaimInstance]:
        named = dict(zip(claim.sizes, chosen, strict=True))
        asked = inputs_of(claim, named, replace or {})
        shapes = {name: (rows, cols) for name, (rows, cols, _) in asked.generators.items()}
        shapes |= {name: (size, size) for name, size in asked.orthogonal.items()}
        shapes |= {name: (size, 1) for name, size in asked.diagonal.items()}
        grids = st.fixed_dictionaries(
            {name: entries_of(*shape, elements) for name, shape in shapes.items()}
            | {name: _invertible(size, elements) for name, size in asked.invertible.items()}
        )
        symbols = st.fixed_dictionaries({name: nonzero_rationals() for name in asked.symbols})
        weights = st.tuples(*[rationals() if elements is None else elements] * (5 if asked.weights else 0))
        return st.builds(ClaimInstance, st.just(named), grids, symbols, weights)

    return sizes(claim.sizes, max_size=max_size).flatmap(lambda chosen: of_sizes(*chosen.values()))


def _invertible(size: int, elements: Elements | None) -> SearchStrategy[Rows]:
    """L D U, with unit triangular L and U and no zero on the diagonal of D: any matrix but a thin set. Shrinks to the identity."""

    def product(lower: Rows, diagonal: tuple[Fraction, ...], upper: Rows) -> Rows:
        def entry(i: int, j: int) -> Number:
            return sum((_at(lower, i, k) * diagonal[k] * _at(upper, j, k) for k in range(min(i, j) + 1)), Fraction(0))

        return tuple(tuple(entry(i, j) for j in range(size)) for i in range(size))

    corner = entries_of(size, size, elements)
    return st.builds(product, corner, st.tuples(*[nonzero_rationals()] * size), corner)


def _at(unit: Rows, i: int, k: int) -> Number:
    return 1 if i == k else unit[i][k]
