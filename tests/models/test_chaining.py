"""Forward chaining by a layer, against bit masks in plain Python: every theory over three propositions, and JAX's softmax."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

import flint
import jax.numpy as jnp
import numpy as np
import pytest
import sympy

from equivalence.algebras import Ball, Numeric, Powers
from equivalence.algebras.flint import dense
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.chaining import chaining_layer, rounded, rounding_levels
from equivalence.models.tokens import tokens, with_sink

n = 3
Masks = list[tuple[int, int]]
"""Clauses as the bits of their premises and of their conclusion."""
STATES = range(2**n)
CLAUSES: Masks = [(body, 1 << head) for body, head in product(range(2**n), range(n)) if not body >> head & 1]
"""The twelve definite clauses over three propositions that are no tautologies."""


def one_round(theory: Masks, known: int) -> int:
    """One round of forward chaining, on bit masks."""
    found = known
    for body, head in theory:
        if body & ~known == 0:
            found |= head
    return found


def theories() -> Iterator[Masks]:
    """All 4,096 sets of those clauses."""
    for chosen in range(2 ** len(CLAUSES)):
        yield [clause for place, clause in enumerate(CLAUSES) if chosen >> place & 1]


def bits(masks: list[int]) -> list[list[int]]:
    """A column of zeros and ones for each mask."""
    return [[mask >> place & 1 for mask in masks] for place in range(n)]


def run(algebra: Any, score: Any, theory: Masks, known: list[int], size: int = n) -> Any:
    """What the layer leaves of the unknown, n x M, for each of the known sets."""
    clauses = tokens(algebra.value(bits([body for body, _ in theory])), algebra.value(bits([head for _, head in theory])))
    unknown = algebra.value([[1 - bit for bit in row] for row in bits(known)])
    layer, queries = chaining_layer(size, score=score, algebra=algebra), tokens(unknown, algebra.zeros(size, len(known)))
    after = queries + softmax_update(layer, with_sink(clauses), queries)
    return algebra.block([[algebra.eye(size), algebra.zeros(size, size)]]) @ after


def known_after(theory: Masks, score: float) -> list[int]:
    """What is known after the layer in NumPy, from every state, rounded at the middle of the levels."""
    middle = sum(rounding_levels(len(theory), math.exp(-score))) / 2
    left = run(Numeric(np, "float64"), np.float64(score), theory, list(STATES))
    return [sum(1 << place for place in range(n) if left[place, state] < middle) for state in STATES]


@pytest.mark.slow
@pytest.mark.parametrize("score", [lambda m: math.log(m**2 + 1), lambda m: 40.0], ids=["e^b = m² + 1", "b = 40"])
def test_every_theory_over_three_propositions(score: Any) -> None:
    """One layer is one round from every one of the 8 states, in all 4,096 theories, so K layers are K rounds; three reach the end.

    The levels are ``(1 − m²t)/((1 + m)(1 + mt))`` apart, more than 10⁻⁴ for m ≤ 12 and t ≤ 1/(m² + 1), where fewer than 100 roundings of
    numbers at most 2 are off by less than 10⁻¹³.
    """
    count = 0
    for theory in theories():
        count += 1
        if not theory:
            continue
        found = known_after(theory, score(len(theory)))
        assert found == [one_round(theory, known) for known in STATES], theory
        end = found[found[found[0]]]
        assert end == one_round(theory, end)
    assert count == 4096


@pytest.mark.slow
def test_below_the_least_score_rounds_go_wrong() -> None:
    """At e^b = m²/2 among the same theories: so the check above can fail."""
    wrong = [
        theory
        for theory in theories()
        if theory and known_after(theory, math.log(len(theory) ** 2 / 2)) != [one_round(theory, known) for known in STATES]
    ]
    assert [(0b010, 0b001), (0b100, 0b001)] in wrong


def test_at_a_smaller_score_some_theory_goes_wrong() -> None:
    """m = 3, e^b = 8 < 9: p ← q, p ← r, p ← q, r. What is missing of the level is given by the clauses that lack one premise."""
    theory = [(0b010, 0b001), (0b100, 0b001), (0b010, 0b001)]
    left = dense(run(Powers("1/8"), Powers().scalar(1), theory, [0]))[0][0]
    low, _ = rounding_levels(Fraction(3), Fraction(0))
    assert Fraction(int(left.p), int(left.q)) == Fraction(8, 11) < low == Fraction(3, 4)
    assert one_round(theory, 0) == 0


def test_the_layer_in_jax_is_right_at_a_large_score() -> None:
    """m = 4, b = 6 > 2 ln 4: rounding at the middle of the levels, which are 1/(1 + 4e^(−6)) − 4/5 > 0.18 apart, far above rounding."""
    theory = [(0, 0b001), (0b001, 0b010), (0b011, 0b100), (0b100, 0b001)]
    clauses = tokens(*(jnp.asarray(bits(list(masks)), dtype="float32") for masks in zip(*theory, strict=True)))
    layer, known = chaining_layer(n, score=6).to_jax(), 0
    for _ in range(n):
        unknown = jnp.asarray([[1.0 - bit] for (bit,) in bits([known])], dtype="float32")
        queries = tokens(unknown, jnp.zeros((n, 1), dtype="float32"))
        left = np.asarray(queries + softmax_update(layer, with_sink(clauses), queries))[:n, 0]
        middle = sum(rounding_levels(4, math.exp(-6))) / 2
        found = sum(1 << place for place in range(n) if left[place] < middle)
        assert found == one_round(theory, known)
        known = found
    assert known == 0b111


def test_softmax_encloses_what_powers_say() -> None:
    """At e^b = 3, by balls around ln 3."""
    theory = [(0b010, 0b001), (0b110, 0b001), (0, 0b010)]
    exactly = dense(run(Powers("1/3"), Powers().scalar(1), theory, [0]))
    balls = dense(run(Ball(), flint.arb(3).log(), theory, [0]))
    for (left,), (ball,) in zip(exactly, balls, strict=True):
        assert ball.contains(left)
        assert not ball.contains(left + 1)


def test_the_weights_entry_by_entry() -> None:
    b = sympy.Symbol("b")
    (head,) = chaining_layer(2, score="b").heads
    assert head.key == sympy.Matrix([[1, 0, 0, 0], [0, 1, 0, 0]])
    assert head.query == -b * head.key
    assert head.value == sympy.Matrix([[0, 0, 1, 0], [0, 0, 0, 1]])
    assert head.projection == -head.key.T


@pytest.mark.parametrize(
    ("value", "expected"), [(-2, 0), (0, 0), (Fraction(1, 2), 0), (Fraction(5, 8), Fraction(1, 2)), (Fraction(3, 4), 1), (1, 1), (9, 1)]
)
def test_the_rounding_by_hand(value: Any, expected: Any) -> None:
    assert rounded(Fraction(value), Fraction(1, 2), Fraction(3, 4)) == expected


def test_the_levels_by_hand() -> None:
    assert rounding_levels(Fraction(2), Fraction(0)) == (Fraction(2, 3), 1)
    assert rounding_levels(Fraction(2), Fraction(1, 4)) == (Fraction(2, 3), Fraction(2, 3))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"propositions": 0, "score": 1}, ValueError, "propositions: expected a whole number, at least 1, got 0"),
        ({"propositions": 2, "score": float("inf")}, ValueError, "score: expected a finite number"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        chaining_layer(arguments["propositions"], score=arguments["score"])
