"""Random false statements fall in every algebra, and the true ones that they were made of hold. What is false is told by NumPy alone."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest

from equivalence.algebras import exact
from equivalence.statements import Result, Statement, verify
from equivalence.statements.claims import claim_of
from equivalence.statements.steps import Items
from tests.support.expressions import Programs, Tree, Values, value

SIZES = [{"d": 3, "N": 4}, {"d": 4, "N": 2}]
SEEDS = 60
"""Of each test; a seed is a statement and what it is changed to."""
TRIES = 9
"""Changes until one tells; some programs, such as zeros, stay as they are whatever one does to them."""


class Pair(NamedTuple):
    """A random program, one that means the same, and one that looks much like it."""

    program: Tree
    same: Tree
    altered: Tree


def pair(seed: int, *, invertible: bool = False, budget: int = 4) -> Pair:
    random = Random(seed)
    programs = Programs(random, invertible=invertible)
    program = programs.any(*random.choice([("d", "N"), ("d", "d"), ("N", "one"), ("", "")]), budget)
    same = programs.rewritten(program)
    altered = (programs.altered(programs.rewritten(program)) for _ in range(TRIES))
    return Pair(program, same, next((tree for tree in altered if any(differ(program, tree, sizes) for sizes in SIZES)), same))


def differ(left: Tree, right: Tree, sizes: dict[str, int]) -> bool:
    """Whether two programs differ at numbers, modulo a prime, so that they are certainly not equal."""
    values = Values(Random(1), sizes | {"one": 1})
    return bool(np.any(values.entries(left) != values.entries(right)))


def stated(left: Tree, right: Tree) -> Statement:
    def program(algebra: Any, d: Any, N: Any) -> Items:
        sizes = {"d": d, "N": N, "one": 1}
        yield "one", value(left, algebra, sizes)
        yield "the other", value(right, algebra, sizes)

    return Statement("99.9", "A random statement", "identity", "here", "", [claim_of("equal", "identity", program)])


def outcomes(result: Result, algebra: str) -> list[str]:
    return [check.outcome for check in result.checks if check.algebra == algebra]


@pytest.mark.parametrize("invertible", [False, True])
@pytest.mark.parametrize("start", range(0, 4 * SEEDS, SEEDS))
def test_true_statements_hold_and_false_ones_are_refuted(start: int, invertible: bool) -> None:
    """By symbolic forms for all sizes, or not decided where forms prove nothing; by certificates at each size where numbers differ."""
    false = 0
    for seed in range(start, start + SEEDS):
        program, same, altered = pair(seed, invertible=invertible)
        assert verify(stated(program, same), seed=seed, sizes=SIZES).holds, seed
        differing = [differ(program, altered, sizes) for sizes in SIZES]
        if any(differing):
            false += 1
            result = verify(stated(program, altered), seed=seed, sizes=SIZES)
            assert result.outcome == "refuted", seed
            assert outcomes(result, "finite field") == ["refuted" if differs else "holds" for differs in differing], seed
            (symbolic,) = (check for check in result.checks if check.algebra == "symbolic")
            assert symbolic.outcome == ("refuted" if symbolic.decides else "not decided"), seed
            assert "step 2 (the other)" in symbolic.message
    assert false > SEEDS / 2


@pytest.mark.parametrize("start", range(0, 2 * SEEDS, SEEDS))
def test_false_statements_of_polynomials_are_refuted(start: int) -> None:
    """Entry by entry in SymPy, at sizes 2 and 3."""
    false, sizes = 0, {"d": 2, "N": 3}

    def verified(left: Tree, right: Tree) -> Result:
        def program() -> Items:
            yield "one", value(left, exact, sizes | {"one": 1})
            yield "the other", value(right, exact, sizes | {"one": 1})

        return verify(Statement("99.9", "A", "bound", "here", "", [claim_of("equal", "bound", program)]))

    for seed in range(start, start + SEEDS):
        program, same, altered = pair(seed, budget=3)
        assert verified(program, same).holds, seed
        if differ(program, altered, sizes):
            false += 1
            assert outcomes(verified(program, altered), "exact") == ["refuted"], seed
    assert false > SEEDS / 2


@pytest.mark.parametrize("start", range(0, 2 * SEEDS, SEEDS))
def test_false_statements_of_numbers_are_refuted_by_both_libraries(start: int) -> None:
    false = 0
    for seed in range(start, start + SEEDS):
        left, right = (_numbers(tree, seed) for tree in pair(seed)[::2])
        result = verify(of_numbers(left, right))
        false += left != right
        assert [outcomes(result, name) for name in ("exact", "rational")] == [["holds" if left == right else "refuted"]] * 2, seed
    assert false > SEEDS / 2


def of_numbers(left: list[list[int]], right: list[list[int]]) -> Statement:
    def program(algebra: Any) -> Items:
        yield "one", algebra.value(left)
        yield "the other", algebra.value(right)

    return Statement("99.9", "A", "refutation", "here", "", [claim_of("equal", "refutation", program)])


def _numbers(tree: Tree, seed: int) -> list[list[int]]:
    return [list(map(int, row)) for row in np.atleast_2d(Values(Random(seed), {"d": 3, "N": 4, "one": 1}).entries(tree))]
