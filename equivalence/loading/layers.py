"""Trained weights from files, as layers on column tokens.

Two conventions, taken by name: "rows", ``y = x @ w`` (Haiku, Flax), where a key weight is d x d_k; "columns", ``y = w @ x`` (PyTorch's
``weight``, and what ``python -m equivalence weights`` writes), where it is d_k x d. Several heads lie side by side in one weight.
Files are read by `equivalence.loading.files`, which trusts none.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from equivalence.checks import checked_count, checked_matrix
from equivalence.loading.files import MAX_BYTES, opened, read, shown
from equivalence.models.heads import Head, Layer

CONVENTIONS = ("rows", "columns")
ROLES = {
    "key": ("key", "k_proj", "w_k", "k"),
    "query": ("query", "q_proj", "w_q", "q"),
    "value": ("value", "v_proj", "w_v", "v"),
    "projection": ("projection", "linear", "out_proj", "o_proj", "proj", "out", "w_o", "p"),
    "in_proj": ("in_proj",),
}
"""The names of modules that are known, in small letters; ``in_proj`` is PyTorch's one weight of query, key and value, in this order."""
WEIGHTS = ("w", "kernel", "weight")
BIASES = ("b", "bias")
COMPLETE = ({"key", "query", "value", "projection"}, {"in_proj", "projection"})
EXPECTED = "key, query, value and projection, or in_proj and projection"
_ROLE_OF = {name: role for role, names in ROLES.items() for name in names}

Group = dict[str, str]
"""Of one layer: role to entry."""
Arrays = dict[str, tuple[str, np.ndarray]]
"""Of one layer: role to entry and array."""


