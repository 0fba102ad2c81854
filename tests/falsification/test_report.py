"""What a verdict says, and what it does not: on several steps, other rates, other contexts; and how it is shown."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from equivalence.falsification.laws import LAWS, RegressionInstance
from equivalence.falsification.report import Counterexample
from tests.support.lawless import (
    BREAKERS,
    SETTLED,
    START,
    broken,
    descent,
    searched,
    smallest,
)


def two_steps(X: Any, Y: Any, q: Any) -> Any:
    W = Y @ X.T / 4
    return (W - (W @ X - Y) @ X.T / 4) @ q


def test_two_steps_are_not_one_and_the_conclusion_speaks_of_one() -> None:
    found = searched(two_steps, 2, 1)
    assert {"additive over tokens", "cubic under scaling"} <= set(broken(found))
    assert str(found).startswith("One step of gradient descent, ")
    assert found.conclusion == SETTLED
    assert "Not judged: several steps" in str(found)


def test_a_rate_that_the_context_sets_is_not_said_to_be_excluded() -> None:
    """As in 7.3: one step, at a rate that is another for each context."""
    found = searched(lambda X, Y, q: Y @ X.T @ q / (1 + (X**2).sum()), 2, 1)
    assert "cubic under scaling" in broken(found)
    assert "a step size or W₀ that the context sets" in found.conclusion


def test_what_is_right_on_the_searched_contexts_only_is_not_refuted_and_no_more_is_said() -> None:
    def predict(X: Any, Y: Any, q: Any) -> Any:
        return Y @ X.T @ q if X.shape[1] < 3 else 0 * Y[:, :1]

    found = searched(predict, 2, 1)
    assert not found.refuted
    assert "contexts of 1 to 2 tokens: not refuted" in str(found)
    assert "evidence, no proof" in found.conclusion
    assert found.conclusion.endswith(
        "Laws that were not tested, and contexts of other sizes, are left open, and so is what differs by less than 7.1e-14 of its terms: "
        "that may be rounding."
    )


def test_where_no_target_moves_the_prediction_it_is_said() -> None:
    """One token is ignored, two are a step: both keep all laws."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return START[:1] @ q + (X.shape[1] - 1) * (Y - START[:1] @ X) @ X.T @ q

    found = searched(predict, 2, 1)
    assert not found.refuted
    assert found.still == (1,)
    assert found.to_json()["still"] == [1]
    assert "\nAt N = 1 no target was seen to move the prediction: s is 0 up to rounding\n" in str(found)
    assert searched(descent(), 2, 3).still == ()


def test_a_step_uphill_keeps_the_laws_and_is_said_to_be_one() -> None:
    found = searched(lambda X, Y, q: -Y @ X.T @ q, 2, 1)
    assert not found.refuted
    assert "\nAt N = 1, 2 s is negative: a step uphill, or a prediction with its sign turned\n" in str(found)
    assert "negative" not in str(searched(lambda X, Y, q: Y @ X.T @ q, 2, 1))


def test_it_prints_and_serialises() -> None:
    predict, d_y, _ = BREAKERS["cubic under scaling"]
    found = searched(predict, 2, d_y, examples=5)
    counterexample = smallest(found, "cubic under scaling")
    told = json.loads(json.dumps(found.to_json()))
    assert told["refuted"] is True
    assert told["contexts"] == [1, 2]
    (law,) = (law for law in told["laws"] if law["holds"] is False)
    assert law["counterexample"]["context_x"] == counterexample.instance.context_x.tolist()
    assert set(law["counterexample"]) == {"context_x", "context_y", "query", "left", "right", "others", "tolerance", "noise"}
    assert str(found).startswith(
        "One step of gradient descent, d_x = 2, d_y = 1, contexts of 1 to 2 tokens: refuted, 1 of 10 laws are broken\n"
    )
    markdown = found._repr_markdown_()
    for line in (f"broken by {counterexample}", "held on 5 instances of 1 token", found.conclusion):
        assert line in str(found)
        assert line in markdown
    assert markdown.count("|") == 4 * (len(LAWS) + 2)


def test_a_counterexample_is_written_by_rows() -> None:
    instance = RegressionInstance(np.array([[1.0, 0], [0.5, -2]]), np.array([[0.0, 1]]), np.array([[1.0], [0]]))
    found = Counterexample(instance, {"t": 2, "r": np.array([[0.0], [1]])}, np.array([[4.0]]), np.array([[0.25]]), 1e-13)
    assert str(found) == (
        "X = [1 0; 0.5 -2], Y = [0 1], q = [1; 0], t = 2, r = [0; 1]: left 4, right 0.25; rounding accounts for 1.0e-13 at most"
    )


def test_instances_are_counted_to_the_first_that_breaks_a_law_and_over_all_sizes() -> None:
    """A constant of 1 is no linear start on any instance; a step keeps all laws on all."""
    found = searched(lambda X, Y, q: 1 + Y @ X.T @ q, 2, 1)
    (start,) = (report for report in found.broken if report.law.name == "linear start")
    assert (start.instances, start.contexts) == (1, (1,))
    kept = searched(lambda X, Y, q: Y @ X.T @ q, 2, 1).reports[0]
    assert (kept.instances, kept.contexts, kept.outcome) == (24, (1, 2), "held on 24 instances of 1 to 2 tokens")


def test_a_law_that_was_tested_on_one_size_is_not_untested_for_another() -> None:
    """On two tokens the start is not linear, so what it fits cannot be said there; on one token it was."""

    def predict(X: Any, Y: Any, q: Any) -> Any:
        return Y @ X.T @ q + (X.shape[1] - 1) * q[:1] ** 3

    found = searched(predict, 2, 1)
    (fitted,) = (report for report in found.reports if report.law.name == "still on data that the start fits")
    assert (fitted.holds, fitted.contexts, fitted.untested) == (True, (1,), "")


@pytest.mark.parametrize(("examples", "numbers"), [(30, [10, 10, 10]), (32, [10, 10, 12]), (2, [0, 0, 2]), (1, [0, 0, 1])])
def test_a_third_of_the_instances_is_sparse_and_a_third_coincides(
    monkeypatch: pytest.MonkeyPatch, examples: int, numbers: list[int]
) -> None:
    asked: list[int] = []

    def smallest_of(law: Any, strategy: Any, breaks: Any, examples: int, random: Any) -> None:
        asked.append(examples)

    monkeypatch.setattr("equivalence.falsification.search._smallest", smallest_of)
    searched(lambda X, Y, q: Y @ X.T @ q, 1, 1, max_context=1, examples=examples)
    assert asked[:3] == numbers
