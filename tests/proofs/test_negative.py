"""Wrong constructions are rejected in every algebra that checks them; what no statement can show is listed, and proved invisible.

Whether a change can be seen is decided apart from the statements: a head maps keys K and tokens S to ``A K Kᵀ B S``, ``A = P W_V``,
``B = W_Kᵀ W_Q``, so with A and B in plain fractions before and after the change, it shows if and only if that product changes on random
integers (rows that a statement does not read left out). One weight at a time changes A or B, not both; so on N ≥ 2 arbitrary tokens the
product changes if and only if A or B does: ``a bᵀ + b aᵀ`` is zero only where a or b is. Changes of both may cancel (signs, factors, and
the swapped solution at d_x = d_y = 1, statement 2.3); these are tested as accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import chain, combinations, product
from random import Random
from typing import Any

import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.algebras import Rational, Size, Symbolic
from equivalence.algebras.flint import dense
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.constructions.pairing import pairing_layer
from equivalence.models.heads import Layer
from equivalence.statements import Claim, find, verify
from equivalence.statements.inputs import inputs_of
from equivalence.statements.sampling import draw, replay
from tests.support.perturbations import (
    WEIGHTS,
    Builder,
    block_added,
    count_doubled,
    count_dropped,
    entry_added,
    negated,
    partitions,
    scaled,
    transposed,
)

Grid = list[list[Any]]
Sizes = tuple[int, int, int, int]
"""d_x, d_y, N, M."""


@dataclass(frozen=True)
class Case:
    """A statement and the construction in it.

    Attributes:
        number: the statement.
        builder: what is put in place as ``layer``.
        tokens: "arbitrary" (and arbitrary queries outside the keys), "queries" (``[Q; −W₀Q]``, keys too) or "separate" (4.1's, keys too).
        rows: "all", or "y" where only predictions are compared.
        initial: whether W₀ is arbitrary or zero.
    """

    number: str
    builder: Builder
    tokens: str = "arbitrary"
    rows: str = "all"
    initial: bool = True

    def __str__(self) -> str:
        return self.number


CASES = [
    Case("2.1", gd_layer),
    Case("2.2", gd_layer, tokens="queries", rows="y"),
    Case("2.7", gd_layer),
    Case("3.1", gd_layer),
    Case("3.2", gdpp_layer),
    Case("3.3", gdpp_layer, initial=False),
    Case("3.4", gdpp_layer, rows="y"),
    Case("4.1", pairing_layer, tokens="separate", initial=False),
    Case("4.3", gd_layer),
]
DESCENTS = [case for case in CASES if case.builder is not pairing_layer]

UNREAD = {("key", 1, 0), ("key", 1, 1), ("query", 1, 0), ("query", 1, 1)}
"""Keys and queries are compared on the rows of x; each meets zeros of the other on the rows of y."""
WITHOUT_VALUE = {("projection", 0, 0), ("projection", 1, 0)}
"""The values of plain GD have no x rows, so P[:, x] multiplies zeros."""
INPUT_ROWS = {("value", 0, 0), ("value", 0, 1), ("projection", 0, 0), ("projection", 0, 1)}
"""What only changes the x rows of the result, in a statement about predictions."""
INVISIBLE: dict[str, set[tuple[str, int, int]]] = {
    **dict.fromkeys(("2.1", "2.7", "3.1", "4.3"), UNREAD | WITHOUT_VALUE),
    "2.2": UNREAD | WITHOUT_VALUE | INPUT_ROWS,
    "3.2": UNREAD,
    "3.3": UNREAD,
    "3.4": UNREAD | INPUT_ROWS,
    "4.1": {("key", 0, 1), ("key", 0, 3), ("value", 0, 1), ("value", 0, 3), ("value", 0, 4)},
}
"""Blocks of weights that may be changed at will. In 4.1 only x-tokens and queries have values and only x-tokens are attended to: so scores
of other tokens as keys are idle (parts: x, y, positions of x-, y-tokens and queries), and values read from parts that x-tokens lack."""


def times(left: Grid, right: Grid) -> Grid:
    """A product of matrices, by three loops that pass over zeros."""
    return [[sum(x * right[k][j] for k, x in enumerate(row) if x) for j in range(len(right[0]))] for row in left]


def turned(matrix: Grid) -> Grid:
    return [list(column) for column in zip(*matrix, strict=True)]


def fractions(matrix: Any) -> Grid:
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in dense(matrix)]


def arbitrary(random: Random, rows: int, cols: int) -> Grid:
    return [[random.randint(-999, 999) for _ in range(cols)] for _ in range(rows)]


def seen(case: Case, builder: Builder, sizes: Sizes) -> Grid:
    """``A K Kᵀ B S`` in plain fractions, at the same random integers whatever the builder."""
    d_x, d_y, N, M = sizes
    values = Random(5)
    numbers: dict[str, Fraction] = {}
    algebra = Rational(
        lambda name, rows, cols: [Random(f"{name} {place}").randint(1, 999) for place in range(rows * cols)],
        lambda name: numbers.setdefault(name, Fraction(Random(name).randint(2, 999))),
    )
    start = algebra.generator("W_0", d_y, d_x) if case.initial else algebra.zeros(d_y, d_x)
    rates = {"learning_rate": algebra.symbol("eta"), "initial": start} | (
        {"gamma": algebra.symbol("gamma")} if case.builder is gdpp_layer else {}
    )
    rest = {"queries": M} if case.builder is pairing_layer else rates
    (head,) = builder(d_x, d_y, context=N, algebra=algebra, **rest).heads
    key, query, value, projection = map(fractions, head)
    keys, asked = _tokens(case, values, sizes, fractions(start))
    A, B = times(projection, value), times(turned(key), query)
    update = times(times(A, keys), times(turned(keys), times(B, asked)))
    return update[d_x : d_x + d_y] if case.rows == "y" else update


def _tokens(case: Case, values: Random, sizes: Sizes, start: Grid) -> tuple[Grid, Grid]:
    d_x, d_y, N, M = sizes
    if case.tokens == "arbitrary":
        keys, queries = arbitrary(values, d_x + d_y, N), arbitrary(values, d_x + d_y, M)
        return keys, [left + right for left, right in zip(keys, queries, strict=True)]
    X, Y, Q = arbitrary(values, d_x, N), arbitrary(values, d_y, N), arbitrary(values, d_x, M)
    if case.tokens == "queries":
        both = Q + [[-x for x in row] for row in times(start, Q)]
        return both, both
    above = [x + [0] * N + q for x, q in zip(X, Q, strict=True)] + [[0] * N + y + [0] * M for y in Y]
    both = above + [[int(i == j) for j in range(2 * N + M)] for i in range(2 * N + M)]
    return both, both


def shows(case: Case, builder: Builder, sizes: Sizes = (3, 2, 4, 5)) -> bool:
    """Whether the statement can tell the changed construction from its own, at the sizes given."""
    return seen(case, builder, sizes) != unchanged(case, sizes)


@lru_cache
def unchanged(case: Case, sizes: Sizes) -> Grid:
    return seen(case, case.builder, sizes)


def numeric_message(number: str, claim: Claim, sizes: dict[str, int], builder: Builder) -> str:
    """What the numeric reading finds wrong on one random instance, in NumPy."""
    parts = {"layer": builder}
    batch = draw(inputs_of(claim, sizes, parts), 1, 6)
    return replay(find(number), claim, sizes, parts, {name: values[0] for name, values in batch.items()})


def check(case: Case, builder: Builder, expected: bool, sizes: Sizes | None = None) -> None:
    """Rejected by name, in every algebra, if the change shows; accepted in every algebra if it does not.

    Args:
        case, builder: the statement, and the changed construction.
        expected: whether the change shows.
        sizes: sizes for the certificate; without them all sizes symbolically, and three assignments.
    """
    claim = find(case.number).claims[0]
    chosen = dict(zip(claim.sizes, sizes or (3, 2, 4, 5), strict=True))
    readings = ("finite field",) if sizes else ("symbolic", "finite field")
    result = verify(case.number, seed=4, sizes=[chosen] if sizes else None, replace={"layer": builder}, algebras=readings)
    main = [found for found in result.checks if found.claim == claim.title]
    messages = [found.message for found in main] + [numeric_message(case.number, claim, chosen, builder)]
    assert {found.algebra for found in main} == set(readings)
    if not expected:
        assert result.holds, result.messages
        assert messages[-1] == ""
    for message in messages if expected else ():
        assert message.startswith(f"{case.number} {find(case.number).title}")
        assert ", step " in message
        assert "the program raises" not in message, "rejected for another reason"
        assert message.endswith(tuple(f"[{reading}]" for reading in (*readings, "numeric")))


def blocks(case: Case) -> list[tuple[str, int, int]]:
    """Every block of every weight."""
    cut = partitions(case.builder, 1, 1, 1, 1)
    return [(weight, i, j) for weight in WEIGHTS for i, j in product(*(range(len(side)) for side in cut[weight]))]


EVERY_BLOCK = [pytest.param(case, *place, id=f"{case} {' '.join(map(str, place))}") for case in CASES for place in blocks(case)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_construction_itself_is_accepted(case: Case) -> None:
    check(case, case.builder, expected=False)


@pytest.mark.parametrize(("case", "weight", "i", "j"), EVERY_BLOCK)
def test_any_change_to_a_block_is_rejected_unless_it_is_invisible(case: Case, weight: str, i: int, j: int) -> None:
    builder = block_added(case.builder, weight, i, j)
    visible = shows(case, builder)
    assert visible == ((weight, i, j) not in INVISIBLE[case.number])
    check(case, builder, visible)


@pytest.mark.parametrize(
    ("number", "place"), [("2.1", place) for place in sorted(INVISIBLE["2.1"])] + [("3.2", place) for place in sorted(UNREAD)]
)
def test_what_is_invisible_on_arbitrary_tokens_changes_neither_A_nor_B(number: str, place: tuple[str, int, int]) -> None:
    """Proved for all sizes: A and B have the same canonical forms before and after."""
    case = next(case for case in CASES if case.number == number)
    algebra, d_x, d_y = Symbolic(), Size("d_x"), Size("d_y")
    rates = {
        "learning_rate": algebra.symbol("eta"),
        "context": Size("N"),
        "initial": algebra.generator("W_0", d_y, d_x),
        "algebra": algebra,
    }
    rates |= {"gamma": algebra.symbol("gamma")} if case.builder is gdpp_layer else {}
    (before,), (after,) = (builder(d_x, d_y, **rates).heads for builder in (case.builder, block_added(case.builder, *place)))
    assert algebra.difference(before.output_value, after.output_value) is None
    assert algebra.difference(before.key_query, after.key_query) is None
    assert algebra.difference(getattr(before, place[0]), getattr(after, place[0])) is not None


SMALL: tuple[Sizes, ...] = ((2, 1, 3, 4), (1, 2, 4, 3), (1, 1, 2, 3), (3, 2, 1, 4))
"""Sizes for single entries: d_x = d_y = 1 among them, and a context of one token."""


@pytest.mark.parametrize("sizes", SMALL, ids=str)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_any_single_entry_is_rejected_unless_it_is_invisible(case: Case, sizes: Sizes) -> None:
    cut = partitions(case.builder, *sizes)
    found = set()
    for weight in WEIGHTS:
        for row, col in product(*(range(sum(side)) for side in cut[weight])):
            builder = entry_added(case.builder, weight, row, col)
            visible = shows(case, builder, sizes)
            check(case, builder, visible, sizes)
            found.add(visible)
    assert found == {True, False}


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(WEIGHTS, count) for count in range(1, 5)))


@pytest.mark.parametrize("weights", subsets(), ids="+".join)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_odd_number_of_signs_is_rejected_and_an_even_number_cancels(case: Case, weights: tuple[str, ...]) -> None:
    """Two flips may turn both A and B round, (A, B) → (−A, −B): the gauge c = −1 of statement 2.3."""
    builder = negated(case.builder, *weights)
    assert shows(case, builder) == (len(weights) % 2 == 1)
    check(case, builder, len(weights) % 2 == 1)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_factor_is_rejected_unless_its_inverse_stands_elsewhere(case: Case) -> None:
    for weight in WEIGHTS:
        builder = scaled(case.builder, (weight,), ())
        assert shows(case, builder)
        check(case, builder, True)
    for up, down in (("projection", "key"), ("query", "value")):
        builder = scaled(case.builder, (up,), (down,))
        assert not shows(case, builder)
        check(case, builder, False)


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("case", DESCENTS, ids=str)
def test_transposes_of_symmetric_weights_are_invisible_and_that_of_the_value_is_rejected(case: Case, weight: str) -> None:
    """W_V = [[·, 0], [W₀, −I]] is symmetric where W₀ = 0; else its transpose is another matrix."""
    builder = transposed(case.builder, weight)
    visible = weight == "value" and case.initial
    assert shows(case, builder) == visible
    check(case, builder, visible)


@pytest.mark.parametrize("change", [count_dropped, count_doubled])
@pytest.mark.parametrize("case", DESCENTS, ids=str)
def test_a_count_too_few_or_too_many_is_rejected(case: Case, change: Any) -> None:
    """At N = 1, and there alone, it is the same construction."""
    builder = change(case.builder)
    assert shows(case, builder)
    check(case, builder, True)
    assert not shows(case, builder, (3, 2, 1, 5))
    check(case, builder, False, (3, 2, 1, 5))


def swapped_layer(d_x: Any, d_y: Any, *, learning_rate: Any, context: Any, initial: Any, algebra: Any) -> Layer:
    """For d_x = d_y = 1: the values carry x and the scores read W₀x − y."""
    eye, zeros = algebra.eye(1), algebra.zeros(1, 1)
    value, query = algebra.block([[zeros, zeros], [eye, zeros]]), algebra.block([[initial, zeros], [-eye, zeros]])
    (head,) = gd_layer(d_x, d_y, learning_rate=learning_rate, context=context, initial=initial, algebra=algebra).heads
    return Layer((head._replace(key=algebra.eye((d_x, d_y)), query=query, value=value),))


def test_at_one_input_and_one_output_another_A_and_B_are_the_same_layer() -> None:
    """The swapped solution of statement 2.3, proved there for all N: both A and B change, their symmetrised product does not."""
    case, sizes = CASES[0], (1, 1, 3, 2)
    assert not shows(case, swapped_layer, sizes)
    check(case, swapped_layer, False, sizes)
    assert shows(case, block_added(swapped_layer, "query", 1, 1), sizes)
    check(case, block_added(swapped_layer, "query", 1, 1), True, sizes)
