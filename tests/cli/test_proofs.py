from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from equivalence.cli import proofs as command
from equivalence.cli.proofs import app
from equivalence.statements import Check, find, in_order, registry, statement
from equivalence.statements.derivation import as_latex, as_text
from equivalence.statements.report import checked, described_check, spoken_for
from equivalence.statements.steps import Items

SECONDS = r"\d+\.\d\d s of \d+\.\d\d s with imports \(SymPy's own: \d+\.\d\d s\)"
FEW = ["1.1", "1.3", "1.4", "2.1"]


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def falling() -> Any:
    """A false statement among the registered ones."""

    @statement("99.1", "Transposing changes nothing", source="nobody")
    def false(algebra: Any, n: Any) -> Items:
        """``X = Xᵀ``."""
        X = algebra.generator("X", n, n)
        yield "X", X
        yield "its transpose", X.T

    yield false
    del registry["99.1"]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("equivalence.cli.statements.in_order", lambda: [find(number) for number in FEW])


def rows(output: str) -> list[list[str]]:
    """The cells of the first line of each row of a table."""
    lines = [line for line in output.splitlines() if re.match(r"│ \d", line)]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def lines_of(output: str) -> dict[str, str]:
    """By number, the outcome at the end of a statement's line."""
    return dict(re.findall(r"^  (\d+\.\d+) .*  (holds|refuted|not decided)$", output, re.MULTILINE))


@pytest.mark.usefixtures("few")
def test_the_table_has_a_row_a_statement_and_ends_with_the_count() -> None:
    result = run("--seed", "7", "--details")
    assert (result.exit_code, result.stderr) == (0, "")
    table = rows(result.stdout)
    assert [row[0] for row in table] == FEW
    assert table[0][1:4] == ["The gradient of least squares, without analysis", "identity", "symbolic: decided for all sizes"]
    assert table[2][2:5] == ["refutation", "exact: as stated", ""]
    assert [row[6] for row in table] == ["holds"] * 4
    assert re.fullmatch(r"2\^-\d\d", table[0][4])
    assert "finite field: 3 sizes" in result.stdout
    times, count = result.stdout.splitlines()[-2:]
    assert re.fullmatch(rf"{SECONDS}, seed 7", times)
    assert count == "4 statements hold, 0 refuted"


def test_a_line_a_statement_by_chapters_in_80_columns() -> None:
    result = run("--seed", "0")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines_of(result.stdout) == {found.number: "holds" for found in in_order()}
    headings = [line for line in lines if line.startswith("Chapter ")]
    assert headings[0] == "Chapter 1: gradient descent as a data update"
    assert [int(re.match(r"Chapter (\d+): ", line)[1]) for line in headings] == sorted({found.chapter for found in in_order()})  # type: ignore[index]
    assert len(lines) == len(in_order()) + len(headings) + 3


def test_titles_that_do_not_fit_end_after_a_word() -> None:
    lines = run("4.1", "1.4", "--seed", "0").stdout.splitlines()
    assert "  4.1  Separate tokens for inputs and targets: a pairing layer, then a …   holds" in lines
    assert "  1.4  No data update for models that are not linear in their weights      holds" in lines


def test_nothing_is_cut_where_there_is_no_terminal() -> None:
    result = run("--list")
    assert [row[:2] for row in rows(result.stdout)] == [[found.number, found.title] for found in in_order()]
    assert all(found.source in result.stdout for found in in_order())
    assert "\x1b" not in result.stdout
    assert "…" not in re.sub("|".join(re.escape(found.source) for found in in_order()), "", result.stdout)


@pytest.mark.usefixtures("few")
def test_a_fresh_seed_is_shown_and_can_be_given_again() -> None:
    first, second = (int(re.search(r"seed (\d+)", run().stdout)[1]) for _ in range(2))  # type: ignore[index]
    assert first != second
    assert f"seed {first}\n" in run("--seed", str(first)).stdout


