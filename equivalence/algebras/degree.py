"""The degree reading: how large a degree and how large coefficients an identity can have, hence how far to trust a certificate.

Each entry of a matrix is a polynomial with integer coefficients in the drawn entries and symbols, over a denominator that is a
product of integers, symbols and determinants. A block is bounded by one degree, one height and one denominator.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial, log

from equivalence.algebras.blocks import BlockAlgebra, Blocked, whole
from equivalence.algebras.rationals import is_number, rational
from equivalence.algebras.sizes import Part, total


@dataclass(frozen=True)
class Determinant:
    """What an inverse has for a denominator: the determinant of a drawn matrix, with its degree and height (as of `Degree`)."""

    of: str
    degree: int
    height: int


Atom = int | str | Determinant
"""A factor of a denominator: an integer, a symbol, or a determinant."""

Powers = tuple[tuple[Atom, int], ...]


@dataclass(frozen=True, eq=False)
class Degree:
    """A bound on all entries of a block (or on a scalar, with one row and column).

    Attributes:
        rows, cols: the size of the block.
        degree: bounds the total degree of the numerators.
        height: log2 of a bound on the sum of the numerators' absolute coefficients, rounded up.
        denominator: the common denominator: integers, symbols and determinants with their exponents.
        monomial: whether this is a single product, by which one may divide.
        orthogonal: the orthogonal matrices in it, each drawn with determinant 1 or −1.
    """

    rows: int
    cols: int
    degree: int
    height: int
    denominator: Powers = ()
    monomial: Powers | None = None
    orthogonal: frozenset[str] = frozenset()

    def __mul__(self, other: Degree | Fraction | int) -> Degree:
        if is_number(other):
            return self * of_number(Fraction(other))
        if not isinstance(other, Degree):
            return NotImplemented
        scalar = self.rows == self.cols == 1
        inner = 1 if scalar else self.cols
        both = self.monomial is not None and other.monomial is not None
        return Degree(
            rows=other.rows if scalar else self.rows,
            cols=other.cols,
            degree=self.degree + other.degree,
            height=self.height + other.height + bits(inner),
            denominator=_combined(self.denominator, other.denominator),
            monomial=_combined(self.monomial or (), other.monomial or ()) if both else None,
            orthogonal=self.orthogonal | other.orthogonal,
        )

    def __add__(self, other: Degree | Fraction | int) -> Degree:
        if is_number(other):
            return self + of_number(Fraction(other))
        if not isinstance(other, Degree):
            return NotImplemented
        left, right, shared = self, other, self.denominator
        if self.denominator != other.denominator:
            exponents = {atom: max(dict(self.denominator).get(atom, 0), power) for atom, power in other.denominator}
            common = {**dict(self.denominator), **exponents}
            left, right = self._over(common), other._over(common)
            shared = tuple(sorted(common.items(), key=str))
        degree, height = max(left.degree, right.degree), max(left.height, right.height) + 1
        return Degree(self.rows, self.cols, degree, height, shared, orthogonal=self.orthogonal | other.orthogonal)

    def __neg__(self) -> Degree:
        return self

    def __sub__(self, other: Degree | Fraction | int) -> Degree:
        return self + other

    __radd__, __rsub__, __rmul__ = __add__, __sub__, __mul__

    def __rtruediv__(self, other: Fraction | int) -> Degree:
        return of_number(Fraction(other)) / self if is_number(other) else NotImplemented

    def __truediv__(self, other: Degree | Fraction | int) -> Degree:
        if is_number(other):
            return self / of_number(Fraction(other))
        if not isinstance(other, Degree):
            return NotImplemented
        if other.monomial is None:
            raise ValueError("division: expected a number or a product of symbols, got a sum")
        powers = dict(other.monomial)
        above = {atom: -power for atom, power in powers.items() if power < 0}
        below = tuple((atom, power) for atom, power in powers.items() if power > 0)
        inverse = _combined((), tuple((atom, -power) for atom, power in powers.items()))
        return self * Degree(1, 1, _degree(above), _height(above), below, inverse)

    def transpose(self) -> Degree:
        """The transpose has the same bounds."""
        return replace(self, rows=self.cols, cols=self.rows)

    def _over(self, common: dict[Atom, int]) -> Degree:
        missing = {atom: power - dict(self.denominator).get(atom, 0) for atom, power in common.items()}
        return replace(self, degree=self.degree + _degree(missing), height=self.height + _height(missing))


class DegreeAlgebra(BlockAlgebra[Degree]):
    """Bounds a block at a time, at fixed sizes."""

    name = "degree"
    scalar_type = Degree

    def __init__(self) -> None:
        super().__init__()
        self.inverted = 0

    def invertible(self, name: str, size: Part) -> tuple[Blocked[Degree], Blocked[Degree]]:
        """T has degree 1 in its n² entries. T⁻¹ is the adjugate, of degree n − 1 with (n − 1)! terms an entry, over the determinant, of
        degree n with n! terms: what an identity is multiplied by before it is a polynomial.
        """
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an invertible", part, part)
        self.names.inverse(name)
        n = total(part)
        denominator = ((Determinant(name, n, bits(factorial(n))), 1),)
        bounds = Degree(n, n, 1, 0), Degree(n, n, n - 1, bits(factorial(n - 1)), denominator)
        matrix, inverse = (Blocked(self, (part,), (part,), {(0, 0): bound}) for bound in bounds)
        return matrix, inverse

    def inverse(self, matrix: Blocked[Degree]) -> Blocked[Degree]:
        """Entries of degree d and height h over δ have the inverse ``δ · adjugate / determinant``: the adjugate of degree (n − 1)d and of
        (n − 1)! products, the determinant of degree nd and of n! products.
        """
        if matrix.rows != matrix.cols:
            raise ValueError(f"inverse: expected a square matrix, got shape {matrix.shape}")
        n, self.inverted, over = total(whole(matrix.rows)), self.inverted + 1, dict[Atom, int]()
        for block in matrix.blocks.values():
            over |= {atom: max(over.get(atom, 0), power) for atom, power in block.denominator}
        entries = [block._over(over) for block in matrix.blocks.values()]
        degree, height = (max((getattr(entry, bound) for entry in entries), default=0) for bound in ("degree", "height"))
        determinant = Determinant(f"inverse[{self.inverted}]", n * degree, n * height + bits(factorial(n)))
        bound = Degree(
            rows=1,
            cols=1,
            degree=(n - 1) * degree + _degree(over),
            height=(n - 1) * height + bits(factorial(n - 1)) + _height(over),
            denominator=((determinant, 1),),
            orthogonal=frozenset().union(*(entry.orthogonal for entry in entries)),
        )
        sizes = [(i, total(row), j, total(col)) for i, row in enumerate(matrix.rows) for j, col in enumerate(matrix.cols)]
        return Blocked(self, matrix.rows, matrix.cols, {(i, j): replace(bound, rows=m, cols=k) for i, m, j, k in sizes})

    def orthogonal(self, name: str, size: Part) -> Blocked[Degree]:
        """``(I − S) adj(I + S)`` over ``det(I + S)``, both of degree n and of n! products of entries of S, 1 and −1."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "an orthogonal", part, part)
        n = total(part)
        height = bits(factorial(n))
        bound = Degree(n, n, n, height, ((Determinant(name, n, height), 1),), orthogonal=frozenset({name}))
        return Blocked(self, (part,), (part,), {(0, 0): bound})

    def hadamard(self, left: Blocked[Degree], right: Blocked[Degree]) -> Blocked[Degree]:
        """A product of entries, without a sum."""
        if left.shape != right.shape:
            raise ValueError(f"hadamard: expected equal shapes, got {left.shape} and {right.shape}")
        blocks = {}
        for place in left.blocks.keys() & right.blocks.keys():
            one, other = (replace(side.blocks[place], rows=1, cols=1, monomial=None) for side in (left, right))
            blocks[place] = replace(one * other, rows=left.blocks[place].rows, cols=left.blocks[place].cols)
        return Blocked(self, left.rows, left.cols, blocks)

    def diagonal(self, name: str, size: Part) -> Blocked[Degree]:
        """A diagonal matrix: degree 1."""
        (part,) = self._one_part(name, size)
        self.names.matrix(name, "a diagonal", part, part)
        return Blocked(self, (part,), (part,), {(0, 0): Degree(total(part), total(part), 1, 0)})

    def weights(self, scores: Blocked[Degree]) -> Blocked[Degree]:
        """Weights as the certificate draws them: the last of N is 1 minus the N − 1 others."""
        (rows,) = scores.rows
        n = total(rows)
        blocks = {(0, j): Degree(n, total(cols), 1, bits(n)) for j, cols in enumerate(scores.cols)}
        return Blocked(self, scores.rows, scores.cols, blocks)

    def symbol(self, name: str) -> Degree:
        """A symbol: degree 1."""
        self.names.symbol(name)
        return Degree(1, 1, 1, 0, (), ((name, 1),))

    def scalar(self, value: object) -> Degree:
        """A rational: degree 0, its numerator's size, its denominator."""
        return of_number(Fraction(total(value)) if isinstance(value, tuple) else rational(value))

    def trace(self, matrix: Blocked[Degree]) -> Degree:
        """A sum of entries."""
        if matrix.rows != matrix.cols:
            raise ValueError(f"trace: expected a square matrix, got shape {matrix.shape}")
        total_bound = Degree(1, 1, 0, 0)
        for (i, j), block in matrix.blocks.items():
            if i == j:
                total_bound += replace(block, rows=1, cols=1, height=block.height + bits(block.rows), monomial=None)
        return total_bound

    def _generator_block(self, name: str, rows: Part, cols: Part, symmetric: bool) -> Degree:
        return Degree(total(rows), total(cols), 1, 0)

    def _eye_block(self, size: Part) -> Degree:
        return Degree(total(size), total(size), 0, 0)

    def _ones_block(self, rows: Part, cols: Part) -> Degree:
        return Degree(total(rows), total(cols), 0, 0)


