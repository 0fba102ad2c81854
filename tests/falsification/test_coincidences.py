"""What is wrong only where tokens, inputs or targets coincide is found, though random entries all but never do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, find, settings
from hypothesis.errors import NoSuchExample

from equivalence.falsification.instances import instances_of
from equivalence.falsification.laws import LAWS
from equivalence.falsification.search import falsify


def step(X: Any, Y: Any, q: Any) -> Any:
    return Y @ X.T @ q


def lookup(X: Any, Y: Any, q: Any) -> Any:
    """What the first token with the query's inputs says; a step where there is none."""
    (found,) = np.nonzero((q == X).all(axis=0))
    return Y[:, found[:1]] if found.size else step(X, Y, q)


def distinct_tokens(X: Any, Y: Any, q: Any) -> Any:
    tokens = np.unique(np.vstack([X, Y]), axis=1)
    return step(tokens[: len(X)], tokens[len(X) :], q)


def distinct_inputs(X: Any, Y: Any, q: Any) -> Any:
    kept = np.sort(np.unique(X, axis=1, return_index=True)[1])
    return step(X[:, kept], Y[:, kept], q)


def distinct_targets(X: Any, Y: Any, q: Any) -> Any:
    """Of the targets that are not 0, each value is heard once."""
    kept = [i for i, y in enumerate(Y[0]) if not y or y not in Y[0, :i]]
    return step(X[:, kept], Y[:, kept], q)


def opposite_tokens_are_dropped(X: Any, Y: Any, q: Any) -> Any:
    tokens = np.vstack([X, Y])
    kept = [i for i, token in enumerate(tokens.T) if not any((token == -other).all() for other in tokens.T)]
    return step(X[:, kept], Y[:, kept], q)


def opposite_queries_are_not_heard(X: Any, Y: Any, q: Any) -> Any:
    return step(X, Y, q) * (not (-q == X).all(axis=0).any())


def inputs_of_zeros_are_read(X: Any, Y: Any, q: Any) -> Any:
    return step(X, Y, q) + Y.sum(axis=1, keepdims=True) * (~X.any(axis=0)).any() * q[:1] * q.any() / 8


WRONG = [
    lookup,
    distinct_tokens,
    distinct_inputs,
    distinct_targets,
    opposite_tokens_are_dropped,
    opposite_queries_are_not_heard,
    inputs_of_zeros_are_read,
]


@pytest.mark.parametrize("predict", WRONG)
def test_what_is_wrong_only_where_something_coincides_is_refuted(predict: Any) -> None:
    for d_x in (2, 5, 20) if predict is lookup else (2,) if predict in WRONG[::2] else (5,):
        found = falsify(predict, d_x=d_x, d_y=1)
        assert found.refuted, str(found)


def test_coincidences_are_of_every_kind_and_not_of_inputs_with_targets() -> None:
    """In one law with everything: tokens, a second set of targets; d_x = d_y, where columns of one could be taken for the other's."""
    law = next(law for law in LAWS if "Z" in law.others)
    _, coinciding, _ = instances_of(law, 3, 3, 2)
    seen: set[str] = set()

    def record(drawn: Any) -> bool:
        (X, Y, q), others = drawn
        same_x, same_y = (np.array_equal(part[:, 0], part[:, 1]) and bool(part.any()) for part in (X, Y))
        facts = {
            "one token twice": same_x and same_y,
            "inputs alone": same_x and not same_y,
            "targets alone": same_y and not same_x,
            "opposite": bool(X.any()) and np.array_equal(X[:, 0], -X[:, 1]),
            "the query is a token": bool(q.any()) and np.array_equal(X[:, :1], q),
            "the query is opposite": bool(q.any()) and np.array_equal(X[:, :1], -q),
            "inputs of zeros": not X[:, 1].any() and bool(X.any()),
            "targets again": bool(Y.any()) and np.array_equal(Y[:, 0], others["Z"][:, 1]),
        }
        seen.update(name for name, holds in facts.items() if holds)
        return False

    with pytest.raises(NoSuchExample):
        find(coinciding, record, settings=settings(max_examples=300, database=None, derandomize=True, phases=[Phase.generate]))
    assert len(seen) == 8, seen
