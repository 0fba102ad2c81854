"""Weights from files, modules and trees, as layers on column tokens. What is read how is data, in `equivalence.loading.layouts`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import cast

from equivalence.checks import checked_count
from equivalence.loading.files import MAX_BYTES, ArrayFile, opened
from equivalence.loading.layouts import CONVENTIONS, FUSED
from equivalence.loading.loaded import Loaded
from equivalence.loading.matching import listed
from equivalence.loading.objects import Told, Tree, holds_arrays
from equivalence.loading.plan import BIASES, assumed, contents, planned, scores_of
from equivalence.loading.reading import Asked
from equivalence.models.heads import Head, Layer
from equivalence.models.origins import ReadLayer


def load_layers(
    source: object,
    *,
    convention: str | None = None,
    d: int | None = None,
    d_y: int | None = None,
    heads: int | None = None,
    layers: int | None = None,
    scale: bool | None = None,
    fused: str | None = None,
    biases: str | None = None,
    names: Mapping[str, str] | None = None,
    max_bytes: int = MAX_BYTES,
) -> Loaded:
    """The attention layers of a file, a module or a tree, in order, as arrays of doubles, and what was assumed to read them.

    Known by their names and shapes are the weights of PyTorch's ``nn.MultiheadAttention`` (both forms), GPT-2 and nanoGPT, BERT, T5, Llama,
    Qwen and others with a linear layer each, GPT-NeoX and BLOOM (fused), TransformerLens, Flax (linen and nnx), Haiku, equinox, merged
    ``P`` and ``Q`` (Ahn et al. 2023; ``W_PV`` and ``W_KQ``, Zhang et al. 2024), and plain names such as ``key``, ``W_K`` or ``attn/k``;
    each also with all layers on a leading axis. What stands before a weight's name is its layer; layers may differ in numbers only, which
    order them, none before any. One warning names the entries that are left alone.

    What the names, the shapes and the module itself tell is used, what contradicts it is an error, and what they leave open and matters
    is asked, by an error that names the argument. `Loaded.assumed` says what was taken how.

    Args:
        source: a path of a ``.npz`` or ``.safetensors`` file; a module with a ``state_dict`` (PyTorch), or a module of equinox or nnx; a
            ``state_dict``, or a tree of mappings, sequences and dataclasses. No library is imported for it.
        convention: "rows", ``y = x @ w`` (Haiku, Flax), where a key weight is d x d_k, or "columns", ``y = w @ x`` (PyTorch, equinox, and
            what ``python -m equivalence weights`` writes), where it is d_k x d. Needed where neither names nor shapes tell. Of merged
            weights "columns" is as printed, ``Σ_i P z_i z_iᵀ Q q``, and "rows" has both transposed.
        d: rows of a token, d_x + d_y; taken from the weights if not given.
        d_y: rows of the read-out, which come last; needed where the projection has these rows only. The others are written 0 to.
        heads: H; as the module says or as the shapes show if not given, and 1 where neither does. Where fewer heads have keys and values
            (grouped queries), their number follows from H, and each serves H / that number of heads in a row.
        layers: how many layers there must be; any number if not given.
        scale: whether the model divides its scores by √d_k, which is then put into W_Q; as the module says or the library does if not
            given, and not where neither is known.
        fused: how query, key and value lie in one weight where the names do not tell: "parts", all queries, then all keys, then all
            values, or "heads", each head's three together (GPT-NeoX, BLOOM).
        biases: what becomes of biases that are not 0. None refuses them; "constant" takes those of key, query and value as the weights of a
            last coordinate 1, for tokens [x; y; 1] of d + 1 rows; "leave out" leaves them out.
        names: for other names: role ("key", "query", "value", "projection"; "in_proj" for the first three; or "output_value", P W_V, and
            "key_query", W_Kᵀ W_Q) to the entry's whole name, with ``{}`` where a layer's number stands. A weight of d x heads x d_k, and of
            heads x d_v x d for the projection, is taken in "rows".
        max_bytes: the limit on all weights together, as doubles.

    Raises:
        ValueError, TypeError: naming the argument or the entry, what was expected and what came, and mostly the fix.
    """
    _check_arguments(convention, fused, biases, scale, {"d": d, "d_y": d_y, "heads": heads, "layers": layers, "max_bytes": max_bytes})
    with _opened(source) as (file, title, told):
        asked = _asked(Asked(convention, fused, d, d_y, heads, layers=layers), told)
        plan = planned(file, asked, names, max_bytes)
        content = contents(file, plan, biases, max_bytes)
    scores = scores_of(scale, told, plan)
    if content.others:
        warnings.warn(f"{title}: left alone: {listed(content.others)}; the layers are taken without them", stacklevel=2)
    read_as = assumed(title, asked, plan, content, scores, told)
    return Loaded((ReadLayer(layer.heads, read_as.origin) for layer in plan.layers(content, scores.factor)), read_as)


def layer_of(given: object, d_x: int | None = None, d_y: int | None = None) -> Layer:
    """The one layer of a module or a mapping that holds arrays, or of what was loaded; for functions of a layer, which thereby take these.

    Args:
        given: that, or a layer; anything else is given back as it is, for the caller to refuse.
        d_x, d_y: rows of inputs and targets, where a token has no others.

    Raises:
        ValueError, TypeError: as `load_layers`; or several layers.
    """
    if isinstance(given, Layer):
        return given
    if isinstance(given, Head):
        return Layer(given)
    if not isinstance(given, Loaded) and (isinstance(given, list | tuple) or not holds_arrays(given)):
        return cast(Layer, given)
    d = None if d_x is None else checked_count("d_x", d_x) + checked_count("d_y", d_y)
    try:
        layers = given if isinstance(given, Loaded) else load_layers(given, d=d, d_y=d_y)
    except ValueError as error:
        raise ValueError(f"layer: {error} (arguments of load_layers, whose layers are taken too)") from error
    if len(layers) != 1:
        raise ValueError(f"layer: expected one, found {len(layers)} in {layers.assumed.source}; take them singly, by load_layers(...)[0]")
    return layers[0]


def _check_arguments(
    convention: str | None, fused: str | None, biases: str | None, scale: bool | None, counts: dict[str, int | None]
) -> None:
    if convention not in (*CONVENTIONS, None):
        raise ValueError(f"convention: expected 'rows' (y = x @ w: Haiku, Flax) or 'columns' (PyTorch's weight), got {convention!r}")
    for argument, given, known in (("fused", fused, FUSED), ("biases", biases, BIASES)):
        if given not in (*known, None):
            raise ValueError(f"{argument}: expected {' or '.join(map(repr, known))}, got {given!r}")
    for name, count in counts.items():
        if count is not None:
            checked_count(name, count)
    if not isinstance(scale, bool | None):
        raise TypeError(f"scale: expected True or False, got {scale!r}; it says whether scores are divided by the root of d_k")


@contextmanager
def _opened(source: object) -> Iterator[tuple[ArrayFile, str, Told]]:
    """The arrays, what to call them, and what their module says of itself."""
    if isinstance(source, str | os.PathLike):
        with opened(Path(source)) as file:
            yield file, repr(Path(source).name), {}
    else:
        tree = Tree(source)
        yield tree, tree.title, tree.told


def _asked(asked: Asked, told: Told) -> Asked:
    """With what the module says of itself. Raises ValueError where that is something else."""
    for argument, given, own in (("heads", asked.heads, told.get("heads")), ("fused", asked.fused, told.get("fused"))):
        if given is not None and own not in (given, None):
            raise ValueError(f"{argument}: expected {own!r}, as the module says of itself, got {given!r}")
    return replace(asked, heads=told.get("heads", asked.heads), fused=told.get("fused", asked.fused), groups=told.get("groups"))
