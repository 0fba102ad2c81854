"""How commands end: every exit status of every command, and one line for what nobody expected."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from equivalence import gd_layer, statement
from equivalence.cli.errors import DEBUG, Command
from equivalence.cli.main import app
from equivalence.cli.status import MEANINGS, ORDER, Status, first_of, of_outcome
from equivalence.cli.streams import say_aside
from equivalence.statements import registry

ROOT = Path(__file__).parents[2]
SIZES = ["--d-x", "2", "--d-y", "1"]
WEIGHTS = ["weights", *SIZES, "--learning-rate", "1/10", "--context", "5"]
MODEL = """
import numpy as np
import sys

def descent(X, Y, q):
    print("\\x1b[31mfrom the predictor")
    return Y @ X.T @ q / 8

def softmax(X, Y, q):
    weights = np.exp(X.T @ q)
    return Y @ weights / weights.sum()

def leaving(X, Y, q):
    sys.exit(0)

def stopped(X, Y, q):
    raise KeyboardInterrupt
"""
LEAVING = "raise SystemExit(0)"


def recognise(file: str, d_x: int = 2) -> list[str]:
    return ["recognise", file, "--d-x", str(d_x), "--d-y", "1", "--convention", "columns"]


def same(other: str) -> list[str]:
    return ["same", "step.npz", other, *SIZES, "--convention", "columns", "--other-heads", "2" if other == "hidden.npz" else "1"]


def falsify(name: str) -> list[str]:
    return ["falsify", name, *SIZES, "--examples", "5", "--max-context", "2"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with weights of every verdict, modules, and statements of every outcome."""
    np.savez(tmp_path / "step.npz", **gd_layer(2, 1, learning_rate="1/10", context=5).to_numpy().heads[0]._asdict())
    np.savez(tmp_path / "none.npz", key=np.eye(3), query=np.ones((3, 3)), value=np.eye(3), projection=np.eye(3))
    big = 1e8 * np.random.default_rng(0).normal(size=(3, 3))
    np.savez(
        tmp_path / "hidden.npz", **dict.fromkeys(("key", "query", "value"), np.concatenate([big, big])), projection=np.hstack([big, -big])
    )
    B = np.array([[2.0, 2.0], [1.0, 1.0]])
    np.savez(tmp_path / "open.npz", key=np.eye(2), query=B, value=np.array([[0.0, 0.0], [1.0, 3.0]]), projection=np.eye(2))
    np.save(tmp_path / "one.npy", np.array([[1.0]]))
    (tmp_path / "model_of_endings.py").write_text(MODEL)
    (tmp_path / "leaving_of_endings.py").write_text(LEAVING)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)

    @statement("99.1", "False", source="nobody")
    def false(algebra: Any, n: Any) -> Any:
        """``X = Xᵀ``."""
        X = algebra.generator("X", n, n)
        yield "X", X
        yield "its transpose", X.T

    @statement("99.2", "Open", source="nobody")
    def open_(algebra: Any, n: Any) -> Any:
        """It raises."""
        yield "one", algebra.eye(n)
        raise KeyError("k")

    yield tmp_path
    del registry["99.1"], registry["99.2"]
    for name in ("model_of_endings", "leaving_of_endings"):
        sys.modules.pop(name, None)


def run(words: list[str]) -> Any:
    return CliRunner().invoke(app, words)


