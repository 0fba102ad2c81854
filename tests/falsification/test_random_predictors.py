"""Seeded steps are not refuted, changed ones are, hostile callables are an error of one line; and a search that errs is seen to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support import random_predictors
from tests.support.random_predictors import (
    CHANGES,
    HOSTILE,
    Case,
    check_refusal,
    check_verdict,
    hostile,
    outcomes,
    right,
    step,
    summed,
    wrong,
)

PREDICTORS = 30


def test_steps_changed_steps_and_hostile_callables() -> None:
    behaved = outcomes(PREDICTORS, 0)
    assert behaved.total() == PREDICTORS
    assert behaved["a step"] == PREDICTORS / 3
    assert sum(behaved[kind] for kind in CHANGES) == sum(behaved[kind] for kind in HOSTILE) == PREDICTORS / 3


@pytest.mark.parametrize("kind", HOSTILE)
def test_every_hostile_callable_is_refused(kind: str) -> None:
    check_refusal(Case(kind, HOSTILE[kind], 2, 1, "float64", {}), 0)


def test_the_same_seed_draws_the_same() -> None:
    first, again = (right(np.random.default_rng(5)) for _ in range(2))
    data = np.ones((first.d_x, 2)), np.ones((first.d_y, 2)), np.ones((first.d_x, 1))
    assert np.array_equal(first.predict(*data), again.predict(*data))
    assert wrong(np.random.default_rng(5)).kind == wrong(np.random.default_rng(5)).kind
    assert hostile(np.random.default_rng(5)).kind == hostile(np.random.default_rng(5)).kind


def found_as(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Let the search say something else."""
    search = random_predictors.falsify
    monkeypatch.setattr(random_predictors, "falsify", lambda *data, **options: replace(search(*data, **options), **changes))


STEP = Case("a step", summed(np.array([[0.5]]), {1: 2.0, 2: 3.0}), 1, 1, "float64", {1: 2.0, 2: 3.0})


def test_a_wrong_step_size_or_a_step_that_is_called_still_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    check_verdict(STEP, 0)
    found_as(monkeypatch, step_sizes={1: 2.0, 2: 3.1})
    with pytest.raises(AssertionError, match=r"^step size 3\.1 at N = 2, not 3\.0$"):
        check_verdict(STEP, 0)
    found_as(monkeypatch, step_tolerances={1: 0.0, 2: 4.0})
    with pytest.raises(AssertionError, match="not refuted"):
        check_verdict(STEP, 0)


def test_a_changed_step_that_is_not_refuted_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    found_as(monkeypatch, reports=())
    with pytest.raises(AssertionError, match=r"^predictor 1 of seed 0, [\w ₀]+: AssertionError: One step of .* not refuted"):
        outcomes(2, 0)


def test_a_step_that_is_refuted_is_seen() -> None:
    with pytest.raises(AssertionError, match=r"refuted, \d of 10 laws are broken"):
        check_verdict(STEP._replace(predict=summed(np.array([[0.5]]), {1: 2.0, 2: 3.0}, CHANGES["scores cubed"])), 0)


def test_a_verdict_on_what_is_of_no_use_is_seen() -> None:
    with pytest.raises(AssertionError, match="a verdict: One step"):
        check_refusal(Case("a step", step, 1, 1, "float64", {}), 0)


@pytest.mark.parametrize(("text", "message"), [("a\x1b", "a terminal's escapes"), ("x" * 10**4, "a message of 1")])
def test_text_that_is_not_made_legible_is_seen(monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.setattr("equivalence.falsification.callables.legible", lambda text, longest=0: text)
    with pytest.raises(AssertionError, match=message):
        check_refusal(Case("an error", random_predictors.raising(ValueError(text)), 1, 1, "float64", {}), 0)
