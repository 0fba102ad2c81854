"""The sample of small changes names files, tests and lines that are there, and its score fails where it should."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.mutants import CONFIGURATION, ROOT, Mutant, configured, passes, report, survives

EQUIVALENT = [*configured().equivalent]


def test_the_core_and_recognition_are_changed() -> None:
    files = {file.relative_to(ROOT).as_posix() for file in (ROOT / "equivalence/recognition").rglob("*.py") if file.name != "__init__.py"}
    files |= {f"equivalence/algebras/{name}.py" for name in ("canonical", "symbolic", "blocks")}
    files |= {f"equivalence/statements/{name}.py" for name in ("steps", "verification")}
    assert files <= set(configured().tests)


@pytest.mark.parametrize("key", EQUIVALENT)
def test_a_change_that_none_can_notice_is_of_a_line_that_is_there(key: str) -> None:
    file, _, change = key.partition(": ")
    before = change.partition(" -> ")[0]
    lines = [line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    assert before in " ".join(lines)


ROOM = '[[room]]\nfiles = ["a.py"]\ntests = ["test_a.py"]\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ROOM.replace("a.py", "b.py", 1), "not there: b.py"),
        (ROOM.replace("test_a", "test_b"), "not there: test_b.py"),
        (ROOM + '[[equivalent]]\nfile = "a.py"\nbefore = "x"\nafter = "y"\nreason = ""\n', "an equivalent change has no reason"),
    ],
)
def test_a_configuration_that_says_what_is_not_so_is_refused(tmp_path: Path, text: str, message: str) -> None:
    for name, content in {"a.py": "", "test_a.py": "", CONFIGURATION.name: text}.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        configured(tmp_path / CONFIGURATION.name, tmp_path)


def test_a_change_that_no_test_notices_survives(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def double(x):\n    return 2 * x\n", encoding="utf-8")
    (tmp_path / "test_a.py").write_text("from a import double\n\n\ndef test_double():\n    assert double(2) == 4\n", encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
    python = sys.executable
    power, sum_of_both = (Mutant("a.py", f"def double(x):\n    return {text}\n", 2, "", "") for text in ("2 ** x", "3 + x"))
    assert passes(["test_a.py"], tmp_path, python)
    assert survives(power, ["test_a.py"], tmp_path, python)
    assert not survives(sum_of_both, ["test_a.py"], tmp_path, python)
    assert "2 * x" in (tmp_path / "a.py").read_text(encoding="utf-8")


def test_the_score_counts_what_can_be_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    changes = [Mutant("a.py", "", number, f"x = {number}", "x = 0") for number in range(4)]
    known = {change.key: number == 0 for number, change in enumerate(changes)} | {changes[3].key: True}
    assert report(changes, known, {changes[3].key: "x is not read"}, 0.6) == 0
    assert capsys.readouterr().out == (
        "a.py:0\n  - x = 0\n  + x = 0\n2 of 3 changes are noticed, 66.7%; no test can notice 1 more, see mutants.toml\n"
    )
    assert report(changes, known, {}, 0.6) == 1