OPEN = [*recognise("open.npz", d_x=1), "--initial", "one.npy"]
ENDINGS: list[tuple[list[str], Status]] = [
    (WEIGHTS, Status.HOLDS),
    ([*WEIGHTS, "--d-x", "0"], Status.BAD_INPUT),
    (recognise("step.npz"), Status.HOLDS),
    (recognise("none.npz"), Status.REFUTED),
    ([*recognise("step.npz"), "--softmax", "--context", "3"], Status.REFUTED),
    (recognise("absent.npz"), Status.BAD_INPUT),
    (OPEN, Status.NOT_DECIDED),
    (same("step.npz"), Status.HOLDS),
    (same("none.npz"), Status.REFUTED),
    (same("hidden.npz"), Status.NOT_DECIDED),
    (same("absent.npz"), Status.BAD_INPUT),
    (falsify("model_of_endings:descent"), Status.HOLDS),
    (falsify("model_of_endings:softmax"), Status.REFUTED),
    (falsify("model_of_endings:absent"), Status.BAD_INPUT),
    (falsify("model_of_endings:leaving"), Status.BAD_INPUT),
    (falsify("leaving_of_endings:f"), Status.BAD_INPUT),
    (falsify("model_of_endings:stopped"), Status.INTERRUPTED),
    (["proofs", "1.1", "--seed", "0"], Status.HOLDS),
    (["proofs", "99.1", "99.2", "1.1"], Status.REFUTED),
    (["proofs", "99.7"], Status.BAD_INPUT),
    (["proofs", "99.2", "1.1"], Status.NOT_DECIDED),
]
INNERMOST = {
    "weights": "equivalence.cli.weights.built",
    "recognise": "equivalence.loading.layers.load_layers",
    "same": "equivalence.loading.layers.load_layers",
    "falsify": "equivalence.falsification.search.falsify",
    "proofs": "equivalence.cli.statements.verify",
}
GOOD = {
    "weights": WEIGHTS,
    "recognise": recognise("step.npz"),
    "same": same("step.npz"),
    "falsify": falsify("model_of_endings:descent"),
    "proofs": ["proofs", "1.1"],
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("words", "status"), ENDINGS, ids=[" ".join([*words[:2], status.name]) for words, status in ENDINGS])
def test_every_command_ends_with_its_statuses(words: list[str], status: Status) -> None:
    result = run(words)
    assert result.exit_code == status
    assert (result.stderr.startswith("error: ") and not result.stdout) is (status in (Status.BAD_INPUT, Status.INTERRUPTED))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", INNERMOST)
@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (KeyboardInterrupt(), Status.INTERRUPTED, "error: interrupted\n"),
        (KeyError("lost"), Status.DEFECT, f"error: a defect of ours, please report it: KeyError: 'lost' ({DEBUG}=1 shows where)\n"),
        (
            RecursionError("deep"),
            Status.DEFECT,
            f"error: a defect of ours, please report it: RecursionError: deep ({DEBUG}=1 shows where)\n",
        ),
        (MemoryError(), Status.BAD_INPUT, "error: there is not enough memory for what was asked; ask for smaller sizes\n"),
        (OSError(errno.EPIPE, "Broken pipe"), Status.BAD_INPUT, "error: cannot write or read the output: Broken pipe\n"),
    ],
)
def test_what_nobody_expected_is_one_line(
    monkeypatch: pytest.MonkeyPatch, command: str, error: BaseException, status: Status, line: str
) -> None:
    def raising(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(INNERMOST[command], raising)
    result = run(GOOD[command])
    assert (result.exit_code, result.stdout, result.stderr) == (status, "", line)


def test_every_status_is_among_the_cases() -> None:
    seen = {status for _, status in ENDINGS} | {Status.DEFECT}  # which one has to be made
    assert seen == set(Status) == set(MEANINGS)
    assert {words[0] for words, _ in ENDINGS} == set(INNERMOST)


def test_a_defect_shows_its_traceback_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DEBUG, "1")
    shown = CliRunner().invoke(raising(KeyError("lost")), [])
    assert shown.exit_code == 70
    assert shown.stderr.startswith("Traceback (most recent call last):")
    assert shown.stderr.splitlines()[-1].startswith("error: a defect of ours")


def raising(error: BaseException) -> typer.Typer:
    lonely = typer.Typer()

    @lonely.command(cls=Command)
    def main() -> None:
        raise error

    return lonely


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([0, 3, 1, 70], 70),
        ([0, 3, 1], 1),
        ([3, 0], 3),
        ([0, 0], 0),
        ([], 3),
    ],
)
def test_of_several_the_first_in_order(outcomes: list[int], status: int) -> None:
    assert first_of(map(Status, outcomes)) == status
    assert [*ORDER] == [70, 1, 3, 0]


