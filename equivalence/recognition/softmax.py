"""What to say of a trained softmax layer: why it is no gradient step, and which step its sensitivity is nearest to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from equivalence.checks import checked_count
from equivalence.loading.layers import layer_of
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.heads import Layer
from equivalence.models.origins import origin_of
from equivalence.models.tokens import prediction as read_out
from equivalence.models.tokens import query_tokens, tokens
from equivalence.recognition.assumed import Assumed
from equivalence.recognition.layer import Arranged, FloatingLayer, arranged
from equivalence.recognition.layout import NamedRows, Rows
from equivalence.recognition.query import Query
from equivalence.recognition.result import NONE, REPORTED
from equivalence.recognition.sensitivities import Sensitivities, layer_sensitivities, on_one_scale, step_sensitivities
from equivalence.recognition.setting import Keys, Setting, Sign, setting_of

INSTANCES = 256
MOST_NUMBERS = 2**27
"""What the instances may hold together: a gigabyte of doubles."""
FAR, MUCH_NEARER = 0.1, 0.5
"""Of a layer that is further off than the one, another scale of the scores is named if it leaves less of the distance than the other."""
LAST_DIGIT = 0.5e-4
"""Distances are shown in four digits."""
IN_RANGE = tuple(float(np.log(bound)) for bound in (np.finfo(float).tiny, np.finfo(float).max))
HALF_OF_IT = 0.5**0.5
"""A step that is nearer leaves less than half of the square of the sensitivities: then its sign means something."""
NOTE = "witness and nearest step are for W₀ = 0, which is assumed, not found; the update of the context tokens is not judged"


class RepeatedToken(NamedTuple):
    """A context of N copies of one token, where a step's predictions at q and −q are opposite and a softmax layer's changes are equal.

    Attributes:
        context_x, context_y: d_x x N and d_y x N.
        query: q, d_x x 1, with x·q = 1.
        prediction, opposite: the layer's at q and at −q from W₀ = 0, d_y x 1. One step from there predicts ηy and −ηy.
    """

    context_x: np.ndarray
    context_y: np.ndarray
    query: np.ndarray
    prediction: np.ndarray
    opposite: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """A kind of step, at the rate that fits the layer's sensitivities best.

    Attributes:
        family: "gradient descent" or "centred gradient descent" (statement 6.8).
        learning_rate: η, by least squares over all instances.
        model_cosine: the mean cosine of the sensitivities; no rate changes it.
        relative_distance: ``‖S − S*‖ / ‖S‖`` of the sensitivities on all instances together.
    """

    family: str
    learning_rate: float
    model_cosine: float
    relative_distance: float


@dataclass(frozen=True, eq=False)
class SoftmaxRecognition:
    """The verdict on a softmax layer, which is never gradient descent (statement 6.4).

    That holds for every context, W₀ and rate. What the candidates say holds on the instances they were measured on, and no further.

    Attributes:
        witness: a context that shows it.
        candidates: gradient descent and centred gradient descent, the nearer in sensitivity first; no other kind of step was tried.
        initial: W₀ = 0, d_y x d_x, where both start: assumed, not found.
        instances: how many random instances they were compared on.
        context: N.
        note: what is assumed, what is not judged, and what looks mistaken.
        assumed: what the verdict takes for granted.
    """

    witness: RepeatedToken
    candidates: tuple[Candidate, ...]
    initial: np.ndarray
    instances: int
    context: int
    note: str = NOTE
    assumed: Assumed | None = None

    def __str__(self) -> str:
        seen = self.witness
        lines = [
            "family: none; a softmax layer is gradient descent at no rate (statement 6.4)",
            f"witness: {self.context} times the token x = {_row(seen.context_x)}, y = {_row(seen.context_y)}, W₀ = 0",
            f"  at q = {_row(seen.query)} it predicts {_row(seen.prediction)}, at −q {_row(seen.opposite)}; a step predicts ηy and −ηy",
            f"of two kinds of step the nearer in sensitivity, on {self.instances} seeded instances of {self.context} tokens, inputs "
            "uniform on (−½, ½), targets of a normal linear model, W₀ = 0; of other data, and of predictions, this says nothing:",
        ]
        for candidate in self.candidates:
            lines.append(
                f"  {candidate.family}: relative distance {candidate.relative_distance:.4g} "
                f"at learning rate {candidate.learning_rate:.6g}, mean cosine {candidate.model_cosine:.4g}"
            )
        return "\n".join([*lines, f"note: {self.note}", *([] if self.assumed is None else [f"assumed: {self.assumed}"])])

    def to_json(self) -> dict[str, object]:
        """For `json`, with the names that a linear layer's verdict has; parameters are those of the nearest step."""
        nearest = self.candidates[0]
        return {
            **dict.fromkeys(REPORTED),
            "family": NONE,
            "learning_rate": nearest.learning_rate,
            "step_size": nearest.learning_rate / self.context,
            "initial": self.initial.tolist(),
            "relative_distance": nearest.relative_distance,
            "note": self.note,
            "query": "zeros",
            "families": [],
            "error_bound": None,
            "witness": {name: matrix.tolist() for name, matrix in self.witness._asdict().items()},
            "assumed": None if self.assumed is None else self.assumed.to_json(),
            "nearest": [vars(candidate) for candidate in self.candidates],
        }


