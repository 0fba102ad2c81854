"""What stands beside the weights of a layer: biases, which are never dropped in silence, and norms."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from equivalence.loading.axes import Part, part_of
from equivalence.loading.files import ArrayFile
from equivalence.loading.layouts import KEY, PROJECTION, QUERY, VALUE, Layout
from equivalence.loading.matching import Group, Pieces, pieces_of

ROLE_OF = {
    name: role
    for role, names in (("key", KEY), ("query", QUERY), ("value", VALUE), ("projection", PROJECTION))
    for name in names.split("|")
}
FUSED = {"in_proj", "c_attn", "qkv", "query_key_value", "qkv_proj", "wqkv"}
WEIGHT = ("w", "kernel", "weight", "weights")
BIAS = ("b", "bias", "biases", "offset")
NORM = re.compile(r"(^|_)ln(_|\d|$)|norm")
OF_A_NORM = ("weight", "scale", "w", "gamma", "bias", "offset", "b", "beta")
MOST_OF_A_NORM = 2**20


Candidates = dict[Pieces, list[tuple[str, Pieces]]]
"""By module: names, and the modules whose biases they would be."""


class Bias(NamedTuple):
    """A bias in a file.

    Attributes:
        entry: its name.
        part: of which weights it is, along which axes; None for what is none of theirs, such as a key and a value of its own.
    """

    entry: str
    part: Part | None


def candidates(available: Iterable[str]) -> Candidates:
    """The entries whose names are those of biases, by the module that they stand in."""
    found: Candidates = {}
    for name in available:
        if (stem := _bias_stem(pieces_of(name))) is not None:
            found.setdefault(stem[:-1], []).append((name, stem))
    return found


def biases_of(found: Candidates, group: Group, parts: Mapping[str, Part], layout: Layout) -> list[Bias]:
    """The biases of one layer.

    Args:
        found: all that may be biases in the file.
        group, parts: the layer's entries, and what they hold, by ending.
        layout: whose names they are.
    """
    told = [Bias(group[ending], part_of(text)) for ending, text in layout.biases.items() if ending in group]
    of_weights = {_stem(entry): parts[ending].bias for ending, entry in group.items() if ending in parts}
    for module in dict.fromkeys(stem[:-1] for stem in of_weights):
        for name, stem in found.get(module, []):
            if stem in of_weights and pieces_of(name)[-1] not in layout.tokens:
                told.append(Bias(name, of_weights[stem]))
            elif name not in group.values() and (stem[-1] in ROLE_OF.values() or stem[-1] in FUSED):
                told.append(Bias(name, None))
    return told


def norms_of(file: ArrayFile) -> dict[str, float]:
    """The entries of norms in a file, and the largest of each; 0 for what is too large for a norm, or no numbers, which is not read."""
    return {name: _largest(file, name) for name in file.names if _is_of_a_norm(pieces_of(name))}


def _is_of_a_norm(pieces: Pieces) -> bool:
    return len(pieces) > 1 and pieces[-1] in OF_A_NORM and NORM.search(pieces[-2]) is not None


def _largest(file: ArrayFile, name: str) -> float:
    declared = file.declared(name)
    if not declared.is_numeric or not 0 < math.prod(declared.shape) <= MOST_OF_A_NORM:
        return 0.0
    largest = float(np.abs(file.array(name).astype(float)).max())
    return largest if math.isfinite(largest) else 0.0


def _stem(entry: str) -> Pieces:
    """The module that a weight's name tells: attn, key of attn/key/w; q of W_Q."""
    pieces = pieces_of(entry)
    if len(pieces) > 1 and pieces[-1] in WEIGHT:
        return _by_role(pieces[:-1])
    return _by_role((*pieces[:-1], re.sub(r"_weight$|^_?w_", "", pieces[-1])))


def _bias_stem(pieces: Pieces) -> Pieces | None:
    """The module that a bias's name tells: attn, key of attn/key/b, of attn/key_bias, of attn/b_K and of attn/bk; None for other names."""
    if not pieces:
        return None
    if pieces[-1] in BIAS:
        return _by_role(pieces[:-1]) if len(pieces) > 1 else None
    match = re.fullmatch(r"(.+)_(?:b|bias|biases)|_?(?:b|bias|biases)_(.+)|b([kqvo])", pieces[-1], re.DOTALL)
    return _by_role((*pieces[:-1], match[1] or match[2] or match[3])) if match else None


def _by_role(pieces: Pieces) -> Pieces:
    return (*pieces[:-1], ROLE_OF.get(pieces[-1], pieces[-1])) if pieces else pieces