def of_number(number: Fraction) -> Degree:
    """The bound of a rational: degree 0, its numerator's size, its denominator."""
    above, below = abs(number.numerator), number.denominator
    powers = {above: 1} if above != 1 else {}
    if below != 1:
        powers[below] = powers.get(below, 0) - 1
    monomial = tuple(sorted(powers.items(), key=str)) if above else None
    return Degree(1, 1, 0, bits(above), ((below, 1),) if below != 1 else (), monomial)


def error_bound(left: Blocked[Degree] | Degree, right: Blocked[Degree] | Degree, points_log2: int) -> float:
    """How probable it is, at most, that two sides that differ agree over GF(p) at random points, for one random prime p.

    The prime is uniform among the primes of [2^62, 2^63), the points among 2^points_log2 elements of the field. With D the degree and
    2^h the height of a nonzero entry of the difference (denominators cleared): its coefficients all vanish modulo at most h/62 such
    primes, and else the entry vanishes at a fraction of at most D/2^points_log2 of the points (Schwartz 1980, Zippel 1979). Symbols
    are drawn among as many nonzero points. A draw at which a determinant vanishes is not used; as that happens at a fraction f of the
    points, the D/2^points_log2 of those that are used may be more by 1/(1 − f), and a D larger by 1 covers it. An orthogonal matrix is of
    two kinds, drawn with equal probability, and the sides may agree for one of them: k such matrices make 1 − 2^−k of the draws blind.
    """
    return max((_blind(bound, points_log2) for bound in _bounds(left, right)), default=0.0)