def recognise_softmax(
    layer: Layer | object,
    *,
    d_x: int,
    d_y: int,
    context: int,
    keys: str = "context",
    prediction: str = "minus",
    x_rows: Rows | None = None,
    y_rows: Rows | None = None,
    read_rows: Rows | None = None,
) -> SoftmaxRecognition:
    """A witness against gradient descent, and the nearest of it and centred gradient descent; both from W₀ = 0, which is assumed.

    The instances are those of `equivalence.tasks`: a task of normal weights, inputs uniform on (−½, ½), drawn from a fixed seed.

    Args:
        layer: its weights for softmax attention on tokens ``[x; y]``, with residual; a factor 1/√d_k put into W_Q. Or a module, as for
            `recognise`.
        d_x, d_y: rows of the inputs and of the targets.
        context: N.
        keys: "context" or "causal", which is the same for a query token that is no key; others are not compared.
        prediction, x_rows, y_rows, read_rows: as for `recognise`.

    Raises:
        TypeError, ValueError: naming the argument; a context too long to draw instances of; or the layer that has weights for tokens of
            another size, whose prediction does not depend on the query on some instance, as with one token it never does, or not by
            more than the rounding of doubles, as where heads cancel, or is not finite there in doubles.
    """
    has_others = any(rows is not None for rows in (x_rows, y_rows, read_rows))
    layer = layer_of(layer) if has_others else layer_of(layer, d_x, d_y)
    for name, count in (("d_x", d_x), ("d_y", d_y), ("context", context)):
        checked_count(name, count)
    if (longest := MOST_NUMBERS // (INSTANCES * (d_x + d_y))) < context:
        raise ValueError(f"context: expected at most {longest}, as {INSTANCES} instances are drawn, got {context}")
    setting = setting_of(keys, prediction)
    read = _arranged(layer, d_x, d_y, setting, NamedRows(x_rows, y_rows, read_rows))
    inner = (Layer(read.core.heads) if isinstance(read.core, FloatingLayer) else read.core.matrices).to_numpy()
    X, Y, queries = _instances(d_x, d_y, context)
    sensitivities = layer_sensitivities(inner, X, Y, queries)
    _check_sensitivities(sensitivities)
    candidates = _candidates(sensitivities, step_sensitivities(X, Y))
    sizes = tuple(len(head.key) for head in read.core.heads)
    assumed = Assumed("softmax", sizes, setting.keys, Query.zeros, str(context), read.layout, read.reads, read.writes, origin_of(layer))
    note = "; ".join([NOTE, *_rounding_notes(sensitivities), *_notes(candidates, inner, assumed, context)])
    return SoftmaxRecognition(
        _repeated_token(inner, d_x, d_y, context), candidates, np.zeros((d_y, d_x)), INSTANCES, context, note, assumed
    )


def _arranged(layer: Layer, d_x: int, d_y: int, setting: Setting, rows: NamedRows) -> Arranged:
    if setting.keys is Keys.all:
        raise ValueError("keys: expected 'context' or 'causal' of a softmax layer, whose query token is taken to be no key, got 'all'")
    read = arranged(layer, d_x, d_y, setting.prediction, rows)
    if read.whole is not None:
        raise ValueError("layer: expected a softmax layer without biases, got one with a row that is 1; biases are judged in linear ones")
    return read


def _candidates(found: Sensitivities, units: Sequence[np.ndarray]) -> tuple[Candidate, ...]:
    """The kinds of step, the nearer one first."""
    families = "gradient descent", "centred gradient descent"
    candidates = [_fitted(family, found, unit) for family, unit in zip(families, units, strict=True)]
    return tuple(sorted(candidates, key=lambda candidate: candidate.relative_distance))


def _rounding_notes(found: Sensitivities) -> Iterator[str]:
    """What rounding leaves of the digits that are shown."""
    if (moved := max(_rounding(found))) > LAST_DIGIT:
        yield f"rounding may move the sensitivities by {moved:.1g} of their size, as where heads cancel"


def _rounding(found: Sensitivities) -> tuple[float, float]:
    """What it may move of all instances together, and of one on average, as a share of the sensitivities."""
    S, errors, _ = on_one_scale(found)
    single = np.linalg.norm(found.errors, axis=(1, 2)) / np.linalg.norm(found.slopes, axis=(1, 2))
    return float(np.linalg.norm(errors) / np.linalg.norm(S)), float(np.minimum(single, 1).mean())


def _notes(candidates: Sequence[Candidate], layer: Layer, assumed: Assumed, context: int) -> Iterator[str]:
    """A rate of the wrong sign, and scores of another scale by which the layer would be much nearer."""
    nearest, layout = candidates[0], assumed.layout
    if nearest.learning_rate < 0 and nearest.relative_distance < HALF_OF_IT:
        other = str(Sign.plus if layout.prediction is Sign.minus else Sign.minus)
        yield f"the rate is negative, which is ascent; where the prediction is {other} the y-part it is descent: see prediction={other!r}"
    if nearest.relative_distance <= FAR:
        return
    power, done = (0.5, "not divided") if assumed.origin.scaled else (-0.5, "divided")
    scaled = Layer(tuple(head._replace(query=head.query * len(head.key) ** power) for head in layer.to_numpy().heads))
    X, Y, queries = _instances(len(layout.x), len(layout.y), context)
    with np.errstate(invalid="ignore", divide="ignore"):  # of what has no distance nothing is said
        rescaled = _candidates(layer_sensitivities(scaled, X, Y, queries), step_sensitivities(X, Y))[0]
    if rescaled.relative_distance < MUCH_NEARER * nearest.relative_distance:
        yield f"with scores {done} by √d_k the relative distance is {rescaled.relative_distance:.4g}: does the model divide them?"


def _repeated_token(layer: Layer, d_x: int, d_y: int, context: int) -> RepeatedToken:
    x, y = np.eye(d_x, 1), np.eye(d_y, 1)
    X, Y = np.tile(x, context), np.tile(y, context)
    queries = query_tokens(np.zeros((d_y, d_x)), np.hstack([x, -x]))
    predicted = read_out(queries + softmax_update(layer.to_numpy(), tokens(X, Y), queries), d_x, d_y)
    return RepeatedToken(X, Y, x, predicted[:, :1], predicted[:, 1:])


def _instances(d_x: int, d_y: int, context: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tasks of `equivalence.tasks`, in batches. Drawn by NumPy, so that no JAX is needed."""
    random = np.random.default_rng(0)
    X, query = (random.uniform(-0.5, 0.5, size=(INSTANCES, d_x, count)) for count in (context, 1))
    Y = random.normal(size=(INSTANCES, d_y, d_x)) @ X
    return X, Y, query


def _check_sensitivities(found: Sensitivities) -> None:
    """Of the layer, which alone may be out of range: NaN has no distance, and 0 no cosine."""
    if bad := int((~np.isfinite(found.errors).all(axis=(1, 2))).sum()):
        raise ValueError(
            f"layer: expected finite predictions in doubles, got a sensitivity of NaN or infinity on {bad} of {INSTANCES} instances; "
            "scale its weights"
        )
    if flat := int((~found.slopes.any(axis=(1, 2))).sum()):
        raise ValueError(f"layer: expected a prediction that depends on the query; its sensitivity is 0 on {flat} of {INSTANCES} instances")
    if (moved := _rounding(found)[0]) >= 1:
        raise ValueError(
            f"layer: expected sensitivities above the rounding of doubles, which may be {moved:.2g} times as large; "
            "heads cancel, or scores are too large"
        )
    if not IN_RANGE[0] < (power := float(found.logs.max())) < IN_RANGE[1]:
        raise ValueError(f"layer: expected sensitivities in the range of doubles, got exp({power:.6g}) at most; scale its weights")


def _fitted(family: str, found: Sensitivities, unit: np.ndarray) -> Candidate:
    """The step at the best rate: it is linear in it, so rate 1 tells all."""
    S, _, power = on_one_scale(found)
    cosines = (found.slopes * unit).sum(axis=(1, 2)) / (np.linalg.norm(found.slopes, axis=(1, 2)) * np.linalg.norm(unit, axis=(1, 2)))
    rate = (S * unit).sum() / (unit**2).sum()
    distance = np.linalg.norm(S - rate * unit) / np.linalg.norm(S)
    return Candidate(family, float(rate * np.exp(power)), float(cosines.mean()), float(distance))


def _row(column: np.ndarray) -> str:
    return f"({', '.join(f'{entry + 0.0:.6g}' for entry in column[:, 0])})"
