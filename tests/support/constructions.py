"""Right constructions in Fractions, drawn: gauged, split into heads and permuted; and the same with one entry of one weight changed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

import sympy

Rows = list[list[Fraction]]
WEIGHTS = ("key", "query", "value", "projection")
KINDS = ("gradient descent", "gradient descent", "GD++", "preconditioned gradient descent")
"""As often as they stand here."""


@dataclass(frozen=True)
class Construction:
    """Heads whose prediction is ``(W₀ + s D (Y − W₀X) Xᵀ C) q``.

    Attributes:
        kind: what was built: GD++ and preconditioned steps may turn out to be plain ones (at d = 2, say).
        step: s.
        initial: W₀.
        heads: W_K, W_Q, W_V and P of each.
        told: whether W₀ is to be told.
    """

    kind: str
    step: Fraction
    initial: Rows
    heads: list[list[Rows]]
    told: bool

    @property
    def initial_is_determined(self) -> bool:
        """Whether s and W₀ can only be found as they were built: there are two W₀ at d_x = d_y = 1, and many where D or C is singular."""
        return self.kind != KINDS[-1] and (self.told or len(self.initial) * len(self.initial[0]) > 1)


def right_construction(random: Random, d_x: int, d_y: int) -> Construction:
    """2.1 and 2.3 with any gauge c, T and S inside, B's y columns and A's x rows free where they may be; swapped at d_x = d_y = 1; split.

    Where B's y columns are not 0, recognition promises to find W₀ of a plain step only; a preconditioned one is told it.
    """
    kind, d = random.choice(KINDS), d_x + d_y
    step, c = (Fraction(random.choice([-3, -2, -1, 1, 2, 3]), random.randint(1, 5)) for _ in range(2))
    initial = drawn(random, d_y, d_x) if random.random() < 0.8 else zeros(d_y, d_x)
    D, C = (not_zero(random, d_y), not_zero(random, d_x)) if kind == KINDS[-1] else (eye(d_y), eye(d_x))
    form, columns = times(D, residual_form(initial)), [*C, *zeros(d_y, d_x)]
    if d_x == d_y == 1 and kind == KINDS[0] and random.random() < 0.5:
        form, columns = [[Fraction(1), Fraction(0)]], [[initial[0][0]], [Fraction(-1)]]
    free = drawn(random, d, d_y) if random.random() < 0.5 else zeros(d, d_y)
    B = [[columns[p][j] / c + inner(free[p], [row[j] for row in initial]) for j in range(d_x)] + free[p] for p in range(d)]
    A = inputs_update(random, kind, c, d_x, d_y) + [[c * step * entry for entry in row] for row in form]
    told = random.random() < 1 / 3 or (kind == KINDS[-1] and any(map(any, free)))
    return Construction(kind, step, initial, split(random, gauged(random, A, B)), told)


def inputs_update(random: Random, kind: str, c: Fraction, d_x: int, d_y: int) -> Rows:
    """The x rows of A: those of GD++ for some γ, or 0, or anything, since a prediction does not show them."""
    if kind == "GD++":
        gamma = Fraction(random.choice([-2, -1, 1, 2]), random.randint(1, 5))
        return [[-c * gamma * entry for entry in row] + [Fraction(0)] * d_y for row in eye(d_x)]
    return drawn(random, d_x, d_x + d_y) if random.random() < 0.5 else zeros(d_x, d_x + d_y)


def gauged(random: Random, A: Rows, B: Rows) -> list[Rows]:
    """One head with ``W_KᵀW_Q = B`` and ``P W_V = A``."""
    (T, T_inverse), (S, S_inverse) = invertible(random, len(A)), invertible(random, len(A))
    return [T, times(transposed(T_inverse), B), S, times(A, S_inverse)]


def split(random: Random, head: list[Rows]) -> list[list[Rows]]:
    """One head, or two that share its scores, each perhaps as two that share its values, in any order."""
    key, query, value, projection = head
    cut = random.randint(1, len(key))
    pieces = [slice(cut), slice(cut, None)] if cut < len(key) else [slice(None)]
    heads = [[key[piece], query[piece], value, projection] for piece in pieces]
    if random.random() < 0.5:
        heads = [part for head in heads for part in split_values(random, head)]
    random.shuffle(heads)
    return heads


def split_values(random: Random, head: list[Rows]) -> list[list[Rows]]:
    """A head as two that share the values."""
    key, query, value, projection = head
    cut = random.randint(1, len(value) - 1)
    return [[key, query, value[:cut], [row[:cut] for row in projection]], [key, query, value[cut:], [row[cut:] for row in projection]]]


def with_one_entry_changed(random: Random, heads: list[list[Rows]]) -> tuple[str, list[list[Rows]]]:
    """Which weight, and the heads."""
    changed = [[[row[:] for row in weight] for weight in head] for head in heads]
    name = random.choice(WEIGHTS)
    row = random.choice(random.choice(changed)[WEIGHTS.index(name)])
    row[random.randrange(len(row))] += random.choice([-2, -1, 1, 2, Fraction(1, 2)])
    return name, changed


def residual_form(initial: Rows) -> Rows:
    """``[W₀, −I]``."""
    return [[*row, *(-entry for entry in unit)] for row, unit in zip(initial, eye(len(initial)), strict=True)]


def drawn(random: Random, rows: int, columns: int) -> Rows:
    """Small rationals."""
    return [[Fraction(random.randint(-3, 3), random.randint(1, 3)) for _ in range(columns)] for _ in range(rows)]


def not_zero(random: Random, size: int) -> Rows:
    """Small rationals, not all 0; perhaps singular."""
    found = drawn(random, size, size)
    return found if any(map(any, found)) else eye(size)


def eye(size: int) -> Rows:
    """The identity."""
    return [[Fraction(int(i == j)) for j in range(size)] for i in range(size)]


def zeros(rows: int, columns: int) -> Rows:
    """Zeros."""
    return [[Fraction(0)] * columns for _ in range(rows)]


def invertible(random: Random, size: int) -> tuple[Rows, Rows]:
    """A product of unit triangular matrices and its inverse, by SymPy."""
    lower = sympy.Matrix(size, size, lambda i, j: random.randint(-2, 2) if j < i else int(i == j))
    upper = sympy.Matrix(size, size, lambda i, j: random.randint(-2, 2) if j > i else int(i == j))
    return fractions(lower * upper), fractions((lower * upper).inv())


def fractions(matrix: Any) -> Rows:
    """A SymPy matrix of rationals."""
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]


def exact(rows: Rows) -> sympy.ImmutableDenseMatrix:
    """A SymPy matrix."""
    return sympy.ImmutableDenseMatrix([[sympy.Rational(entry.numerator, entry.denominator) for entry in row] for row in rows])


def times(left: Any, right: Any) -> Any:
    """A product."""
    return [[inner(row, column) for column in zip(*right, strict=True)] for row in left]


def transposed(rows: Any) -> Any:
    """A transpose."""
    return [list(column) for column in zip(*rows, strict=True)]


def inner(left: Any, right: Any) -> Any:
    """An inner product."""
    return sum(a * b for a, b in zip(left, right, strict=True))