def test_a_statement_that_falls_is_named_and_the_status_is_1(falling: Any) -> None:
    result = run("1.2", "99.1")
    assert result.exit_code == 1
    assert lines_of(result.stdout) == {"1.2": "holds", "99.1": "refuted"}
    assert "Chapter 99\n" in result.stdout
    assert re.search(
        r"^99.1 Transposing changes nothing, step 2 \(its transpose\): in block \(0, 0\), left − right = .*\[symbolic\]$",
        result.stdout,
        re.M,
    )
    assert result.stdout.endswith("\n1 statement holds, 1 refuted\n")
    (found,) = json.loads(run("99.1", "--json").stdout)
    assert found["holds"] is False
    assert found["checks"][0]["message"].endswith("[symbolic]")
    assert run("99.1", "--json").exit_code == 1
    assert "% 99.1 refuted: symbolic: refuted; finite field: refuted\n% 99.1 Transposing" in run("99.1", "--latex").stdout


def test_numbers_print_the_derivations_with_their_reasons_and_verify_them() -> None:
    result = run("2.1", "1.4")
    assert result.exit_code == 0
    assert result.stdout.startswith(as_text(find("2.1")))
    assert as_text(find("1.4")) in result.stdout
    assert "   1. the layer, on context and queries\n" in result.stdout
    assert lines_of(result.stdout) == {"2.1": "holds", "1.4": "holds"}
    assert result.stdout.endswith("\n2 statements hold, 0 refuted\n")


def test_derivations_are_as_wide_as_asked_for() -> None:
    narrow, wide = (run("2.1", "--width", width).stdout for width in ("60", "120"))
    assert as_text(find("2.1"), 60) in narrow
    assert as_text(find("2.1"), 120) in wide
    assert max(map(len, as_text(find("2.1"), 60).splitlines())) <= 60
    assert as_latex(find("2.1"), 50) in run("2.1", "--latex", "--width", "50").stdout


def test_a_width_that_no_formula_fits_is_refused() -> None:
    result = run("2.1", "--width", "20")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--width" in result.stderr


def test_latex_is_latex_with_the_verdict_as_a_comment() -> None:
    result = run("2.1", "--latex", "--seed", "3")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[0] == "% 2.1 holds: symbolic: decided for all sizes; finite field: 3 sizes"
    assert as_latex(find("2.1")) in result.stdout
    assert re.fullmatch(rf"% {SECONDS}, seed 3", lines[-2])
    assert lines[-1] == "% 1 statement holds, 0 refuted"


def test_json_has_what_was_checked() -> None:
    result = run("2.1", "1.4", "--json", "--seed", "1")
    first, second = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (first["id"], first["kind"], first["holds"]) == ("2.1", "identity", True)
    assert first["title"] == find("2.1").title
    assert first["source"] == find("2.1").source
    assert first["seconds"] > 0
    symbolic, *certificates = first["checks"]
    assert symbolic["algebra"] == "symbolic"
    assert symbolic["decides"] is True
    assert {"sizes", "error_bound", "message"}.isdisjoint(symbolic)
    assert len(certificates) == 3
    for check in certificates:
        assert (check["algebra"], check["holds"], check["claim"]) == ("finite field", True, find("2.1").title)
        assert list(check["sizes"]) == ["d_x", "d_y", "N", "M"]
        assert 0 < check["error_bound"] < 2**-50
    assert [check["algebra"] for check in second["checks"]] == ["exact"]
    assert {"sizes", "error_bound"}.isdisjoint(second["checks"][0])


def test_a_list_in_json() -> None:
    result = run("--list", "--json")
    assert [found["id"] for found in json.loads(result.stdout)] == [found.number for found in in_order()]
    assert all(set(found) == {"id", "chapter", "title", "kind", "kinds", "source"} for found in json.loads(result.stdout))


def test_a_program_that_raises_falls_in_every_form() -> None:
    @statement("99.3", "Shapes fit", source="nobody")
    def raising(algebra: Any, n: Any, m: Any) -> Items:
        """``XX``, X not square."""
        X = algebra.generator("X", n, m)
        yield "X", X
        yield "XX", X @ X

    try:
        table, found = run("99.3"), json.loads(run("99.3", "--json").stdout)
    finally:
        del registry["99.3"]
    assert table.exit_code == 3
    assert "99.3  no derivation: not decided" in table.stdout
    assert re.search(r"99.3 Shapes fit, step 2 .*: the columns of the left, m, are not the rows of the right, n", table.stdout)
    assert (found[0]["holds"], found[0]["outcome"]) == (False, "not decided")
    assert "refuted" not in table.stdout.replace("0 refuted, 1 not decided", "")


