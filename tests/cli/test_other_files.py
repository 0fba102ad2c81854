"""Files of other libraries on the command line: what their names tell need not be said, and what is asked can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from equivalence.cli.main import app
from tests.support.library_files import D_X, D_Y, FILES, LLAMA, RATE, N, beside, columns, in_heads, one_head, planted, prefixed
from tests.support.weight_files import written

SIZES = ["--d-x", str(D_X), "--d-y", str(D_Y), "--context", str(N)]


def recognise(path: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["recognise", str(path), *SIZES, *arguments])


def assert_step(path: Path, *arguments: str, rate: float = RATE) -> None:
    told = json.loads(recognise(path, *arguments, "--json").stdout)
    assert told["family"] == "gradient descent"
    assert told["learning_rate"] == pytest.approx(rate, rel=1e-12)


def test_a_state_dict_needs_its_heads_only(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.safetensors", FILES["nn.MultiheadAttention"].entries())
    assert_step(path, "--heads", "2")
    assert_step(path, "--heads", "2", "--scale")
    assert_step(path, "--heads", "2", "--no-scale", rate=RATE * np.sqrt(3))


def test_names_are_roles_and_entries(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", columns(one_head(), ("a=b/w", "k x", "v", "c")))
    names = [f"--names={role}={entry}" for role, entry in (("query", "a=b/w"), ("key", "k x"), ("value", "v"), ("projection", "c"))]
    assert_step(path, *names, "--convention", "columns")
    assert recognise(path, *names).stderr.startswith("error: convention: expected 'rows' (y = x @ w) or 'columns'")
    assert recognise(path, *names[:3], "--convention", "columns").stderr.startswith(
        "error: names: expected key, query, value and projection"
    )


@pytest.mark.parametrize("names", [["key"], ["=a"], ["key="], ["key=a", "key=b"]])
def test_names_that_are_none_are_one_line(tmp_path: Path, names: list[str]) -> None:
    path = written(tmp_path / "weights.npz", columns(one_head(), ("q", "k", "v", "o")))
    result = recognise(path, *(f"--names={name}" for name in names))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: --names: expected role=entry, each role once, such as key=attn/a, got {names[0]!r}\n"


def test_how_a_weight_is_fused_is_asked(tmp_path: Path) -> None:
    entries = {"attention.query_key_value.weight": in_heads(planted()), "attention.dense.weight": beside(planted().projection)}
    path = written(tmp_path / "weights.npz", entries)
    asked = recognise(path, "--heads", "2")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert asked.stderr.startswith("error: fused: expected 'parts' (all queries, then all keys, then all values) or 'heads' (each head's ")
    assert_step(path, "--heads", "2", "--fused", "heads")


def test_biases_are_refused_or_left_out(tmp_path: Path) -> None:
    bias = {"attn.q_proj.bias": np.full(6, 0.5)}
    path = written(tmp_path / "weights.npz", columns(planted(), prefixed("attn.", LLAMA, ".weight")) | bias)
    refused = recognise(path, "--heads", "2")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: 'attn.q_proj.bias': expected no bias, or zeros, as the layers here have none, got up to 0.5; ")
    assert_step(path, "--heads", "2", "--biases", "leave out")
    told = json.loads(recognise(path, "--heads", "2", "--biases", "constant", "--json").stdout)
    assert told["assumed"]["constant_row"] == D_X + D_Y
    assert told["family"] == "none"


def test_a_projection_of_the_read_out_rows_needs_no_more(tmp_path: Path) -> None:
    entries = columns(planted(scaled=False), ("q", "k", "v", "o"))
    entries["o"] = entries["o"][D_X:]
    assert_step(written(tmp_path / "weights.npz", entries), "--heads", "2", "--convention", "columns")
