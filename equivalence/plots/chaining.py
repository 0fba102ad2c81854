"""Forward chaining by softmax layers, round by round (statement 10.7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from equivalence.checks import checked_count, checked_positive
from equivalence.extras import extra
from equivalence.models.attention.softmax import softmax_update
from equivalence.models.constructions.chaining import chaining_layer, rounding_levels
from equivalence.models.tokens import tokens, with_sink
from equivalence.plots.figures import Described

with extra("plots"):
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Clause = tuple[Sequence[str], str]
"""Premises and conclusion, by name; a fact has no premises."""

SIZE = (3.2, 3.6)
"""Of a panel."""


def chaining_rounds(theory: Sequence[Clause], *, scores: Sequence[float], rounds: int) -> Figure:
    """What the layers leave of each proposition that is not known, round by round, a panel for each score b; nothing is known at first.

    A number is what stands in the query token before it is rounded; a dot says that it is rounded to *known*. It is if it is below the
    middle of ``m/(m + 1)`` and ``1/(1 + m e^(−b))``, or the first of them where they are not apart: they are iff ``b > 2 ln m``, and then
    the layers are right for every theory of m clauses.

    Args:
        theory: the m clauses, at least one.
        scores: each b, positive; at least one.
        rounds: how many layers, at least 1.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    if len(theory) == 0 or len(scores) == 0:
        raise ValueError(f"{'scores' if len(theory) else 'theory'}: expected at least one, got none")
    count = checked_count("rounds", rounds)
    width, height = SIZE
    figure = Described(figsize=(width * len(scores), height), layout="constrained")
    for axes, score in zip(figure.subplots(1, len(scores), squeeze=False)[0], scores, strict=True):
        _panel(axes, theory, checked_positive("scores", score), count)
    return figure


def propositions(theory: Sequence[Clause]) -> list[str]:
    """The names, in the order in which they occur."""
    return list(dict.fromkeys(name for premises, conclusion in theory for name in (*premises, conclusion)))


def run(theory: Sequence[Clause], score: float, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """What is left of each proposition by each layer, and whether it is known then; each a row a proposition, a column a round."""
    names = propositions(theory)
    layer = chaining_layer(len(names), score=score).to_numpy()
    bodies, heads = (np.array([[name in clause for clause in side] for name in names], dtype=float) for side in _sides(theory))
    (low, high), zero = rounding_levels(len(theory), math.exp(-score)), np.zeros((len(names), 1))
    unknown, left, known = np.ones((len(names), 1)), [], []
    for _ in range(rounds):
        after = unknown + softmax_update(layer, with_sink(tokens(bodies, heads)), tokens(unknown, zero))[: len(names)]
        unknown = (after > max(low, (low + high) / 2)).astype(float)
        left.append(after)
        known.append(unknown == 0)
    return np.hstack(left), np.hstack(known)


def _sides(theory: Sequence[Clause]) -> tuple[list[set[str]], list[set[str]]]:
    """The premises of each clause, and its conclusion, as sets."""
    return [set(premises) for premises, _ in theory], [{conclusion} for _, conclusion in theory]


def _panel(axes: Axes, theory: Sequence[Clause], score: float, rounds: int) -> None:
    left, known = run(theory, score, rounds)
    names = propositions(theory)
    axes.imshow(left, cmap="Greys", vmin=-1, vmax=2, aspect="auto")
    for (row, column), value in np.ndenumerate(left):
        axes.text(column, row, f"{value:.2f}{' •' if known[row, column] else ''}", ha="center", va="center", fontsize="small")
    axes.set(title=f"b = {score:g}", xlabel="layer", xticks=range(rounds), xticklabels=range(1, rounds + 1))
    axes.set_yticks(range(len(names)), names)
