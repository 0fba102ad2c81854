"""What stands beside the weights: no bias passes in silence, under whatever name, and norms and rounding are told."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest

from equivalence.loading.layers import load_layers
from equivalence.loading.loaded import ROUNDINGS
from equivalence.models.attention.linear import update
from equivalence.models.heads import Layer
from equivalence.models.origins import Kind, origin_of
from tests.support.library_files import (
    BERT,
    EQUINOX,
    FLAX,
    HAIKU,
    LLAMA,
    D,
    Entries,
    N,
    Planted,
    beside,
    columns,
    in_heads,
    in_parts,
    of_lens,
    on_axes,
    prefixed,
    rows,
)

HEADS, GROUPS, D_K = 4, 2, 3


def drawn(heads: int = HEADS, groups: int = HEADS) -> Planted:
    """Random weights."""
    random = np.random.default_rng(heads + groups)
    shapes = {"key": (groups, D_K, D), "query": (heads, D_K, D), "value": (groups, D_K, D), "projection": (heads, D, D_K)}
    return Planted(**{name: random.normal(size=shape) for name, shape in shapes.items()})


WIDE = HEADS * D_K
QKV = np.arange(1.0, 3 * WIDE + 1) / 7
"""Biases of query, key and value, one after another."""
SMALL = QKV[: WIDE + 2 * GROUPS * D_K]


def apart(*names: str, shape: tuple[int, ...] = (WIDE,)) -> Entries:
    return {name: part.reshape(shape) for name, part in zip(names, np.split(QKV, 3), strict=True)}


def interleaved() -> np.ndarray:
    parts = [part.reshape(HEADS, D_K) for part in np.split(QKV, 3)]
    return np.concatenate([part[head] for head in range(HEADS) for part in parts])


FUSED = {"in_proj_weight": in_parts(drawn()), "out_proj.weight": beside(drawn().projection)}
GPT2 = {"c_attn.weight": in_parts(drawn()).T, "c_proj.weight": beside(drawn().projection).T}
NEOX = {"attention.query_key_value.weight": in_heads(drawn()), "attention.dense.weight": beside(drawn().projection)}
GROUPED = columns(drawn(HEADS, GROUPS), prefixed("", LLAMA, ".weight"))
ENDS = (WIDE, WIDE + GROUPS * D_K)

BIASED: dict[str, tuple[Entries, Entries, dict[str, Any]]] = {
    "in_proj_bias": (FUSED, {"in_proj_bias": QKV}, {}),
    "in_proj_bias, weights apart": (
        columns(drawn(), ("q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight")),
        {"in_proj_bias": QKV},
        {},
    ),
    "c_attn.bias": (GPT2, {"c_attn.bias": QKV}, {}),
    "q_proj.bias, grouped": (
        GROUPED,
        dict(zip(("q_proj.bias", "k_proj.bias", "v_proj.bias"), np.split(SMALL, ENDS), strict=True)),
        {},
    ),
    "self.query.bias": (
        columns(drawn(), prefixed("attention.", BERT, ".weight")),
        apart("attention.self.query.bias", "attention.self.key.bias", "attention.self.value.bias"),
        {},
    ),
    "query_key_value.bias": (NEOX, {"attention.query_key_value.bias": interleaved()}, {"fused": "heads"}),
    "b_Q": (of_lens(drawn(), "attn."), apart("attn.b_Q", "attn.b_K", "attn.b_V", shape=(HEADS, D_K)), {}),
    "query/bias on axes": (
        on_axes(drawn(), prefixed("attn/", FLAX)),
        apart("attn/query/bias", "attn/key/bias", "attn/value/bias", shape=(HEADS, D_K)),
        {},
    ),
    "query/b": (rows(drawn(), prefixed("attn/", HAIKU)), apart("attn/query/b", "attn/key/b", "attn/value/b"), {"scale": True}),
    "attn/q_bias": (rows(drawn(), prefixed("attn/", HAIKU)), apart("attn/q_bias", "attn/k_bias", "attn/v_bias"), {"scale": True}),
    "query_proj.bias": (
        columns(drawn(), prefixed("", EQUINOX)),
        apart("query_proj.bias", "key_proj.bias", "value_proj.bias"),
        {},
    ),
    "names given": (
        columns(drawn(), ("a", "b", "c", "e")),
        apart("a_bias", "b.bias", "c/b"),
        {"names": {"query": "a", "key": "b", "value": "c", "projection": "e"}, "convention": "columns", "scale": True},
    ),
}
PLACES = [(case, entry) for case, (_, biases, _) in BIASED.items() for entry in biases]


def attended(weights: Planted, biases: np.ndarray, context: np.ndarray, query: np.ndarray) -> np.ndarray:
    """A loop over heads and tokens, with the biases added, and scores divided by √d_k."""
    heads, groups = len(weights.query), len(weights.key)
    of_query, of_key, of_value = (part.reshape(-1, D_K) for part in np.split(biases, (heads * D_K, (heads + groups) * D_K)))
    change = np.zeros(D)
    for head in range(heads):
        group = head * groups // heads
        asked = weights.query[head] @ query + of_query[head]
        for token in context.T:
            score = (weights.key[group] @ token + of_key[group]) @ asked / np.sqrt(D_K)
            change += weights.projection[head] @ (weights.value[group] @ token + of_value[group]) * score
    return change


@pytest.mark.parametrize("case", BIASED)
def test_biases_are_weights_of_a_constant_coordinate(case: str) -> None:
    """Against a loop that adds them."""
    weights, biases, how = BIASED[case]
    (layer,) = load_layers(weights | biases, heads=HEADS, biases="constant", **how)
    random = np.random.default_rng(5)
    context, query = random.normal(size=(D, N)), random.normal(size=D)
    is_grouped = "grouped" in case
    expected = attended(drawn(HEADS, GROUPS) if is_grouped else drawn(), SMALL if is_grouped else QKV, context, query)
    found = update(layer, np.vstack([context, np.ones(N)]), np.append(query, 1.0)[:, None])
    np.testing.assert_allclose(found[:, 0], np.append(expected, 0), rtol=1e-12)
    assert origin_of(layer).constant


@pytest.mark.parametrize(("case", "entry"), PLACES)
def test_each_bias_alone_is_refused_or_left_out_and_told(case: str, entry: str) -> None:
    weights, biases, how = BIASED[case]
    one = {name: bias if name == entry else np.zeros_like(bias) for name, bias in biases.items()}
    largest = float(one[entry].max())
    message = rf"^'{entry}': expected no bias, or zeros, as the layers here have none, got up to {largest:g}; biases='constant' takes it "
    with pytest.raises(ValueError, match=message):
        load_layers(weights | one, heads=HEADS, **how)
    loaded = load_layers(weights | one, heads=HEADS, biases="leave out", **how)
    assert [(left.name, left.largest) for left in loaded.assumed.left_out if left.kind is Kind.bias] == [(entry, largest)]
    without = load_layers(weights, heads=HEADS, **how)
    assert_same(loaded[0], without[0])
    assert (loaded.assumed.biases, without.assumed.biases) == ("left out", "none")


def assert_same(one: Layer, other: Layer) -> None:
    for head, twin in zip(one.heads, other.heads, strict=True):
        assert all(np.array_equal(weight, of_twin) for weight, of_twin in zip(head, twin, strict=True))


@pytest.mark.parametrize(
    ("weights", "bias"),
    [(FUSED, "out_proj.bias"), (GPT2, "c_proj.bias"), (GROUPED, "o_proj.bias"), (of_lens(drawn(), ""), "b_O")],
    ids=["MultiheadAttention", "GPT-2", "Llama", "TransformerLens"],
)
def test_the_bias_of_a_projection_is_no_heads(weights: Entries, bias: str) -> None:
    with pytest.raises(ValueError, match=rf"^'{bias}': expected no bias, or zeros"):
        load_layers(weights | {bias: np.full(D, 0.25)}, heads=HEADS)
    message = rf"^'{bias}': it is added once, whatever the context, which no head does, got up to 0.25; biases='leave out' leaves all b"
    with pytest.raises(ValueError, match=message):
        load_layers(weights | {bias: np.full(D, 0.25)}, heads=HEADS, biases="constant")


@pytest.mark.parametrize("bias", ["bias_k", "bias_v"])
def test_a_key_and_a_value_of_their_own_are_no_biases_of_the_tokens(bias: str) -> None:
    """What add_bias_kv adds."""
    entries = FUSED | {bias: np.full((1, 1, D), -0.5)}
    with pytest.raises(ValueError, match=rf"^'{bias}': expected no bias, or zeros"):
        load_layers(entries, heads=HEADS)
    with pytest.raises(ValueError, match=rf"^'{bias}': it is no bias of keys, queries or values, got up to 0.5; biases='leave out' leave"):
        load_layers(entries, heads=HEADS, biases="constant")


def test_a_buffer_that_is_called_a_bias_and_biases_elsewhere_are_none() -> None:
    """GPT-2 keeps its causal mask as attn.bias."""
    weights = {f"h.0.attn.{name}": entry for name, entry in GPT2.items()}
    others = {"h.0.attn.bias": np.ones((1, 1, 9, 9)), "h.0.mlp.c_fc.bias": np.ones(9), "h.0.mlp.c_proj.bias": np.ones(D)}
    with pytest.warns(UserWarning, match="left alone: 'h.0.attn.bias', 'h.0.mlp.c_fc.bias', 'h.0.mlp.c_proj.bias'; "):
        loaded = load_layers(weights | others, heads=HEADS)
    assert loaded.assumed.biases == "none"


NORMS = ("h.0.ln_1.weight", "h.0.ln_1.bias", "h.0.input_layernorm.weight", "net/~/layer_norm/scale", "net/norm1/offset", "q_norm.weight")


@pytest.mark.parametrize("name", NORMS)
def test_norms_are_told(name: str) -> None:
    with pytest.warns(UserWarning, match="left alone"):
        loaded = load_layers(GROUPED | {name: np.array([0.5, -2.0])}, heads=HEADS)
    assert [left for left in loaded.assumed.left_out if left.kind is Kind.norm] == [(Kind.norm, name, 2.0)]
    assert loaded.assumed.left_out[-1].matters


def test_what_only_looks_like_a_norm_is_none() -> None:
    with pytest.warns(UserWarning, match="left alone"):
        loaded = load_layers(GROUPED | {"mlp.weight": np.ones(3), "norm": np.ones(3), "lnx.scale": np.ones(3)}, heads=HEADS)
    assert not [left for left in loaded.assumed.left_out if left.kind is Kind.norm]


def tensor(layer: Layer) -> np.ndarray:
    return sum((np.multiply.outer(head.projection @ head.value, head.key.T @ head.query) for head in layer.heads), np.zeros(4 * (D,)))


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32])
@pytest.mark.parametrize("seed", range(5))
def test_rounding_moves_the_tensor_by_no_more_than_is_said(dtype: Any, seed: int) -> None:
    """By (1 + u)⁴ − 1 of the sum of absolute values, which is about as large as the sum for weights of one sign."""
    random = np.random.default_rng(seed)
    weights = columns(Planted(*(np.abs(random.normal(size=part.shape)) + 0.1 for part in drawn())), prefixed("", LLAMA, ".weight"))
    exactly = load_layers(weights, heads=HEADS)
    rounded = load_layers({name: entry.astype(dtype) for name, entry in weights.items()}, heads=HEADS)
    told = rounded.assumed
    moved = np.linalg.norm(tensor(rounded[0]) - tensor(exactly[0])) / np.linalg.norm(tensor(exactly[0]))
    assert told.rounding / 8 < moved <= told.smallest_distance
    assert told.rounding == ROUNDINGS[np.dtype(dtype).name]
    assert any("rounding" in line for line in told.lines) is (dtype != np.float32)


def test_what_rounding_makes_at_most_is_said_in_words() -> None:
    weights = {name: entry.astype(ml_dtypes.bfloat16) for name, entry in FUSED.items()}
    told = load_layers(weights, heads=HEADS).assumed
    assert told.lines[-1] == "rounding: bfloat16 makes relative distances up to 0.016 by itself, and more where weights cancel"
    assert told.smallest_distance == (1 + 2.0**-8) ** 4 - 1
    half = load_layers({name: entry.astype(np.float16) for name, entry in FUSED.items()}, heads=HEADS).assumed
    assert half.lines[-1] == "rounding: float16 makes relative distances up to 0.002 by itself, and more where weights cancel"


def test_integers_are_not_rounded() -> None:
    told = load_layers({name: np.rint(entry).astype(int) for name, entry in FUSED.items()}, heads=HEADS).assumed
    assert (told.rounding, told.smallest_distance) == (0.0, 0.0)