def _blind(bound: Degree, points_log2: int) -> float:
    degree = bound.degree + any(isinstance(atom, Determinant) for atom, _ in bound.denominator)
    return degree * 2.0**-points_log2 + (bound.height // 62) / primes_in_range() + (1 - 2.0 ** -len(bound.orthogonal))


def _bounds(left: Blocked[Degree] | Degree, right: Blocked[Degree] | Degree) -> list[Degree]:
    """What bounds the difference, block by block; nothing for a scalar and a matrix, which never agree."""
    if isinstance(left, Degree) and isinstance(right, Degree):
        return [left + right]
    if isinstance(left, Degree) or isinstance(right, Degree):
        return []
    merged = dict(left.blocks)
    for place, block in right.blocks.items():
        merged[place] = merged[place] + block if place in merged else block
    return list(merged.values())


def primes_in_range() -> float:
    """A lower bound on the number of primes in [2^62, 2^63), about 2^56.5.

    From x/(ln x − 1) <= π(x) for x >= 5393 and π(x) <= x/(ln x − 1.1) for x >= 60184 (Dusart 1998).
    """
    below, above = 2.0**62, 2.0**63
    return above / (log(above) - 1) - below / (log(below) - 1.1)


def bits(count: int) -> int:
    """log2 rounded up, 0 for 0 and 1."""
    return max(count - 1, 0).bit_length()


def _combined(left: Powers, right: Powers) -> Powers:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(((atom, power) for atom, power in powers.items() if power), key=str))


def _degree(powers: Mapping[Atom, int]) -> int:
    return sum(power * (atom.degree if isinstance(atom, Determinant) else isinstance(atom, str)) for atom, power in powers.items())


def _height(powers: Mapping[Atom, int]) -> int:
    heights = {atom: atom.height if isinstance(atom, Determinant) else bits(atom) if isinstance(atom, int) else 0 for atom in powers}
    return sum(power * heights[atom] for atom, power in powers.items())
