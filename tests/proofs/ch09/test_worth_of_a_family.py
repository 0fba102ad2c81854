"""Statement 9.6: another W₀, scores that read the target, and a head that needs no a_x = 0 are found out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import proofs.ch09_recognition.worth_of_a_family  # noqa: F401  (registers 9.6)
from equivalence.models.heads import Layer
from equivalence.statements import verify
from proofs.ch09_recognition.worth_of_a_family import blind_head, ratio
from tests.support.perturbations import fallen

STEP = "one target: a head that is blind to it in its scores is a step"


def test_9_6_holds() -> None:
    assert verify("9.6", seed=0).holds


def reading(algebra: Any, d_x: Any, row: Any, gain: Any) -> Any:
    """The key's side of B sees the context's target."""
    layer, B, b = blind_head(algebra, d_x, row, gain)
    (head,) = layer.heads
    extra = algebra.block([[algebra.zeros(d_x, d_x), algebra.zeros(d_x, 1)], [algebra.generator("c", 1, d_x), algebra.zeros(1, 1)]])
    return Layer((head._replace(query=head.query + extra),)), B, b


def test_9_6_needs_scores_that_do_not_read_the_target() -> None:
    message = fallen("9.6", head=reading)[STEP]
    assert message.startswith("step 2 (s (Y − W₀X)XᵀC q)")


def flipped(algebra: Any, row: Any, gain: Any) -> Any:
    return -ratio(algebra, row, gain)


def zero(algebra: Any, row: Any, gain: Any) -> Any:
    return algebra.zeros(*row.shape)


@pytest.mark.parametrize("start", [flipped, zero])
def test_9_6_is_true_of_one_w0_alone(start: Any) -> None:
    ((claim, message),) = fallen("9.6", start=start).items()
    assert (claim, message.startswith("step 2 (s (Y − W₀X)XᵀC q)")) == (STEP, True)


def test_9_6_takes_no_input_on_plain_queries() -> None:
    ((claim, message),) = fallen("9.6", a_x=0).items()
    assert claim == "a_x = 1, one token x = 1 with target 0, q = 1: no step from 0"
    assert "a_x = a_y = B = 1 against a step from 0" in message


@pytest.mark.parametrize(("d_x", "N"), [(4, 3), (1, 5)])
def test_9_6_on_random_heads_run_token_by_token(d_x: int, N: int) -> None:
    random = np.random.default_rng(d_x)
    A, B = random.normal(size=(d_x + 1, d_x + 1)), random.normal(size=(d_x + 1, d_x + 1))
    B[d_x] = 0
    X, Y, q = random.normal(size=(d_x, N)), random.normal(size=N), random.normal(size=d_x)
    w, s = -A[d_x, :d_x] / A[d_x, d_x], -A[d_x, d_x]
    query = np.append(q, -w @ q)
    update = sum(float(A[d_x] @ token) * float(token @ B @ query) for token in np.vstack([X, Y]).T)
    expected = sum(s * (y - w @ x) * float(x @ (B[:d_x, :d_x] - np.outer(B[:d_x, d_x], w)) @ q) for x, y in zip(X.T, Y, strict=True))
    assert -update == pytest.approx(expected, rel=1e-9)
    assert update != pytest.approx(expected, rel=1e-3)
