r"""The laws of a gradient step, as equations between predictions (statement 9.3).

For gradient descent from W₀ the prediction is ``f(X, Y, q) = W₀q + s Σᵢ (yᵢ − W₀xᵢ)(xᵢ·q)``. Its *update* is
``u(X, Y, q) = f(X, Y, q) − f(0, 0, q)``, with as many tokens of zeros as the context has, and what the targets do is
``v(X, Y, q) = f(X, Y, q) − f(X, 0, q)``. Both sides of a law have one context size N, so the step size s may depend on N: η/N is as good
as a fixed one. W₀ may not, so one law compares two sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray


class RegressionInstance(NamedTuple):
    """A context and a query of regression: d_x x N, d_y x N and d_x x 1."""

    context_x: Array
    context_y: Array
    query: Array

    @property
    def empty(self) -> RegressionInstance:
        """The same query on as many tokens of zeros."""
        return RegressionInstance(np.zeros_like(self.context_x), np.zeros_like(self.context_y), self.query)

    @property
    def shorter(self) -> RegressionInstance:
        """The same query on tokens of zeros, one less."""
        X, Y = (np.zeros((len(part), part.shape[1] - 1)) for part in (self.context_x, self.context_y))
        return RegressionInstance(X, Y, self.query)

    @property
    def untold(self) -> RegressionInstance:
        """The same with all targets zero."""
        return self._replace(context_y=np.zeros_like(self.context_y))

    @property
    def size(self) -> float:
        """``(1 + Σᵢ‖eᵢ‖²)‖q‖``, which bounds the prediction of a gradient step up to a constant, e the tokens."""
        return float((1 + (self.context_x**2).sum() + (self.context_y**2).sum()) * np.linalg.norm(self.query))

    def only(self, token: int) -> RegressionInstance:
        """The same with zeros for all tokens but one."""
        kept = np.arange(self.context_x.shape[1]) == token
        return self._replace(context_x=self.context_x * kept, context_y=self.context_y * kept)


Terms = list[tuple[float | Array, RegressionInstance]]
"""A linear combination of predictions. A coefficient is a number or a d_y x d_y matrix."""

Sides = tuple[Terms, Terms]
Others = Mapping[str, Any]
"""What else a law speaks of, by its name in the formula: numbers, arrays and the order of tokens."""

Start = Callable[[Array], Array]
"""``W₀X``, column by column, as the callable predicts it from tokens of zeros."""


@dataclass(frozen=True)
class Law:
    """Two linear combinations of predictions that a gradient step makes equal.

    Attributes:
        name: a few words.
        formula: both sides, for a reader.
        sides: both sides, for an instance, what else is drawn, and the start.
        others: what else is drawn, by its name in the formula: its kind.
        least_context: the fewest tokens on which it says something.
        preconditioned: whether ``W₀q + s D Σᵢ (yᵢ − W₀xᵢ) xᵢᵀC q`` keeps it for any D and C.
        derives_targets: whether it makes its own targets, so that none are drawn.
        compares_sizes: whether one side has a token less, so that it takes two context sizes.
    """

    name: str
    formula: str
    sides: Callable[[RegressionInstance, Others, Start], Sides]
    others: Mapping[str, str]
    least_context: int = 1
    preconditioned: bool = True
    derives_targets: bool = False
    compares_sizes: bool = False


def reflection(normal: Array) -> Array:
    """``I − 2nnᵀ/(n·n)``, which turns n around; the identity for n = 0."""
    square = float((normal**2).sum())
    return np.eye(len(normal)) - (2 / square if square else 0) * (normal @ normal.T)


def update(at: RegressionInstance, factor: float | Array = 1.0) -> Terms:
    """A multiple of ``u = f(X, Y, q) − f(0, 0, q)``."""
    return [(factor, at), (-factor, at.empty)]


def told(at: RegressionInstance, factor: float | Array = 1.0) -> Terms:
    """A multiple of ``v = f(X, Y, q) − f(X, 0, q)``."""
    return [(factor, at), (-factor, at.untold)]


def _start(at: RegressionInstance, others: Others, start: Start) -> Sides:
    r, t = others["r"], others["t"]
    moved = at._replace(query=at.query + t * r)
    return [(1.0, moved.empty)], [(1.0, at.empty), (t, at._replace(query=r).empty)]


def _size(at: RegressionInstance, others: Others, start: Start) -> Sides:
    return [(1.0, at.empty)], [(1.0, at.shorter)]


def _query(at: RegressionInstance, others: Others, start: Start) -> Sides:
    r, t = others["r"], others["t"]
    return update(at._replace(query=at.query + t * r)), update(at) + update(at._replace(query=r), t)


def _tokens(at: RegressionInstance, others: Others, start: Start) -> Sides:
    return update(at), [term for token in range(at.context_x.shape[1]) for term in update(at.only(token))]


def _targets(at: RegressionInstance, others: Others, start: Start) -> Sides:
    Z, t = others["Z"], others["t"]
    mixed = at._replace(context_y=(1 - t) * at.context_y + t * Z)
    return [(1.0, mixed)], [(1 - t, at), (t, at._replace(context_y=Z))]


def _scaling(at: RegressionInstance, others: Others, start: Start) -> Sides:
    t = others["t"]
    return update(RegressionInstance(*(t * part for part in at))), update(at, t**3)


def _order(at: RegressionInstance, others: Others, start: Start) -> Sides:
    order = list(others["order"])
    return [(1.0, at._replace(context_x=at.context_x[:, order], context_y=at.context_y[:, order]))], [(1.0, at)]


def _fitted(at: RegressionInstance, others: Others, start: Start) -> Sides:
    return [(1.0, at._replace(context_y=start(at.context_x)))], [(1.0, at.empty)]


def _turned_inputs(at: RegressionInstance, others: Others, start: Start) -> Sides:
    R = reflection(others["n"])
    return told(at._replace(context_x=R @ at.context_x, query=R @ at.query)), told(at)


def _turned_targets(at: RegressionInstance, others: Others, start: Start) -> Sides:
    S = reflection(others["m"])
    return told(at._replace(context_y=S @ at.context_y)), told(at, S)


MOVED = {"t": "factor", "r": "query"}

LAWS = (
    Law("linear start", "f(0, 0, q + t r) = f(0, 0, q) + t f(0, 0, r)", _start, MOVED),
    Law(
        "one start at all context sizes",
        "f(0, 0, q) on N tokens = f(0, 0, q) on N − 1 tokens",
        _size,
        {},
        least_context=2,
        derives_targets=True,
        compares_sizes=True,
    ),
    Law("linear in the query", "u(X, Y, q + t r) = u(X, Y, q) + t u(X, Y, r)", _query, MOVED),
    Law("additive over tokens", "u(X, Y, q) = sum over the tokens of u(that token and zeros, q)", _tokens, {}, least_context=2),
    Law(
        "affine in the targets",
        "f(X, (1 − t) Y + t Z, q) = (1 − t) f(X, Y, q) + t f(X, Z, q)",
        _targets,
        {"t": "factor", "Z": "targets"},
    ),
    Law("cubic under scaling", "u(t X, t Y, t q) = t³ u(X, Y, q)", _scaling, {"t": "factor"}),
    Law("blind to the order of tokens", "f(X and Y in another order, q) = f(X, Y, q)", _order, {"order": "order"}, least_context=2),
    Law("still on data that the start fits", "f(X, W₀X, q) = f(0, 0, q), where W₀x = f(0, 0, x)", _fitted, {}, derives_targets=True),
    Law(
        "blind to reflections of x",
        "v(RX, Y, Rq) = v(X, Y, q), where v = f(X, Y, q) − f(X, 0, q), R = I − 2nnᵀ/(n·n)",
        _turned_inputs,
        {"n": "query"},
        preconditioned=False,
    ),
    Law(
        "turning with reflections of y",
        "v(X, SY, q) = S v(X, Y, q), where v = f(X, Y, q) − f(X, 0, q), S = I − 2mmᵀ/(m·m)",
        _turned_targets,
        {"m": "output"},
        preconditioned=False,
    ),
)
"""What keeps them all, on every instance, is one step of gradient descent; a preconditioned step keeps all but the last two."""
