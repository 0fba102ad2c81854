"""The ledger: what its file may hold, that statements bear its verdicts out, and that CLAIMS.md is what it says now."""

from __future__ import annotations

from pathlib import Path

import pytest

import proofs
from equivalence.models.constructions.linear import gd_layer
from equivalence.statements import find, registry, verify
from equivalence.statements.ledger import READ, Row, answered, as_markdown, cited, counts, described_row, read_ledger, said
from equivalence.statements.verdicts import Outcome

ROOT = Path(__file__).parents[2]
LEDGER = read_ledger(Path(proofs.__file__).parent / "ledger.toml")
CLAIMS = [row for row in LEDGER if row.part == "claim"]
HOLD: dict[str, Outcome] = dict.fromkeys(registry, "holds")

CLAIM = """
[[claim]]
id = "C1"
section = "Opening"
claim = "Attention is a matrix."
verdict = "refuted"
answer = "It is cubic."
statements = ["2.6"]
"""


def read(tmp_path: Path, text: str) -> tuple[Row, ...]:
    file = tmp_path / "ledger.toml"
    file.write_text(text, encoding="utf-8")
    return read_ledger(file)


def test_a_row_says_what_its_statements_bear_out(tmp_path: Path) -> None:
    (row,) = read(tmp_path, CLAIM)
    assert (row.verdict({"2.6": "holds"}), said(row, {"2.6": "holds"})) == ("refuted", "refuted")
    assert answered(row, {"2.6": "holds"}) == "It is cubic."
    for outcomes, why in (
        ({"2.6": "refuted"}, "2.6 is refuted"),
        ({"2.6": "not decided"}, "2.6 is not decided"),
        ({}, "rests on 2.6, not built yet"),
    ):
        assert (row.verdict(outcomes), said(row, outcomes)) == ("open", f"open ({why})")
        assert answered(row, outcomes) == "To be shown: It is cubic."
        assert described_row(row, outcomes)["why"] == why


def test_a_statement_that_is_broken_opens_its_row() -> None:
    """The statement is run: with weights of twice the rate 2.1 falls, and what rests on it with it."""
    row = next(row for row in CLAIMS if row.statements == ("2.1",))
    assert row.verdict({"2.1": verify("2.1", seed=0).outcome}) == "proved"
    broken = verify(
        "2.1", seed=0, replace={"layer": lambda *sizes, learning_rate, **rest: gd_layer(*sizes, learning_rate=2 * learning_rate, **rest)}
    )
    assert broken.outcome == "refuted"
    assert said(row, {"2.1": broken.outcome}) == "open (2.1 is refuted)"


@pytest.mark.parametrize("row", [row for row in LEDGER if row.statements], ids=lambda row: row.id)
def test_every_statement_of_every_row_counts(row: Row) -> None:
    built = HOLD | dict.fromkeys(row.statements, "holds")
    assert row.verdict(built) == row.says
    for number in row.statements:
        assert row.verdict(built | {number: "not decided"}) == "open"
        assert row.verdict({name: outcome for name, outcome in built.items() if name != number}) == "open"


def test_the_page_is_made_from_the_ledger_and_from_what_holds_now() -> None:
    outcomes = {number: verify(find(number), seed=0).outcome for number in cited(LEDGER) if number in registry}
    page = as_markdown(LEDGER, outcomes, {number: statement.title for number, statement in registry.items()})
    assert (ROOT / "CLAIMS.md").read_text(encoding="utf-8") == page + "\n"
    assert as_markdown(LEDGER, outcomes | {"2.6": "refuted"}, {}) != page


def test_the_ledger_covers_the_write_up() -> None:
    assert len(CLAIMS) >= 40
    assert [row.id for row in CLAIMS] == [f"C{number}" for number in range(1, len(CLAIMS) + 1)]
    sections = list(dict.fromkeys(row.texts["section"] for row in CLAIMS))
    assert len(sections) == 12
    assert [row.texts["section"] for row in CLAIMS] == sorted((row.texts["section"] for row in CLAIMS), key=sections.index)
    errata = {number for row in LEDGER if row.part == "erratum" for number in row.statements}
    assert errata == {"2.2", "3.7", "4.2", "4.3", "5.5", "5.6", "6.8", "8.1", "8.3", "10.3"}
    assert sum(row.part == "question" for row in LEDGER) >= 8


def test_rows_without_a_verdict_say_why() -> None:
    undecided = [row for row in CLAIMS if row.says == "open"]
    assert undecided
    for row in undecided:
        assert row.texts["answer"].endswith((".", ")"))
        assert row.verdict(HOLD) == "open"


def test_the_parts_have_their_own_fields(tmp_path: Path) -> None:
    text = (
        CLAIM
        + """
[[erratum]]
id = "E1"
paper = "A paper"
place = "eq. 1"
printed = "x = 2x."
counterexample = "x = 1."
corrected = "x = x."
read = "secondary"
statements = ["1.2"]

[[question]]
id = "Q1"
question = "Why?"
answer = "Because."
statements = ["1.1"]
command = "attention-descent recognise"
"""
    )
    rows = read(tmp_path, text)
    outcomes: dict[str, Outcome] = {"2.6": "holds", "1.2": "holds", "1.1": "refuted"}
    told = [described_row(row, outcomes) for row in rows]
    assert [row["verdict"] for row in told] == ["refuted", "refuted", "open"]
    assert told[1]["section"] == "A paper, eq. 1"
    assert (told[1]["claim"], told[1]["answer"], told[1]["counterexample"]) == ("x = 2x.", "x = x.", "x = 1.")
    assert (told[0]["command"], told[2]["command"]) == ("python -m proofs 2.6", "attention-descent recognise")
    assert {"id", "section", "claim", "verdict", "statements", "command"} <= set.intersection(*map(set, told))
    page = as_markdown(rows, outcomes, {"2.6": "A title"})
    assert f"**E1.** A paper, eq. 1 ({READ['secondary']}). Printed: x = 2x." in page
    assert "2.6 A title: `python -m proofs 2.6`" in page
    assert "*Open (1.1 is refuted).* To be shown: Because." in page
    assert counts(rows, outcomes) == "1 claims: 1 refuted"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("refuted", "perhaps"), "C1: verdict: expected one of proved, refuted, refined, measured, open, got 'perhaps'"),
        (('["2.6"]', "[]"), "C1: verdict: refuted by no statement; name those that decide it, or say open"),
        (('["2.6"]', '"2.6"'), r"C1: statements: expected a list of numbers such as \['2.1'\], got '2.6'"),
        (('"It is cubic."', "3"), "C1: answer: expected a text, got 3"),
        (('answer = "It is cubic."', ""), "C1: expected the fields answer, .*: answer"),
        (("answer", "reply"), "C1: expected the fields answer, .*: answer, reply"),
        (("[[claim]]", "[[clam]]"), "ledger.toml: expected the lists claim, erratum, question, got clam"),
        (("[[claim]]", "[[claim"), "ledger.toml: expected TOML"),
        (('id = "C1"', ""), "a row without id: expected the fields"),
    ],
)
def test_a_ledger_that_is_wrong_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tmp_path, CLAIM.replace(*change))


def test_ids_stand_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected an id a row, C1 stands twice"):
        read(tmp_path, CLAIM + CLAIM)
