"""Predictors that break one law of a gradient step each, and a search with few instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from equivalence.falsification.report import Counterexample, Falsification
from equivalence.falsification.search import falsify
from equivalence.models.attention.linear import linear_attention
from equivalence.models.constructions.linear import gd_layer
from equivalence.models.heads import Layer
from equivalence.models.tokens import prediction, query_tokens, tokens

Predict = Callable[[Any, Any, Any], Any]
START = np.array([[0.3, -0.7], [1.1, 0.2], [-0.4, 0.9]])
"""W₀ for d_x = 2, d_y = 3."""


def tokenwise(term: Callable[[Any, Any, Any], Any]) -> Predict:
    """A predictor for d_y = 1 and W₀ = 0: the sum of a term over the tokens, as an oracle would loop."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return np.array([[sum((float(term(X[:, i], Y[0, i], q[:, 0])) for i in range(X.shape[1])), 0.0)]])

    return predict


def ratio(above: float, below: float) -> float:
    return above / below if below else 0.0


def descent(C: Any = None, D: Any = None, *, residual: bool = True) -> Predict:
    """``W₀q + s D Σᵢ (yᵢ − W₀xᵢ) xᵢᵀC q``, without attention or descent of ours."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        found = START @ q
        for x, y in zip(X.T, Y.T, strict=True):
            error = y - START @ x if residual else y
            found = found + 0.3 * float(x @ (q if C is None else C @ q)[:, 0]) * (error if D is None else D @ error)[:, None]
        return found

    return predict


def query_as_key(X: Any, Y: Any, q: Any) -> Any:
    layer = gd_layer(2, 3, learning_rate="3/10", context=1).to_numpy()
    value = np.block([[np.zeros((2, 5))], [START, -np.eye(3)]])
    with_start = Layer((layer.heads[0]._replace(value=value),))
    return prediction(linear_attention(with_start, tokens(X, Y), query_tokens(START, q), queries_as_keys=True)[1], 2, 3)


def start_by_size(X: Any, Y: Any, q: Any) -> Any:
    """One step at every context size, from a W₀ of its own."""
    W = X.shape[1] * START
    return W @ q + 0.3 * (Y - W @ X) @ X.T @ q


def not_additive(X: Any, Y: Any, q: Any) -> Any:
    squares = (X**2).sum(axis=0)
    return ratio(squares.max(), squares.sum()) * (Y @ (X.T @ q))


NOT_JUDGED = "Not judged: several steps, other losses, and a step size or W₀ that the context sets; they can break these laws too."
SETTLED = (
    "Excluded: one step of gradient descent, preconditioned or not, on least squares, from any one W₀, at any step size that depends on "
    f"nothing but the number of tokens. {NOT_JUDGED}"
)
PRECONDITIONED_IS_LEFT = (
    "Excluded: one step of gradient descent on least squares, from any one W₀, at any step size that depends on nothing but the number of "
    f"tokens. One preconditioned step keeps every law that was not seen to break, so it is not excluded. {NOT_JUDGED}"
)

ORDERS = {2: [[1, 0]], 3: [[1, 0, 2], [2, 1, 0], [0, 2, 1]]}

BREAKERS = {
    "linear start": (query_as_key, 3, (0, 0, 0)),
    "one start at all context sizes": (start_by_size, 3, (0, 0, 1)),
    "linear in the query": (tokenwise(lambda x, y, q: ratio(y * (x @ q) ** 3, (x @ x) * (q @ q))), 1, (1, 1, 1)),
    "additive over tokens": (not_additive, 1, (2, 1, 1)),
    "affine in the targets": (tokenwise(lambda x, y, q: ratio(y**3 * (x @ q), y**2 + x @ x)), 1, (1, 0, 1)),
    "cubic under scaling": (tokenwise(lambda x, y, q: y * (x @ q) * (x @ x)), 1, (1, 1, 1)),
    "blind to the order of tokens": (lambda X, Y, q: (Y / np.arange(1, X.shape[1] + 1)) @ (X.T @ q), 1, (1, 1, 1)),
    "still on data that the start fits": (descent(residual=False), 3, (1, 3, 1)),
    "blind to reflections of x": (descent(C=np.diag([1.0, 2.0])), 3, (1, 1, 1)),
    "turning with reflections of y": (descent(D=np.diag([1.0, 2.0, 1.0])), 3, (1, 1, 1)),
}
"""For each law a predictor with d_x = 2 that breaks it, its d_y, and how many entries of X, Y and q are not 0 in the smallest instance."""


def searched(predict: Predict, d_x: int, d_y: int, **options: Any) -> Falsification:
    return falsify(predict, d_x=d_x, d_y=d_y, **{"max_context": 2, "examples": 12, **options})


def broken(found: Falsification) -> list[str]:
    return [report.law.name for report in found.broken]


def smallest(found: Falsification, name: str) -> Counterexample:
    (counterexample,) = (report.counterexample for report in found.broken if report.law.name == name)
    assert counterexample is not None
    return counterexample


def nonzero(found: Counterexample) -> tuple[int, ...]:
    return tuple(int(np.count_nonzero(part)) for part in found.instance)
