"""What is written is loaded: names, heads, layers and types, against a loop over heads and tokens."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.models.attention.linear import update
from equivalence.models.heads import Layer
from tests.support.weight_files import D_K, D_V, FLAX, HAIKU, NAMES, PLAIN, ROLES, D, H, K, drawn, entries_of, written

ROOT = Path(__file__).parents[2]
CONVENTIONS_OF = [(names, "columns" if names == "torch" else "rows") for names in NAMES] + [("plain", "columns")]


def attended(weights: dict[str, np.ndarray], heads: int, context: np.ndarray, query: np.ndarray, divisor: float = 1) -> np.ndarray:
    """A loop over heads and tokens, on vectors."""
    change = np.zeros(D)
    d_k, d_v = len(weights["key"]) // heads, len(weights["value"]) // heads
    for h in range(heads):
        asked = [weights["query"][h * d_k + i] @ query for i in range(d_k)]
        for token in context.T:
            score = sum(weights["key"][h * d_k + i] @ token * asked[i] for i in range(d_k)) / divisor
            for j in range(d_v):
                change += weights["projection"][:, h * d_v + j] * (weights["value"][h * d_v + j] @ token) * score
    return change


def assert_does(layer: Layer, weights: dict[str, np.ndarray], heads: int = 1, divisor: float = 1) -> None:
    """Exactly: quarters of small integers, whose products and sums are doubles."""
    random = np.random.default_rng(7)
    context, query = (random.integers(-16, 17, size=(D, count)) / 4 for count in (6, 1))
    expected = attended(weights, heads, context, query[:, 0], divisor)
    assert np.array_equal(update(layer, context, query)[:, 0], expected)
    assert expected.any()


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
@pytest.mark.parametrize(("names", "convention"), CONVENTIONS_OF)
@pytest.mark.parametrize("is_told", [True, False])
def test_what_is_written_is_loaded(tmp_path: Path, ending: str, convention: str, names: str, is_told: bool) -> None:
    """Names or shapes tell the convention, which may be told too."""
    weights = drawn(0)
    path = written(tmp_path / f"weights.{ending}", entries_of(weights, NAMES[names], convention))
    (layer,) = load_layers(path, convention=convention if is_told else None, d=D, layers=1, scale=False)
    (head,) = layer.heads
    for role in ROLES:
        assert np.array_equal(getattr(head, role), weights[role])
        assert getattr(head, role).dtype == np.float64


@pytest.mark.parametrize("convention", ["rows", "columns"])
@pytest.mark.parametrize("scale", [False, True])
def test_heads_side_by_side_do_what_a_loop_over_heads_does(tmp_path: Path, convention: str, scale: bool) -> None:
    weights = drawn(1, H, d_k=16)
    path = written(tmp_path / "weights.npz", entries_of(weights, PLAIN, convention))
    (layer,) = load_layers(path, convention=convention, heads=H, scale=scale)
    assert [head.key.shape for head in layer.heads] == [(16, D)] * H
    assert [head.projection.shape for head in layer.heads] == [(D, D_V)] * H
    assert_does(layer, weights, H, 4 if scale else 1)


def test_heads_on_an_axis_of_their_own(tmp_path: Path) -> None:
    weights = drawn(2, H)
    entries = {FLAX[role].format(""): weights[role].T.reshape(D, H, -1) for role in ROLES[:3]}
    entries[FLAX["projection"].format("")] = weights["projection"].T.reshape(H, D_V, D)
    path = written(tmp_path / "weights.npz", entries)
    for heads in (None, H):
        (layer,) = load_layers(path, heads=heads, scale=False)
        assert_does(layer, weights, H)
    with pytest.raises(
        ValueError, match=r"^'Attention/query/kernel' as query: expected shape \(5, 2, 'any'\), got \(5, 4, 3\); check d = "
    ):
        load_layers(path, heads=2, d=D)
    with pytest.raises(ValueError, match=r"^convention: expected 'rows', as 'Attention/query/kernel' is a name of Flax, got 'columns'; "):
        load_layers(path, convention="columns", heads=H)


@pytest.mark.parametrize("convention", ["rows", "columns"])
def test_query_key_and_value_in_one_weight(tmp_path: Path, convention: str) -> None:
    weights = drawn(3, D, d_k=1, d_v=1)
    fused = np.concatenate([weights[role] for role in ("query", "key", "value")])
    entries = {"attn/in_proj": fused, "attn/out": weights["projection"], "attn/in_proj_bias": np.zeros((3 * D, 1))}
    path = written(tmp_path / "weights.safetensors", {name: entry.T if convention == "rows" else entry for name, entry in entries.items()})
    (layer,) = load_layers(path, convention=convention, heads=D)
    assert_does(layer, weights, D)


def test_query_key_and_value_that_are_not_side_by_side(tmp_path: Path) -> None:
    entries = {"attn.in_proj_weight": np.ones((2 * D, D)), "attn.out_proj.weight": np.ones((D, D))}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(
        ValueError, match=r"^'attn.in_proj_weight': expected shape \('a multiple of 3', 'any'\), got \(10, 5\); check d = d_x \+ d_y$"
    ):
        load_layers(path, convention="columns")


@pytest.mark.parametrize("names", NAMES)
def test_layers_are_ordered_by_number(tmp_path: Path, names: str) -> None:
    all_weights = [drawn(seed) for seed in range(K)]
    numbers = ["", *(f"_{number}" for number in range(1, K))]
    entries: dict[str, np.ndarray] = {}
    for number, weights in sorted(zip(numbers, all_weights, strict=True), key=lambda pair: pair[0], reverse=True):
        entries |= entries_of(weights, NAMES[names], "columns" if names == "torch" else "rows", number)
    layers = load_layers(written(tmp_path / "weights.npz", entries), layers=K)
    for layer, weights in zip(layers, all_weights, strict=True):
        assert np.array_equal(layer.heads[0].value, weights["value"])


def test_another_number_of_layers_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "weights.npz", entries_of(drawn(0), HAIKU, "rows"))
    with pytest.raises(ValueError, match=r"^layers: expected 3 in the file, found 1; a recurrent stack is \[layer\] \* 3$"):
        load_layers(path, convention="rows", layers=3)


def test_layers_in_no_order_are_refused(tmp_path: Path) -> None:
    entries = {f"{part}/{name}": entry for part in ("encoder", "decoder") for name, entry in entries_of(drawn(0), HAIKU, "rows").items()}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(
        ValueError, match=r"^source: expected layers that differ in numbers only, got 'decoder/net/attn', 'encoder/net/attn'; give names$"
    ):
        load_layers(path, convention="rows")


def test_layers_of_the_same_numbers_are_refused(tmp_path: Path) -> None:
    entries = {f"{name}/{role}": weight for name in ("a_1/b", "a/b_1") for role, weight in drawn(0).items()}
    path = written(tmp_path / "weights.npz", entries)
    with pytest.raises(ValueError, match=r"^source: expected layers that differ in numbers only, got 'a/b_1', 'a_1/b'; give names$"):
        load_layers(path, convention="columns")


def test_the_command_line_writes_what_is_loaded(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from equivalence import gdpp_layer
    from equivalence.cli.main import app

    path = tmp_path / "weights.npz"
    asked = ["--d-x", "3", "--d-y", "2", "--learning-rate", "1/10", "--context", "5", "--gdpp", "--gamma", "1/20"]
    assert CliRunner().invoke(app, ["weights", *asked, "--format", "npz", "--out", str(path)]).exit_code == 0
    (layer,) = load_layers(path, convention="columns")
    expected = gdpp_layer(3, 2, learning_rate="1/10", gamma="1/20", context=5).to_numpy()
    assert all(np.array_equal(found, weight) for found, weight in zip(layer.heads[0], expected.heads[0], strict=True))


def test_names_that_the_table_does_not_know(tmp_path: Path) -> None:
    names = {"key": "h.{}.score.a", "query": "h.{}.score.b", "value": "h.{}.read", "projection": "h.{}.write"}
    all_weights = [drawn(seed) for seed in range(K)]
    entries: dict[str, np.ndarray] = {}
    for number, weights in enumerate(all_weights):
        entries |= entries_of(weights, names, "columns", str(number))
    path = written(tmp_path / "weights.safetensors", entries)
    layers = load_layers(path, convention="columns", names=names)
    assert len(layers) == K
    assert all(np.array_equal(layer.heads[0].query, weights["query"]) for layer, weights in zip(layers, all_weights, strict=True))
    with pytest.raises(
        ValueError, match=r"^source: found no layer: expected entries such as 'attn/key/w', got 'h.0.read', .* and 42 more; give names$"
    ):
        load_layers(path, convention="columns")
    with pytest.raises(ValueError, match=r"^names: value: expected an entry of the file, got 'h.0.values'; it holds 'h.0.read', "):
        load_layers(path, convention="columns", names=names | {"value": "h.{}.values"})
    with pytest.raises(
        ValueError,
        match=r"^names: expected key, query, value and projection, or in_proj and projection, or output_value and key_query, got 'key', ",
    ):
        load_layers(path, convention="columns", names={"key": "a", "kay": "b"})
    with pytest.raises(TypeError, match=r"^names: expected the names of entries, got \['a', 1\]$"):
        load_layers(path, convention="columns", names={"in_proj": "a", "projection": 1})  # type: ignore[dict-item]


def test_one_weight_may_serve_all_layers(tmp_path: Path) -> None:
    weights = drawn(0)
    entries = {"a0": weights["key"], "a1": 2 * weights["key"], "q": weights["query"], "v": weights["value"], "p": weights["projection"]}
    names = {"key": "a{}", "query": "q", "value": "v", "projection": "p"}
    first, second = load_layers(written(tmp_path / "weights.npz", entries), convention="columns", names=names)
    assert np.array_equal(2 * first.heads[0].key, second.heads[0].key)
    assert np.array_equal(first.heads[0].query, second.heads[0].query)


def test_other_entries_are_named_once_and_not_read(tmp_path: Path) -> None:
    entries = entries_of(drawn(0), HAIKU, "rows") | {
        "net/norm/scale": np.full(D, np.nan),
        "net/mlp/linear/w": np.array(["no", "numbers"]),
        "net/mlp/linear/b": np.ones(3),
    }
    path = written(tmp_path / "weights.npz", entries)
    with pytest.warns(UserWarning, match="left alone") as warned:
        (layer,) = load_layers(path, convention="rows")
    assert [str(warning.message) for warning in warned] == [
        "'weights.npz': left alone: 'net/norm/scale', 'net/mlp/linear/w', 'net/mlp/linear/b'; the layers are taken without them"
    ]
    assert warned[0].filename == __file__
    assert layer.heads[0].key.shape == (D_K, D)


@pytest.mark.parametrize(("weight", "bias"), [("attn/value/w", "attn/value/b"), ("v_proj.Kernel", "v_proj.Bias"), ("value", "value_bias")])
@pytest.mark.parametrize("is_named", [True, False])
def test_biases_are_refused_unless_they_are_zero(tmp_path: Path, weight: str, bias: str, is_named: bool) -> None:
    names = {
        role: weight.replace("value", role).replace("v_", {"key": "k_", "query": "q_", "value": "v_", "projection": "o_"}[role])
        for role in ROLES
    }
    entries = entries_of(drawn(0), names, "rows") | {bias: np.zeros(D_V)}
    how: dict[str, Any] = {"convention": "rows", "names": names if is_named else None}
    path = written(tmp_path / "weights.npz", entries)
    assert len(load_layers(path, **how)) == 1
    entries[bias][1] = -0.5
    written(path, entries)
    with pytest.raises(ValueError, match=rf"^'{bias}': expected no bias, or zeros, as the layers here have none, got up to 0.5; biases="):
        load_layers(path, **how)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ">f8", np.int8, np.uint64])
def test_floats_and_integers_become_doubles(tmp_path: Path, dtype: Any) -> None:
    weights = {role: np.rint(4 * np.abs(weight)).astype(dtype) for role, weight in drawn(0).items()}
    weights["value"] = np.asfortranarray(weights["value"])
    (layer,) = load_layers(written(tmp_path / "weights.npz", weights), convention="columns")
    for role in ROLES:
        assert getattr(layer.heads[0], role).dtype == np.float64
        assert np.array_equal(getattr(layer.heads[0], role), weights[role].astype(float))


def test_bfloat16(tmp_path: Path) -> None:
    weights = {role: weight.astype(ml_dtypes.bfloat16) for role, weight in drawn(0).items()}
    (layer,) = load_layers(written(tmp_path / "weights.safetensors", weights), convention="columns")
    assert np.array_equal(layer.heads[0].key, weights["key"].astype(float))


READS_BFLOAT16 = """
import sys
from equivalence import load_layers

assert "ml_dtypes" not in sys.modules
(layer,) = load_layers(sys.argv[1], convention="columns")
print(layer.heads[0].key.sum())
"""


def test_bfloat16_in_a_fresh_process(tmp_path: Path) -> None:
    """Nothing but the reader imports what bfloat16 needs."""
    weights = {role: weight.astype(ml_dtypes.bfloat16) for role, weight in drawn(0).items()}
    path = written(tmp_path / "weights.safetensors", weights)
    done = subprocess.run([sys.executable, "-c", READS_BFLOAT16, path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stderr, done.stdout) == ("", f"{weights['key'].astype(float).sum()}\n")


def test_compressed_members(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "weights.npz", **drawn(0))
    (layer,) = load_layers(tmp_path / "weights.npz", convention="columns")
    assert np.array_equal(layer.heads[0].key, drawn(0)["key"])
