"""Arguments, shapes and entries that do not fit are named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from tests.support.weight_files import D_K, D_V, HAIKU, PLAIN, D, drawn, entries_of, written

SHAPES = [
    (
        "key",
        (D_K, 4),
        r"^'key' as key: expected shape \(3, 5\), got \(3, 4\); check d = d_x \+ d_y, or try the convention 'rows', and where",
    ),
    (
        "query",
        (2, D),
        r"^'key' as key: expected shape \(2, 5\), got \(3, 5\); .*, and where several heads share keys and values, give heads$",
    ),
    (
        "value",
        (D, D_V),
        r"^'value' as value: expected shape \('any', 5\), got \(5, 2\); check d = d_x \+ d_y, or try the convention 'rows'$",
    ),
    ("value", (0, D), r"^'value' as value: expected sizes of at least 1, got shape \(0, 5\)"),
    ("projection", (D, 3), r"^'projection' as projection: expected shape \(5, 2\), got \(5, 3\); check d = d_x \+ d_y, "),
    ("projection", (D,), r"^'projection': expected a matrix, got shape \(5,\)$"),
]


@pytest.mark.parametrize(("role", "shape", "message"), SHAPES)
def test_shapes_that_do_not_fit(tmp_path: Path, role: str, shape: tuple[int, ...], message: str) -> None:
    path = written(tmp_path / "weights.npz", drawn(0) | {role: np.ones(shape)})
    with pytest.raises(ValueError, match=message):
        load_layers(path, convention="columns", d=D)


def test_shapes_are_shown_in_the_convention_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", entries_of(drawn(0), PLAIN, "columns"))
    message = r"^'query' as query: expected shape \(5, 'any'\), got \(3, 5\); check d = d_x \+ d_y, or try the convention 'columns'$"
    with pytest.raises(ValueError, match=message):
        load_layers(path, convention="rows", d=D)


def test_heads_that_do_not_divide(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", drawn(0))
    with pytest.raises(ValueError, match=r"^heads: expected a number that divides the 3 dimensions of all heads in 'query', got 2$"):
        load_layers(path, convention="columns", heads=2)


def test_a_missing_weight_is_named(tmp_path: Path) -> None:
    entries = entries_of(drawn(0), HAIKU, "rows")
    del entries["net/~/attn/value/w"]
    message = r"^source: expected query, key, value, projection, of layer 'net/attn', found no value; give names$"
    with pytest.raises(ValueError, match=message):
        load_layers(written(tmp_path / "weights.npz", entries), convention="rows")


def test_two_weights_for_one_place_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", drawn(0) | {"W_Q": np.ones((D_K, D))})
    with pytest.raises(ValueError, match=r"^'W_Q': expected one such entry of a layer, got 'query' too; give names$"):
        load_layers(path, convention="columns")


ARGUMENTS = [
    (
        {"convention": "row"},
        ValueError,
        r"^convention: expected 'rows' \(y = x @ w: Haiku, Flax\) or 'columns' \(PyTorch's weight\), got 'row'$",
    ),
    ({"heads": 0}, ValueError, "^heads: expected a whole number, at least 1, got 0$"),
    ({"heads": "2"}, TypeError, "^heads: expected a whole number, at least 1, got '2' of type str$"),
    ({"d_y": 0}, ValueError, "^d_y: expected a whole number, at least 1, got 0$"),
    ({"fused": "both"}, ValueError, "^fused: expected 'parts' or 'heads', got 'both'$"),
    ({"biases": "drop"}, ValueError, "^biases: expected 'constant' or 'leave out', got 'drop'$"),
    ({"d": True}, TypeError, "^d: expected a whole number, at least 1, got True of type bool$"),
    ({"layers": 1.5}, TypeError, "^layers: expected a whole number, at least 1, got 1.5 of type float$"),
    ({"max_bytes": -1}, ValueError, "^max_bytes: expected a whole number, at least 1, got -1$"),
    ({"scale": 0.5}, TypeError, "^scale: expected True or False, got 0.5; it says whether scores are divided by the root of d_k$"),
]


@pytest.mark.parametrize(("argument", "error", "message"), ARGUMENTS)
def test_arguments_are_checked_before_the_file(argument: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        load_layers("nowhere.npz", **{"convention": "rows", **argument})
