"""Layers of floats: how far apart their tensors are, rounding included, and a context on which that shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from equivalence.models.heads import Layer
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.floats.bounds import certified_norm
from equivalence.recognition.floats.measured import EXACT, NOTHING
from equivalence.recognition.layer import FloatingLayer
from equivalence.recognition.members import widened
from equivalence.recognition.rounding import TINY, Interval, gamma
from equivalence.recognition.sameness.pair import Pair, Query
from equivalence.recognition.sameness.result import Compared, Difference, Outcome, Sameness
from equivalence.recognition.setting import Sign
from equivalence.recognition.tensor.enclosed import Enclosure
from equivalence.recognition.tensor.lowrank import Array
from equivalence.recognition.witness import inner_size, terms_of_update

SCALES = (1.0, 2.0**10, 2.0**20)
"""Of the context token: what it does grows as its square, and may drown in the query token itself."""


class Parts:
    """The enclosures of what is compared of a layer: of the y rows, and of the x rows where these are compared too."""

    def __init__(self, pair: Pair, layer: FloatingLayer):
        start = None if pair.start is None else widened(pair.start) if pair.setting.constant else pair.start
        rows = [layer.outputs] if pair.compared is Compared.prediction else [layer.outputs, layer.inputs]
        self.enclosures: list[Enclosure] = [part(start) for part in rows]

    def norm(self) -> Interval:
        """‖T‖."""
        norms = [part.norm() for part in self.enclosures]
        value, low, high = (float(np.hypot.reduce([getattr(norm, name) for norm in norms])) for name in ("value", "low", "high"))
        return Interval(value, low * (1 - gamma(8)), high * (1 + gamma(8)))

    def certified_norm(self) -> float:
        """A bound on ‖T‖ as a multilinear map."""
        return float(np.hypot.reduce([certified_norm(part) for part in self.enclosures])) * (1 + gamma(8))


def measured(pair: Pair, tolerance: float, start: float | None, assumed: Assumed, other: Assumed) -> Sameness:
    """The same if the relative distance is below the tolerance for certain, different if it is not and the layers, when run, show it."""
    apart, *own = (Parts(pair, layer) for layer in (pair.apart, pair.first, pair.second) if isinstance(layer, FloatingLayer))
    reach = _relative(apart.norm(), [part.norm() for part in own])
    found, note, outcome = None, "", Outcome.same
    if not reach.high < tolerance:
        spread = f"the relative distance is {reach.low:.3g} to {reach.high:.3g}"
        found, note = _witness(pair, apart) if reach.low >= tolerance else (None, spread)
        outcome = Outcome.undecided if found is None else Outcome.differ
    return Sameness(
        outcome=outcome,
        exact=False,
        compared=pair.compared,
        relative_distance=reach.value,
        tolerance=tolerance,
        gap=apart,
        start=start,
        witness=found,
        note=f"cannot tell at this precision: {note}; {EXACT}" if note else "",
        assumed=assumed,
        other_assumed=other,
    )


def _relative(apart: Interval, own: list[Interval]) -> Interval:
    """‖T − T'‖ over the larger norm; 0 where both layers do nothing."""
    if max(norm.high for norm in own) <= NOTHING:
        return Interval(0.0, 0.0, 0.0)
    value, low, high = (max(getattr(norm, name) for norm in own) for name in ("value", "low", "high"))
    wide = 1 + gamma(8)
    return Interval(apart.value / value if value else 0.0, apart.low / high / wide, apart.high / low * wide if low else np.inf)


def _witness(pair: Pair, apart: Parts) -> tuple[Difference | None, str]:
    """The clearest of some contexts and queries, if rounding cannot account for it; else why not."""
    best = max((_tried(pair, asked) for asked in _candidates(pair, apart)), key=lambda tried: tried[0] / (tried[1] or TINY))
    gap, slack, found = best
    return (found, "") if gap > slack else (None, f"of a gap of {gap:.1e}, when run, rounding may account for {slack:.1e}")


def _tried(pair: Pair, asked: Query) -> tuple[float, float, Difference]:
    layers = [Layer(layer.heads) for layer in (pair.first, pair.second)]
    first, second = (pair.ran(layer, asked) for layer in layers)
    slack = _rounding(pair, layers[0], asked) + _rounding(pair, layers[1], asked)
    gap = np.abs(first - second)
    place = int((gap - slack).argmax())
    shown = Difference(asked.context_x, asked.context_y, asked.query_x, pair.setting.own_sign * asked.query_y, first, second)
    return float(gap[place, 0]), float(slack[place, 0]), shown


def _rounding(pair: Pair, layer: Layer, asked: Query) -> Array:
    """What rounding may do to one run: γ times the sum of the absolute values of all terms, and γ for the sum itself."""
    sizes = Query(*map(np.abs, asked))
    positive = pair._replace(setting=pair.setting._replace(prediction=Sign.minus))
    keys, token = positive.keys_of(sizes), positive.query_of(sizes)
    terms = token + terms_of_update(layer, keys, token)
    d_x = asked.context_x.shape[0]
    rest = terms[d_x + pair.setting.constant :]
    seen = rest if pair.compared is Compared.prediction else np.concatenate([terms[:d_x], rest])
    return gamma(2 * (4 * len(token) + inner_size(layer) + len(layer.heads) + 2 * keys.shape[1] + 8)) * seen


def _candidates(pair: Pair, apart: Parts) -> Iterator[Query]:
    """Tokens and queries at the largest entry of T − T', once and, for the query among the keys, twice."""
    constant = int(pair.setting.constant)
    d_x, d_y = pair.apart.d_x - constant, pair.apart.d_y
    part = max(apart.enclosures, key=lambda enclosure: enclosure.value())
    (p, r), j = _largest(part)
    unit = np.delete(np.eye(d_x + constant + d_y), d_x, axis=0) if constant else np.eye(d_x + d_y)
    tokens = [0 * unit[:, [p]], unit[:, [p]], -unit[:, [p]], unit[:, [r]], -unit[:, [r]], unit[:, [p]] + unit[:, [r]]]
    queries = [sign * unit[:, [j]] for sign in (1.0, -1.0)]
    for token in tokens:
        for query in queries:
            for scale in SCALES:
                context = np.concatenate([scale * token] * (2 if scale > 1 else 1), axis=1)
                rest = query[d_x:] if pair.start is None else 0.0 - pair.start @ query[:d_x]
                yield Query(context[:d_x], context[d_x:], query[:d_x], rest)


def _largest(part: Enclosure) -> tuple[tuple[int, int], int]:
    """The (p, r) and the column of a large entry: the largest of the slice whose pairs are largest."""
    if part.dense is not None:
        _, p, r, j = np.unravel_index(np.abs(part.dense).argmax(), part.dense.shape)
        return (int(p), int(r)), int(j)
    pairs = part.tensor.arrays()
    sizes = np.sum([np.outer((A * A).sum(axis=1), (B * B).sum(axis=0)) for A, B in pairs], axis=0)
    k, j = np.unravel_index(sizes.argmax(), sizes.shape)
    half = np.sum([np.outer(A[k], B[:, j]) for A, B in pairs], axis=0)
    p, r = np.unravel_index(np.abs(half + half.T).argmax(), half.shape)
    return (int(p), int(r)), int(j)
