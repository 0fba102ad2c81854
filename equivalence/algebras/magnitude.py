r"""The magnitude reading: how far rounding can have moved a result, so that no tolerance is ever guessed.

A matrix is read as ``(S, k)``: S, entry by entry, the sum of the absolute values of all terms (the program run on absolute values,
with + for −), and k, a Python integer, a count of roundings. What holds is

    |computed − exact| ≤ γ_k S,   γ_k = ku / (1 − ku),   u the unit roundoff,

and S ≥ |exact|. With ``(1 + γ_j)(1 + γ_k) ≤ 1 + γ_{j+k}`` (Higham 2002, lemma 3.3) each rule is one line:

* a product of inner size n, in any order of summation, with or without fused operations, errs by a factor 1 + θ, |θ| ≤ γ_n
  (Higham 2002, section 3.1), beside what its factors bring: ``k₁ + k₂ + n``;
* a sum or difference: ``max(k₁, k₂) + 1``; a trace of n entries: ``k + n``;
* a product of a scalar with anything: ``k₁ + k₂ + 1``. So too a quotient, if the divisor is a *monomial*, a product of symbols, numbers
  and their inverses: without sums its error is a product of factors (1 + δ)^{±1}, and so is that of its inverse. No other divisor is
  taken;
* transposes, signs and blocks are exact.

**Underflow.** An operation may lose the smallest normal number ``tiny`` at most, also where results are flushed to zero, if its inputs
are normal numbers or zero, as results then are, and as generators and symbols must be. A product of inner size n has 2n − 1 operations,
so it loses less than ``2n·tiny·(1 + γ_n)``. Each rule adds ``c = 4·tiny/u`` to S, and ``γ_k c ≥ 4k·tiny`` covers that, as k ≥ n. Monomials
get no c, since S must not exceed a divisor; one that may have underflowed becomes NaN, which no comparison passes.

**S is computed in floating point too.** It has no cancellation, and each rule rounds it at most once more than the result, so that
``computed S ≥ (1 − u)^{3k} S`` by induction (what underflow takes, 2n·tiny = (nu/2)c, counts as n roundings at most). With ku ≤ 1/8,
``γ_k (1 − u)^{−3k} ≤ γ_k / (1 − 3ku) ≤ 1.6 γ_k``; the bound given is ``γ_{2k}`` times the computed S, which is at least twice γ_k, and
what is between 1.6 and 2 pays for rounding the bound, the difference of two sides and their ratio, some 6u, wherever u ≤ 2⁻⁸.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NoReturn, cast

import numpy as np

from equivalence.algebras.numeric import Array, Numeric
from equivalence.algebras.rationals import is_number, rational
from equivalence.algebras.sizes import Dimension, total


@dataclass(frozen=True, eq=False)
class Magnitude:
    """A matrix (or a scalar, of shape ()) as the sum of its absolute terms and a count of roundings.

    Attributes:
        algebra: the reading that made it.
        terms: S, an array.
        roundings: k.
        monomial: whether this is a single product of scalars, by which one may divide.
    """

    algebra: MagnitudeAlgebra
    terms: Array
    roundings: int
    monomial: bool = False

    __array_ufunc__ = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""
        return self.terms.shape

    @property
    def T(self) -> Magnitude:
        """The transpose."""
        return replace(self, terms=self.terms.T)

    def bound(self) -> Array:
        """``γ_{2k} S``, entry by entry: how far the computed result is from the exact one, at most.

        Raises ValueError if ku > 1/8: so many roundings leave no digit to speak of.
        """
        ku = self.roundings * self.algebra.unit
        if ku > 1 / 8:
            raise ValueError(
                f"bound: expected at most {int(0.125 / self.algebra.unit)} roundings in {self.algebra.dtype}, got {self.roundings}"
            )
        return self.algebra.dtype.type(2 * ku / (1 - 2 * ku)) * self.terms

    def __matmul__(self, other: Magnitude) -> Magnitude:
        inner = self.terms.shape[1]
        return self._inexact(self.terms @ other.terms, self.roundings + other.roundings + inner)

    def __add__(self, given: Magnitude | Fraction | int) -> Magnitude:
        other = self._scalar_of(given)
        if self.shape != other.shape:
            raise ValueError(f"+: expected equal shapes, got {self.shape} and {other.shape}")
        return self._inexact(self.terms + other.terms, max(self.roundings, other.roundings) + 1)

    __sub__ = __add__

    def __neg__(self) -> Magnitude:
        return self

    def __mul__(self, given: Magnitude | Fraction | int) -> Magnitude:
        other = self._scalar_of(given)
        if self.shape != ():
            raise TypeError(f"scalar *: expected a scalar on the left, got shape {self.shape}")
        return self._scaled(self.terms * other.terms, other, self.monomial and other.monomial)

    def __rmul__(self, scalar: object) -> Magnitude:
        if is_number(scalar):
            return self.algebra.scalar(scalar) * self
        raise TypeError(f"scalar *: expected a scalar of the magnitude algebra, got {scalar!r}; build it with algebra.scalar")

    __radd__, __rsub__ = __add__, __sub__

    def __rtruediv__(self, other: Fraction | int) -> Magnitude:
        return self._scalar_of(other) / self

    def __truediv__(self, given: Magnitude | Fraction | int) -> Magnitude:
        other = self._scalar_of(given)
        if not other.monomial:
            raise ValueError("division: expected a number or a product of symbols, got a sum")
        return self._scaled(self.terms / other.terms, other, self.monomial)

    def _scalar_of(self, value: Magnitude | Fraction | int) -> Magnitude:
        return self.algebra.scalar(value) if is_number(value) else cast(Magnitude, value)

    def _scaled(self, terms: Array, other: Magnitude, monomial: bool) -> Magnitude:
        roundings = self.roundings + other.roundings + 1
        if not monomial:
            return self._inexact(terms, roundings)
        certain = self.algebra.library.where(terms >= 2 * self.algebra.tiny, terms, np.nan)
        return Magnitude(self.algebra, certain.astype(self.algebra.dtype), roundings, True)

    def _inexact(self, terms: Array, roundings: int) -> Magnitude:
        return Magnitude(self.algebra, terms + self.algebra.underflow, roundings)


class MagnitudeAlgebra:
    """Magnitudes at the data of a numeric reading, in its library; so under `jax.vmap` and `jax.jit` too.

    Args:
        numeric: the reading whose data it takes: normal numbers or zero.
    """

    name = "magnitude"

    def __init__(self, numeric: Numeric):
        self.numeric, self.library, self.dtype = numeric, numeric.library, numeric.dtype
        info = self.library.finfo(self.dtype)
        self.unit, self.tiny = float(info.eps) / 2, self.dtype.type(info.tiny)
        self.underflow = self.dtype.type(4 * float(info.tiny) / self.unit)

    def generator(self, name: str, rows: Dimension, cols: Dimension, *, symmetric: bool = False) -> Magnitude:
        """The absolute values of the array given for the name."""
        return self._given(self.numeric.generator(name, rows, cols, symmetric=symmetric))

    def invertible(self, name: str, size: Dimension) -> tuple[Magnitude, Magnitude]:
        """The absolute values of T and T⁻¹, which must be given exactly."""
        matrix, inverse = self.numeric.invertible(name, size)
        return self._given(matrix), self._given(inverse)

    def inverse(self, matrix: Magnitude) -> NoReturn:
        """No rule bounds the rounding of an inverse from S and k alone: a TypeError, so that no tolerance is guessed."""
        raise TypeError("inverse: the magnitude reading has no bound on the rounding of an inverse, so this is not tested on numbers")

    def hadamard(self, left: Magnitude, right: Magnitude) -> Magnitude:
        """A product of entries: ``k₁ + k₂ + 1`` roundings."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        return left._inexact(left.terms * right.terms, left.roundings + right.roundings + 1)

    def orthogonal(self, name: str, size: Dimension) -> Magnitude:
        """The absolute values of the array given for the name, which must be orthogonal exactly."""
        return self._given(self.numeric.orthogonal(name, size))

    def diagonal(self, name: str, size: Dimension) -> Magnitude:
        """The absolute values of the diagonal matrix given for the name."""
        return self._given(self.numeric.diagonal(name, size))

    def weights(self, scores: Magnitude) -> Magnitude:
        """Softmax of each column, of m scores: ``k + m + 13`` roundings of ``1 + 4E``, E the largest S in the column.

        The scores are known to γ_k E, and their difference to the largest is rounded once, by 2uE(1 + γ_k) at most. So a weight is off by
        a factor within ``e^{±2e}``, ``e = γ_k E + 2uE(1 + γ_k)``, and ``e^{2e} − 1 ≤ 4e ≤ 4E γ_{k+2}`` if ``2e ≤ 1``, else the bound is
        NaN. The exponential (*assumed* right to 4 units in the last place), the sum and the quotient bring ``8 + m + 1``; a weight is at
        most 1.
        """
        largest = self.library.max(scores.terms, axis=0, keepdims=True)
        spread = self.library.where(4 * (scores.roundings + 3) * self.unit * largest <= 1, 1 + 4 * largest, np.nan)
        terms = self.library.broadcast_to(spread, scores.shape).astype(self.dtype)
        return Magnitude(self, terms + self.underflow, scores.roundings + scores.shape[0] + 13)

    def symbol(self, name: str) -> Magnitude:
        """The absolute value of the scalar given for the name."""
        return replace(self._given(cast(Array, self.numeric.symbol(name))), monomial=True)

    def scalar(self, value: object) -> Magnitude:
        """A rational: no rounding if it is representable, else one, and one more on the way from a Python float to another type.

        Raises ValueError for a number that is not zero and outside the normal range.
        """
        exact = abs(Fraction(total(value)) if isinstance(value, tuple) else rational(value))
        rounded = abs(self.numeric.scalar(value))
        if exact and not self.tiny <= rounded < np.inf:
            raise ValueError(f"scalar: {exact} is outside the normal range of {self.dtype}")
        roundings = 0 if Fraction(float(rounded)) == exact else 1 if self.dtype == float else 2
        return Magnitude(self, cast(Array, rounded), roundings, monomial=bool(exact))

    def eye(self, size: Dimension) -> Magnitude:
        """The identity."""
        return Magnitude(self, self.numeric.eye(size), 0)

    def zeros(self, rows: Dimension, cols: Dimension) -> Magnitude:
        """The zero matrix."""
        return Magnitude(self, self.numeric.zeros(rows, cols), 0)

    def ones(self, rows: Dimension, cols: Dimension) -> Magnitude:
        """The matrix of ones."""
        return Magnitude(self, self.numeric.ones(rows, cols), 0)

    def block(self, rows: Sequence[Sequence[Magnitude]]) -> Magnitude:
        """One matrix from a grid."""
        terms = self.numeric.block([[matrix.terms for matrix in line] for line in rows])
        return Magnitude(self, terms, max(matrix.roundings for line in rows for matrix in line))

    def trace(self, matrix: Magnitude) -> Magnitude:
        """The sum of n diagonal entries."""
        return matrix._inexact(cast(Array, self.numeric.trace(matrix.terms)), matrix.roundings + matrix.shape[0])

    def value(self, rows: Sequence[Sequence[object]]) -> Magnitude:
        """The matrix of the given rationals."""
        entries = [[self.scalar(entry) for entry in row] for row in rows]
        terms = self.library.asarray([[entry.terms for entry in row] for row in entries], dtype=self.dtype)
        return Magnitude(self, terms, max(entry.roundings for row in entries for entry in row))

    def _given(self, array: Array) -> Magnitude:
        return Magnitude(self, abs(array), 0)
