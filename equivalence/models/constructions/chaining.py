"""Weights for logical inference: one softmax head and a rounding are one round of forward chaining (statement 10.7)."""

from __future__ import annotations

from typing import TypeVar

from equivalence.algebras.protocol import Algebra, Matrix
from equivalence.algebras.rational_functions import exact
from equivalence.algebras.sizes import Part
from equivalence.models.constructions.arguments import Rate, built_rate, check_sizes
from equivalence.models.heads import Head, Layer

Number = TypeVar("Number")


def chaining_layer(propositions: Part, *, score: Rate, algebra: Algebra = exact) -> Layer[Matrix]:
    r"""One head for `softmax_update` that takes from the unknown what follows in one round from definite clauses.

    The context is the clauses, one column each, ``[body; head]``: ones at the premises, and a one at the conclusion; and one token of
    zeros (`with_sink`). A query is ``[u; 0]``, u one where a proposition is not known yet. The score of a clause is −b times the
    number of its unknown premises, so those that fire share the weight with the sink, and u loses their heads. What is left of u is
    rounded by `rounded` at `rounding_levels`.

    Args:
        propositions: n; tokens have 2n rows.
        score: b, above ``2 ln m`` for m clauses.
        algebra: the reading to build it in.

    Raises:
        ValueError, TypeError: naming the argument.
    """
    check_sizes(propositions=propositions)
    eye, zeros = algebra.eye(propositions), algebra.zeros(propositions, propositions)
    sharpness = built_rate("score", score, algebra)
    first, second = algebra.block([[eye, zeros]]), algebra.block([[zeros, eye]])
    return Layer((Head(key=first, query=-(sharpness * first), value=second, projection=-first.T),))


def rounding_levels(clauses: Number, t: Number) -> tuple[Number, Number]:
    """What follows is left with at most ``m/(m + 1)``, what does not with at least ``1/(1 + mt)``: the second is larger iff m²t < 1.

    Args:
        clauses: m, how many.
        t: ``e^(−b)``; 0 for hard attention.
    """
    return clauses / (clauses + 1), 1 / (1 + clauses * t)  # type: ignore[operator, return-value]


def rounded(value: Number, low: Number, high: Number) -> Number:
    """0 up to the low level, 1 from the high one on, straight between: two rectified units, ``relu(z) − relu(z − 1)``."""
    place = (value - low) / (high - low)  # type: ignore[operator]
    return _rectified(place) - _rectified(place - 1)


def _rectified(value: Number) -> Number:
    """``max(0, z) = (z + |z|)/2``, of numbers, arrays and expressions alike."""
    return (value + abs(value)) / 2  # type: ignore[operator, arg-type]
