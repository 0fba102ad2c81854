"""Layers from arrays that were read: heads apart, the scale in W_Q, biases as weights of a constant coordinate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from equivalence.loading.axes import Part, Sizes, arranged
from equivalence.models.biases import biased
from equivalence.models.heads import Head, Layer

Arrays = dict[str, np.ndarray]


def built(
    weights: Sequence[tuple[Part, np.ndarray]],
    biases: Sequence[tuple[Part, np.ndarray]] | None,
    sizes: Sizes,
    d: int,
    factor: float | None,
) -> list[Layer]:
    """The layer, or those of a stack.

    Args:
        weights: what stands in each entry, and its array.
        biases: the same of biases, for tokens [x; y; 1] of one row more; None for tokens without a constant.
        sizes: of all axes.
        d: rows of a token.
        factor: by which scores are multiplied; None for 1/√d_k.
    """
    by_role = _by_role(weights, sizes)
    of_biases = None if biases is None else _by_role(biases, sizes)
    layers: list[Layer] = []
    for number in range(sizes.get("layer", 1)):
        arrays = _of_layer(by_role, number)
        if "key_query" in arrays:
            layers.append(_merged(arrays, d, factor))
        else:
            layers.append(_apart(arrays, None if of_biases is None else _of_layer(of_biases, number), sizes, d, factor))
    return layers


def _by_role(parts: Sequence[tuple[Part, np.ndarray]], sizes: Sizes) -> Arrays:
    """Arrays with the axes layer (1 of it where there is no stack), head and so on."""
    found: Arrays = {}
    for part, array in parts:
        is_stacked = ("layer",) in part.axes
        found |= {role: given if is_stacked else given[None] for role, given in arranged(part, array, sizes).items()}
    return found


def _of_layer(arrays: Mapping[str, np.ndarray], number: int) -> Arrays:
    return {role: array[number] for role, array in arrays.items()}


def _apart(arrays: Arrays, biases: Arrays | None, sizes: Sizes, d: int, factor: float | None) -> Layer:
    """A layer of heads. The bias of a query is scaled with it."""
    arrays["projection"] = _on_all_rows(arrays["projection"], d)
    by_head = [Head(*head) for head in zip(*(_for_each_head(arrays[role], sizes) for role in Head._fields), strict=True)]
    if biases is not None:
        by_head = [biased(head, **_of_head(biases, number, sizes)) for number, head in enumerate(by_head)]
    scale = 1 / math.sqrt(sizes["k"]) if factor is None else factor
    return Layer([Head(*map(np.ascontiguousarray, head._replace(query=head.query * scale))) for head in by_head])


def _for_each_head(array: np.ndarray, sizes: Sizes) -> np.ndarray:
    """What several heads share, for each of them."""
    return np.repeat(array, sizes["head"] // len(array), axis=0)


def _of_head(biases: Arrays, number: int, sizes: Sizes) -> Arrays:
    """The biases of one head, as columns."""
    return {role: _for_each_head(bias, sizes)[number][:, None] for role, bias in biases.items()}


def _on_all_rows(projection: np.ndarray, d: int) -> np.ndarray:
    """A projection that writes the read-out rows only, which are the last, writes 0 to the others."""
    heads, rows, d_v = projection.shape
    return np.concatenate([np.zeros((heads, d - rows, d_v)), projection], axis=1)


def _merged(arrays: Arrays, d: int, factor: float | None) -> Layer:
    """A layer of one head, given by A = P W_V and B = W_Kᵀ W_Q."""
    value = _on_all_rows(arrays["output_value"][None], d)[0]
    return Layer(Head(np.eye(d), arrays["key_query"] * (1 if factor is None else factor), value, np.eye(d)))
