"""What is argued in words is printed as informal, listed, and counts for nothing."""

from __future__ import annotations

import json

import pytest
import sympy
from typer.testing import CliRunner

import proofs  # noqa: F401  (registers the statements)
from equivalence.cli.proofs import app
from equivalence.statements import Informal, Statement, claim_of, in_order, verify
from equivalence.statements.derivation import as_latex, as_text
from equivalence.statements.report import described
from equivalence.statements.steps import Items

WORDS = "that x is a number"
x = sympy.Symbol("x")


def statement_of(*items: object) -> Statement:
    def program() -> Items:
        yield from items  # type: ignore[misc]

    return Statement("0.1", "words", "bound", "", "", [claim_of("a claim", "bound", program)])


def test_words_alone_have_shown_nothing() -> None:
    result = verify(statement_of("heading", Informal(WORDS)))
    assert result.outcome == "not decided"
    assert result.messages == ("0.1 words, heading: nothing was compared [exact]",)
    assert result.informal == ()


def test_words_count_for_nothing_beside_a_step() -> None:
    statement = statement_of(("square", (x + 1) ** 2), Informal(WORDS), ("expanded", x**2 + 2 * x + 1))
    result = verify(statement)
    assert result.holds
    assert [check.compared for check in result.checks] == [1]
    assert result.informal == (("a claim", WORDS),)


def test_words_do_not_mend_a_wrong_step() -> None:
    result = verify(statement_of(("square", (x + 1) ** 2), Informal(WORDS), ("expanded", x**2 + 1)))
    assert result.outcome == "refuted"
    assert "step 3 (expanded)" in result.messages[0]


def test_derivations_say_informal() -> None:
    statement = statement_of(("square", (x + 1) ** 2), ("expanded", x**2 + 2 * x + 1), Informal(WORDS))
    assert f"   3. {WORDS}\n        informal: argued in words, not checked\n" in as_text(statement)
    assert r"\text{informal: argued in words, not checked}" in as_latex(statement)


def test_json_lists_what_is_informal() -> None:
    result = verify(statement_of(("square", (x + 1) ** 2), ("expanded", x**2 + 2 * x + 1), Informal(WORDS)))
    assert described(result)["informal"] == [{"claim": "a claim", "text": WORDS}]
    (printed,) = json.loads(CliRunner().invoke(app, ["2.4", "--json"]).stdout)
    assert [item["claim"] for item in printed["informal"]] == ["the update adds over context tokens"]


@pytest.mark.parametrize("statement", in_order(), ids=lambda statement: statement.number)
def test_a_text_that_says_informal_has_such_an_item(statement: Statement) -> None:
    assert "informal" not in statement.text.lower() or verify(statement, seed=1).informal
