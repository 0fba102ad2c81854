"""Statement 10.7: weights that do logical inference by definite clauses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import cast

import flint
import sympy

from equivalence.algebras.ball import Ball
from equivalence.algebras.blocks import Blocked
from equivalence.algebras.flint import Grid, dense
from equivalence.algebras.powers import Powers
from equivalence.algebras.protocol import HasValues, HasWeights, Matrix
from equivalence.algebras.sizes import Part
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.chaining import chaining_layer, rounded, rounding_levels
from equivalence.models.tokens import tokens, with_sink
from equivalence.statements import Differ, Encloses, Informal, Less, Positive, statement
from equivalence.statements.steps import Items
from proofs.vocabulary import LayerBuilder

Clause = tuple[frozenset[int], int]
"""Premises and conclusion of a definite clause; a fact has no premises."""

Levels = Callable[..., tuple[sympy.Expr, sympy.Expr]]
"""The levels between which is rounded, from m and t, such as `rounding_levels`."""


@statement(
    "10.7",
    "One softmax layer and a rounding are one round of forward chaining",
    kind="bound",
    claim="any theory of m clauses, any known propositions: right if e^b > m²",
    source="Zhang et al. 2022, on SimpleLogic (its abstract and opening were seen: that such weights exist); these weights: this project",
)
def one_round(*, levels: Levels = rounding_levels, rounding: Callable[..., sympy.Expr] = rounded) -> Items:
    """A head whose query is ``[u; 0]``, u one where a proposition is unknown, on clauses ``[body; head]`` and a sink [0; 0].

    The score of a clause is −b times the number of its unknown premises. So with ``t = e^(−b)`` what follows in this round loses at least
    ``1/(m + 1)`` and what does not at most ``mt/(1 + mt)``. If ``e^b > m²`` these are apart, and a rounding between them (two rectified
    units a proposition) leaves zeros and ones again: exactly the propositions that are unknown after the round. So K layers are K rounds,
    for any theory of m clauses, any K and any number n of propositions; n rounds decide everything that follows. Hard attention is
    the limit t = 0.

    ``e^b > m²`` is exact: at ``e^b = m²`` two theories of m clauses leave a proposition with the same number, and it follows from one only.
    """
    m, t, width, above, more = sympy.symbols("m t width above more", positive=True)
    fired, other, own, rest, gap, below = sympy.symbols("fired other own rest gap below", nonnegative=True)
    low, high = levels(m, t)
    yield "what follows: 1 + fired clauses fire for it, other ones for others; the rest weighs own + rest, gap below their number"
    count, total = 1 + fired + other + own + rest + gap, 1 + (1 + fired) + other + own + rest
    yield "its share, less what the level needs", (1 + fired + own) / total - (1 - low.subs(m, count))
    yield "no term is negative", ((fired + own) * (count + 1) + gap) / (total * (count + 1))
    yield "what does not follow: its clauses weigh own, which is gap below mt, as each lacks a premise; other ones fire"
    total = 1 + other + own + rest
    yield "what the level allows, less its share", 1 - high.subs(t, (own + gap) / m) - own / total
    yield "no term is negative", (own * (other + rest) + gap * (1 + other + rest)) / ((1 + own + gap) * total)
    yield "what is known stays so: its entry is at most 0"
    yield Positive("which is below the level", low, (m,))
    yield "the levels are apart"
    yield "high less low", high - low
    yield "is positive iff m²t < 1", (1 - m**2 * t) / ((1 + m * t) * (1 + m))
    yield Positive("so it is if e^b = 1/t = m² + more", (high - low).subs(t, 1 / (m**2 + more)), (m, more))
    yield "the rounding, at or below the low level"
    yield "two rectified units", rounding(low - below, low, low + width)
    yield "are 0", sympy.Integer(0)
    yield "the rounding, at or above the high level"
    yield "two rectified units", sympy.cancel(rounding(low + width + above, low, low + width))
    yield "are 1", sympy.Integer(1)
    yield Informal("induction on K: from every u of zeros and ones a layer and its rounding make the next, so K of them are K rounds")
    yield Informal("a round that proves nothing new is followed by none that does, so n rounds are enough")


@one_round.claim("what the layer computes: scores −b times the number of unknown premises, and minus the heads", kind="identity")
def scored(algebra: HasWeights, n: Part, m: Part, M: Part, *, layer: LayerBuilder = chaining_layer) -> Items:
    """On any bodies B, heads H and unknown U, m clauses and M queries at once: ``(Bᵀu)_r`` counts the premises of clause r that u lacks."""
    B, H, U = algebra.generator("B", n, m), algebra.generator("H", n, m), algebra.generator("U", n, M)
    b, zeros = algebra.symbol("b"), algebra.zeros
    heads = layer(n, score=b, algebra=algebra)
    (head,) = heads.heads
    context, queries = with_sink(tokens(B, H)), tokens(U, zeros(n, M))
    yield "the scores, of the clauses and the sink"
    yield "(W_K C)ᵀ W_Q q", (head.key @ context).T @ (head.query @ queries)
    yield "−b Bᵀu, and 0", algebra.block([[-(b * (B.T @ U))], [zeros(1, M)]])
    yield "what is written, of the clauses and the sink"
    yield "P W_V C", head.projection @ (head.value @ context)
    yield "minus the heads, and 0; nothing into the second rows", algebra.block([[-H, zeros(n, 1)], [zeros(n, m), zeros(n, 1)]])
    clauses = tokens(B, H)
    yield "the layer, on any clauses, the sink among them or not"
    yield "what it adds", softmax_update(heads, clauses, queries)
    weights = algebra.weights((head.key @ clauses).T @ (head.query @ queries))
    yield "is minus the heads that the weights have", tokens(-(H @ weights), zeros(n, M))


def columns(algebra: HasValues, rows: int, marked: Sequence[Collection[int]]) -> Matrix:
    """A column of zeros and ones for each set of places."""
    return algebra.value([[int(row in places) for places in marked] for row in range(rows)])


def theory_tokens(algebra: HasValues, n: int, theory: Sequence[Clause]) -> Matrix:
    """The clauses ``[body; head]`` and the sink, 2n x (m + 1)."""
    if not theory:
        return algebra.zeros((n, n), 1)
    bodies, heads = columns(algebra, n, [body for body, _ in theory]), columns(algebra, n, [{head} for _, head in theory])
    return with_sink(tokens(bodies, heads))


def left_unknown(
    reading: HasValues, layer: LayerBuilder, theory: Sequence[Clause], unknown: Sequence[Collection[int]], n: int, b: int = 1
) -> Matrix:
    """What the layer leaves of u, before it is rounded, n x M: a column for each set of unknown propositions; b in the reading's units."""
    queries = tokens(columns(reading, n, unknown), reading.zeros(n, len(unknown)))
    after = queries + softmax_update(layer(n, score=reading.scalar(b), algebra=reading), theory_tokens(reading, n, theory), queries)
    return reading.block([[reading.eye(n), reading.zeros(n, n)]]) @ after


