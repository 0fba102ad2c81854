"""The grammar of claims: headings, steps and checks, read once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sympy

from equivalence.algebras import exact
from equivalence.statements import Differ
from equivalence.statements.assertions import Beginning, Equality, Raised
from equivalence.statements.steps import chains, until_it_raises
from equivalence.statements.verification import walk

x, y, z = sympy.symbols("x y z")
DIFFER = Differ("other", sympy.Integer(0), sympy.Integer(1))


def read(*items: Any) -> list[tuple[str, list[tuple[int, Any]]]]:
    return [(chain.heading, [(entry.number, entry.assertion) for entry in chain]) for chain in chains(items)]


def test_steps_follow_each_other_and_a_heading_begins_anew() -> None:
    assert read(("one", x), ("two", y), ("three", z), "second", ("four", x), ("five", y)) == [
        ("", [(1, Beginning("one", x)), (2, Equality("two", x, y)), (3, Equality("three", y, z))]),
        ("second", [(1, Beginning("four", x)), (2, Equality("five", x, y))]),
    ]


def test_checks_stand_among_steps_and_are_no_links() -> None:
    assert read(DIFFER, ("one", x), DIFFER, ("two", y)) == [
        ("", [(1, DIFFER), (2, Beginning("one", x)), (3, DIFFER), (4, Equality("two", x, y))])
    ]


def test_headings_at_the_ends_and_side_by_side() -> None:
    assert read("first", "second", DIFFER, "third") == [("first", []), ("second", [(1, DIFFER)]), ("third", [])]
    assert read() == [("", [])]


@pytest.mark.parametrize("item", [3, None, ("one",), ("one", x, y), (x, "one"), ["one", x], Differ], ids=repr)
def test_what_is_no_item_is_said_to_be_none(item: Any) -> None:
    ((_, ((number, raised),)),) = read(item)
    assert number == 1
    assert isinstance(raised, Raised)
    assert str(raised.error).startswith("expected a heading, a step (reason, expression) or a check, got ")
    walked = walk("label", exact, iter([item]))
    assert walked.verdict.outcome == "not decided"
    assert walked.verdict.reason.startswith("label, step 1 (the program raises): TypeError: expected a heading, ")


def test_it_reads_no_further_than_it_is_asked() -> None:
    seen: list[int] = []

    def items() -> Iterator[Any]:
        for number in range(9):
            seen.append(number)
            yield "a number", sympy.Integer(number)

    assert walk("label", exact, items()).verdict.reason == "label, step 2 (a number): left − right = -1 [exact]"
    assert seen == [0, 1]


def test_a_matrix_that_is_changed_after_it_was_yielded_is_not_what_was_yielded() -> None:
    def items() -> Iterator[Any]:
        matrix = sympy.Matrix([[1]])
        yield "one", matrix
        matrix[0, 0] = 2
        yield "two", matrix

    walked = walk("label", exact, items())
    assert (walked.verdict.outcome, walked.compared) == ("refuted", 1)
    assert "in entry (0, 0), left − right = -1" in walked.verdict.reason


class OddError(Exception):
    """Of a type that nobody expects."""


@pytest.mark.parametrize("error", [KeyError("k"), AttributeError("a"), OddError("o"), RecursionError("r"), StopIteration("t")])
def test_whatever_a_program_raises_is_an_item(error: Exception) -> None:
    def program() -> Iterator[Any]:
        yield "one", x
        raise error

    first, raised = until_it_raises(program)
    assert first == ("one", x)
    assert isinstance(raised, Raised)
    assert type(raised.error) is (RuntimeError if isinstance(error, StopIteration) else type(error))


def test_what_is_raised_before_the_first_item_is_one_too() -> None:
    def program() -> Any:
        raise OddError("at once")

    (raised,) = until_it_raises(program)
    assert isinstance(raised, Raised)
    (other,) = until_it_raises(lambda: None)  # type: ignore[arg-type, return-value]
    assert "'NoneType' object is not iterable" in str(other.error)  # type: ignore[union-attr]