def load_layers(
    path: str | Path,
    *,
    convention: str,
    d: int | None = None,
    heads: int = 1,
    layers: int | None = None,
    scale: bool = False,
    names: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> list[Layer]:
    """The attention layers of a ``.npz`` or ``.safetensors`` file, in order, as arrays of doubles.

    An entry's name ends with a module that `ROLES` knows, and maybe a weight's name (`WEIGHTS`): "key", "transformer/~/attn_1/key/w",
    "layers.0.self_attn.k_proj.weight". What stands before is the layer; layers may differ in numbers only, which order them, none before
    any. Entries of other names are left alone, and one warning names them.

    Args:
        path: the file.
        convention: "rows" or "columns"; see above. A weight of d x heads x d_k (Flax), and heads x d_v x d for the projection, is taken in
            "rows".
        d: rows of a token, d_x + d_y; taken from the first key weight if not given.
        heads: H; each weight holds them side by side, d_k = rows of W_K / H.
        layers: how many layers the file must have; any number if not given.
        scale: whether the model divides its scores by √d_k, which is then put into W_Q.
        names: for other names: role ("key", "query", "value", "projection", or "in_proj" for the first three) to the entry's whole name,
            with ``{}`` where a layer's number stands.
        max_bytes: the limit on all weights together, as doubles.

    Raises:
        ValueError, TypeError: naming the argument or the entry, what was expected and what came. Biases other than 0 are refused: the
            layers of `equivalence.attention` have none.
    """
    _check_arguments(convention, d, heads, layers, scale, max_bytes)
    with opened(path) as file:
        groups = _by_table(file.names) if names is None else _by_names(file.names, names)
        if layers is not None and len(groups) != layers:
            raise ValueError(f"layers: expected {layers} in the file, found {len(groups)}; a recurrent stack is [layer] * {layers}")
        biases = _biases(file.names, [entry for group in groups for entry in group.values()])
        arrays = read(file, [*dict.fromkeys(entry for group in groups for entry in group.values()), *biases], max_bytes)
        others = [name for name in file.names if name not in arrays]
    _check_biases({name: arrays[name] for name in biases})
    if others:
        warnings.warn(f"{Path(path).name!r}: left alone: {_listed(others)}; the layers are taken without them", stacklevel=2)
    loaded: list[Layer] = []
    for group in groups:
        weights = _separated({role: (entry, arrays[entry]) for role, entry in group.items()}, convention)
        d = _columns(*weights["key"], convention, heads).shape[1] if d is None else d
        loaded.append(_layer(weights, convention, d, heads, scale))
    return loaded


def _check_arguments(convention: str, d: int | None, heads: int, layers: int | None, scale: bool, max_bytes: int) -> None:
    if convention not in CONVENTIONS:
        raise ValueError(f"convention: expected 'rows' (y = x @ w: Haiku, Flax) or 'columns' (PyTorch's weight), got {convention!r}")
    given = {"heads": heads, "max_bytes": max_bytes, **{name: count for name, count in (("d", d), ("layers", layers)) if count is not None}}
    for name, count in given.items():
        checked_count(name, count)
    if not isinstance(scale, bool):
        raise TypeError(f"scale: expected True or False, got {scale!r}; it says whether scores are divided by the root of d_k")


def _by_table(available: Sequence[str]) -> list[Group]:
    """The layers whose entries have known names."""
    groups: dict[str, Group] = {}
    for name in available:
        if (parsed := _parsed(name)) is not None:
            layer, role = parsed
            if role in groups.setdefault(layer, {}):
                raise ValueError(f"{shown(name)}: expected one {role} of a layer, got {shown(groups[layer][role])} too; give names")
            groups[layer][role] = name
    groups = {layer: group for layer, group in groups.items() if group.keys() - {"projection"}}
    if not groups:
        raise ValueError(f"path: found no layer: expected entries such as 'attn/key/w', got {_listed(available)}; give names")
    if len({re.sub(r"_?\d+", "", layer) for layer in groups}) > 1 or len({tuple(_numbers(layer)) for layer in groups}) < len(groups):
        raise ValueError(f"path: expected layers that differ in numbers only, got {_listed(sorted(groups))}; give names")
    for layer, group in groups.items():
        if set(group) not in COMPLETE:
            raise ValueError(f"path: expected {EXPECTED}, of layer {shown(layer)}, found {', '.join(sorted(group))}; give names")
    return [groups[layer] for layer in sorted(groups, key=_numbers)]


def _parsed(name: str) -> tuple[str, str] | None:
    """The layer and the role that a name tells; Haiku numbers repeated modules, key and key_1."""
    pieces = [piece for piece in re.split(r"[/.:]", re.sub(r"(?<=in_proj)_(?=weight$)", "/", name)) if piece not in ("", "~")]
    if len(pieces) > 1 and pieces[-1].lower() in WEIGHTS:
        pieces.pop()
    if not pieces:
        return None
    module, number = re.fullmatch(r"(.*?)((?:_\d+)?)", pieces[-1], re.DOTALL).groups()  # type: ignore[union-attr]
    role = _ROLE_OF.get(module.lower())
    return None if role is None else ("/".join(pieces[:-1]) + number, role)


def _numbers(layer: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", layer)]


def _by_names(available: Sequence[str], names: Mapping[str, str]) -> list[Group]:
    """The layers whose entries the user names."""
    if set(names) not in COMPLETE:
        raise ValueError(f"names: expected {EXPECTED}, got {', '.join(map(repr, names)) or 'none'}")
    if not all(isinstance(name, str) for name in names.values()):
        raise TypeError(f"names: expected the names of entries, got {list(names.values())}")
    numbers = sorted({number for name in names.values() for number in _numbers_in(available, name)}, key=int) or [""]
    groups = [{role: name.replace("{}", number) for role, name in names.items()} for number in numbers]
    for role, entry in (item for group in groups for item in group.items()):
        if entry not in available:
            raise ValueError(f"names: {role}: expected an entry of the file, got {shown(entry)}; it holds {_listed(available)}")
    return groups


def _numbers_in(available: Sequence[str], name: str) -> list[str]:
    before, braces, after = name.partition("{}")
    pattern = re.compile(re.escape(before) + r"(0|[1-9][0-9]{0,8})" + re.escape(after))
    return [match[1] for entry in available if braces and (match := pattern.fullmatch(entry))]


def _biases(available: Sequence[str], entries: Sequence[str]) -> list[str]:
    """The entries that stand beside a weight and are its bias: key/b, key.bias or key_bias for key, key/w or key.weight."""
    modules = {re.sub(rf"[/._:]({'|'.join(WEIGHTS)})$", "", entry, flags=re.IGNORECASE) for entry in entries}
    bias = re.compile(rf"(.*)[/._:]({'|'.join(BIASES)})", re.IGNORECASE | re.DOTALL)
    return [name for name in available if (match := bias.fullmatch(name)) and match[1] in modules]


def _check_biases(biases: Mapping[str, np.ndarray]) -> None:
    for name, bias in biases.items():
        if bias.any():
            raise ValueError(f"{shown(name)}: expected no bias, or zeros, as the layers here have none, got up to {np.abs(bias).max():g}")


def _separated(weights: Arrays, convention: str) -> Arrays:
    """in_proj as query, key and value."""
    if "in_proj" not in weights:
        return weights
    entry, fused = weights["in_proj"]
    axis = 1 if convention == "rows" else 0
    if fused.ndim != 2 or fused.shape[axis] % 3:
        raise ValueError(f"{shown(entry)}: expected a matrix with query, key and value side by side, got shape {fused.shape}")
    return {"projection": weights["projection"]} | {
        role: (entry, part) for role, part in zip(("query", "key", "value"), np.split(fused, 3, axis), strict=True)
    }


def _columns(entry: str, weight: np.ndarray, convention: str, heads: int, *, heads_first: bool = False) -> np.ndarray:
    """The weight as a matrix that is applied from the left; Flax gives heads an axis of their own."""
    if weight.ndim == 3 and convention == "rows":
        axis = 0 if heads_first else 1
        if weight.shape[axis] != heads:
            raise ValueError(f"{shown(entry)}: expected {heads} heads on axis {axis}, got shape {weight.shape}")
        weight = weight.reshape((heads * weight.shape[1], weight.shape[2]) if heads_first else (weight.shape[0], heads * weight.shape[2]))
    if weight.ndim != 2:
        raise ValueError(f"{shown(entry)}: expected a matrix, got shape {weight.shape}")
    return weight.T if convention == "rows" else weight


def _layer(weights: Arrays, convention: str, d: int, heads: int, scale: bool) -> Layer:
    """The heads, cut out of weights that hold them side by side."""
    columns = {
        role: _columns(entry, weight, convention, heads, heads_first=role == "projection") for role, (entry, weight) in weights.items()
    }
    shapes = {"key": (None, d), "query": (len(columns["key"]), d), "value": (None, d), "projection": (d, len(columns["value"]))}
    for role, shape in shapes.items():
        _check_shape(role, weights[role][0], columns[role], shape, convention, heads)
    if scale:
        columns["query"] = columns["query"] / math.sqrt(len(columns["query"]) // heads)
    parts = [np.split(columns[role], heads, axis=1 if role == "projection" else 0) for role in Head._fields]
    return Layer(tuple(Head(*map(np.ascontiguousarray, head)) for head in zip(*parts, strict=True)))


def _check_shape(role: str, entry: str, weight: np.ndarray, shape: tuple[int | None, ...], convention: str, heads: int) -> None:
    """In the file's own convention, so that the message shows what its owner sees."""
    is_rows = convention == "rows"
    try:
        checked_matrix(f"{shown(entry)} as {role}", weight.T if is_rows else weight, shape[::-1] if is_rows else shape)
    except ValueError as error:
        other = "columns" if is_rows else "rows"
        raise ValueError(f"{error}; check d = d_x + d_y, or try the convention {other!r}") from None
    side = weight.shape[1 if role == "projection" else 0]
    if side % heads:
        raise ValueError(f"heads: expected a number that divides the {side} dimensions of all heads in {shown(entry)}, got {heads}")


def _listed(names: Collection[str]) -> str:
    most = 6
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown(name) for name in [*names][:most]) + more if names else "none"
