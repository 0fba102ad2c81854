"""Files as other people's libraries write them come out as what was planted in them, with what was assumed; used wrongly, they say so."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.loading.loaded import Loaded
from equivalence.models.origins import origin_of
from equivalence.recognition import recognise
from tests.support.library_files import (
    D_X,
    FILES,
    FLAX,
    HAIKU,
    LLAMA,
    RATE,
    SIZES,
    D,
    beside,
    columns,
    gpt2,
    in_heads,
    in_parts,
    merged,
    nested,
    on_axes,
    one_head,
    planted,
    prefixed,
    rows,
)
from tests.support.weight_files import written


def loaded(source: Any, **how: Any) -> Loaded:
    """Without the warning of entries left alone."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'?.*'?: left alone: ", UserWarning)
        return load_layers(source, **how)


def assert_planted(layers: Loaded, rate: float = RATE) -> None:
    for layer in layers:
        found = recognise(layer, **SIZES)
        assert found.family == "gradient descent"
        assert found.relative_distance < 1e-12
        assert found.learning_rate == pytest.approx(rate, rel=1e-12)


def test_there_are_many() -> None:
    assert len(FILES) >= 25


@pytest.mark.parametrize("name", FILES)
def test_a_planted_step_is_found_and_what_was_assumed_is_told(tmp_path: Path, name: str) -> None:
    file = FILES[name]
    layers = loaded(written(tmp_path / "weights.safetensors", file.entries()), **file.how)
    assert len(layers) == file.layers
    assert_planted(layers)
    told = layers.assumed
    assert (told.layout, told.heads, told.groups, told.scores) == (file.layout, file.heads, file.groups, file.scores)
    names = [left.name for left in told.left_out]
    assert [left for left in file.left_out if left not in names] == []
    assert all(origin_of(layer) == told.origin for layer in layers)
    assert json.loads(json.dumps(told.to_json()))["layout"] == file.layout


@pytest.mark.parametrize("name", [name for name, file in FILES.items() if any("/" in entry for entry in file.entries())])
def test_a_tree_is_what_its_file_is(tmp_path: Path, name: str) -> None:
    file = FILES[name]
    from_file = loaded(written(tmp_path / "weights.npz", file.entries()), **file.how)
    from_tree = loaded(nested(file.entries()), **file.how)
    assert_same(from_file, from_tree)


def assert_same(one: Loaded, other: Loaded) -> None:
    assert len(one) == len(other)
    for layer, twin in zip(one, other, strict=True):
        for head, of_twin in zip(layer.heads, twin.heads, strict=True):
            assert all(np.array_equal(weight, of_head) for weight, of_head in zip(head, of_twin, strict=True))


