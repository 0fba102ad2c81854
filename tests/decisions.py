"""Many exact decisions, checked by brute force: ``python -m tests.decisions 10000``.

Right constructions are gauged, split into heads and permuted; then one entry of one weight is changed. What recognition says is compared
with the tensor formed entry by entry from Fractions, which shares no code with it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any

import sympy

from equivalence.attention import Head, Layer
from equivalence.recognition import Recognition, recognise

Rows = list[list[Fraction]]
SIZES = [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1), (2, 2)]


@dataclass
class Survey:
    """Counts."""

    right: int = 0
    refused: int = 0
    changed: int = 0
    absorbed: int = 0
    other_step: int = 0
    none: int = 0
    wrongly_accepted: int = 0
    unsettled: int = 0
    seconds: float = 0.0


def survey(count: int, seed: int = 0) -> Survey:
    """As many right constructions, and as many with one entry changed."""
    random, found, start = Random(seed), Survey(), time.perf_counter()
    for number in range(count):
        d_x, d_y = SIZES[number % len(SIZES)]
        step, initial, heads = right_construction(random, d_x, d_y)
        known = number % 3 == 0
        found.right += 1
        found.refused += not is_step(judged(heads, d_x, d_y, initial if known else None), step, initial, d_x, d_y)
        _change(found, random, heads, (step, initial), known)
    found.seconds = time.perf_counter() - start
    return found


def _change(found: Survey, random: Random, heads: list[list[Rows]], right: tuple[Fraction, Rows], known: bool) -> None:
    """One entry of one weight changed, and the verdict judged."""
    (step, initial), changed = right, [[[row[:] for row in weight] for weight in head] for head in heads]
    d_y, d_x = len(initial), len(initial[0])
    weight = random.choice(random.choice(changed))
    row = random.choice(weight)
    row[random.randrange(len(row))] += random.choice([-2, -1, 1, 2, Fraction(1, 2)])
    found.changed += 1
    try:
        verdict = judged(changed, d_x, d_y, initial if known else None)
    except ValueError:
        found.unsettled += 1
        return
    seen = tensor(changed, initial, d_x)
    if seen == target(step, initial):
        found.absorbed += 1
        found.wrongly_accepted += verdict.family == "none"
    elif verdict.family == "none":
        found.none += 1
        found.wrongly_accepted += not shows(verdict, changed)
    else:
        found.other_step += 1
        found.wrongly_accepted += not is_member(verdict, changed, d_x)


def judged(heads: list[list[Rows]], d_x: int, d_y: int, initial: Rows | None) -> Recognition:
    """What recognition says."""
    layer = Layer(tuple(Head(*map(exact, head)) for head in heads))
    return recognise(layer, d_x=d_x, d_y=d_y, initial=None if initial is None else exact(initial))


def exact(rows: Rows) -> sympy.ImmutableDenseMatrix:
    """A SymPy matrix."""
    return sympy.ImmutableDenseMatrix(
        [[sympy.Rational(entry.numerator, entry.denominator) for entry in map(Fraction, row)] for row in rows]
    )


def fractions(matrix: Any) -> Rows:
    """Rows of Fractions."""
    return [[Fraction(int(entry.p), int(entry.q)) for entry in row] for row in matrix.tolist()]


def right_construction(random: Random, d_x: int, d_y: int) -> tuple[Fraction, Rows, list[list[Rows]]]:
    """s, W₀, and heads: 2.1 with any gauge c and T, S inside, B's y columns and A's x rows free, swapped at d_x = d_y = 1, split."""
    d = d_x + d_y
    step, c = (Fraction(random.choice([-3, -2, -1, 1, 2, 3]), random.randint(1, 5)) for _ in range(2))
    initial = drawn(random, d_y, d_x) if random.random() < 0.8 else [[Fraction(0)] * d_x for _ in range(d_y)]
    form = [[*initial[k], *(Fraction(-int(k == m)) for m in range(d_y))] for k in range(d_y)]
    columns = [[Fraction(int(p == j)) for j in range(d_x)] for p in range(d)]
    if d_x == d_y == 1 and random.random() < 0.5:
        form, columns = [[Fraction(1), Fraction(0)]], [[initial[0][0]], [Fraction(-1)]]
    free = drawn(random, d, d_y) if random.random() < 0.5 else [[Fraction(0)] * d_y for _ in range(d)]
    A = drawn(random, d_x, d) + [[c * step * entry for entry in row] for row in form]
    B = [[columns[p][j] / c + inner(free[p], [row[j] for row in initial]) for j in range(d_x)] + free[p] for p in range(d)]
    (T, T_inverse), (S, S_inverse) = invertible(random, d), invertible(random, d)
    key, query, value, projection = T, times(transposed(T_inverse), B), S_inverse, times(A, S)
    value, projection = S, times(A, S_inverse)
    cut = random.randint(1, d)
    heads = (
        [[key[:cut], query[:cut], value, projection], [key[cut:], query[cut:], value, projection]]
        if cut < d
        else [[key, query, value, projection]]
    )
    if random.random() < 0.5:
        heads = [part for head in heads for part in split_values(random, head)]
    random.shuffle(heads)
    return step, initial, heads


def split_values(random: Random, head: list[Rows]) -> list[list[Rows]]:
    """A head as two that share the values."""
    key, query, value, projection = head
    cut = random.randint(1, len(value) - 1)
    return [[key, query, value[:cut], [row[:cut] for row in projection]], [key, query, value[cut:], [row[cut:] for row in projection]]]


def drawn(random: Random, rows: int, columns: int) -> Rows:
    """Small rationals."""
    return [[Fraction(random.randint(-3, 3), random.randint(1, 3)) for _ in range(columns)] for _ in range(rows)]


def invertible(random: Random, size: int) -> tuple[Rows, Rows]:
    """A product of unit triangular matrices and its inverse, by SymPy."""
    lower = sympy.Matrix(size, size, lambda i, j: random.randint(-2, 2) if j < i else int(i == j))
    upper = sympy.Matrix(size, size, lambda i, j: random.randint(-2, 2) if j > i else int(i == j))
    return fractions(lower * upper), fractions((lower * upper).inv())


def times(left: Rows, right: Rows) -> Rows:
    """A product."""
    return [[inner(row, column) for column in zip(*right, strict=True)] for row in left]


def transposed(rows: Rows) -> Rows:
    """A transpose."""
    return [list(column) for column in zip(*rows, strict=True)]


def inner(left: Any, right: Any) -> Fraction:
    """An inner product."""
    return sum((a * b for a, b in zip(left, right, strict=True)), Fraction(0))


def symmetrised(forms: list[tuple[Rows, Rows]]) -> dict[tuple[int, int, int, int], Fraction]:
    """``Σ A_kp B_rj + A_kr B_pj``, entry by entry, from y rows of A and contracted B."""
    A, B = forms[0]
    places = product(range(len(A)), range(len(B)), range(len(B)), range(len(B[0])))
    return {(k, p, r, j): sum((A[k][p] * B[r][j] + A[k][r] * B[p][j] for A, B in forms), Fraction(0)) for k, p, r, j in places}


def tensor(heads: list[list[Rows]], initial: Rows, d_x: int) -> dict[tuple[int, int, int, int], Fraction]:
    """That of the prediction on queries [q; −W₀q]."""
    forms = []
    for key, query, value, projection in heads:
        B = times(transposed(key), query)
        seen = [[row[j] - inner(row[d_x:], [line[j] for line in initial]) for j in range(d_x)] for row in B]
        forms.append((times(projection, value)[d_x:], seen))
    return symmetrised(forms)


def target(step: Fraction, initial: Rows, D: Rows | None = None, C: Rows | None = None) -> dict[tuple[int, int, int, int], Fraction]:
    """That of one step."""
    d_y, d_x = len(initial), len(initial[0])
    form = [[step * entry for entry in [*initial[k], *(Fraction(-int(k == m)) for m in range(d_y))]] for k in range(d_y)]
    inputs = C or [[Fraction(int(i == j)) for j in range(d_x)] for i in range(d_x)]
    return symmetrised([(times(D, form) if D else form, inputs + [[Fraction(0)] * d_x for _ in range(d_y)])])


def is_step(verdict: Recognition, step: Fraction, initial: Rows, d_x: int, d_y: int) -> bool:
    """Whether the verdict is this GD step (or, where W₀ is not determined, which only happens at d_x = d_y = 1, another that fits)."""
    if verdict.family not in ("gradient descent", "GD++"):
        return False
    same = fractions(verdict.initial) == initial and verdict.step_size == sympy.Rational(step.numerator, step.denominator)
    return bool(same or d_x == d_y == 1)


def is_member(verdict: Recognition, heads: list[list[Rows]], d_x: int) -> bool:
    """Whether the reported numbers make the tensor; roots are left to SymPy."""
    if not all(entry.is_Rational for entry in [*verdict.initial, verdict.step_size]):
        return verdict.exact
    initial, step = fractions(verdict.initial), Fraction(int(verdict.step_size.p), int(verdict.step_size.q))
    D, C = (None if factor is None else fractions(factor) for factor in (verdict.left_factor, verdict.preconditioner))
    return tensor(heads, initial, d_x) == target(step, initial, D, C)


def shows(verdict: Recognition, heads: list[list[Rows]]) -> bool:
    """Whether the witness, run by hand, has the prediction that is reported, and that is not what is expected."""
    witness = verdict.witness
    if witness is None:
        return False
    x, y, q, W0 = (fractions(part) for part in (witness.context_x, witness.context_y, witness.query, verdict.initial))
    token, asked = x + y, q + [[-inner(row, [entry for (entry,) in q])] for row in W0]
    after = [entry for (entry,) in asked]
    for key, query, value, projection in heads:
        score = inner(*([entry for (entry,) in times(weight, column)] for weight, column in ((key, token), (query, asked))))
        after = [old + score * new for old, (new,) in zip(after, times(projection, times(value, token)), strict=True)]
    return [[-entry] for entry in after[len(x) :]] == fractions(witness.prediction) != fractions(witness.expected)


if __name__ == "__main__":
    print(survey(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
