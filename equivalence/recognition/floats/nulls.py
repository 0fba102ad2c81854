r"""What a distance is worth (statement 9.6): the one that random heads of the same shape have to the same family.

At a given W₀ random means isotropic in the coordinates [x; y − W₀x] of tokens, in which distances are taken, and the null does not depend
on W₀. The mean of ``T ⊗ T`` is then the projection on symmetric (p,r), for any number of heads and any rank, and a family that is a
linear space is a projection, whose mean square share is that of dimensions: GD has 1 and C d_x² of ``½ d_x d_y d(d+1)``. The null is the
root of what it leaves. For D with C, and for W₀ unknown, heads are drawn.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from equivalence.models.heads import Head
from equivalence.recognition.floats.families import families
from equivalence.recognition.floats.initial_models import initial_models
from equivalence.recognition.floats.nearest import starts
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.tensor.enclosed import enclosed_head

DRAWS = 3
"""An odd number: the null is the median."""
Shape = tuple[tuple[int, int], ...]


def shape_of(heads: tuple[Head, ...]) -> Shape:
    """d_k and d_v of each head."""
    return tuple((len(head.key), len(head.value)) for head in heads)


def null_distances(shape: Shape, d_x: int, d_y: int, *, searched: bool) -> tuple[float, ...]:
    """The relative distances of random heads to GD, to steps with C and, where d_y > 1, to steps with D and C.

    Args:
        shape: of the heads.
        d_x, d_y: rows of the inputs and of the targets.
        searched: whether W₀ is the nearest among those that are tried, for these heads too.
    """
    if searched:
        return _drawn(shape, d_x, d_y, searched=True)
    half = d_y * (d_x + d_y) * (d_x + d_y + 1) / 2
    projections = _root(1 - 1 / (d_x * half)), _root(1 - d_x / half)
    return projections if d_y == 1 else (*projections, *_drawn(shape, d_x, d_y, searched=False))


def _root(square: float) -> float:
    return float(np.sqrt(max(square, 0.0)))


@lru_cache(maxsize=1024)
def _drawn(shape: Shape, d_x: int, d_y: int, *, searched: bool) -> tuple[float, ...]:
    """The medians of some draws, always the same ones: of all families, or of the one that has no closed form."""
    random = np.random.default_rng(0)
    distances = [_distances(_random_layer(random, shape, d_x, d_y), searched) for _ in range(DRAWS)]
    return tuple(float(distance) for distance in np.median(distances, axis=0))


def _distances(layer: FloatingLayer, searched: bool) -> list[float]:
    d_x, d_y = layer.d_x, layer.d_y
    tried = starts(layer, initial_models(layer.outputs().tensor, d_x, d_y) if searched else [np.zeros((d_y, d_x))])
    return [family.best(tried).relative_distance for family in families(d_y)[0 if searched else 2 :]]


def _random_layer(random: np.random.Generator, shape: Shape, d_x: int, d_y: int) -> FloatingLayer:
    """Normal weights, of products of order 1."""
    sizes = (((d_k, d_x + d_y), (d_k, d_x + d_y), (d_v, d_x + d_y), (d_x + d_y, d_v)) for d_k, d_v in shape)
    heads = tuple(Head(*(random.normal(size=size) / size[-1] ** 0.5 for size in head)) for head in sizes)
    return FloatingLayer(heads, d_x, d_y, tuple(enclosed_head(head, d_x) for head in heads))