def rationals(matrix: Matrix) -> list[list[flint.fmpq]]:
    """The entries of a matrix of FLINT's rationals."""
    return dense(cast("Blocked[Grid[flint.fmpq]]", matrix))


def exactly(number: flint.fmpq) -> sympy.Rational:
    """The same number, of SymPy's."""
    return sympy.Rational(int(number.p), int(number.q))


def first_ball(matrix: Matrix) -> flint.arb:
    """The first entry of a matrix of balls."""
    return dense(cast("Blocked[Grid[flint.arb]]", matrix))[0][0]


def forward_chained(theory: Sequence[Clause], known: frozenset[int]) -> frozenset[int]:
    """One round, by sets."""
    return known | {head for body, head in theory if body <= known}


def all_fire(m: int) -> list[Clause]:
    """As many facts, one of them proposition 0."""
    return [(frozenset(), place) for place in range(m)]


def none_fires(m: int) -> list[Clause]:
    """As many clauses with the head 0, each with a premise of its own."""
    return [(frozenset({place + 1}), 0) for place in range(m)]


@one_round.claim("no b with e^b ≤ m² will do: m facts, one of them p, against m clauses p ← q_i, m = 1 … 5", kind="refutation")
def sharp(*, layer: LayerBuilder = chaining_layer) -> Items:
    """At e^b = m², ``m/(m + 1)`` is left of p by both, so no rounding can be right; below, the order is wrong, so no level is.

    For every m these two are what the bounds above allow at most: there fired = own = gap = 0, and gap = other = rest = 0.
    """

    def left(theory: Sequence[Clause], t: Fraction, m: int) -> sympy.Rational:
        return exactly(rationals(left_unknown(Powers(t), layer, theory, [range(m + 1)], m + 1))[0][0])

    for m in range(1, 6):
        follows = [sympy.Integer(0 in forward_chained(theory, frozenset())) for theory in (all_fire(m), none_fires(m))]
        yield f"m = {m}, e^b = m²"
        yield "what is left of p by the facts", left(all_fire(m), Fraction(1, m**2), m)
        yield "by the clauses", left(none_fires(m), Fraction(1, m**2), m)
        yield "both are m/(m + 1)", sympy.Rational(m, m + 1)
        yield Differ("whether p follows: from the facts, not from the clauses", *follows)
        if m > 1:
            wrong = Fraction(2, m**2 + 1)
            yield Less("e^b = (m² + 1)/2: more is left of p where it follows", (left(none_fires(m), wrong, m), left(all_fire(m), wrong, m)))


