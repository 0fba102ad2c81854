r"""What a distance is worth (statement 9.6): the one that random heads of the same shape have to the same family.

At a given W₀ a family that is a linear space is a projection. The tensor of random heads is isotropic but for the queries, which see
``G = I + W₀ᵀW₀``: the mean of ``T ⊗ T`` is the projection on symmetric (p,r), times G on columns, for any number of heads and any rank. So
the mean square share of GD is ``½(tr G ‖F‖² + tr W₀GW₀ᵀ) / ½(d_x‖F‖² + ‖W₀‖²)`` over ``½ d_y d(d+1) tr G``, and that of C is
``d_x / ½ d_y d(d+1)``. The null is the root of what it leaves. For D with C, and for W₀ unknown, heads are drawn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from equivalence.models.heads import Head
from equivalence.recognition.floats.initial_models import initial_models
from equivalence.recognition.floats.nearest import families, starts
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.members import residual_form
from equivalence.recognition.tensor.enclosed import enclosed_head
from equivalence.recognition.tensor.lowrank import Array

DRAWS = 3
"""An odd number: the null is the median."""
Shape = tuple[tuple[int, int], ...]


def shape_of(heads: tuple[Head, ...]) -> Shape:
    """d_k and d_v of each head."""
    return tuple((len(head.key), len(head.value)) for head in heads)


def null_distances(shape: Shape, d_x: int, d_y: int, initial: Array | None) -> tuple[float, ...]:
    """The relative distances of random heads to GD, to steps with C and, where d_y > 1, to steps with D and C.

    Args:
        shape: of the heads.
        d_x, d_y: rows of the inputs and of the targets.
        initial: W₀; None for the one that is nearest among those that are tried.
    """
    if initial is None:
        return _drawn(shape, d_x, d_y, None)
    projections = _descent(d_x, d_y, initial), _root(1 - 2 * d_x / (d_y * (d_x + d_y) * (d_x + d_y + 1)))
    return projections if d_y == 1 else (*projections, _drawn(shape, d_x, d_y, np.ascontiguousarray(initial).tobytes())[0])


def _descent(d_x: int, d_y: int, initial: Array) -> float:
    F, G, d = residual_form(initial), np.eye(d_x) + initial.T @ initial, d_x + d_y
    share = (np.trace(G) * (F * F).sum() + np.trace(initial @ G @ initial.T)) / (d_x * (F * F).sum() + (initial * initial).sum())
    return _root(1 - 2 * share / (d_y * d * (d + 1) * np.trace(G)))


def _root(square: float) -> float:
    return float(np.sqrt(max(square, 0.0)))


@lru_cache(maxsize=1024)
def _drawn(shape: Shape, d_x: int, d_y: int, initial: bytes | None) -> tuple[float, ...]:
    """The medians of some draws, always the same ones."""
    random, known = np.random.default_rng(0), None if initial is None else np.frombuffer(initial).reshape(d_y, d_x)
    distances = [_distances(_random_layer(random, shape, d_x, d_y), known) for _ in range(DRAWS)]
    return tuple(float(distance) for distance in np.median(distances, axis=0))


def _distances(layer: FloatingLayer, initial: Array | None) -> list[float]:
    """To all families, or to the one that has no closed form."""
    models = initial_models(layer.outputs().tensor, layer.d_x, layer.d_y) if initial is None else [initial]
    tried = starts(layer.outputs, models)
    return [family.best(tried).relative_distance for family in families(layer.d_y)[0 if initial is None else 2 :]]


def _random_layer(random: np.random.Generator, shape: Shape, d_x: int, d_y: int) -> FloatingLayer:
    """Normal weights, of products of order 1."""
    sizes = (((d_k, d_x + d_y), (d_k, d_x + d_y), (d_v, d_x + d_y), (d_x + d_y, d_v)) for d_k, d_v in shape)
    heads = tuple(Head(*(random.normal(size=size) / size[-1] ** 0.5 for size in head)) for head in sizes)
    return FloatingLayer(heads, d_x, d_y, tuple(enclosed_head(head, d_x) for head in heads))
