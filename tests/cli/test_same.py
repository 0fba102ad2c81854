"""``same``: two files, compared with the options of either, as text and as JSON."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from equivalence.cli.main import app
from equivalence.cli.same import Compare
from equivalence.cli.same import same as same_command
from equivalence.models.constructions.linear import gd_layer, gdpp_layer
from equivalence.models.heads import Layer
from equivalence.recognition.sameness import same_function
from equivalence.recognition.sameness.result import Compared

SIZES = ["--d-x", "3", "--d-y", "1"]


def saved(path: Path, layer: Layer, transposed: bool = False) -> str:
    (head,) = layer.to_numpy().heads
    np.savez(path, **{name: weight.T if transposed else weight for name, weight in head._asdict().items()})
    return str(path)


def same(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["same", *arguments, *SIZES])


@pytest.fixture
def step(tmp_path: Path) -> str:
    return saved(tmp_path / "step.npz", gd_layer(3, 1, learning_rate="1/10", context=5))


def test_files_of_two_conventions_hold_the_same_function(tmp_path: Path, step: str) -> None:
    other = saved(tmp_path / "other.npz", gd_layer(3, 1, learning_rate="1/10", context=5), transposed=True)
    result = same(step, other, "--convention", "columns", "--other-convention", "rows")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "functions: same (by a relative distance of 1e-05)")
    assert "convention: rows (given)" in result.stdout.splitlines()[-1]


def test_a_difference_is_shown_and_the_update_may_be_compared(tmp_path: Path, step: str) -> None:
    curved = saved(tmp_path / "curved.npz", gdpp_layer(3, 1, learning_rate="1/10", gamma="1/7", context=5))
    columns = ["--convention", "columns", "--json"]
    assert json.loads(same(step, curved, *columns).stdout)["outcome"] == "same"
    result = same(step, curved, *columns, "--compare", "update", "--token-norm", "2", "--query-norm", "3")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["outcome"], told["compared"]) == (1, "differ", "update")
    assert told["witness"]["first"] != told["witness"]["second"]
    assert told["error_bound"]["token_norm"] == 2


def test_another_sign_and_rows_of_the_other_file(tmp_path: Path, step: str) -> None:
    (head,) = gd_layer(3, 1, learning_rate="-1/10", context=5).to_numpy().heads
    S = np.eye(4)[:, [3, 0, 1, 2]]
    np.savez(tmp_path / "turned.npz", key=head.key @ S, query=head.query @ S, value=head.value @ S, projection=S.T @ head.projection)
    other = ["--other-prediction", "plus", "--other-x-rows", "1:4", "--other-y-rows", "0"]
    assert same(step, str(tmp_path / "turned.npz"), "--convention", "columns", *other).exit_code == 0
    assert same(step, str(tmp_path / "turned.npz"), "--convention", "columns", *other[2:]).exit_code == 1


def test_files_of_other_numbers_of_layers_are_bad_input(tmp_path: Path, step: str) -> None:
    (head,) = gd_layer(3, 1, learning_rate="1/10", context=5).to_numpy().heads
    np.savez(tmp_path / "two.npz", **{f"layer_{n}/{name}": weight for n in (0, 1) for name, weight in head._asdict().items()})
    result = same(step, str(tmp_path / "two.npz"), "--convention", "columns")
    assert (result.exit_code, result.stderr) == (2, "error: other: expected as many layers as in the first file, 1, got 2\n")


def test_defaults_and_words_are_those_of_python() -> None:
    assert [*map(str, Compare)] == [*map(str, Compared)]
    tolerance = inspect.signature(same_function).parameters["tolerance"].default
    assert inspect.signature(same_command).parameters["tolerance"].default == tolerance
