"""No command fails for a character that the encoding of its output lacks, and what it writes can be read."""

from __future__ import annotations

import codecs
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from equivalence import gd_layer
from equivalence.cli.main import app
from equivalence.cli.streams import harmless, one_line, plain, readable

ROOT = Path(__file__).parents[2]
SIZES = ["--d-x", "2", "--d-y", "1"]
SHIPPED = ["recognise", str(ROOT / "examples/trained_linear_head.npz"), "--d-x", "10", "--d-y", "1", "--convention", "rows"]
WEIGHTS = ["weights", *SIZES, "--learning-rate", "η", "--context", "N"]
ENCODINGS = ["utf-8", "cp1252", "latin-1", "ascii"]
COMMANDS = {
    "weights": WEIGHTS,
    "weights in LaTeX": [*WEIGHTS, "--format", "latex"],
    "recognise": SHIPPED,
    "recognise as JSON": [*SHIPPED, "--json"],
    "same": ["same", *SHIPPED[1:2], *SHIPPED[1:]],
    "a note": ["recognise", "é and η.npz", *SIZES, "--convention", "columns"],
    "an error": ["recognise", "ηη.npz", *SIZES, "--convention", "columns"],
    "falsify": ["falsify", "numpy:vdot", *SIZES],
    "one statement": ["proofs", "6.7", "--seed", "0"],
    "statements": ["proofs", "--list"],
    "statements as JSON": ["proofs", "--list", "--json"],
    "LaTeX": ["proofs", "2.1", "--latex"],
    "help": ["recognise", "--help"],
}


def run(words: list[str], encoding: str) -> Any:
    return CliRunner(charset=encoding).invoke(app, words)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    weights = gd_layer(2, 1, learning_rate="1/10", context=5).to_numpy().heads[0]._asdict()
    np.savez(tmp_path / "é and η.npz", **weights, η=np.ones(2))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_command_fails_for_a_character(command: str, encoding: str) -> None:
    words = COMMANDS[command]
    expected = run(words, "utf-8")
    result = run(words, encoding)
    assert result.exit_code == expected.exit_code == (2 if command in ("an error", "falsify") else 0)
    assert result.output.strip()
    for raw in (result.stdout_bytes, result.stderr_bytes):
        assert "�" not in raw.decode(encoding)  # nothing is of another encoding, and nothing is lost
    if "JSON" in command:
        told, here = json.loads(expected.stdout), json.loads(result.stdout)
        assert [*here] == [*told]
        if "statements" in command:
            assert here == told


@pytest.mark.usefixtures("here")
def test_what_stands_for_a_character_can_be_read() -> None:
    assert "step size s = eta/N: " in run(SHIPPED, "cp1252").stdout
    assert run(WEIGHTS, "ascii").stdout.count("eta/N") == 3
    assert "'eta'" in run(COMMANDS["a note"], "cp1252").stderr
    assert "'é and eta.npz'" in run(COMMANDS["a note"], "cp1252").stderr


def test_a_process_of_its_own() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    words = [sys.executable, "-m", "proofs", "6.8", "--seed", "0"]
    done = subprocess.run(words, check=False, capture_output=True, env=environment, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"identity * this project" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("η Σ Δ", "eta Sigma Delta"),
        ("W₀ x₁₂ ‖e‖² X⁻¹Xᵀ γ⁺⁺", "W_0 x_12 ||e||^2 X^-1X^T gamma^++"),
        ("a ≤ b − c · d → ½", "a <= b - c * d -> 1/2"),
        ("é ñ ﬁ", "e n fi"),
        ("│ ── ┌", "| -- +"),
        ("🎈\udcff\ue000", "\\U0001f388\\udcff\\ue000"),
        ("plain\n", "plain\n"),
    ],
)
def test_plain_text(text: str, expected: str) -> None:
    assert plain(text) == expected


def test_every_character_has_a_plain_form() -> None:
    """All of the first 65,536, surrogates too, and a sample of the rest."""
    for code in [*range(0x10000), *range(0x10000, sys.maxunicode + 1, 101)]:
        assert plain(chr(code)).isascii(), hex(code)
        assert plain(chr(code)), hex(code)


def test_only_what_cannot_be_written_is_replaced() -> None:
    assert "é η β²".encode("cp1252", "equivalence.readable") == "é eta beta²".encode("cp1252")
    assert "\udcff".encode("utf-8", "equivalence.readable") == b"\\udcff"
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", "equivalence.readable")
    assert codecs.lookup_error("equivalence.readable") is readable


def test_terminals_are_told_nothing() -> None:
    assert harmless("η\x1b[31m\r\n\x07\u202e\x9b") == "η\\x1b[31m\\r\n\\x07\\u202e\\x9b"
    assert one_line(" a\n\tb\x00 ") == "a b\\x00"
    assert one_line("a" * 400 + "b" * 400) == "a" * 250 + " … " + "b" * 250