def test_families_have_statuses() -> None:
    families = ["gradient descent", "preconditioned gradient descent", "GD++", "rate 0", "none", "not decided"]
    assert [of_outcome(family) for family in families] == [0, 0, 0, 0, 1, 3]


@pytest.mark.parametrize("command", [["weights"], ["recognise"], ["same"], ["falsify"], ["proofs"], []], ids=str)
def test_help_lists_the_statuses(command: list[str]) -> None:
    said = run([*command, "--help"]).stdout
    assert all(f"  {status:<4} {meaning}\n" in said for status, meaning in MEANINGS.items())


def test_what_a_predictor_prints_is_no_part_of_the_answer(here: Path) -> None:
    result = run([*falsify("model_of_endings:descent"), "--json"])
    assert result.stdout.startswith("{")
    assert "from the predictor" not in result.stdout
    assert "from the predictor" in result.stderr


def test_text_of_others_is_escaped_and_shortened(here: Path) -> None:
    (here / "hostile_of_endings.py").write_text("raise ValueError('\\x1b[2J\\u202e[bold]' + 9999 * 'x')")
    result = run(falsify("hostile_of_endings:f"))
    assert result.exit_code == 2
    assert r"\x1b[2J\u202e[bold]xxx" in result.stderr
    assert len(result.stderr) < 600
    assert result.stderr[:-1].isprintable()


# Paths.

LONG = "x" * 300


@pytest.fixture
def odd(here: Path) -> Path:
    """Links in a circle, a file that is not to be written."""
    (here / "circle").symlink_to(here / "circle")
    (here / "circle.npz").symlink_to(here / "circle.npz")
    (here / "kept").write_text("kept")
    (here / "kept").chmod(0o444)
    return here


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize(
    "words",
    [
        *([*WEIGHTS, "--out", path] for path in ("circle", LONG, "kept/under", "/dev/full", "no/such")),
        *(recognise(path) for path in ("circle.npz", f"{LONG}.npz", "kept/under.npz", "a\nb.npz", "\x1b[2J.npz")),
        *([*recognise("step.npz"), "--initial", path] for path in ("circle", LONG, "kept/under", "/dev/full", "a\0b")),
    ],
    ids=ascii,
)
def test_odd_paths_are_one_line_and_status_2(words: list[str]) -> None:
    result = run(words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert result.stderr[:-1].isprintable()


def test_sparse_files_larger_than_the_memory_are_one_line(here: Path) -> None:
    """50 GB of zeros, none of which is on the disk, behind a whole header or behind none."""
    np.lib.format.open_memmap(here / "sparse.npy", mode="w+", dtype=float, shape=(80_000, 80_000))
    for name in ("sparse.npz", "sparse.safetensors"):
        with (here / name).open("wb") as file:
            file.truncate(50 * 10**9)
    given = run([*recognise("step.npz"), "--initial", "sparse.npy"])
    assert (given.exit_code, given.stdout) == (2, "")
    assert given.stderr.endswith("got 'sparse.npy': it holds 51200000000 bytes, and at most 1073741824 are read\n")
    for name in ("sparse.npz", "sparse.safetensors"):
        result = run(recognise(name))
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"error: path: '{name}' is no whole ")


def test_a_read_only_file_is_not_replaced(odd: Path) -> None:
    result = run([*WEIGHTS, "--out", "kept"])
    assert (result.exit_code, result.stderr) == (2, "error: --out: cannot write kept: it is read-only\n")
    assert (odd / "kept").read_text() == "kept"


def module(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "equivalence", *words], check=False, text=True, cwd=ROOT, **settings)


def test_a_full_disk_is_one_line_and_status_2() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = module(*WEIGHTS, stdout=full, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (2, "error: cannot write or read the output: No space left on device\n")


def test_without_a_stderr_nothing_is_said_elsewhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    say_aside("error: nobody hears it")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("words", [WEIGHTS, ["--help"]], ids=["weights", "help"])
def test_a_closed_pipe_is_one_line_and_status_2(words: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = module(*words, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (2, "error: cannot write or read the output: Broken pipe\n")
