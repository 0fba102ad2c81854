"""Chapter 1: wrong gradients and wrong data updates are rejected, at every size and by the certificate."""

from __future__ import annotations

from typing import Any

import pytest

from equivalence.algebras import algebra_of
from equivalence.models.descent.data import data_step
from equivalence.models.descent.least_squares import gradient, gradient_step, weight_change
from equivalence.statements import verify


def without_count(weights: Any, inputs: Any, targets: Any) -> Any:
    return (weights @ inputs - targets) @ inputs.T


def doubled(weights: Any, inputs: Any, targets: Any) -> Any:
    return gradient(weights, inputs, targets) + gradient(weights, inputs, targets)


def flipped(weights: Any, inputs: Any, targets: Any) -> Any:
    return -gradient(weights, inputs, targets)


@pytest.mark.parametrize("slope", [without_count, doubled, flipped])
def test_1_1_rejects_a_wrong_gradient(slope: Any) -> None:
    result = verify("1.1", seed=1, replace={"slope": slope})
    assert not any(check.holds for check in result.checks)
    for message in result.messages:
        assert message.startswith("1.1 The gradient of least squares, without analysis, step 4 (both cross terms")


def uphill(weights: Any, inputs: Any, targets: Any, queries: Any, outputs: Any, rate: Any) -> Any:
    change = weight_change(weights, inputs, targets, rate)
    return targets + change @ inputs, outputs + change @ queries


def query_left_behind(weights: Any, inputs: Any, targets: Any, queries: Any, outputs: Any, rate: Any) -> Any:
    return data_step(weights, inputs, targets, queries, outputs, rate)[0], outputs


def two_steps_at_once(weights: Any, inputs: Any, targets: Any, queries: Any, outputs: Any, rate: Any) -> Any:
    moved = gradient_step(weights, inputs, targets, rate)
    return data_step(moved, inputs, targets, queries, outputs, rate)


@pytest.mark.parametrize(
    ("data", "where"),
    [(uphill, "step, targets"), (query_left_behind, "step, queries"), (two_steps_at_once, "step, targets")],
)
def test_1_3_rejects_a_wrong_data_step_at_the_induction_step(data: Any, where: str) -> None:
    result = verify("1.3", seed=1, replace={"data": data})
    failed = [check for check in result.checks if not check.holds]
    assert {check.algebra for check in failed} == {"symbolic", "finite field"}
    assert all(f"{where}, step 2" in check.message for check in failed)


def test_algebra_of_refuses_what_is_no_matrix() -> None:
    with pytest.raises(TypeError, match=r"matrix: expected a matrix of one of the algebras, got \[\[1\]\] of type list"):
        algebra_of([[1]])
