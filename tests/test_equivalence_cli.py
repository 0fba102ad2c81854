from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from equivalence import gd_layer, gdpp_layer
from equivalence.__main__ import app
from equivalence.printing import layer_latex, layer_text

BASE = ["--d-x", "3", "--d-y", "1"]
PLAIN = [*BASE, "--learning-rate", "1/10", "--context", "5"]
PRINTED = """\
W_K =
  [ 1  0  0 ]
  [ 0  1  0 ]
  [ 0  0  0 ]

W_Q =
  [ 1  0  0 ]
  [ 0  1  0 ]
  [ 0  0  0 ]

W_V =
  [ 0  0   0 ]
  [ 0  0   0 ]
  [ 0  0  -1 ]

P =
  [ eta/N      0      0 ]
  [     0  eta/N      0 ]
  [     0      0  eta/N ]
"""


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["weights", *arguments])


def test_the_four_matrices_are_printed() -> None:
    result = run("--d-x", "2", "--d-y", "1", "--learning-rate", "eta", "--context", "N")
    assert (result.exit_code, result.stdout, result.stderr) == (0, PRINTED, "")


@pytest.mark.parametrize("rate", ["1/10", "0.1", "1e-1"])
def test_rates_are_read_exactly(rate: str) -> None:
    result = run(*BASE, "--learning-rate", rate, "--context", "5")
    assert result.stdout == layer_text(gd_layer(3, 1, learning_rate="1/10", context=5)) + "\n"
    assert "1/50" in result.stdout


def test_gdpp() -> None:
    result = run(*PLAIN, "--gdpp", "--gamma", "1/20")
    assert result.stdout == layer_text(gdpp_layer(3, 1, learning_rate="1/10", gamma="1/20", context=5)) + "\n"
    assert "-1/20" in result.stdout


def test_latex() -> None:
    result = run(*PLAIN, "--format", "latex")
    assert result.stdout == layer_latex(gd_layer(3, 1, learning_rate="1/10", context=5)) + "\n"
    assert r"\frac{1}{50}" in result.stdout


@pytest.mark.parametrize("format", ["text", "latex"])
def test_a_file_has_what_the_screen_shows(tmp_path: Path, format: str) -> None:
    result = run(*PLAIN, "--format", format, "--out", str(tmp_path / "weights"))
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "weights").read_text(encoding="utf-8") == run(*PLAIN, "--format", format).stdout
    assert [file.name for file in tmp_path.iterdir()] == ["weights"]


def test_npz_loads_without_pickle_and_has_the_weights(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"old")
    assert run(*PLAIN, "--gdpp", "--gamma", "1/20", "--format", "npz", "--out", str(file)).exit_code == 0
    expected = gdpp_layer(3, 1, learning_rate="1/10", gamma="1/20", context=5).to_numpy().heads[0]
    with np.load(file, allow_pickle=False) as found:
        assert sorted(found) == ["key", "projection", "query", "value"]
        for name in found:
            assert found[name].dtype == np.float64
            assert np.array_equal(found[name], getattr(expected, name))
    assert [left.name for left in tmp_path.iterdir()] == ["weights.npz"]


def test_symlinks_are_followed_and_stay(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "weights")
    assert run(*PLAIN, "--out", str(tmp_path / "link")).exit_code == 0
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "weights").is_file()


RATE = "learning_rate: expected a finite number such as 1/10 or 0.1, or a symbol such as eta, got "
BAD = [
    (["--d-x", "0"], "d_x: size: expected at least 1, got 0"),
    (["--d-y", "-2"], "d_y: size: expected at least 1, got -2"),
    (["--d-x", "2.5"], "Invalid value for '--d-x'"),
    *((["--learning-rate", rate], RATE + repr(rate)) for rate in ("nan", "NaN", "inf", "-inf", "Infinity", "1/0", "x+", "", "0x1")),
    (["--context", "0"], "context: size: expected at least 1, got 0"),
    (["--context", "-3"], "context: size: expected at least 1, got -3"),
    *(
        (["--context", count], f"context: expected a positive integer or a symbol such as N, got {count!r}")
        for count in ("2.5", "1/2", "N+1")
    ),
    *((["--context", count], "context: expected a finite number") for count in ("nan", "inf")),
    (["--gdpp"], "--gdpp: expected --gamma too, such as --gamma 1/20"),
    (["--gamma", "1/20"], "--gamma: expected --gdpp too; plain gradient descent has no γ"),
    (["--gdpp", "--gamma", "nan"], "gamma: expected a finite number"),
    (["--format", "npz"], "--format npz: expected --out FILE too"),
    (["--format", "png"], "Invalid value for '--format'"),
    (["--out", "/nowhere/weights"], "--out: cannot write /nowhere/weights: No such file or directory"),
    (["--out", "/dev/null"], "--out: expected the name of a file, got /dev/null, which is something else"),
    (["--out", ""], "--out: expected the name of a file, got ., which is something else"),
    (["--colour", "red"], "No such option: --colour"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=[" ".join(arguments) for arguments, _ in BAD])
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    result = run(*PLAIN, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"error: {message}")
    assert result.stderr.count("\n") == 1


def test_a_missing_option_is_named() -> None:
    result = run(*BASE, "--context", "5")
    assert (result.exit_code, result.stderr) == (2, "error: Missing option '--learning-rate'.\n")


@pytest.mark.parametrize(("symbols", "names"), [(["--context", "N"], "N"), (["--learning-rate", "eta", "--context", "N"], "N, eta")])
def test_npz_with_symbols_is_refused_by_name(tmp_path: Path, symbols: list[str], names: str) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"old")
    result = run(*PLAIN, *symbols, "--format", "npz", "--out", str(file))
    assert result.exit_code == 2
    assert result.stderr == f"error: --format npz: projection of head 0: expected numbers, found the symbols {names}; give them values\n"
    assert file.read_bytes() == b"old"


def test_nothing_half_written_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full halfway: the old file is whole, and no other is left."""
    file = tmp_path / "weights"
    file.write_text("old")

    def full(self: Path, content: bytes) -> int:
        with self.open("wb") as stream:
            stream.write(content[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = run(*PLAIN, "--out", str(file))
    assert (result.exit_code, result.stderr) == (2, f"error: --out: cannot write {file}: No space left on device\n")
    assert file.read_text() == "old"
    assert [left.name for left in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize(("arguments", "message"), [([], "error: Missing command.\n"), (["sing"], "error: No such command 'sing'.\n")])
def test_commands_that_are_not_there(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stderr) == (2, message)


def test_as_a_module_without_jax() -> None:
    code = (
        "import sys, runpy\ntry:\n    runpy.run_module('equivalence', run_name='__main__')\nfinally:\n    assert 'jax' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code, "weights", *PLAIN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*PLAIN).stdout


def test_as_a_module_bad_input_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "equivalence", "weights", *PLAIN, "--d-x", "0"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: d_x: size: expected at least 1, got 0\n")
