"""Statements by number: how they are added, found and refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import proofs  # noqa: F401  (registers the statements)
from equivalence.statements import find, in_order, registry, statement, verify
from equivalence.statements.steps import Items


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """What a test registers is gone after it."""
    before = dict(registry)
    yield
    registry.clear()
    registry.update(before)


def square(algebra: Any, n: Any, *, sign: int = 1) -> Items:
    """``(A + I)² = A² + 2A + I``. All n."""
    A = algebra.generator("A", n, n)
    yield "the square", (A + algebra.eye(n)) @ (A + algebra.eye(n))
    yield "multiplied out", A @ A + algebra.scalar(2 * sign) * A + algebra.eye(n)


def test_a_statement_of_a_users_own_is_found_and_verified() -> None:
    made = statement("99.1", "A square", source="school")(square)
    assert find("99.1") is made
    assert (made.text, made.claims[0].sizes, made.claims[0].parts) == ("``(A + I)² = A² + 2A + I``. All n.", ("n",), ("sign",))
    assert verify("99.1").holds
    assert verify("99.1", replace={"sign": -1}, algebras=("symbolic",)).messages == (
        "99.1 A square, step 2 (multiplied out): in block (0, 0), left − right = 4 A [symbolic]",
    )


def test_a_number_in_use_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2.1: already taken by 'One linear self-attention layer.*; choose another number"):
        statement("2.1", "A square", source="school")(square)
    assert find("2.1").title.startswith("One linear")


def test_a_function_of_the_same_name_in_another_module_is_another() -> None:
    def one_layer(algebra: Any) -> Items:
        """Another."""
        yield "one", algebra.scalar(1)

    one_layer.__qualname__ = find("2.1").claims[0].program.__qualname__
    with pytest.raises(ValueError, match=r"2.1: already taken"):
        statement("2.1", "Another", source="nowhere")(one_layer)


def test_the_same_function_again_replaces_itself() -> None:
    """As when a notebook's cell is run twice."""
    statement("99.1", "A square", source="school")(square)
    again = statement("99.1", "A square, again", source="school")(square)
    assert find("99.1") is again


def test_a_statement_needs_its_text() -> None:
    def silent(algebra: Any) -> Items:
        yield "one", algebra.scalar(1)

    with pytest.raises(ValueError, match=r"99.2: expected a docstring that states it, got none"):
        statement("99.2", "Silent", source="nowhere")(silent)
    assert "99.2" not in registry


def test_kinds_are_known() -> None:
    with pytest.raises(ValueError, match=r"kind: expected one of identity, induction, .*, got 'conjecture'"):
        statement("99.1", "A square", source="school", kind="conjecture")(square)


def test_an_identity_is_over_an_algebra() -> None:
    def numbers_only() -> Items:
        """One is one."""
        yield "one", 1

    with pytest.raises(ValueError, match=r"One: expected the first parameter to be algebra, got \[\]"):
        statement("99.3", "One", source="school")(numbers_only)


@pytest.mark.parametrize(("asked", "nearest"), [("2.11", "2.1 "), ("21", "2.1 "), ("x", "")])
def test_an_unknown_number_names_the_nearest(asked: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=rf"statement: expected a known number, got '{asked}'; the nearest is {nearest}") as caught:
        find(asked)
    assert "(" in str(caught.value), "the title is named too"


def test_a_number_is_text() -> None:
    with pytest.raises(TypeError, match=r"statement: expected a number as text, such as '2.1', got 2.1 of type float"):
        verify(2.1)  # type: ignore[arg-type]


def test_with_nothing_registered_it_says_what_to_do() -> None:
    registry.clear()
    with pytest.raises(ValueError, match="none is registered, import proofs first"):
        find("2.1")


def test_statements_come_by_chapter_and_number() -> None:
    for number in ("90.2", "90.10", "2.10", "90.1a"):
        statement(number, "A square", source="school")(type_of(number))
    numbers = [found.number for found in in_order()]
    assert numbers[0] == "1.1"
    assert numbers.index("2.1") < numbers.index("2.10") < numbers.index("3.1") < numbers.index("90.2") < numbers.index("90.10")


def type_of(number: str) -> Any:
    """A program of its own for a number."""

    def program(algebra: Any, n: Any) -> Items:
        """As `square`."""
        yield from square(algebra, n)

    program.__qualname__ = f"square_{number}"
    return program


def test_a_statement_is_known_by_its_number_title_and_source() -> None:
    assert all(found.number and found.title and found.source and found.text for found in in_order())
    assert all(claim.title for found in in_order() for claim in found.claims)


@pytest.mark.parametrize(("number", "chapter"), [("2.1", 2), ("90.1", 90), ("90.10a", 90), ("mine.1", 0)])
def test_a_statement_knows_its_chapter(number: str, chapter: int) -> None:
    made = statement(number, "A square", source="school")(square) if number != "2.1" else find(number)
    assert made.chapter == chapter


def test_the_title_of_a_claim_is_its_own_if_it_has_one() -> None:
    titled = statement("99.1", "A square", source="school", claim="of a sum")(square)
    titled.claim("once more", kind="series")(square)
    assert [(claim.title, claim.kind) for claim in titled.claims] == [("of a sum", "identity"), ("once more", "series")]
    assert [check.claim for check in verify("99.1", algebras=("symbolic",)).checks] == ["of a sum", "once more"]
    assert [claim.title for claim in statement("99.2", "A square", source="school")(square).claims] == ["A square"]


def written_as(factor: int) -> Any:
    """One function of the source, and another one: of one module and name."""
    if factor == 1:

        def doubled(algebra: Any) -> Items:
            """Twice."""
            yield "one", algebra.scalar(1)
            yield "one again", algebra.scalar(1)
    else:

        def doubled(algebra: Any) -> Items:
            """Twice."""
            yield "two", algebra.scalar(2)
            yield "two again", algebra.scalar(2)

    return doubled


def test_another_function_of_the_same_name_is_said_to_replace_the_first() -> None:
    statement("99.1", "Twice one", source="school")(written_as(1))
    with pytest.warns(UserWarning, match=r"99\.1: another function named written_as\.<locals>\.doubled replaces 'Twice one'"):
        again = statement("99.1", "Twice two", source="school")(written_as(2))
    assert find("99.1") is again


def test_the_same_source_again_is_no_other_function() -> None:
    """A module that is loaded anew, or a cell that is run again, makes new functions of the same source."""
    first = statement("99.1", "Twice one", source="school")(written_as(1))
    again = statement("99.1", "Twice one", source="school")(written_as(1))
    assert again.claims[0].program is not first.claims[0].program


def test_a_claim_without_sizes_takes_none() -> None:
    def sized(algebra: Any, n: Any) -> Items:
        """Of no sizes."""
        yield "one", algebra.scalar(n)

    with pytest.raises(ValueError, match="A bound: only claims of arbitrary matrices have sizes, a bound has none, got n"):
        statement("99.1", "A bound", source="school", kind="bound")(sized)