def test_the_status_tells_refuted_from_not_decided(falling: Any) -> None:
    """A refutation outweighs what is not decided."""

    @statement("99.3", "Nothing is shown", source="nobody")
    def idle(algebra: Any) -> Items:
        """Nothing."""
        yield "one", algebra.scalar(1)

    try:
        statuses = [run(*numbers).exit_code for numbers in (["1.2"], ["1.2", "99.3"], ["99.3", "99.1"], ["99.1", "1.2"])]
        latex = run("99.3", "--latex")
    finally:
        del registry["99.3"]
    assert statuses == [0, 3, 1, 1]
    assert latex.exit_code == 3
    assert (
        "% 99.3 not decided: symbolic: not decided; finite field: not decided\n% 99.3 Nothing is shown: nothing was compared"
        in latex.stdout
    )


def test_infinity_is_no_json() -> None:
    check = Check("claim", "finite field", "not decided", 0.1, {"n": 1}, float("inf"), False, 1, "m")
    assert "error_bound" not in described_check(check)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["2.19"], "statement: expected a known number, got '2.19'; the nearest is 2."),
        (["1.1", "x"], "statement: expected a known number, got 'x'; the nearest is "),
        (["--seed", "one"], "Invalid value for '--seed'"),
        (["--colour"], "No such option: --colour"),
        (["--latex", "--json"], "--latex: cannot be combined with --json or --list"),
        (["--latex", "--list"], "--latex: cannot be combined with --json or --list"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def check(algebra: str, claim: str = "c", sizes: Any = (), decides: bool = True) -> Check:
    return Check(claim, algebra, "holds", 0.1, dict(sizes), None, decides, 1, "")


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ([check("symbolic")], "decided for all sizes"),
        ([check("symbolic"), check("symbolic", decides=False)], "sound, all sizes"),
        ([check("finite field", sizes={"n": n}) for n in (1, 2)], "2 sizes"),
        ([check("finite field", "a", {"n": 1}), *(check("finite field", "b", {"n": n}) for n in (1, 2))], "1 size"),
        ([check("finite field")], "random points"),
        ([check("rational")], "as stated"),
    ],
)
def test_what_was_checked_is_not_overstated(checks: list[Check], expected: str) -> None:
    assert spoken_for(checks) == expected
    assert checked(checks) == {checks[0].algebra: expected}


def test_a_claim_that_rewrites_is_sound_only() -> None:
    @statement("99.2", "An inverse is one", source="nobody")
    def sound(algebra: Any, n: Any) -> Items:
        """``T T⁻¹ = I``."""
        matrix, inverse = algebra.invertible("T", n)
        yield "T T⁻¹", matrix @ inverse
        yield "is I", algebra.eye(n)

    try:
        assert rows(run("99.2", "--details").stdout)[0][3] == "symbolic: sound, all sizes"
    finally:
        del registry["99.2"]


def test_a_package_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine_of_this_test.py").write_text(MINE)
    (tmp_path / "leaving_of_this_test.py").write_text("raise SystemExit('bye')")
    monkeypatch.syspath_prepend(tmp_path)
    try:
        result = run("mine.1", "--package", "mine_of_this_test", "--seed", "0")
    finally:
        registry.pop("mine.1", None)
        sys.modules.pop("mine_of_this_test", None)
    assert result.exit_code == 0
    assert "Other statements\n  mine.1  Brackets [bold]stay[/bold]" in result.stdout
    left = run("--package", "leaving_of_this_test")
    assert (left.exit_code, left.stderr) == (2, "error: --package: cannot import 'leaving_of_this_test': SystemExit: bye\n")
    assert command.PACKAGE == "proofs"


MINE = """
from equivalence import statement

@statement("mine.1", "Brackets [bold]stay[/bold]", source="nobody")
def mine(algebra, n):
    \"\"\"X = X.\"\"\"
    X = algebra.generator("X", n, n)
    yield "X", X
    yield "twice transposed", X.T.T
"""


def module(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import runpy, sys\ntry:\n    runpy.run_module('proofs', run_name='__main__')\nfinally:\n    assert 'jax' not in sys.modules"
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_as_a_module_without_jax() -> None:
    done = module()
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(f"{len(in_order())} statements hold, 0 refuted\n")
    assert "\x1b" not in done.stdout


def test_as_a_module_an_unknown_number_is_one_line() -> None:
    done = module("7.77")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: statement: expected a known number, got '7.77'; the nearest is ")
