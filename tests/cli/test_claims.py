"""``proofs --claims``: the ledger on the screen, as JSON and as a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equivalence.cli import ledger
from equivalence.cli.proofs import app
from equivalence.statements import Result, verify

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["--claims", *arguments])


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two claims and an erratum."""
    rows = [row for row in ledger.ledger_of("proofs") if row.statements in (("2.6",), ("4.2",)) or row.id == "C1"]
    monkeypatch.setattr(ledger, "ledger_of", lambda package: tuple(rows))


@pytest.mark.usefixtures("few")
def test_the_screen_shows_verdicts_by_section() -> None:
    result = run("--seed", "0")
    assert result.exit_code == 0
    assert "Opening\n  C1  open\n" in result.output
    assert "On Linearity\n  C16  refuted\n      Linear self-attention is the same as a single matrix multiplication.\n" in result.output
    assert "      python -m proofs 2.6\n" in result.output
    assert max(map(len, result.output.splitlines())) <= 80
    assert result.output.endswith("claims: 3 refuted, 1 open\n") or " refuted, " in result.output.splitlines()[-1]


def test_json_is_a_list_of_rows() -> None:
    told = json.loads(run("--json").output)
    assert len(told) == len(ledger.ledger_of("proofs"))
    assert all({"id", "section", "claim", "verdict", "statements", "command"} <= set(row) for row in told)
    assert {row["verdict"] for row in told if row["part"] == "claim"} <= {"proved", "refuted", "refined", "measured", "open"}


def test_the_page_is_the_one_in_the_repository() -> None:
    assert run("--markdown").output.rstrip("\n") == (ROOT / "CLAIMS.md").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.usefixtures("few")
def test_a_statement_that_falls_shows_in_the_row_and_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    def falling(statement: Any, **options: Any) -> Result:
        whole = verify(statement, **options)
        return Result(statement, (), whole.seed) if statement.number == "2.6" else whole

    monkeypatch.setattr("equivalence.cli.statements.verify", falling)
    result = run()
    assert result.exit_code == 3
    assert "  C16  open (2.6 is not decided)\n" in result.output
    assert "To be shown: Its update is cubic" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2.1"], "--claims: goes with --seed, --quiet, and --json or --markdown only"),
        (["--latex"], "--claims: goes with"),
        (["--json", "--markdown"], "--claims: goes with"),
        (["--package", "equivalence"], "--package: expected a package with a file ledger.toml, equivalence has none"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_page_is_of_claims() -> None:
    result = CliRunner().invoke(app, ["--markdown"])
    assert (result.exit_code, result.stderr) == (2, "error: --markdown: expected --claims too\n")
