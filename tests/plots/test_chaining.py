"""What is drawn of forward chaining: the run against sets in plain Python, and the numbers that a reader sees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from equivalence.plots import chaining_rounds
from equivalence.plots.chaining import propositions, run

THEORY = [((), "a"), (("a",), "b"), (("a", "b"), "c"), (("d",), "e"), (("c",), "a")]


def known_by_sets(theory: Any, rounds: int) -> list[set[str]]:
    known: set[str] = set()
    after = []
    for _ in range(rounds):
        known = known | {conclusion for premises, conclusion in theory if set(premises) <= known}
        after.append(known)
    return after


def test_the_run_is_forward_chaining_above_the_least_score() -> None:
    """m = 5: 2 ln 5 is about 3.22."""
    names = propositions(THEORY)
    assert names == ["a", "b", "c", "d", "e"]
    _, known = run(THEORY, 3.5, 4)
    assert [{name for name, is_known in zip(names, column, strict=True) if is_known} for column in known.T] == known_by_sets(THEORY, 4)


def test_below_it_what_does_not_follow_is_proved() -> None:
    """p ← q_1 and p ← q_2, b = 1: 1/(1 + 2/e) = 0.576… is left, where 2/3 would do for a fact."""
    theory = [(("q",), "p"), (("r",), "p")]
    left, known = run(theory, 1.0, 1)
    assert left[propositions(theory).index("p"), 0] == pytest.approx(1 / (1 + 2 / math.e), rel=0, abs=2.0**-48)
    assert known[propositions(theory).index("p"), 0]
    assert known_by_sets(theory, 1) == [set()]
    assert not run(theory, 1.5, 1)[1].any()


def test_a_panel_for_each_score_with_its_numbers() -> None:
    figure = chaining_rounds(THEORY, scores=[2.0, 4.0], rounds=3)
    assert [axes.get_title() for axes in figure.axes] == ["b = 2", "b = 4"]
    left, known = run(THEORY, 4.0, 3)
    axes = figure.axes[1]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c", "d", "e"]
    texts = [text.get_text() for text in axes.texts]
    assert texts == [f"{value:.2f}{' •' if there else ''}" for value, there in zip(left.ravel(), known.ravel(), strict=True)]
    assert np.array_equal(axes.get_images()[0].get_array(), left)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"theory": []}, "theory: expected at least one, got none"),
        ({"scores": []}, "scores: expected at least one, got none"),
        ({"scores": [0.0]}, "scores"),
        ({"rounds": 0}, "rounds: expected a whole number, at least 1, got 0"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chaining_rounds(**{"theory": THEORY, "scores": [1.0], "rounds": 1, **arguments})