SELF = "layers.0.self_attn."
SQUARE = np.arange(D * D, dtype=float).reshape(D, D) % 7
PAIR = np.stack([SQUARE, -SQUARE])
WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "merged weights with heads": (
        {"P": SQUARE, "Q": SQUARE},
        {"heads": 2, "convention": "columns"},
        "^heads: expected 1, as 'P', 'Q' are products that have no heads to cut, got 2$",
    ),
    "merged weights of which a first axis does not tell what it is of": (
        {"P": PAIR, "Q": PAIR},
        {"convention": "columns"},
        "^layers: expected 2 to be given, if the first axis of 'P' is of layers: these names do not tell whether it is of heads$",
    ),
    "plain names of which a first axis does not tell what it is of": (
        {"key": PAIR, "query": PAIR, "value": PAIR, "out": PAIR},
        {"heads": 2, "convention": "columns"},
        "^layers: expected 2 to be given, if the first axis of 'query' is of layers: these names do not tell whether it is of heads$",
    ),
    **{
        f"a bias named {bias}": (
            {"Wq": SQUARE, "Wk": SQUARE, "Wv": SQUARE, "Wo": SQUARE, bias: np.ones(D)},
            {"convention": "columns"},
            f"^'{bias}': expected no bias, or zeros, as the layers here have none, got up to 1; ",
        )
        for bias in ("bq", "bk", "bv", "bo")
    },
    **{
        f"a bias named {bias}": (
            {f"{role}/w": SQUARE for role in ("query", "key", "value", "out")} | {f"query/{bias}": np.ones(D)},
            {"convention": "columns"},
            f"^'query/{bias}': expected no bias, or zeros, as the layers here have none, got up to 1; ",
        )
        for bias in ("offset", "biases")
    },
    "Llama in rows": (
        columns(planted(), prefixed(SELF, LLAMA, ".weight")),
        {"heads": 2, "convention": "rows"},
        r"^convention: expected 'columns', as 'layers.0.self_attn.q_proj.weight' is a name of Llama, Qwen and their kind, got 'rows'; if "
        "it is stored otherwise, give names$",
    ),
    "Haiku in columns": (
        rows(planted(), prefixed("attn/", HAIKU)),
        {"heads": 2, "convention": "columns"},
        "^convention: expected 'rows', as 'attn/query/w' is a name of Haiku, got 'columns'; ",
    ),
    "GPT-2 of transformers in columns": (
        gpt2("h.0.", planted(), is_conv1d=True),
        {"heads": 2, "convention": "columns", "d": D},
        r"^'h.0.attn.c_attn.weight': expected shape \('a multiple of 6', 6\), got \(6, 18\); check d = d_x \+ d_y, or try the convention "
        "'rows'$",
    ),
    "square weights of plain names": (
        columns(one_head(), ("q", "k", "v", "o")),
        {},
        r"^convention: expected 'rows' \(y = x @ w\) or 'columns' \(y = w @ x\): the shapes fit both, and 'q' does not tell$",
    ),
    "merged weights": (
        dict(zip("PQ", merged(one_head()), strict=True)),
        {},
        r"^convention: expected 'rows' \(y = x @ w\) or 'columns' \(y = w @ x\): the shapes fit both, and 'P' does not tell$",
    ),
    "grouped queries without heads": (
        columns(planted(4, 2), prefixed(SELF, LLAMA, ".weight")),
        {},
        r"^'layers.0.self_attn.k_proj.weight' as key: expected shape \(12, 6\), got \(6, 6\); check d = d_x \+ d_y, and where several "
        "heads share keys and values, give heads$",
    ),
    "heads that do not divide": (
        columns(planted(), prefixed(SELF, LLAMA, ".weight")),
        {"heads": 4},
        r"^heads: expected a number that divides the 6 dimensions of all heads in 'layers.0.self_attn.q_proj.weight', got 4$",
    ),
    "grouped queries with another number of heads": (
        columns(planted(4, 2), prefixed(SELF, LLAMA, ".weight")),
        {"heads": 3},
        r"^'layers.0.self_attn.k_proj.weight' as key: expected shape \('a multiple of 4', 6\), got \(6, 6\); check d",
    ),
    "another number of heads than their axis": (
        on_axes(planted(), prefixed("attn/", FLAX)),
        {"heads": 3},
        r"^'attn/query/kernel' as query: expected shape \('any', 3, 'any'\), got \(6, 2, 3\); check d",
    ),
    "a fused weight that is not asked about": (
        {"attention.query_key_value.weight": in_heads(planted()), "attention.dense.weight": beside(planted().projection)},
        {"heads": 2},
        r"^fused: expected 'parts' \(all queries, then all keys, then all values\) or 'heads' \(each head's query, key and value together: "
        r"GPT-NeoX, BLOOM\), as 'attention.query_key_value.weight' is a name of both$",
    ),
    "a fused weight of PyTorch said to be otherwise": (
        {"in_proj_weight": in_parts(planted()), "out_proj.weight": beside(planted().projection)},
        {"heads": 2, "fused": "heads"},
        "^fused: expected 'parts', as 'in_proj_weight' is a name of nn.MultiheadAttention of PyTorch, got 'heads'; ",
    ),
    "weights of plain names whose shapes fit both": (
        columns(planted(1, d_k=4), ("q", "k", "v", "o")),
        {},
        r"^convention: expected 'rows' .*: the shapes fit both, at d = 4 and d = 6, and 'q' does not tell$",
    ),
    "another size of tokens": (
        {"in_proj_weight": in_parts(planted()), "out_proj.weight": beside(planted().projection)},
        {"heads": 2, "d": D + 1},
        r"^'in_proj_weight': expected shape \('a multiple of 6', 7\), got \(18, 6\); check d = d_x \+ d_y$",
    ),
    "no projection": (
        {name: entry for name, entry in columns(planted(), prefixed(SELF, LLAMA, ".weight")).items() if "o_proj" not in name},
        {},
        r"^source: expected query, key, value, projection, of layer 'layers/0/self_attn', found no projection; give names$",
    ),
    "read-out rows that were not told of": (
        {**columns(planted(), ("q", "k", "v", "o")), "o": beside(planted().projection)[D_X:]},
        {"heads": 2, "convention": "columns"},
        r"^'o' as projection: expected shape \(6, 6\), got \(2, 6\); check d",
    ),
    "layers that may be heads, of plain names": (
        {"W_Q": np.ones((7, 5, 5)), "W_K": np.ones((7, 5, 5)), "W_V": np.ones((7, 5, 5)), "W_O": np.ones((7, 5, 5))},
        {},
        r"^layers: expected 1 or 7, as 'W_Q' may have an axis of layers, or of heads; the shapes fit both$",
    ),
    "layers that may be heads": (
        {name: np.ones((3, 3, 3)) for name in prefixed("attn/", FLAX)},
        {},
        r"^layers: expected 1 or 3, as 'attn/query/kernel' may have an axis of layers, or of heads; the shapes fit both$",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_names_and_shapes_contradict_or_leave_open_is_an_error(name: str) -> None:
    entries, how, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        loaded(entries, **how)


def test_a_scale_that_is_denied_shows_in_the_rate_and_is_told() -> None:
    entries = FILES["nn.MultiheadAttention"].entries()
    layers = loaded(entries, heads=2, scale=False)
    assert_planted(layers, RATE * np.sqrt(3))
    assert layers.assumed.lines[3] == "scores: not divided (given)"
    assert loaded(entries, heads=2).assumed.lines[3] == "scores: divided by √d_k (as its library does)"


def test_a_forgotten_scale_is_told() -> None:
    layers = loaded(columns(planted(1, d_k=4), ("q", "k", "v", "o")), d=D)
    assert_planted(layers, 2 * RATE)
    assert layers.assumed.lines[3] == "scores: not divided (nothing says otherwise)"


def test_forgotten_heads_show_in_the_rate_and_are_told() -> None:
    """As one head the two do twice what they do apart, and are scaled by another d_k."""
    layers = loaded(columns(planted(d_k=4), prefixed(SELF, LLAMA, ".weight")))
    assert_planted(layers, 2 * RATE / np.sqrt(2))
    assert layers.assumed.lines[2] == "heads: 1 (nothing says otherwise; but d_k = 8 is more than d = 6, as if there were several)"


def test_heads_in_the_other_order_show_in_the_verdict() -> None:
    entries = {"attn.qkv.weight": in_heads(planted()), "attn.proj.weight": beside(planted().projection)}
    assert_planted(loaded(entries, heads=2, fused="heads"))
    assert recognise(loaded(entries, heads=2, fused="parts")[0], **SIZES).family == "none"


def test_square_weights_in_the_other_convention_show_in_the_verdict() -> None:
    entries = columns(one_head(), ("q", "k", "v", "o"))
    assert recognise(loaded(entries, convention="rows")[0], **SIZES).family == "none"
    assert loaded(entries, convention="columns").assumed.lines[1] == "convention: columns (given)"


def test_names_override_what_a_name_tells() -> None:
    names = dict(zip(("query", "key", "value", "projection"), prefixed("attn/", HAIKU), strict=True))
    assert_planted(loaded(columns(planted(scaled=False), prefixed("attn/", HAIKU)), heads=2, names=names, convention="columns"))


def test_merged_weights_and_fused_ones_may_be_named() -> None:
    P, Q = merged(one_head())
    assert_planted(loaded({"a": P, "b": Q}, convention="columns", names={"output_value": "a", "key_query": "b"}))
    assert_planted(loaded({"a": P.T, "b": Q.T}, convention="rows", names={"output_value": "a", "key_query": "b"}))
    entries = {"a": in_heads(planted()), "b": beside(planted().projection)}
    assert_planted(loaded(entries, heads=2, fused="heads", scale=True, convention="columns", names={"in_proj": "a", "projection": "b"}))


def test_a_merged_weight_has_no_d_k_to_divide_by() -> None:
    with pytest.raises(ValueError, match=r"^scale: expected False, as 'Q' is merged and its d_k not known; divide it by √d_k yourself$"):
        loaded(dict(zip("PQ", merged(one_head()), strict=True)), convention="columns", scale=True)
