"""10.7: wrong weights and levels are rejected by name, and the two extreme theories by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from equivalence.models.constructions.chaining import chaining_layer, rounding_levels
from equivalence.models.heads import Layer
from equivalence.statements import verify
from proofs.ch10_neighbours.forward_chaining import all_fire, forward_chained, none_fires, theories
from tests.support.perturbations import failures

ROUND = "any theory of m clauses, any known propositions: right if e^b > m²"
SCORED = "what the layer computes: scores −b times the number of unknown premises, and minus the heads"
SOFTMAX = "softmax itself, m = 2: b = 1 takes what does not follow for proved, b = 2 does not"
EVERY = "every theory over two propositions, 256 of them, from each of the 4 states"
CHAIN = "n rounds may be needed: p_1, and p_{i+1} ← p_i, n = 2 … 5"


def attracted(n: Any, **rest: Any) -> Layer:
    """The sign of the score: clauses with unknown premises are sought."""
    (head,) = chaining_layer(n, **rest).heads
    return Layer((head._replace(query=-head.query),))


def bodies_written(n: Any, **rest: Any) -> Layer:
    """The premises in the place of the conclusions."""
    (head,) = chaining_layer(n, **rest).heads
    return Layer((head._replace(value=head.key),))


def blind(n: Any, **rest: Any) -> Layer:
    """Scores of 0: every clause fires."""
    (head,) = chaining_layer(n, **rest).heads
    return Layer((head._replace(key=head.key - head.key),))


@pytest.mark.parametrize("layer", [attracted, bodies_written, blind])
def test_10_7_rejects_other_weights(layer: Any) -> None:
    found = failures(verify("10.7", seed=1, replace={"layer": layer}))
    assert {SCORED, EVERY, CHAIN} <= set(found)
    assert found[SCORED].startswith("10.7 One softmax layer and a rounding are one round of forward chaining, ")
    assert "hard attention, step 2 (none): left − right = " in found[EVERY]


@pytest.mark.parametrize(
    ("levels", "place"),
    [
        (lambda m, t: (rounding_levels(m - 1, t)[0], rounding_levels(m, t)[1]), "what follows: "),
        (lambda m, t: (rounding_levels(m, t)[0], rounding_levels(m - 1, t)[1]), "what does not follow: "),
    ],
)
def test_10_7_rejects_levels_that_are_too_tight(levels: Any, place: str) -> None:
    found = failures(verify("10.7", seed=1, replace={"levels": levels}))
    assert f"forward chaining, {place}" in found[ROUND]
    assert "step 2 (no term is negative)" in found[ROUND]


def test_10_7_rejects_a_rounding_that_does_not_stop() -> None:
    found = failures(verify("10.7", seed=1, replace={"rounding": lambda value, low, high: (value - low) / (high - low)}))
    assert set(found) == {ROUND}
    assert "the rounding, at or below the low level, step 2 (are 0)" in found[ROUND]


def test_10_7_rejects_another_level_for_softmax() -> None:
    found = failures(verify("10.7", seed=1, replace={"low": "4/5"}))
    assert set(found) == {SOFTMAX}
    assert "step 2 (b = 2: above it): " in found[SOFTMAX]
    assert "is outside (4/5, 1)" in found[SOFTMAX]


@pytest.mark.parametrize("m", [1, 2, 3, 7, 50])
def test_the_two_extremes_by_hand(m: int) -> None:
    """Softmax in fractions, its exponentials counted one by one: they meet at e^b = m², and are apart beyond."""

    def left(missing: list[int], ours: list[bool], t: Fraction) -> Fraction:
        grown = [t**lacking for lacking in missing]
        own = sum((share for share, counts in zip(grown, ours, strict=True) if counts), Fraction(0))
        return 1 - own / (1 + sum(grown))

    facts = ([0] * m, [True] + [False] * (m - 1))
    clauses = ([1] * m, [True] * m)
    at, beyond = Fraction(1, m**2), Fraction(1, m**2 + 1)
    assert left(*facts, at) == left(*clauses, at) == Fraction(m, m + 1)
    assert left(*facts, beyond) < left(*clauses, beyond)
    assert (left(*facts, beyond), left(*clauses, beyond)) == rounding_levels(Fraction(m), beyond)
    assert 0 in forward_chained(all_fire(m), frozenset())
    assert 0 not in forward_chained(none_fires(m), frozenset())


def test_the_theories_are_all_and_each_once() -> None:
    every = [frozenset(theory) for theory in theories(2)]
    assert len(every) == len(set(every)) == 256
    assert len(list(theories(1))) == 4
