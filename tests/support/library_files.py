"""Attention weights as libraries write them: names and shapes by hand, of a layer that is one gradient step, planted in several heads.

Nothing here is read from the tables of `equivalence.loading`. A step is spread over heads: each group of heads has some of the inputs in
its scores, and within a group each head has a part of the rate. The weights are gauged by random matrices, so that none is sparse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

D_X, D_Y, N, RATE = 4, 2, 5, 0.75
D = D_X + D_Y
SIZES = {"d_x": D_X, "d_y": D_Y, "context": N}

Entries = dict[str, np.ndarray]


class Planted(NamedTuple):
    """Weights of one layer.

    Attributes:
        key, value: groups x d_k x d.
        query: heads x d_k x d.
        projection: heads x d x d_k.
    """

    key: np.ndarray
    query: np.ndarray
    value: np.ndarray
    projection: np.ndarray


def planted(heads: int = 2, groups: int | None = None, d_k: int = 3, *, scaled: bool = True, rate: float = RATE, seed: int = 0) -> Planted:
    """One step of the rate given; if scores are scaled by 1/√d_k, the queries are larger by as much."""
    random = np.random.default_rng(seed)
    groups = heads if groups is None else groups
    inputs = np.array_split(np.arange(D_X), groups)
    weights: dict[str, list[np.ndarray]] = {name: [] for name in Planted._fields}
    for group in range(groups):
        gauge, other = (random.normal(size=(d_k, d_k)) + 3 * np.eye(d_k) for _ in range(2))
        score, read, written = np.zeros((d_k, D)), np.zeros((d_k, D)), np.zeros((D, d_k))
        for place, coordinate in enumerate(inputs[group]):
            score[place, coordinate] = 1
        for y in range(D_Y):
            read[y, D_X + y], written[D_X + y, y] = -1, rate / N
        weights["key"].append(gauge @ score)
        weights["value"].append(other @ read)
        shares = random.uniform(0.5, 1.5, heads // groups)
        for share in shares / shares.sum():
            weights["query"].append(np.linalg.inv(gauge).T @ score * (math.sqrt(d_k) if scaled else 1))
            weights["projection"].append(share * written @ np.linalg.inv(other))
    return Planted(**{name: np.stack(arrays) for name, arrays in weights.items()})


def below(arrays: np.ndarray) -> np.ndarray:
    """Heads below one another: (heads d_k) x d."""
    return np.concatenate(list(arrays))


def beside(arrays: np.ndarray) -> np.ndarray:
    """Heads side by side: d x (heads d_k)."""
    return np.concatenate(list(arrays), axis=1)


def columns(given: Planted, names: tuple[str, str, str, str]) -> Entries:
    """As linear layers of PyTorch write them: outputs x inputs; names of query, key, value and projection."""
    return dict(zip(names, (below(given.query), below(given.key), below(given.value), beside(given.projection)), strict=True))


def rows(given: Planted, names: tuple[str, str, str, str]) -> Entries:
    """As Haiku and dense layers of Flax write them: inputs x outputs."""
    return {name: entry.T for name, entry in columns(given, names).items()}


def in_parts(given: Planted) -> np.ndarray:
    """All queries, then all keys, then all values: 3d x d."""
    return np.concatenate([below(given.query), below(given.key), below(given.value)])


def in_heads(given: Planted) -> np.ndarray:
    """Of each head its query, key and value: 3d x d."""
    return np.concatenate([part[head] for head in range(len(given.query)) for part in (given.query, given.key, given.value)])


def on_axes(given: Planted, names: tuple[str, str, str, str]) -> Entries:
    """As Flax writes them: d x heads x d_k, and heads x d_k x d."""
    inwards = [np.stack([head.T for head in part], axis=1) for part in (given.query, given.key, given.value)]
    return dict(zip(names, [*inwards, np.stack([head.T for head in given.projection])], strict=True))


def of_lens(given: Planted, prefix: str) -> Entries:
    """As TransformerLens writes them: heads x d x d_k, and heads x d_k x d."""
    named = {"W_Q": given.query, "W_K": given.key, "W_V": given.value, "W_O": given.projection}
    return {prefix + name: np.stack([head.T for head in part]) for name, part in named.items()}


def merged(given: Planted) -> tuple[np.ndarray, np.ndarray]:
    """P W_V and W_Kᵀ W_Q of a layer of one head."""
    return given.projection[0] @ given.value[0], given.key[0].T @ given.query[0]


def zeros(names: Mapping[str, int]) -> Entries:
    """Biases of 0."""
    return {name: np.zeros(size) for name, size in names.items()}


def nested(entries: Entries) -> dict[str, Any]:
    """A tree of mappings from names with slashes."""
    tree: dict[str, Any] = {}
    for name, entry in entries.items():
        *above, last = name.split("/")
        node = tree
        for piece in above:
            node = node.setdefault(piece, {})
        node[last] = entry
    return tree


LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj")
FLAX = tuple(f"{name}/kernel" for name in ("query", "key", "value", "out"))
HAIKU = tuple(f"{name}/w" for name in ("query", "key", "value", "linear"))
EQUINOX = tuple(f"{name}_proj.weight" for name in ("query", "key", "value", "output"))
BERT = ("self.query", "self.key", "self.value", "output.dense")


def prefixed(prefix: str, names: tuple[str, ...], ending: str = "") -> Any:
    """Names with what stands around them."""
    return tuple(f"{prefix}{name}{ending}" for name in names)


class File(NamedTuple):
    """A file, how it is to be loaded, and what is to be said of it.

    Attributes:
        entries: of the file.
        how: arguments of `load_layers`.
        layout: whose names they are taken for.
        heads, groups: how many.
        scores: what is said of them.
        layers: how many.
        left_out: names of what the layers are without, in part.
    """

    entries: Callable[[], Entries]
    how: dict[str, Any]
    layout: str
    heads: int = 2
    groups: int = 2
    scores: str = "divided by √d_k"
    layers: int = 1
    left_out: tuple[str, ...] = ()


def gpt2(prefix: str, given: Planted, *, is_conv1d: bool) -> Entries:
    weights = {f"{prefix}attn.c_attn.weight": in_parts(given), f"{prefix}attn.c_proj.weight": beside(given.projection)}
    beside_them = {
        f"{prefix}ln_1.weight": np.full(D, 1.5),
        f"{prefix}attn.bias": np.ones((1, 1, 9, 9)),
        f"{prefix}mlp.c_proj.weight": np.ones((24, D)),
    }
    return {name: weight.T if is_conv1d else weight for name, weight in weights.items()} | beside_them


def torch_separate() -> Entries:
    given = planted()
    return columns(given, ("q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight")) | zeros({"in_proj_bias": 3 * D})


def stacked(of_one: Callable[[int], Entries], count: int = 3) -> Entries:
    each = [of_one(seed) for seed in range(count)]
    return {name: np.stack([entries[name] for entries in each]) for name in each[0]}


def several(of_one: Callable[[int], Entries], count: int = 2) -> Entries:
    return {name: entry for number in range(count) for name, entry in of_one(number).items()}


def one_head(scaled: bool = False) -> Planted:
    return planted(1, d_k=D, scaled=scaled)


TORCH = "nn.MultiheadAttention of PyTorch"
GPT = "GPT-2 of transformers (rows) or nanoGPT (columns)"
KIND = "Llama, Qwen and their kind"
IN_ONE = "query, key and value in one weight"
PLAIN = "weights by their plain names"
MERGED = "P and Q, merged weights"
UNDIVIDED = "not divided"
ASKED: dict[str, Any] = {"heads": 2}
SOFTMAX = ("softmax",)

FILES: dict[str, File] = {
    "nn.MultiheadAttention": File(
        lambda: {"in_proj_weight": in_parts(planted()), "out_proj.weight": beside(planted().projection)} | zeros({"in_proj_bias": 3 * D}),
        ASKED,
        TORCH,
        left_out=SOFTMAX,
    ),
    "nn.MultiheadAttention, weights apart": File(torch_separate, ASKED, TORCH, left_out=SOFTMAX),
    "nn.MultiheadAttention, add_bias_kv, zero": File(
        lambda: torch_separate() | {"bias_k": np.zeros((1, 1, D)), "bias_v": np.zeros((1, 1, D))}, ASKED, TORCH
    ),
    "nn.TransformerEncoder, two layers": File(
        lambda: several(
            lambda number: {
                f"layers.{number}.self_attn.in_proj_weight": in_parts(planted(seed=number)),
                f"layers.{number}.self_attn.out_proj.weight": beside(planted(seed=number).projection),
                f"layers.{number}.norm1.weight": np.ones(D),
                f"layers.{number}.linear1.weight": np.ones((8, D)),
            }
        ),
        ASKED,
        TORCH,
        layers=2,
        left_out=("layers.0.norm1.weight",),
    ),
    "GPT-2 of transformers": File(
        lambda: several(lambda number: gpt2(f"h.{number}.", planted(seed=number), is_conv1d=True)),
        ASKED,
        GPT,
        layers=2,
        left_out=("softmax", "the causal mask", "h.0.ln_1.weight"),
    ),
    "nanoGPT": File(lambda: gpt2("transformer.h.0.", planted(), is_conv1d=False), ASKED, GPT, left_out=("transformer.h.0.ln_1.weight",)),
    "Llama, grouped queries": File(
        lambda: (
            columns(planted(4, 2), prefixed("model.layers.0.self_attn.", LLAMA, ".weight"))
            | {"model.layers.0.input_layernorm.weight": np.full(D, 0.5)}
        ),
        {"heads": 4},
        KIND,
        4,
        2,
        left_out=("softmax", "model.layers.0.input_layernorm.weight"),
    ),
    "Llama, one head of keys for all": File(
        lambda: columns(planted(3, 1, d_k=4), prefixed("layers.0.self_attn.", LLAMA, ".weight")), {"heads": 3}, KIND, 3, 1
    ),
    "Qwen, biases of 0": File(
        lambda: (
            columns(planted(4, 2), prefixed("layers.0.self_attn.", LLAMA, ".weight"))
            | zeros({"layers.0.self_attn.q_proj.bias": 12, "layers.0.self_attn.k_proj.bias": 6, "layers.0.self_attn.v_proj.bias": 6})
        ),
        {"heads": 4},
        KIND,
        4,
        2,
    ),
    "Llama, Meta's own names": File(
        lambda: columns(planted(), prefixed("layers.0.attention.", ("wq", "wk", "wv", "wo"), ".weight")), ASKED, KIND
    ),
    "BERT": File(
        lambda: (
            columns(planted(), prefixed("encoder.layer.0.attention.", BERT, ".weight"))
            | {"encoder.layer.0.output.dense.weight": np.ones((D, 9)), "encoder.layer.0.attention.output.LayerNorm.weight": np.ones(D)}
        ),
        ASKED,
        "BERT, ViT",
        left_out=("encoder.layer.0.attention.output.LayerNorm.weight",),
    ),
    "ViT of transformers": File(
        lambda: columns(
            planted(), prefixed("layer.0.attention.", ("attention.query", "attention.key", "attention.value", "output.dense"), ".weight")
        ),
        ASKED,
        "BERT, ViT",
    ),
    "DistilBERT": File(
        lambda: columns(planted(), prefixed("layer.0.attention.", ("q_lin", "k_lin", "v_lin", "out_lin"), ".weight")), ASKED, KIND
    ),
    "T5, whose scores are not scaled": File(
        lambda: (
            columns(planted(scaled=False), prefixed("encoder.block.0.layer.0.SelfAttention.", ("q", "k", "v", "o"), ".weight"))
            | {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": np.ones((32, 2))}
        ),
        ASKED,
        "T5",
        scores=UNDIVIDED,
        left_out=("softmax", "relative positions"),
    ),
    "GPT-NeoX, each head's three together": File(
        lambda: {
            "layers.0.attention.query_key_value.weight": in_heads(planted()),
            "layers.0.attention.dense.weight": beside(planted().projection),
        },
        {"heads": 2, "fused": "heads"},
        IN_ONE,
    ),
    "BLOOM": File(
        lambda: {
            "h.0.self_attention.query_key_value.weight": in_heads(planted()),
            "h.0.self_attention.dense.weight": beside(planted().projection),
        },
        {"heads": 2, "fused": "heads"},
        IN_ONE,
    ),
    "a vision transformer's qkv, in parts": File(
        lambda: {"blocks.0.attn.qkv.weight": in_parts(planted()), "blocks.0.attn.proj.weight": beside(planted().projection)},
        {"heads": 2, "fused": "parts"},
        IN_ONE,
    ),
    "TransformerLens": File(
        lambda: of_lens(planted(), "blocks.0.attn.") | zeros({"blocks.0.attn.b_Q": 6, "blocks.0.attn.b_O": D}), {}, "TransformerLens"
    ),
    "TransformerLens, grouped queries": File(
        lambda: {
            name.replace("W_K", "_W_K").replace("W_V", "_W_V"): entry for name, entry in of_lens(planted(4, 2), "blocks.0.attn.").items()
        },
        {},
        "TransformerLens",
        4,
        2,
    ),
    "Flax linen": File(
        lambda: on_axes(planted(), prefixed("params/attn/", FLAX)) | {"params/attn/query/bias": np.zeros((2, 3))}, {}, "Flax"
    ),
    "Flax nnx, with its variables": File(
        lambda: {f"{name}/value": entry for name, entry in on_axes(planted(), prefixed("attn/", FLAX)).items()}, {}, "Flax"
    ),
    "Flax, layers scanned": File(
        lambda: stacked(lambda seed: on_axes(planted(seed=seed), prefixed("params/layers/attn/", FLAX))), {"d": D}, "Flax", layers=3
    ),
    "Flax, dense layers by the same names": File(
        lambda: rows(planted(scaled=False), prefixed("params/attn/", FLAX)), ASKED, "Flax", scores=UNDIVIDED
    ),
    "Haiku": File(
        lambda: rows(planted(scaled=False), prefixed("net/~/attn/", HAIKU)) | {"net/~/layer_norm/scale": np.full(D, 2.0)},
        ASKED,
        "Haiku",
        scores=UNDIVIDED,
        left_out=("net/~/layer_norm/scale",),
    ),
    "Haiku, whose scores are scaled": File(
        lambda: rows(planted(), prefixed("transformer/multi_head_attention/", HAIKU)), {"heads": 2, "scale": True}, "Haiku"
    ),
    "Haiku, layers stacked": File(
        lambda: stacked(lambda seed: rows(planted(scaled=False, seed=seed), prefixed("layer_stack/attn/", HAIKU))),
        {"heads": 2, "d": D},
        "Haiku",
        scores=UNDIVIDED,
        layers=3,
    ),
    "equinox": File(lambda: columns(planted(), prefixed("attn.", EQUINOX)), ASKED, "equinox", left_out=SOFTMAX),
    "P and Q (Ahn et al.)": File(
        lambda: dict(zip("PQ", merged(one_head()), strict=True)), {"convention": "columns"}, MERGED, 1, 1, UNDIVIDED
    ),
    "P and Q, layers on a leading axis": File(
        lambda: stacked(lambda seed: dict(zip("PQ", merged(planted(1, d_k=D, scaled=False, seed=seed)), strict=True))),
        {"convention": "columns", "d": D, "layers": 3},
        MERGED,
        1,
        1,
        UNDIVIDED,
        layers=3,
    ),
    "W_PV and W_KQ (Zhang et al.)": File(
        lambda: dict(zip(("W_PV", "W_KQ"), merged(one_head()), strict=True)), {"convention": "columns"}, MERGED, 1, 1, UNDIVIDED
    ),
    "plain names, d_k smaller than d": File(
        lambda: columns(planted(1, d_k=4, scaled=False), ("W_Q", "W_K", "W_V", "W_O")), {"d": D}, PLAIN, 1, 1, UNDIVIDED
    ),
    "plain names, square": File(
        lambda: columns(one_head(), ("query", "key", "value", "o")), {"convention": "columns"}, PLAIN, 1, 1, UNDIVIDED
    ),
    "plain names, rows, square": File(lambda: rows(one_head(), ("q", "k", "v", "o")), {"convention": "rows"}, PLAIN, 1, 1, UNDIVIDED),
    "an output projection of the read-out rows": File(
        lambda: {**columns(planted(scaled=False), ("q", "k", "v", "o")), "o": beside(planted(scaled=False).projection)[D_X:]},
        {"heads": 2, "d": D, "d_y": D_Y, "convention": "columns"},
        PLAIN,
        scores=UNDIVIDED,
        left_out=("what is written to other rows than the read-out",),
    ),
    "names that no table knows": File(
        lambda: several(lambda number: columns(planted(scaled=False, seed=number), prefixed(f"block{number}/", ("a", "b", "c", "e")))),
        {
            "heads": 2,
            "convention": "columns",
            "names": {"query": "block{}/a", "key": "block{}/b", "value": "block{}/c", "projection": "block{}/e"},
        },
        "entries of the names given",
        scores=UNDIVIDED,
        layers=2,
    ),
}
