"""Weights, and files of them as libraries write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

D, D_K, D_V, H, K = 5, 3, 2, 4, 12  # d, d_k, d_v, heads; 12 layers, so that numbers and letters order them differently
ROLES = ("key", "query", "value", "projection")

HAIKU = {
    "key": "net/~/attn{}/key/w",
    "query": "net/~/attn{}/query/w",
    "value": "net/~/attn{}/value/w",
    "projection": "net/~/attn{}/linear/w",
}
FLAX = {
    "key": "Attention{}/key/kernel",
    "query": "Attention{}/query/kernel",
    "value": "Attention{}/value/kernel",
    "projection": "Attention{}/out/kernel",
}
TORCH = {role: f"layers{{}}.self_attn.{name}.weight" for role, name in zip(ROLES, ("k_proj", "q_proj", "v_proj", "o_proj"), strict=True)}
HAIKU_REPEATED = {"key": "net/key{}/w", "query": "net/query{}/w", "value": "net/value{}/w", "projection": "net/linear{}/w"}
PLAIN = {role: role + "{}" for role in ROLES}
NAMES = {
    "haiku": HAIKU,
    "haiku, modules repeated": HAIKU_REPEATED,
    "flax": FLAX,
    "torch": TORCH,
    "plain": PLAIN,
}


def drawn(seed: int, heads: int = 1, d_k: int = D_K, d_v: int = D_V) -> dict[str, np.ndarray]:
    """W_K, W_Q, W_V, heads below one another, and P, heads side by side: applied from the left."""
    random = np.random.default_rng(seed)
    shapes = {"key": (heads * d_k, D), "query": (heads * d_k, D), "value": (heads * d_v, D), "projection": (D, heads * d_v)}
    return {role: random.integers(-16, 17, size=shape) / 4 for role, shape in shapes.items()}


def written(path: Path, entries: dict[str, Any]) -> Path:
    if path.suffix == ".npz":
        np.savez(path, **entries)
    else:
        save_file({name: np.ascontiguousarray(entry) for name, entry in entries.items()}, path)
    return path


def entries_of(weights: dict[str, np.ndarray], names: dict[str, str], convention: str, number: str = "") -> dict[str, np.ndarray]:
    return {names[role].format(number): weight.T if convention == "rows" else weight for role, weight in weights.items()}