@one_round.claim("softmax itself, m = 2: b = 1 takes what does not follow for proved, b = 2 does not", kind="bound")
def finite_scores(*, layer: LayerBuilder = chaining_layer, low: str = "2/3") -> Items:
    """As e < 4 < e². From p ← q_1, p ← q_2 alone, p is left with ``1/(1 + 2e^(−b))``; up to 2/3 it is rounded to *known*."""
    first, second = (first_ball(left_unknown(Ball(), layer, none_fires(2), [range(3)], 3, b)) for b in (1, 2))
    yield Encloses("b = 1: below the level", first, sympy.Rational(1, 2), sympy.Rational(low))
    yield Encloses("b = 2: above it", second, sympy.Rational(low), sympy.Integer(1))


def theories(n: int) -> Iterator[list[Clause]]:
    """All sets of definite clauses over n propositions, tautologies among them: ``2^(n 2^n)``."""
    bodies = [frozenset(body) for size in range(n + 1) for body in combinations(range(n), size)]
    clauses = list(product(bodies, range(n)))
    for chosen in product((False, True), repeat=len(clauses)):
        yield [clause for clause, taken in zip(clauses, chosen, strict=True) if taken]


def chained(
    layer: LayerBuilder, levels: Levels, theory: Sequence[Clause], known: Sequence[frozenset[int]], n: int, t: Fraction
) -> list[list[flint.fmpq]]:
    """What is left of each proposition after a layer and its rounding, n x M: a column for each of the known sets.

    Levels that are not apart round nothing.
    """
    low, high = levels(flint.fmpq(len(theory)), flint.fmpq(t.numerator, t.denominator))
    rows = rationals(left_unknown(Powers(t), layer, theory, [frozenset(range(n)) - each for each in known], n))
    return [[rounded(entry, low, high) for entry in row] for row in rows] if low < high else rows


def wrong_rounds(layer: LayerBuilder, levels: Levels, n: int, sharpness: Callable[[int], Fraction]) -> int:
    """On how many theories over n propositions the layer, from some state, makes another round than sets do; t from m."""
    states = [frozenset(place for place in range(n) if state >> place & 1) for state in range(2**n)]
    return sum(
        chained(layer, levels, theory, states, n, sharpness(len(theory)))
        != [[int(place not in forward_chained(theory, known)) for known in states] for place in range(n)]
        for theory in theories(n)
    )


@one_round.claim("every theory over two propositions, 256 of them, from each of the 4 states", kind="characterisation")
def every_small_theory(*, layer: LayerBuilder = chaining_layer, levels: Levels = rounding_levels) -> Items:
    """The round is that of sets, ``known ∪ {head: body ⊆ known}``; right from every state, it is right after every number of rounds."""
    yield "how many theories"
    yield "counted", sympy.Integer(sum(1 for _ in theories(2)))
    yield "2^(n 2^n), n = 2", sympy.Integer(2 ** (2 * 2**2))
    for name, sharpness in (("hard attention", lambda m: Fraction(0)), ("softmax at e^b = m² + 1", lambda m: Fraction(1, m**2 + 1))):
        yield name
        yield "theories with a wrong round", sympy.Integer(wrong_rounds(layer, levels, 2, sharpness))
        yield "none", sympy.Integer(0)


@one_round.claim("n rounds may be needed: p_1, and p_{i+1} ← p_i, n = 2 … 5", kind="characterisation")
def chain(*, layer: LayerBuilder = chaining_layer, levels: Levels = rounding_levels) -> Items:
    for n in range(2, 6):
        theory = [(frozenset({place - 1} if place else ()), place) for place in range(n)]
        prefixes = [frozenset(range(length)) for length in range(n)]
        left = chained(layer, levels, theory, prefixes, n, Fraction(0))
        yield f"n = {n}, hard attention, from the first 0 … n − 1 propositions"
        yield "what is left unknown after a round", sympy.Matrix([list(map(exactly, row)) for row in left])
        yield "all but one more", sympy.Matrix([[int(place > length) for length in range(n)] for place in range(n)])
